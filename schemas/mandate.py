"""The creditor's instruction to one agency, and what a source declares about its claims."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Strict
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


class Declarations(Strict):
    """What the creditor declares, with person and date, because exports do not say it.

    `mahnung_from_level`: reminders of this level and above are a Mahnung (§ 286(1) BGB). `notice_since`: invoices dated
    from here carry the notice of § 286(3) BGB. `payment_date_agreed`: the due date was agreed by calendar
    (§ 286(2) Nr. 1). `post_days`, `email_days`: assumed until a reminder or invoice has arrived.
    """

    declared_by: Annotated[str, Field(min_length=1, max_length=100)]
    declared_on: date
    contract_kind: ContractKind
    mahnung_from_level: Annotated[int, Field(ge=1, le=9)]
    notice_since: date | None = None
    payment_date_agreed: bool = False
    post_days: Annotated[int, Field(ge=1, le=14)] = 3
    email_days: Annotated[int, Field(ge=0, le=14)] = 1
    email_belongs_to_contract: bool = False
