"""What a data subject asked for, and what became of it: the request's file and the codes it is written in.

The file is kept as one ciphertext under the request's own key; ids, kind, state and dates alone stand beside it. Codes
say how somebody was identified and why something was refused, so no free text of ours about a person lies anywhere; what
the person wrote is kept as written.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from schemas.approval import Approved
from schemas.base import Instant, Strict
from schemas.claim import Address, Text
from schemas.codes import RequestKind, RestrictionGround
from schemas.identifiers import PartyId
from schemas.leaf import Actor, EntryId
from schemas.mandate import Language

MAXIMUM_LETTER: Final = 100_000

_Norm = Annotated[str, StringConstraints(min_length=3, max_length=120)]
_Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Channel(StrEnum):
    """How a request came in."""

    LETTER = "letter"
    EMAIL = "email"
    TELEPHONE = "telephone"
    IN_PERSON = "in-person"
    AGENCY = "agency"
    RESTORE = "restore"
    """its key was found in the vault after a restore; what was written, and how it came in, is lost"""


class RequestState(StrEnum):
    """Where a request stands. A decided one is being carried out; an answered one may still wait for notices."""

    OPENED = "opened"
    IDENTIFIED = "identified"
    DECIDED = "decided"
    EXECUTED = "executed"
    ANSWERED = "answered"
    CLOSED = "closed"


class Proof(StrEnum):
    """How somebody's identity was checked, the least first: no more may be asked for than suffices (Art. 12(6) GDPR).

    A document is looked at and not kept.
    """

    REFERENCE = "reference"
    """quotes a number that only letters to this person bear, and the address fits"""
    KNOWN_EMAIL = "known-email"
    """writes from the e-mail address of the contract"""
    QUESTION = "question"
    """answered a question about the contract"""
    AGENCY = "agency"
    """the agency has identified the person"""
    DOCUMENT = "document"


class Authority(StrEnum):
    """By what right somebody acts for the person."""

    POWER_OF_ATTORNEY = "power-of-attorney"
    LAWYER = "lawyer"
    GUARDIAN = "guardian"
    PARENT = "parent"


class Outcome(StrEnum):
    """What was decided."""

    GRANTED = "granted"
    IN_PART = "in-part"
    REFUSED = "refused"
    NOTHING_HELD = "nothing-held"


class RequestRefusal(StrEnum):
    """Why a request is refused (Art. 12(4) GDPR)."""

    IDENTITY = "identity"
    """who asks could not be established (Art. 11(2), 12(2))"""
    EXCESSIVE = "excessive"
    """manifestly unfounded, or repeated without need (Art. 12(5))"""
    LEGAL_OBLIGATION = "legal-obligation"
    """the law makes us keep it (Art. 17(3)(b))"""
    LEGAL_CLAIMS = "legal-claims"
    """needed for legal claims (Art. 17(3)(e), 21(1))"""
    ACCURATE = "accurate"
    """the data were checked and are right (Art. 16)"""
    NO_GROUND = "no-ground"
    """no ground of Art. 18(1) or 21(1) is there"""


class ExtensionReason(StrEnum):
    """Why an answer takes up to two months longer (Art. 12(3) GDPR)."""

    COMPLEX = "complex"
    MANY = "many"


class ErasureClaim(StrEnum):
    """Why the data are to be erased (Art. 17(1) GDPR)."""

    NO_LONGER_NEEDED = "no-longer-needed"
    """17(1)(a)"""
    OBJECTION = "objection"
    """17(1)(c)"""
    UNLAWFUL = "unlawful"
    """17(1)(d): never owed, another person, identity misused"""


class Recipient(Strict):
    """To whom the answer goes: as a letter is addressed."""

    name: _Line
    lines: Annotated[tuple[_Line, ...], Field(min_length=1, max_length=6)]


class Representation(Strict):
    """Who acts for the person, by what right, and when the proof of it was seen."""

    name: _Line
    authority: Authority
    seen_on: date


class Identified(Strict):
    """How, and on which day, it was established who asks."""

    proof: Proof
    on: date
    representation: Representation | None = None


class Name(Strict):
    """How somebody is called: a person by first and last name, a firm by its own."""

    first_name: Text | None = None
    last_name: Text | None = None
    company_name: Text | None = None

    @property
    def whole(self) -> bool:
        """Whether somebody can be called that: what a source held may be less."""
        return self.company_name is not None or None not in {self.first_name, self.last_name}


class Correction(Strict):
    """What is right instead (Art. 16 GDPR): the whole name or address, never half of one."""

    name: Name | None = None
    address: Address | None = None

    @property
    def whole(self) -> bool:
        """Whether it can be asked for: it says something, and a name is a whole one."""
        return self != Correction() and (self.name is None or self.name.whole)


class Corrected(Strict):
    """What was put right: what is right, and what it is right instead of."""

    right: Correction
    wrong: tuple[Correction, ...]


class Step(Strict):
    """Something that happened to a request, when its entry in the log says; `also`: who approved it besides the actor."""

    time: Instant
    actor: Actor
    also: tuple[Actor, ...] = ()
    what: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9 :-]{1,80}$")]


class Fate(StrEnum):
    """What becomes of a group of fields when somebody asks for erasure."""

    ERASED = "erased"
    RESTRICTED = "restricted"
    KEPT = "kept"


class FieldGroup(StrEnum):
    """What is held of a claim, in the groups that are decided about."""

    SOURCE = "source"
    """the claim as the creditor's system delivered it"""
    VERDICTS = "verdicts"
    """what the screening decided, and why"""
    DISCLOSED = "disclosed"
    """what an agency was sent"""
    CORRESPONDENCE = "correspondence"
    """messages to and from the agency"""
    LINKS = "links"
    """references, and the keyed digests by which the claim is found"""


class Kept(Strict):
    """One decision: what becomes of a group of fields of so many claims, until when, and by which norm."""

    group: FieldGroup
    fate: Fate
    norm: _Norm
    until: date | None = None
    claims: Annotated[int, Field(ge=1)]


class Planned(Strict):
    """What becomes of one claim. Of one that is restricted, what its source delivered is erased."""

    claim: EntryId
    fate: Fate
    norm: _Norm
    until: date | None = None


class RequestFile(Strict):
    """Everything about a request that names somebody, under its own key.

    `text` is what the person wrote. `recipient` is the address of the claim if the person gave no other; then it was
    `looked_up`. `contested`: the person says that the claim is not owed. `correction`: what is asked for; `corrected`: what
    was granted, the oldest first. `only`: the claims that it is about, where others under the same customer number are
    another person's.
    `planned` and `approved`: what is being carried out.
    `erasures`: what has been, also before it was opened again.
    """

    kind: RequestKind
    channel: Channel
    received: date
    language: Language = Language.GERMAN
    agency: PartyId | None = None
    text: Annotated[str, StringConstraints(max_length=MAXIMUM_LETTER)] = ""
    recipient: Recipient | None = None
    looked_up: bool = False
    contested: bool = False
    identified: Identified | None = None
    only: tuple[EntryId, ...] = ()
    correction: Correction | None = None
    corrected: tuple[Corrected, ...] = ()
    ground: RestrictionGround | None = None
    erasure_ground: ErasureClaim | None = None
    outcome: Outcome | None = None
    refusal: RequestRefusal | None = None
    extension: ExtensionReason | None = None
    kept: tuple[Kept, ...] = ()
    planned: tuple[Planned, ...] = ()
    approved: Approved | None = None
    erasures: tuple[EntryId, ...] = ()
    history: tuple[Step, ...] = ()
