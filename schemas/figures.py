"""Legal figures as data: each row with the day from which it holds, and where it was read.

Rules: what the law can change by date stands in such rows, never in code; a day that no row covers is refused by whoever
asks, never extrapolated. Amounts in cents, rates in hundredths of a per cent a year.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Strict
from schemas.money import Cents

_Amount = Annotated[Cents, Field(ge=0)]
_Days = Annotated[int, Field(ge=1, le=36_500)]


class Land(StrEnum):
    """The sixteen Länder, whose laws name the public holidays."""

    BB = "BB"
    BE = "BE"
    BW = "BW"
    BY = "BY"
    HB = "HB"
    HE = "HE"
    HH = "HH"
    MV = "MV"
    NI = "NI"
    NW = "NW"
    RP = "RP"
    SH = "SH"
    SL = "SL"
    SN = "SN"
    ST = "ST"
    TH = "TH"


class Figure(Strict):
    """One row: valid from `since`, to `until` if that is known, as read in `source`."""

    since: date
    until: date | None = None
    source: Annotated[str, StringConstraints(min_length=3, max_length=300)]


class BaseRate(Figure):
    """The base rate of one half-year, § 247 BGB."""

    rate: Annotated[int, Field(ge=-1_000, le=10_000)]


class FeeTable(Figure):
    """Fees of § 13 RVG by value, for mandates from `since` on (§ 60(1) RVG).

    `steps`: value up to, fee of 1.0. Up to `small_value`, an undisputed claim bears `small_fee` (§ 13(2)); no fee is
    below `minimum` (§ 13(3)).
    """

    steps: Annotated[tuple[tuple[_Amount, _Amount], ...], Field(min_length=1)]
    small_value: _Amount
    small_fee: _Amount
    minimum: _Amount


class Holiday(Figure):
    """A public holiday: in which Länder (none named: in all), and on which day.

    `day`: `MM-DD`, `easter+N`, `easter-N`, or `wednesday-before MM-DD`.
    """

    name: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    day: Annotated[
        str, StringConstraints(pattern=r"^([01][0-9]-[0-3][0-9]|easter[+-][0-9]{1,2}|wednesday-before 11-23)$")
    ]
    lands: tuple[Land, ...] = ()


class RetentionKind(StrEnum):
    """What the gateway keeps for a period; `refused`: a claim that never left; `closed-claim`: one that was handed over.

    `request`: what a person asked for, and what was answered. Invoices, books and commercial letters (§ 257 HGB, § 147 AO)
    are no kind: the controller keeps them in its accounting, and the gateway has none.
    """

    CLOSED_CLAIM = "closed-claim"
    TITLE = "title"
    REFUSED = "refused"
    REQUEST = "request"


class Retention(Figure):
    """How many years and days a kind of document is kept, from the end of the calendar year if `from_year_end`."""

    kind: RetentionKind
    years: Annotated[int, Field(ge=0, le=30)]
    days: Annotated[int, Field(ge=0, le=366)] = 0
    from_year_end: bool
    norm: Annotated[str, StringConstraints(min_length=3, max_length=100)]


class LumpSum(Figure):
    """What a debtor in default who is not a consumer owes at once, § 288(5) BGB."""

    amount: _Amount


class LetterCost(Figure):
    """What one reminder letter may cost the debtor: print, envelope and postage."""

    amount: _Amount


class CreditTerm(Figure):
    """From which term on, in days, a deferred payment may be consumer credit; for large online sellers, a shorter one."""

    days: _Days
    large_seller_days: _Days


class VatRate(Figure):
    """The rate of VAT in per cent, § 12(1) UStG."""

    percent: Annotated[int, Field(ge=0, le=100)]


class LegalFigures(Strict):
    """All tables; also the shape of the rows that an operator adds."""

    base_rates: tuple[BaseRate, ...] = ()
    fee_tables: tuple[FeeTable, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    retention: tuple[Retention, ...] = ()
    lump_sums: tuple[LumpSum, ...] = ()
    letter_costs: tuple[LetterCost, ...] = ()
    credit_terms: tuple[CreditTerm, ...] = ()
    vat_rates: tuple[VatRate, ...] = ()
