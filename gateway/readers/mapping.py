"""The mapping: which column becomes which canonical field, in which locale, and what is left behind.

Rules: a column is used or left behind, never both; what is neither refuses the file (tables) or the row (JSON). A
column may serve several fields. `left_behind` may end in `*`; it is what the minimisation report counts. Every field
a claim needs is read from a column, joined, constant, or derived as `border` says. Nothing is guessed.
"""

from functools import cached_property
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.readers.formats import DateFormat, Encoding, Format
from schemas.base import Strict
from schemas.canonical import digest

_Column = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_NEEDED: Final = (
    ("claim_no",),
    ("customer_no",),
    ("invoice_no",),
    ("last_name", "full_name", "company_name"),
    ("street",),
    ("postcode",),
    ("city",),
    ("country",),
    ("contract_date",),
    ("invoice_date",),
    ("due_date", "term_days"),
    ("amount",),
    ("currency",),
)
COMPLETE: Final = frozenset({Format.DATEV, Format.EINVOICE})
"""Formats that fix themselves what stands where: their readers know the fields."""


class Fields(Strict):
    """The column, or dotted path, of each canonical field that the source holds."""

    claim_no: _Column | None = None
    customer_no: _Column | None = None
    invoice_no: _Column | None = None
    debtor_kind: _Column | None = None
    first_name: _Column | None = None
    last_name: _Column | None = None
    full_name: _Column | None = None
    birth_date: _Column | None = None
    company_name: _Column | None = None
    street: _Column | None = None
    house_no: _Column | None = None
    postcode: _Column | None = None
    city: _Column | None = None
    country: _Column | None = None
    email: _Column | None = None
    contract_date: _Column | None = None
    invoice_date: _Column | None = None
    due_date: _Column | None = None
    term_days: _Column | None = None
    amount: _Column | None = None
    credited: _Column | None = None
    cancelled_on: _Column | None = None
    paid: _Column | None = None
    paid_on: _Column | None = None
    outstanding: _Column | None = None
    currency: _Column | None = None
    disputed: _Column | None = None
    reminders: _Column | None = None
    reminder_level: _Column | None = None
    reminder_date: _Column | None = None
    reminder_channel: _Column | None = None
    fees: _Column | None = None
    interest_rate: _Column | None = None
    by_instalments: _Column | None = None
    suspended_days: _Column | None = None


FIELDS: Final = tuple(Fields.model_fields)


class Join(Strict):
    """A second file of the same format: for each row, the one row there whose `key` equals the row's `on`.

    Files belong together by name: `rows` + X is joined with `file` + X. The joined file is held in memory.
    """

    rows: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    file: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    on: _Column
    key: _Column
    fields: Fields
    left_behind: tuple[_Column, ...] = ()

    @cached_property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Each canonical field that the joined file holds, with its column."""
        return tuple((field, column) for field, column in self.fields if column is not None)


class Mapping(Strict):
    """How one format of a source is read.

    `header_row`: the line, or the row of the sheet, that holds the names; what stands above is a title.
    `continued_by`: a row that repeats this column's value and has no amount belongs to the row before it.
    `pads_postcodes`: a sheet holds postcodes as numbers; four digits have lost a zero. `records`: the key of the JSON
    array, if it is not the whole file. `chart`: DATEV's chart of accounts, which tells credits from payments.
    """

    format: Format
    encoding: Encoding = Encoding.UTF8
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ";"
    quote: Literal['"', "'", ""] = '"'
    header_row: Annotated[int, Field(ge=1, le=50)] = 1
    sheet: _Column | None = None
    records: _Column | None = None
    chart: Literal["SKR03", "SKR04"] | None = None
    decimal: Literal[",", "."]
    dates: DateFormat
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    consumer: tuple[str, ...] = ("consumer",)
    business: tuple[str, ...] = ("business",)
    instalments: tuple[str, ...] = ()
    company_is_business: bool = False
    pads_postcodes: bool = False
    continued_by: _Column | None = None
    left_behind: tuple[_Column, ...] = ()
    fields: Fields = Fields()
    constants: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    join: Join | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if not {*self.constants, *self.values} <= set(FIELDS):
            raise _fault("constants and values name canonical fields only")
        used = {column for _, column in self.columns}
        if (used | {column.partition("[]")[0] for column in used}) & set(self.left_behind):
            raise _fault("a column is both used and left behind")
        joined = {field for field, _ in self.join.columns} if self.join else set()
        given = {field for field, _ in self.columns} | joined | set(self.constants)
        if self.join is not None and self.format is not Format.CSV:
            raise _fault("only CSV files are joined")
        if self.format in COMPLETE:
            return self
        if not self.company_is_business and "debtor_kind" not in given:
            raise _fault("nothing says whether a debtor is a consumer: map debtor_kind or set company_is_business")
        for choices in _NEEDED:
            if not given & set(choices):
                raise _fault(f"nothing gives {' or '.join(choices)}")
        return self

    @cached_property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Each canonical field that is read, with its column or path."""
        return tuple((field, column) for field, column in self.fields if column is not None)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the mapping: a file read differently is another file."""
        return digest(self)


class Left:
    """The names that are left behind, exactly or by a beginning."""

    def __init__(self, left_behind: tuple[str, ...]) -> None:
        self._exact = frozenset(left_behind)
        self._beginnings = tuple(name.removesuffix("*") for name in left_behind if name.endswith("*"))

    def holds(self, name: str) -> bool:
        """Whether a column or path is left behind."""
        return name in self._exact or name.startswith(self._beginnings)


def _fault(sentence: str) -> PydanticCustomError:
    # The rule's name is all that is ever shown of a validation failure, so it is the sentence.
    return PydanticCustomError(sentence, "{rule}", {"rule": sentence})
