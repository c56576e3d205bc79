"""The creditor's instruction to one agency, and what a source declares about its claims.

A mandate travels in the header of every package, and its digest is signed with the manifest. It names no debtor: what is
special about one case travels with that case, as an `Instruction` that never goes further than the mandate.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import Strict
from schemas.claim import DebtorKind
from schemas.figures import Land
from schemas.identifiers import PartyId
from schemas.money import Cents


class Channel(StrEnum):
    """How the agency may reach the debtor."""

    LETTER = "letter"
    EMAIL = "email"
    SMS = "sms"
    TELEPHONE = "telephone"
    VISIT = "visit"


class Stage(StrEnum):
    """How far the agency may go without asking; each includes those before it."""

    REMINDING = "reminding"
    COURT_ORDER = "court-order"
    ENFORCEMENT = "enforcement"


class MandateType(StrEnum):
    """In whose name the agency collects: the creditor's (§ 2(2) RDG), its own for the creditor, or its own for itself.

    By either kind of assignment (§ 398 BGB) the agency becomes the creditor.
    """

    COLLECTION_AUTHORITY = "collection-authority"
    FIDUCIARY_ASSIGNMENT = "fiduciary-assignment"
    SALE = "sale"


class Tone(StrEnum):
    """How the agency writes and speaks."""

    COURTEOUS = "courteous"
    NEUTRAL = "neutral"
    FIRM = "firm"


class Language(StrEnum):
    """In which language the agency writes first."""

    GERMAN = "de"
    ENGLISH = "en"


class Weekday(StrEnum):
    """A day of the week, in Germany."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


_Time = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_WORKDAYS = (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY)


class ContactHours(Strict):
    """When the agency may call or visit, by the clock in Germany; outside, and on public holidays, it may not."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = _WORKDAYS
    since: _Time = "09:00"
    until: _Time = "18:00"

    @model_validator(mode="after")
    def _begin_before_they_end(self) -> Self:
        if self.since >= self.until:
            raise _fault("contact hours end before they begin")
        return self


class Instalments(Strict):
    """What the agency may grant without asking (§ 13a(3) RDG: with a notice of the cost). `minimum_rate` in cents."""

    maximum_months: Annotated[int, Field(ge=2, le=60)]
    minimum_rate: Annotated[Cents, Field(ge=1)]


class Contact(Strict):
    """Whom at the creditor the agency asks: a desk rather than a person."""

    desk: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    email: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    telephone: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None


class Segment(Strict):
    """Which claims of the source: every condition that is set must hold. Amounts in cents; `open_below` is exclusive.

    `postcodes` are beginnings, so ("96", "97") is a region.
    """

    debtor_kinds: tuple[DebtorKind, ...] | None = None
    open_from: Cents | None = None
    open_below: Cents | None = None
    postcodes: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}$")], ...] | None = None


class Instruction(Strict):
    """What is different for one case (special care): only what is set. `ask_first`: no step without asking the desk."""

    tone: Tone | None = None
    language: Language | None = None
    channels: tuple[Channel, ...] | None = None
    stage: Stage | None = None
    ask_first: bool = False


class ContractKind(StrEnum):
    """The subject of the contract, as coarse as § 13a(1) Nr. 2 RDG allows it to travel."""

    GOODS = "goods"
    SERVICE = "service"


class Mandate(Strict):
    """Which segment of a source's claims goes to which agency, from which open amount (cents), how, and how far.

    A channel that is in neither list needs a question first; one that is forbidden stays forbidden. `discount_percent`
    of the principal the agency may waive for payment in one sum. A change needs a new `version`.
    """

    id: PartyId
    version: Annotated[int, Field(ge=1)] = 1
    source: PartyId
    agency: PartyId
    type: MandateType = MandateType.COLLECTION_AUTHORITY
    segment: Segment = Segment()
    minimum_amount: Cents
    tone: Tone = Tone.NEUTRAL
    language: Language = Language.GERMAN
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    forbidden_channels: tuple[Channel, ...] = ()
    contact_hours: ContactHours = ContactHours()
    stage: Stage
    instalments: Instalments | None = None
    discount_percent: Annotated[int, Field(ge=0, le=50)] = 0
    special_care: Instruction = Instruction(tone=Tone.COURTEOUS, ask_first=True)
    ask: Contact | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if set(self.channels) & set(self.forbidden_channels):
            raise _fault("a channel is both allowed and forbidden")
        if goes_further(self.special_care, self):
            raise _fault("special care goes further than the mandate")
        return self


def goes_further(instruction: Instruction, mandate: Mandate) -> bool:
    """Whether an instruction for one case would allow what its mandate does not."""
    stages = list(Stage)
    channels = instruction.channels is not None and not set(instruction.channels) <= set(mandate.channels)
    stage = instruction.stage is not None and stages.index(instruction.stage) > stages.index(mandate.stage)
    return channels or stage


def _fault(sentence: str) -> PydanticCustomError:
    # The rule's name is all that is ever shown of a validation failure, so it is the sentence.
    return PydanticCustomError(sentence, "{rule}", {"rule": sentence})


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
