"""Verdicts: values with rule ids, so that the same input on the same day can be shown to give the same answer.

`Held` means a person must look; `Refused` means it may not be handed over at all. Neither is an exception.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from schemas.base import Strict
from schemas.claim import Claim
from schemas.mandate import Declarations

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{1,39}$")]


class DefaultGround(StrEnum):
    """The branch of § 286 BGB that put the debtor in default."""

    MAHNUNG = "286-1"
    CALENDAR = "286-2-1"
    NOTICE = "286-3"


class Default(Strict):
    """Since when, and why, the debtor is in default (§ 286 BGB)."""

    since: date
    ground: DefaultGround


class Known(Strict):
    """What store and source hold on a claim, beside its row.

    `repeated`: a later row of the same file bears the same claim number. `handed_over`: an earlier form of this
    claim is with an agency, and the row has changed since. `released`: rules whose hold actors have lifted for this
    claim. `request_open`: a request of the subject (Art. 16, 17, 18, 21 GDPR) has not been answered yet.
    """

    declarations: Declarations
    repeated: bool = False
    handed_over: bool = False
    released: frozenset[RuleId] = frozenset()
    request_open: bool = False


class Cleared(Strict):
    """May be handed over today. `notes`: the rules that are told and counted, and stop nothing."""

    claim: Claim
    default: Default
    notes: tuple[RuleId, ...] = ()


class Held(Strict):
    """A person must look: the rules that hold it, in their order."""

    claim: Claim
    rules: tuple[RuleId, ...]


class Refused(Strict):
    """There is nothing to hand over: the rules that refuse it, in their order."""

    claim: Claim
    rules: tuple[RuleId, ...]


Verdict = Cleared | Held | Refused
