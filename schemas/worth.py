"""Worth: when a creditor finds a claim worth handing over, in its own figures."""

from typing import Annotated

from pydantic import Field

from schemas.base import Strict
from schemas.money import Cents

Percent = Annotated[int, Field(ge=0, le=100)]


class SuccessRate(Strict):
    """How many of a hundred claims are paid, above and up to an age since the due date (days) and an open amount (cents)."""

    above_days: Annotated[int, Field(ge=0)] | None = None
    up_to_days: Annotated[int, Field(ge=1)] | None = None
    above_amount: Annotated[Cents, Field(ge=0)] | None = None
    up_to_amount: Annotated[Cents, Field(ge=1)] | None = None
    percent: Percent


class Worth(Strict):
    """The first rate that fits a claim counts. An uncollected claim costs the creditor `uncollected_percent` of the lawful
    fee and `uncollected_fixed` cents; what is to be expected must reach `minimum_gain` cents. Once an agency has closed
    `learn_from` cases of like age and amount, what came of them counts before `rates`; without it, nothing is learned.
    """

    rates: Annotated[tuple[SuccessRate, ...], Field(min_length=1, max_length=200)]
    uncollected_percent: Percent = 0
    uncollected_fixed: Annotated[Cents, Field(ge=0)] = 0
    minimum_gain: Cents = 0
    learn_from: Annotated[int, Field(ge=20)] | None = None


class Band(Strict):
    """Claims of like age (days since due) and open amount (cents): above these borders, up to the next ones."""

    above_days: Annotated[int, Field(ge=0)]
    above_amount: Annotated[Cents, Field(ge=0)]


class Outcome(Strict):
    """How many cases of a band an agency has closed, and how many of them were paid in full."""

    band: Band
    closed: Annotated[int, Field(ge=0)]
    paid: Annotated[int, Field(ge=0)]
