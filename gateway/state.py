"""States of packages and of claims, and every transition that is allowed. One table; it knows no role and no store.

A claim's state is its latest verdict; a cleared claim shares the way of its package.
"""

from enum import StrEnum
from typing import Final

from gateway.errors import IntegrityError
from schemas.screening import Cleared, Held, Refused, Verdict


class PackageState(StrEnum):
    """An open package counts for nothing; a sealed one will be sent; an empty one had nothing to send."""

    OPEN = "open"
    EMPTY = "empty"
    SEALED = "sealed"
    UPLOADED = "uploaded"


class ClaimState(StrEnum):
    """The latest verdict on a claim; cleared claims are handed over with their package."""

    HELD = "held"
    REFUSED = "refused"
    CLEARED = "cleared"


PACKAGE_TRANSITIONS: Final = {
    PackageState.OPEN: frozenset({PackageState.EMPTY, PackageState.SEALED}),
    PackageState.EMPTY: frozenset[PackageState](),
    PackageState.SEALED: frozenset({PackageState.UPLOADED}),
    PackageState.UPLOADED: frozenset[PackageState](),
}
CLAIM_TRANSITIONS: Final = {
    # A held or refused claim is judged again; a cleared one has left, and only a changed row makes it held.
    ClaimState.HELD: frozenset(ClaimState),
    ClaimState.REFUSED: frozenset(ClaimState),
    ClaimState.CLEARED: frozenset({ClaimState.HELD, ClaimState.REFUSED}),
}


class IllegalTransitionError(IntegrityError):
    """A state may not follow another; nothing was changed."""


def state_of(verdict: Verdict) -> ClaimState:
    """The state that a verdict puts a claim in."""
    match verdict:
        case Cleared():
            return ClaimState.CLEARED
        case Held():
            return ClaimState.HELD
        case Refused():
            return ClaimState.REFUSED


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
