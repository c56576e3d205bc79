"""States of packages, claims and cases, and every transition that is allowed. Tables; they know no role and no store.

A claim's state is its latest verdict. Handed over, it is a case: both sides keep its standing by the same table, and
whether it is restricted beside it.
"""

from enum import StrEnum
from typing import Final

from gateway.errors import IntegrityError
from schemas.codes import CaseStanding
from schemas.screening import Changed, Cleared, Held, Refused, Verdict


class PackageState(StrEnum):
    """An open package counts for nothing; a sealed one will be sent; an empty one had nothing to send.

    Without the agency's receipt a package is uploaded, not delivered. A withdrawn one was never uploaded: a void
    manifest goes in its place, and then it is void. A revoked one was uploaded, and a void manifest waits to close its
    number; while it is closing, that lies at the agency, which alone knows whether it has the package: it is delivered if it
    has, and refused if not. A refused one was never taken: the agency closed its number. A lost one is only known by its
    number, since a restore; a void manifest may go in its place.
    """

    OPEN = "open"
    EMPTY = "empty"
    SEALED = "sealed"
    UPLOADED = "uploaded"
    DELIVERED = "delivered"
    REVOKED = "revoked"
    CLOSING = "closing"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    LOST = "lost"


class ClaimState(StrEnum):
    """The latest verdict on a claim; cleared claims are handed over with their package.

    `changed`: handed over earlier, and the agency is told by messages what has changed since.
    """

    HELD = "held"
    REFUSED = "refused"
    CLEARED = "cleared"
    CHANGED = "changed"


