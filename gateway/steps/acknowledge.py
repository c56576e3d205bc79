"""Believing an agency's answer: what a message does to a case, and why one is refused.

Before an answer changes anything, these must hold; `steps.unseal` has seen to the first, the caller to the last:

    1  its package is the agency's: signature, addressing, sequence, expiry, digests, schema
    2  the case was sent to that agency, and is not erased
    3  a receipt is about a message of the package it names, by the digest of that package's manifest
    4  the case's standing allows it
    5  a message id is applied once

The same table holds at the agency, which checks its own answers with it before they are sealed.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from gateway.state import CaseEvent, standing_after
from schemas.answers import CaseAnswers, CaseClosed, CaseDispute, CaseStatus, PackageReceipt
from schemas.codes import CaseStanding, ReceiptVerdict, StatusCode

_OF_VERDICT: Final = {
    ReceiptVerdict.ACCEPTED: CaseEvent.ACCEPT,
    ReceiptVerdict.REFUSED: CaseEvent.REFUSE,
    ReceiptVerdict.QUESTION: CaseEvent.ASK,
    ReceiptVerdict.UNDER_REVIEW: CaseEvent.TELL,
}
_OF_STATUS: Final = {StatusCode.PAUSED: CaseEvent.PAUSE, StatusCode.RESUMED: CaseEvent.RESUME}


class Refusal(StrEnum):
    """Why one answer of a believed package changes nothing. Safe to print."""

    UNKNOWN_CASE = "the case was never sent to this agency"
    UNKNOWN_MESSAGE = "the message it answers was never sent to this agency in that package"
    ANOTHER_DIGEST = "the receipt names another manifest than was sent"
    STANDING = "the standing of the case does not allow it"
    REPEATED = "a message of this id was applied before"


class Update(NamedTuple):
    """What an answer does to its case."""

    standing: CaseStanding
    restricted: bool


def event_of(answer: PackageReceipt | CaseAnswers) -> CaseEvent:
    """What an answer does to its case."""
    match answer:
        case PackageReceipt():
            return _OF_VERDICT[answer.verdict]
        case CaseStatus():
            return _OF_STATUS.get(answer.status, CaseEvent.TELL)
        case CaseClosed():
            return CaseEvent.CLOSE
        case _:
            return CaseEvent.TELL


def acknowledge(answer: PackageReceipt | CaseAnswers, standing: CaseStanding, *, restricted: bool) -> Update | Refusal:
    """A dispute restricts its case at once (Art. 18(1)(a) GDPR); nothing moves a case against the table."""
    after = standing_after(standing, event_of(answer))
    if after is None:
        return Refusal.STANDING
    return Update(after, restricted or isinstance(answer, CaseDispute))
