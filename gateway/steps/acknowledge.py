"""Believing an agency's answer: what a message does to a case, and why one is refused.

Before an answer changes anything, these must hold; `steps.unseal` has seen to the first, the caller to the last:

    1  its package is the agency's: signature, addressing, sequence, expiry, digests, schema
    2  the case was sent to that agency by the creditor that is answered, and is not erased
    3  a receipt is about a message of the package it names, by the digest of that package's manifest
    4  the case's standing allows it
    5  it speaks of euros, and of no day that has not come; what is kept has an end that a title could have
    6  an answer to a stop names the case that the stop was about
    7  a message id is applied once

The same table holds at the agency, which checks its own answers with it before they are sealed.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from gateway.state import CaseEvent, standing_after
from schemas.answers import (
    AgencyPayment,
    CaseAnswers,
    CaseClosed,
    CaseDispute,
    CaseStatus,
    NoticeAck,
    PackageReceipt,
    RequestForwarded,
)
from schemas.codes import CaseStanding, ReceiptVerdict, RefusalCode, StatusCode
from schemas.money import EUR

_OF_VERDICT: Final = {
    ReceiptVerdict.ACCEPTED: CaseEvent.ACCEPT,
    ReceiptVerdict.REFUSED: CaseEvent.REFUSE,
    ReceiptVerdict.QUESTION: CaseEvent.ASK,
    ReceiptVerdict.UNDER_REVIEW: CaseEvent.TELL,
}
_PAST: Final = ("since", "received_on", "raised_on", "closed_on")
_LONGEST: Final = timedelta(days=366 * 31)  # thirty years, and the rest of the last one (§§ 197, 199 BGB)
_OF_STATUS: Final = {StatusCode.PAUSED: CaseEvent.PAUSE, StatusCode.RESUMED: CaseEvent.RESUME}


class Refusal(StrEnum):
    """Why one answer of a believed package changes nothing. Safe to print."""

    UNKNOWN_CASE = "this creditor never sent the case to this agency"
    ERASED = "the claim was erased here; nothing of the answer is kept"
    UNKNOWN_MESSAGE = "this creditor never sent this agency the message it answers, in that package and about that case"
    ANOTHER_CREDITOR = "the statement is about the books of another creditor"
    STANDING = "the standing of the case does not allow it"
    CURRENCY = "an amount is in another currency than its case"
    DAY = "a day of it lies in the future, or further ahead than any title lasts"
    REPEATED = "a message of this id was applied before"


class Update(NamedTuple):
    """What an answer does to its case."""

    standing: CaseStanding
    restricted: bool


def event_of(answer: PackageReceipt | CaseAnswers) -> CaseEvent:
    """What an answer does to its case."""
    match answer:
        case PackageReceipt(refusal=RefusalCode.STOPPED):
            return CaseEvent.STOP
        case PackageReceipt():
            return _OF_VERDICT[answer.verdict]
        case CaseStatus():
            return _OF_STATUS.get(answer.status, CaseEvent.TELL)
        case CaseClosed():
            return CaseEvent.CLOSE
        case RequestForwarded() | NoticeAck():
            return CaseEvent.FORWARD
        case _:
            return CaseEvent.TELL


def acknowledge(
    answer: PackageReceipt | CaseAnswers, standing: CaseStanding, *, restricted: bool, today: date
) -> Update | Refusal:
    """A dispute restricts its case at once (Art. 18(1)(a) GDPR); nothing moves a case against the table."""
    after = standing_after(standing, event_of(answer))
    if after is None:
        return Refusal.STANDING
    if isinstance(answer, AgencyPayment) and answer.currency != EUR:
        return Refusal.CURRENCY
    if not in_time(answer, today):
        return Refusal.DAY
    return Update(after, restricted or isinstance(answer, CaseDispute))


def in_time(answer: PackageReceipt | CaseAnswers, today: date) -> bool:
    """Whether the days of an answer can be true."""
    past = (getattr(answer, name, None) for name in _PAST)
    until = answer.until if isinstance(answer, NoticeAck) else None
    return all(one is None or one <= today for one in past) and (until is None or until <= today + _LONGEST)
