"""Verdicts: values with rule ids, so that the same input on the same day can be shown to give the same answer.

`Held` means a person must look; `Refused` means it may not be handed over at all. Neither is an exception.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Strict
from schemas.claim import Claim
from schemas.codes import RecallReason
from schemas.facts import Facts
from schemas.figures import LegalFigures
from schemas.identifiers import MessageId
from schemas.mandate import Declarations
from schemas.money import Cents
from schemas.worth import Worth

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


class Law(Strict):
    """The legal figures that apply, and the public holidays of the source's Land (§ 193 BGB)."""

    figures: LegalFigures = Field(repr=False)
    days_off: frozenset[date] = Field(repr=False)


class Known(Strict):
    """What store, vault and source hold on a claim, beside its row.

    `repeated`: a later row of the same file bears the same claim number. `mixed_up`: the rules by which another row of it
    contradicts this one about who owes, or what. `handed_over`: an earlier form of this
    claim is with an agency, and the row has changed since. `released`: rules whose hold actors have lifted for this
    claim. `request_open`: a request of the subject (Art. 16, 17, 18, 21 GDPR) has not been answered yet.
    `contested`: in one that stops the hand-over, the subject says that nothing is owed.
    `unmatched`: since a restore, the claim may be with an agency though the store does not know it.
    `held_since`: the day from which a person had to look; a hold expires after `hold_days`.
    `mandates`: how many select the claim. `agency_fit`: the agency has been vetted, and its check is fresh.
    """

    declarations: Declarations
    law: Law
    worth: Worth | None = None
    hold_days: int = 180
    facts: Facts = Facts()
    repeated: bool = False
    mixed_up: frozenset[RuleId] = frozenset()
    handed_over: bool = False
    released: frozenset[RuleId] = frozenset()
    mandates: int = 1
    agency_fit: bool = True
    request_open: bool = False
    contested: bool = False
    unmatched: bool = False
    held_since: date | None = None


class CostKind(StrEnum):
    """What of the creditor's own costs the debtor owes: letters after the first Mahnung; the lump sum of § 288(5) BGB."""

    REMINDER = "reminder"
    LUMP_SUM = "lump-sum"


class CreditorCost(Strict):
    """One cost of the creditor's, told apart by kind and day (§ 13a(1) Nr. 2 RDG), in cents."""

    kind: CostKind
    on: date
    amount: Cents


class History(Strict):
    """What was sent after the due date, told apart from mere payment reminders: Mahnungen, and the last warning."""

    first_mahnung: date | None = None
    last_mahnung: date | None = None
    last_warning: date | None = None


class Cleared(Strict):
    """May be handed over today. `notes`: the rules that are told and counted, and stop nothing.

    `bureau_eligible`: all four conditions of § 31(2) Nr. 4 BDSG are met.
    """

    claim: Claim
    default: Default
    notes: tuple[RuleId, ...] = ()
    costs: tuple[CreditorCost, ...] = ()
    history: History = History()
    bureau_eligible: bool = False


class Held(Strict):
    """A person must look: the rules that hold it, in their order."""

    claim: Claim
    rules: tuple[RuleId, ...]


class Refused(Strict):
    """There is nothing to hand over: the rules that refuse it, in their order."""

    claim: Claim
    rules: tuple[RuleId, ...]


Verdict = Cleared | Held | Refused


class Told(Strict):
    """A claim as its agency knows it: as handed over, with all that it was told since.

    `claim.amount` is what was handed over, `claim.paid` all that has been paid or credited since, of which `credited` was
    credited; a case is recalled once. `remitted`: the agency's own payments that have come back and were not told to it, by
    message id.
    """

    claim: Claim
    credited: Annotated[int, Field(ge=0)] = 0
    recalled: bool = False
    remitted: tuple[MessageId, ...] = ()


class Changed(Strict):
    """Handed over earlier, and row or facts have changed: what the agency is told, and what it knows then. In cents.

    `booked_on`: the value date of the newest payment, where the facts feed knows it. `disputed`: True if a dispute has
    begun, False if it has ended. A date is given where it is another one now. `remitted` came from the agency itself.
    """

    claim: Claim
    told: Told
    remitted: Annotated[int, Field(ge=0)] = 0
    paid: Annotated[int, Field(ge=0)] = 0
    credited: Annotated[int, Field(ge=0)] = 0
    booked_on: date | None = None
    recalled: RecallReason | None = None
    disputed: bool | None = None
    identity: bool = False
    contract_date: date | None = None
    invoice_date: date | None = None
    due_date: date | None = None

    @property
    def rules(self) -> tuple[RuleId, ...]:
        """Nothing speaks against it."""
        return ()

    @property
    def says_nothing(self) -> bool:
        """Whether the agency knows everything already, and so do we."""
        sums = (self.paid, self.credited, self.remitted)
        dates = (self.contract_date, self.invoice_date, self.due_date)
        return not (any(sums) or self.recalled or self.identity or any(dates)) and self.disputed is None
