"""What an agency has collected and passed on comes back as a payment in the creditor's own books. The agency knows of it.

Row and feed say how much was paid, and not by whom. A payment that an agency signed to have received (`paid_to: agency`) is
taken for what came in if it is all that is new, or if the feed lists a payment of its amount that nothing else explains:
its whole amount or its principal, on or after the day it was received. Each counts once, so a debtor who pays us as well is
told of as ever. One that was told before the agency reported it stays told. What was passed on less a fee matches nothing.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from schemas.answers import AgencyPayment
from schemas.facts import FactKind, Facts
from schemas.messages import CasePayment
from schemas.screening import Changed


class Booked(NamedTuple):
    """Money that came in: cents, and the day."""

    amount: int
    on: date


def without_remitted(
    change: Changed, collected: Sequence[AgencyPayment], told: Sequence[CasePayment], facts: Facts
) -> Changed:
    """The same change without what came from the agency itself; `collected` and `told` are all of the case, in order."""
    listed = [Booked(one.amount or 0, one.on) for one in facts.sums if one.kind is FactKind.PAYMENT]
    before = [Booked(one.amount, one.booked_on) for one in told]
    for one in before:
        _take(listed, {one.amount}, date.min)
    known = set(change.told.remitted)
    new = []
    for payment in collected:
        if payment.message_id in known:
            _take(listed, _amounts(payment), payment.received_on)
        elif _take(before, _amounts(payment), payment.received_on) is None:
            new.append(payment)
    rest, came_back = change.paid, list(change.told.remitted)
    for payment in new:
        found = rest if rest in _amounts(payment) else _take(listed, _amounts(payment), payment.received_on)
        if found is not None and 0 < found <= rest:
            rest -= found
            came_back.append(payment.message_id)
    knows = change.told.model_copy(update={"remitted": tuple(came_back)})
    return change.model_copy(update={"paid": rest, "remitted": change.paid - rest, "told": knows})


def _amounts(payment: AgencyPayment) -> set[int]:
    return {payment.amount, payment.principal} - {0}


def _take(booked: list[Booked], amounts: set[int], since: date) -> int | None:
    """Takes the first of one of these amounts out of a list; None if there is none."""
    for one in booked:
        if one.amount in amounts and one.on >= since:
            booked.remove(one)
            return one.amount
    return None
