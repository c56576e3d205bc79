"""Worth: what handing a claim over may be expected to bring, against what it costs if nothing comes in.

Success rates are the creditor's own; where an agency has closed enough cases of an age and amount, what came of those.
"""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from gateway.figures.fees import Fee, Rate, lawful_fee
from gateway.figures.tables import NotCoveredError
from schemas.claim import Claim, Disputed
from schemas.figures import LegalFigures
from schemas.screening import Known
from schemas.worth import Band, Outcome, SuccessRate, Worth

_DAYS: Final = (0, 90, 180, 365)
_AMOUNTS: Final = (0, 5_000, 15_000, 50_000, 150_000)


class Sum(NamedTuple):
    """The sum behind the verdict, in cents: the agency's lawful fee, which the debtor owes; what remains with the creditor
    if nothing comes in; of how many of a hundred claims like this payment comes; what is to be expected; what is asked.
    """

    fee: int
    cost: int
    percent: int
    expected: int
    asked: int


def band_of(days: int, amount: int) -> Band:
    """The band of a claim."""
    return Band(
        above_days=max((border for border in _DAYS if border < days), default=0),
        above_amount=max((border for border in _AMOUNTS if border < amount), default=0),
    )


def learned(worth: Worth, outcomes: Iterable[Outcome]) -> Worth:
    """A creditor's figures, with the agency's own rate for each band of which `learn_from` cases or more are closed."""
    least = worth.learn_from
    if least is None:
        return worth
    rates = tuple(
        SuccessRate(
            above_days=found.band.above_days,
            up_to_days=_next(_DAYS, found.band.above_days),
            above_amount=found.band.above_amount,
            up_to_amount=_next(_AMOUNTS, found.band.above_amount),
            percent=found.paid * 100 // found.closed,
        )
        for found in outcomes
        if found.closed >= least
    )
    return worth.model_copy(update={"rates": (*rates, *worth.rates)})


def _next(borders: tuple[int, ...], border: int) -> int | None:
    return next((upper for lower, upper in pairwise(borders) if lower == border), None)


def worth_of(claim: Claim, known: Known, today: date) -> Sum | None:
    """The sum for one claim; None if the source has no rate for claims like it, or the law no fee."""
    if known.worth is None:
        return None
    age = (today - claim.due_date).days
    for rate in known.worth.rates:
        if _within(age, rate.above_days, rate.up_to_days) and _within(claim.open, rate.above_amount, rate.up_to_amount):
            break
    else:
        return None
    fee = usual_fee(known.law.figures, claim, today)
    if fee is None:
        return None
    cost = known.worth.uncollected_fixed + fee.total * known.worth.uncollected_percent // 100
    expected = (claim.open * rate.percent - cost * (100 - rate.percent)) // 100
    return Sum(fee.total, cost, rate.percent, expected, known.worth.minimum_gain)


def usual_fee(figures: LegalFigures, claim: Claim, today: date) -> Fee | None:
    """What an agency mandated today may charge the debtor in the usual case (VV 2300); None for days or values without a
    row of the table.
    """
    disputed = claim.disputed is Disputed.YES
    try:
        return lawful_fee(figures, claim.open, Rate.DISPUTED if disputed else Rate.USUAL, disputed, today)
    except NotCoveredError:
        return None


def _within(value: int, above: int | None, up_to: int | None) -> bool:
    return (above is None or value > above) and (up_to is None or value <= up_to)