class CaseEvent(StrEnum):
    """What moves a case."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    STOP = "stop"
    """refused because a stop came before the case"""
    ASK = "ask"
    PAUSE = "pause"
    RESUME = "resume"
    TELL = "tell"
    FORWARD = "forward"
    RECALL = "recall"
    CLOSE = "close"
    ERASE = "erase"


PACKAGE_TRANSITIONS: Final = {
    PackageState.OPEN: frozenset({PackageState.EMPTY, PackageState.SEALED}),
    PackageState.EMPTY: frozenset[PackageState](),
    PackageState.SEALED: frozenset({PackageState.UPLOADED, PackageState.WITHDRAWN}),
    PackageState.UPLOADED: frozenset({PackageState.DELIVERED, PackageState.REFUSED, PackageState.REVOKED}),
    # The agency's answer may come before the void manifest has left, or its upload is booked.
    PackageState.REVOKED: frozenset({PackageState.CLOSING, PackageState.DELIVERED, PackageState.REFUSED}),
    PackageState.CLOSING: frozenset({PackageState.DELIVERED, PackageState.REFUSED}),
    PackageState.DELIVERED: frozenset[PackageState](),
    PackageState.REFUSED: frozenset[PackageState](),
    PackageState.WITHDRAWN: frozenset({PackageState.VOID}),
    PackageState.VOID: frozenset[PackageState](),
    # A void manifest closes a number of which nothing else is known.
    PackageState.LOST: frozenset({PackageState.WITHDRAWN}),
}
NEVER_LEFT: Final = (PackageState.WITHDRAWN, PackageState.VOID)
"""What was sealed, and nobody else has."""
NOT_TAKEN: Final = (*NEVER_LEFT, PackageState.REFUSED)
"""What was sealed, and its agency does not have."""
UNANSWERED: Final = (PackageState.UPLOADED, PackageState.REVOKED, PackageState.CLOSING)
"""What was uploaded, and its agency has not said yet whether it has it."""
AFTER_VOID: Final = {PackageState.WITHDRAWN: PackageState.VOID, PackageState.REVOKED: PackageState.CLOSING}
"""Whose number a void manifest closes, and what they are once it lies at the agency's server."""
CLAIM_TRANSITIONS: Final = {
    # A held or refused claim is judged again; a cleared one has left: a changed row becomes messages, or holds it.
    ClaimState.HELD: frozenset(ClaimState),
    ClaimState.REFUSED: frozenset(ClaimState),
    ClaimState.CLEARED: frozenset({ClaimState.HELD, ClaimState.REFUSED, ClaimState.CHANGED}),
    ClaimState.CHANGED: frozenset({ClaimState.HELD, ClaimState.REFUSED, ClaimState.CHANGED}),
}
_REVIEW, _QUESTION, _ACTIVE = CaseStanding.UNDER_REVIEW, CaseStanding.QUESTION, CaseStanding.ACTIVE
_PAUSED, _REFUSED, _RECALLED = CaseStanding.PAUSED, CaseStanding.REFUSED, CaseStanding.RECALLED
_CLOSED, _ERASED = CaseStanding.CLOSED, CaseStanding.ERASED
# A recall crosses answers on their way: what the agency said before it knew changes nothing any more, but that it had
# refused the case: then the recall changed nothing there. Receipts and other answers are counted apart, so either may come
# first: what an agency told before it refused a case counts, and what it did with a case says that it had accepted it.
_LATE: Final = {one: one for one in (_ACTIVE, _PAUSED, _CLOSED, _RECALLED)}
_KEPT: Final = {one: one for one in CaseStanding if one is not _ERASED}
CASE_TRANSITIONS: Final = {
    CaseEvent.ACCEPT: _LATE | {_REVIEW: _ACTIVE, _QUESTION: _ACTIVE},
    CaseEvent.REFUSE: {_REVIEW: _REFUSED, _QUESTION: _REFUSED, _RECALLED: _REFUSED},
    CaseEvent.STOP: {_REVIEW: _REFUSED, _QUESTION: _REFUSED, _RECALLED: _RECALLED},
    CaseEvent.ASK: _LATE | {_REVIEW: _QUESTION, _QUESTION: _QUESTION},
    CaseEvent.PAUSE: dict.fromkeys((_REVIEW, _QUESTION, _ACTIVE, _PAUSED), _PAUSED) | {_RECALLED: _RECALLED},
    CaseEvent.RESUME: dict.fromkeys((_REVIEW, _QUESTION, _ACTIVE, _PAUSED), _ACTIVE) | {_RECALLED: _RECALLED},
    CaseEvent.TELL: _KEPT,
    # Whom a person turns to, and which stop has arrived, is no part of the work: a refused case was a person's data as well.
    CaseEvent.FORWARD: _KEPT,
    CaseEvent.RECALL: dict.fromkeys((_REVIEW, _QUESTION, _ACTIVE, _PAUSED, _RECALLED), _RECALLED)
    | {_REFUSED: _REFUSED, _CLOSED: _CLOSED},
    CaseEvent.CLOSE: dict.fromkeys((_REVIEW, _QUESTION, _ACTIVE, _PAUSED, _RECALLED), _CLOSED),
    CaseEvent.ERASE: dict.fromkeys(CaseStanding, _ERASED),
}
_DECISIONS: Final = frozenset({CaseEvent.ACCEPT, CaseEvent.ASK})
_WORK: Final = frozenset({CaseEvent.PAUSE, CaseEvent.RESUME})
UNSAID: Final = {
    _REVIEW: _WORK | {CaseEvent.CLOSE},
    _QUESTION: _WORK | {CaseEvent.CLOSE},
    _ACTIVE: _DECISIONS,
    _PAUSED: _DECISIONS,
    _CLOSED: _DECISIONS,
    _REFUSED: frozenset({CaseEvent.TELL}),
    _RECALLED: _DECISIONS | _WORK | {CaseEvent.REFUSE, CaseEvent.STOP},
}
"""What the creditor may still hear of a case, out of order or across a recall, and its agency, which knows better, may not
say.
"""


class IllegalTransitionError(IntegrityError):
    """A state may not follow another; nothing was changed."""


def state_of(verdict: Verdict | Changed) -> ClaimState:
    """The state that a verdict puts a claim in."""
    match verdict:
        case Cleared():
            return ClaimState.CLEARED
        case Held():
            return ClaimState.HELD
        case Refused():
            return ClaimState.REFUSED
        case Changed():
            return ClaimState.CHANGED


def advance(old: PackageState, new: PackageState) -> PackageState:
    """The new state of a package. Raises IllegalTransitionError."""
    if new not in PACKAGE_TRANSITIONS[old]:
        raise IllegalTransitionError(f"a package that is {old} cannot become {new}")
    return new


def judge_again(old: ClaimState, new: ClaimState) -> ClaimState:
    """The new state of a claim. Raises IllegalTransitionError: what has been handed over is never handed over again."""
    if new not in CLAIM_TRANSITIONS[old]:
        raise IllegalTransitionError(f"a claim that is {old} cannot become {new}")
    return new


def standing_after(old: CaseStanding, event: CaseEvent) -> CaseStanding | None:
    """The new standing of a case; None if nothing of this kind may happen to it any more, or yet."""
    return CASE_TRANSITIONS[event].get(old)
