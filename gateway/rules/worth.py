"""Worth: what handing a claim over may be expected to bring, against what it costs if nothing comes in."""

from datetime import date
from typing import NamedTuple

from gateway.figures.fees import Fee, Rate, lawful_fee
from gateway.figures.tables import NotCoveredError
from schemas.claim import Claim, Disputed
from schemas.figures import LegalFigures
from schemas.screening import Known


class Sum(NamedTuple):
    """The sum behind the verdict, in cents: the agency's lawful fee, which the debtor owes; what remains with the creditor
    if nothing comes in; of how many of a hundred claims like this payment comes; what is to be expected; what is asked.
    """

    fee: int
    cost: int
    percent: int
    expected: int
    asked: int


def worth_of(claim: Claim, known: Known, today: date) -> Sum | None:
    """The sum for one claim; None if the source has no rate for claims like it, or the law no fee."""
    if known.worth is None:
        return None
    age = (today - claim.due_date).days
    for rate in known.worth.rates:
        fits = (rate.up_to_days is None or age <= rate.up_to_days) and (
            rate.up_to_amount is None or claim.open <= rate.up_to_amount
        )
        if fits:
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
