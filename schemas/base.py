"""The one base of every model, and the one way to speak of a model's failure.

Rules: models are frozen, strict, refuse unknown fields, and never show input. A validation failure is told as field
names and rule names, never as values (`hide_input_in_errors` cleans `str()` only: `errors()` and `loc` still hold
input).
"""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


class Strict(BaseModel):
    """Frozen, strict, closed, and silent about its input (Art. 5(1)(f) GDPR)."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, validate_default=True
    )


def _utc(value: datetime) -> datetime:
    if not MINYEAR < value.year < MAXYEAR:
        # What is no ValueError passes through pydantic, and through whoever catches its failures.
        raise PydanticCustomError("moment", "{rule}", {"rule": "no clock in any zone shows this moment"})
    return value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A moment: aware, in UTC, and of a day that exists in every zone."""


class Failure(NamedTuple):
    """One broken rule of a model: where, and which. Safe to print."""

    field: str
    rule: str


def failures(error: ValidationError) -> tuple[Failure, ...]:
    """What a model refused, as names. A key that the input itself chose is named only if it looks like a name."""
    faults = error.errors(include_input=False, include_context=False, include_url=False)
    return tuple(Failure(".".join(map(_part, fault["loc"])) or "(whole)", fault["type"]) for fault in faults)


def _part(part: int | str) -> str:
    if isinstance(part, int):
        return str(part)
    return part if _NAME.fullmatch(part) else "(unnamed)"
