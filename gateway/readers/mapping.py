"""The mapping: which column becomes which canonical field, in which locale, and what is left behind.

Rules: a column is used or left behind, never both; what is neither refuses the file (CSV) or the row (JSON Lines).
Presets are data files beside this module. Nothing is guessed.
"""

import json
import tomllib
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from gateway.errors import UsageError
from schemas.base import Strict, failures
from schemas.canonical import digest

_Column = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_PRESETS: Final = files("gateway.readers") / "presets"


class DateFormat(StrEnum):
    """How a source writes dates; exactly so, or the row is rejected."""

    ISO = "YYYY-MM-DD"
    GERMAN = "DD.MM.YYYY"


class Fields(Strict):
    """The column, or dotted path, of each canonical field; few sources hold the last four."""

    claim_no: _Column
    customer_no: _Column
    invoice_no: _Column
    debtor_kind: _Column
    first_name: _Column
    last_name: _Column
    birth_date: _Column
    company_name: _Column
    street: _Column
    house_no: _Column
    postcode: _Column
    city: _Column
    country: _Column
    email: _Column
    contract_date: _Column
    invoice_date: _Column
    due_date: _Column
    amount: _Column
    paid: _Column
    currency: _Column
    disputed: _Column
    reminders: _Column
    fees: _Column | None = None
    interest_rate: _Column | None = None
    by_instalments: _Column | None = None
    suspended_days: _Column | None = None


class Mapping(Strict):
    """How one format of a source is read."""

    format: Literal["csv", "jsonl"]
    encoding: Literal["utf-8", "cp1252", "iso-8859-15"]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ";"
    decimal: Literal[",", "."]
    dates: DateFormat
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    consumer: tuple[str, ...]
    business: tuple[str, ...]
    instalments: tuple[str, ...] = ()
    left_behind: tuple[_Column, ...]
    fields: Fields

    @model_validator(mode="after")
    def _each_column_once(self) -> Self:
        used = [*(column for _, column in self.columns), *self.left_behind]
        if len(used) != len(set(used)):
            raise ValueError("a column is used twice, or both used and left behind")
        return self

    @cached_property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Each canonical field that is read, with its column or path."""
        return tuple((field, column) for field, column in self.fields if column is not None)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the mapping: a file read differently is another file."""
        return digest(self)


class Preset(Strict):
    """The mappings of one kind of source, and from which level its reminders are a Mahnung."""

    mahnung_from_level: Annotated[int, Field(ge=1, le=9)]
    csv: Mapping | None = None
    jsonl: Mapping | None = None


def presets() -> tuple[str, ...]:
    """The names of all presets."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in _PRESETS.iterdir() if file.name.endswith(".toml")))


def load_preset(name: str) -> Preset:
    """A preset by name. Raises UsageError that names those that exist."""
    if name not in presets():
        raise UsageError(f"there is no such preset; there are: {', '.join(presets())}")
    text = (_PRESETS / f"{name}.toml").read_text("utf-8")
    try:
        return Preset.model_validate_json(json.dumps(tomllib.loads(text)))
    except ValidationError as error:
        raise UsageError(f"preset {name} is not valid: {failures(error)}") from None
