"""The creditor's instruction to one agency, and what a source declares about its claims."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Strict
from schemas.figures import Land
from schemas.identifiers import PartyId
from schemas.money import Cents


class Channel(StrEnum):
    """How the agency may reach the debtor."""

    LETTER = "letter"
    EMAIL = "email"


class Stage(StrEnum):
    """How far the agency may go without asking."""

    REMINDING = "reminding"
    COURT_ORDER = "court-order"
    ENFORCEMENT = "enforcement"


class ContractKind(StrEnum):
    """The subject of the contract, as coarse as § 13a(1) Nr. 2 RDG allows it to travel."""

    GOODS = "goods"
    SERVICE = "service"


class Mandate(Strict):
    """Which source's claims go to which agency, from which open amount (cents), how, and how far."""

    id: PartyId
    source: PartyId
    agency: PartyId
    minimum_amount: Cents
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    stage: Stage


class Handling(StrEnum):
    """What a source wants of claims that may be consumer credit, or are paid by instalments: only noted until somebody
    has looked; held; or `assessed`, because they are no consumer credit.
    """

    NOTE = "note"
    HOLD = "hold"
    ASSESSED = "assessed"


_Level = Annotated[int, Field(ge=1, le=9)]


class Declarations(Strict):
    """What the creditor declares, with person and date, because exports do not say it.

    `mahnung_from_level`: reminders of this level and above are a Mahnung (§ 286(1) BGB); `last_warning_level`: from here
    on, the last warning; `bureau_notice_level`: from here on, they tell of possible reports to a credit bureau (§ 31(2)
    Nr. 4c BDSG). `notice_since`: invoices dated from here carry the notice of § 286(3) BGB. `payment_date_agreed`: the
    due date was agreed by calendar (§ 286(2) Nr. 1). `post_days`, `email_days`: assumed until a reminder or invoice has
    arrived. `letter_cost`: what a letter costs, in cents; the table's figure if absent. `lump_sum`: 40 EUR are claimed of
    businesses (§ 288(5)). `land`: whose public holidays count; those of any if absent.
    """

    declared_by: Annotated[str, Field(min_length=1, max_length=100)]
    declared_on: date
    contract_kind: ContractKind
    mahnung_from_level: _Level
    last_warning_level: _Level | None = None
    bureau_notice_level: _Level | None = None
    notice_since: date | None = None
    payment_date_agreed: bool = False
    post_days: Annotated[int, Field(ge=1, le=14)] = 3
    email_days: Annotated[int, Field(ge=0, le=14)] = 1
    email_belongs_to_contract: bool = False
    letter_cost: Annotated[Cents, Field(ge=0, le=1_000)] | None = None
    lump_sum: bool = False
    land: Land | None = None
    large_online_seller: bool = False
    consumer_credit: Handling = Handling.NOTE
    instalments: Handling = Handling.NOTE
