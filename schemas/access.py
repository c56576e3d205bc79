"""The answer to a request for access (Art. 15 GDPR), as data: what the letter is made of, and what is given as JSON.

Amounts in cents. A disclosure names exactly the fields and values that an agency was sent, and holds the bytes and the
opening of its item, so that whoever has them can check that the log committed to them.
"""

from datetime import date
from typing import Literal

from schemas.base import Instant, Strict
from schemas.claim import Claim, Number
from schemas.codes import CaseStanding, RequestKind, RestrictionGround
from schemas.identifiers import MessageId, PackageId, PartyId
from schemas.leaf import EntryId
from schemas.mandate import Language
from schemas.messages import Opening
from schemas.package import Creditor
from schemas.privacy import Privacy
from schemas.request import (
    Channel,
    Corrected,
    Correction,
    ExtensionReason,
    Identified,
    Kept,
    Outcome,
    Recipient,
    RequestRefusal,
    RequestState,
)


class Value(Strict):
    """One field that was sent, its value as a text, and why it travels."""

    field: str
    value: str
    why: str = ""
    norm: str = ""


class Evidence(Strict):
    """Where the log committed to an item, and what opens the commitment: HMAC-SHA-256(opening, item)."""

    entry: int
    item: int
    bytes: str
    opening: Opening


class Disclosure(Strict):
    """What one message told one agency, of which claim, in which package, on which day.

    `not_taken`: it lay encrypted on the agency's server, and the agency has signed that it has not taken the package.
    """

    agency: PartyId
    claim_no: Number
    package: PackageId
    message: MessageId
    type: str
    sealed_on: date
    uploaded_on: date | None
    not_taken: bool
    values: tuple[Value, ...]
    evidence: Evidence


class Received(Strict):
    """What an agency told about the case of one of the person's claims."""

    agency: PartyId
    claim_no: Number
    type: str
    received_on: date
    values: tuple[Value, ...]


class CaseHeld(Strict):
    """Where the case of a claim stands at an agency."""

    agency: PartyId
    standing: CaseStanding
    restricted: bool


class HeldClaim(Strict):
    """A claim as it is held, what the screening last said of it, and where its cases stand.

    `claim`: as the source delivered it; None once that was erased, and the rest is only kept.
    """

    claim_no: Number
    claim: Claim | None
    verdict: str
    rules: tuple[str, ...]
    judged_on: tuple[date, ...]
    cases: tuple[CaseHeld, ...]
    kept_until: date | None
    first_seen: date


class RequestStep(Strict):
    """Something that happened to a request; who did it at the controller is no part of the answer (Art. 15(4) GDPR)."""

    time: Instant
    what: str


class RequestNotice(Strict):
    """What an agency was told because of a request, and its signed answer."""

    agency: PartyId
    case_ref: str
    type: str
    made: Instant
    result: str | None
    until: date | None
    ground: str | None


class RequestHeld(Strict):
    """A request about the person, as its file holds it; this one among them.

    `established`: it is known that the person, or who may act for the person, asked. If not, what was written, asked for and
    given as an address may be another's, and is left out (Art. 15(4) GDPR).
    """

    request: EntryId
    kind: RequestKind
    state: RequestState
    channel: Channel
    agency: PartyId | None
    received: date
    due: date
    answered: date | None
    language: Language
    established: bool
    text: str
    recipient: Recipient | None
    identified: Identified | None
    contested: bool
    ground: RestrictionGround | None
    correction: Correction | None
    corrected: tuple[Corrected, ...]
    outcome: Outcome | None
    refusal: RequestRefusal | None
    extension: ExtensionReason | None
    kept: tuple[Kept, ...]
    notices: tuple[RequestNotice, ...]
    steps: tuple[RequestStep, ...]


class LostTime(Strict):
    """From the day of a copy to the day it was restored: what was disclosed, received or asked then may be missing."""

    since: date
    until: date


class Access(Strict):
    """Everything that is held of a person when it is made, and what became of it. `format` is that of this document.

    What was erased before is not in it: nothing leads there any more.
    """

    format: Literal[2] = 2
    made: Instant
    controller: Creditor
    privacy: Privacy
    claims: tuple[HeldClaim, ...]
    disclosures: tuple[Disclosure, ...]
    received: tuple[Received, ...]
    requests: tuple[RequestHeld, ...]
    lost: tuple[LostTime, ...]
