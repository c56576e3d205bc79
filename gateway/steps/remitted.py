"""What an agency has collected and passed on comes back as a payment in the creditor's own books. The agency knows of it.

Row and feed say how much was paid, and not by whom. A payment that an agency signed to have received (`paid_to: agency`)
is taken for what came in if it is all that is new and the feed lists no payment, or if it lists one of its amount that
nothing else explains: its whole amount or its principal, on or after the day it was received; so are several that were
passed on in one sum. Each counts once, so a debtor who pays us as well is told of as ever. One that was told before the
agency reported it stays told. What was passed on less a fee matches nothing.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from schemas.answers import AgencyPayment
from schemas.codes import PaidTo
from schemas.facts import FactKind, Facts
from schemas.messages import CasePayment
from schemas.screening import Changed


class Booked(NamedTuple):
    """Money that came in: cents, and the day."""

    amount: int
    on: date


def without_remitted(change: Changed, payments: Sequence[CasePayment | AgencyPayment], facts: Facts) -> Changed:
    """The same change without what came from the agency itself; `payments` are all that were told and reported, in order."""
    told = [one for one in payments if isinstance(one, CasePayment)]
    collected = [one for one in payments if isinstance(one, AgencyPayment) and one.paid_to is PaidTo.AGENCY]
    listed = [Booked(one.amount or 0, one.on) for one in facts.sums if one.kind is FactKind.PAYMENT]
    before = [Booked(one.amount, one.booked_on) for one in told]
    for booked in before:
        _explain(listed, booked)
    known, new = set(change.told.remitted), []
    for payment in collected:
        if payment.message_id in known:
            _take(listed, [payment])
        elif not _take(before, [payment]):
            new.append(payment)
    rest = change.paid
    for together in (*([one] for one in new), new):
        missing = [one for one in together if one.message_id not in known]
        found = rest if not listed and rest in _amounts(missing) else _take(listed, missing)
        if 0 < found <= rest:
            rest -= found
            known |= {one.message_id for one in missing}
    knows = change.told.model_copy(update={"remitted": tuple(sorted(known))})
    return change.model_copy(update={"paid": rest, "remitted": change.paid - rest, "told": knows})


def _explain(listed: list[Booked], told: Booked) -> None:
    """Takes out of the feed's payments what was told: the one of its amount, or the oldest ones that it was the sum of."""
    same = next((one for one in listed if one.amount == told.amount), None)
    if same is not None:
        listed.remove(same)
        return
    left = told.amount
    for one in sorted(listed, key=lambda one: one.on):
        if one.amount <= left:
            listed.remove(one)
            left -= one.amount


def _amounts(payments: Sequence[AgencyPayment]) -> set[int]:
    return {sum(one.amount for one in payments), sum(one.principal for one in payments)} - {0}


def _take(booked: list[Booked], payments: Sequence[AgencyPayment]) -> int:
    """Takes the first that these payments together explain out of a list; 0 if there is none."""
    amounts = _amounts(payments)
    since = max((one.received_on for one in payments), default=date.max)
    for one in booked:
        if one.amount in amounts and one.on >= since:
            booked.remove(one)
            return one.amount
    return 0
