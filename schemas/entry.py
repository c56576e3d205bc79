"""The leaves of the audit log: a closed set of events, without any person, case or free text in clear.

An entry about many claims commits to each of them by `items`: how many, and the RFC 6962 root over their commitments.
Entries are written as canonical JSON, stored as written and hashed as stored.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.approval import Approved, Fingerprint
from schemas.base import Strict
from schemas.case_entry import CaseEntry
from schemas.codes import ErasureScope, PackageFault
from schemas.custody import CustodyEntry
from schemas.identifiers import Digest, MessageId, PackageId, PartyId
from schemas.leaf import EntryId, Leaf, LogKey, Origin
from schemas.mandated import MandateEntry
from schemas.readings import ReadingsEntry
from schemas.release import ReleaseReason
from schemas.request_entry import RequestEntry
from schemas.screening import RuleId
from schemas.vetting import Confirmation, Registration

_Count = Annotated[int, Field(ge=0)]


class Items(Strict):
    """How many commitments an entry holds, and their RFC 6962 root."""

    count: Annotated[int, Field(ge=1)]
    root: Digest


class StoreCreated(Leaf):
    """The first entry of a log: its origin, and the key whose signatures begin it, as `name+id+key`."""

    event: Literal["store.created"] = "store.created"
    pair: Digest
    origin: Origin
    log_key: LogKey


class ClaimsScreened(Leaf):
    """What one batch of a source was judged to be; its items are the new and changed verdicts."""

    event: Literal["claims.screened"] = "claims.screened"
    package: PackageId
    source: PartyId
    mandate_digest: Digest
    configuration_digest: Digest
    rejected: _Count
    held: _Count
    refused: _Count
    cleared: _Count
    items: Items | None = None


class ClaimsMissed(Leaf):
    """Claims that agencies have: so many are no longer in a full export of their source, so many are back in it."""

    event: Literal["claims.missed"] = "claims.missed"
    source: PartyId
    gone: _Count
    back: _Count


class PackageSealed(Leaf):
    """A package exists and will be sent; its items are its messages."""

    event: Literal["package.sealed"] = "package.sealed"
    package: PackageId
    recipient: PartyId
    sequence: Annotated[int, Field(ge=1)]
    manifest_digest: Digest
    post_quantum: bool
    items: Items


class PackageUploaded(Leaf):
    """All files of a package lie at the agency's server, read back and hashed."""

    event: Literal["package.uploaded"] = "package.uploaded"
    package: PackageId
    recipient: PartyId
    key_exchange: Annotated[str, Field(pattern=r"^[A-Za-z0-9@.-]{1,64}$")]
    post_quantum: bool


class LogKeyRotated(Leaf):
    """The next checkpoints are signed by another key: the old one signs the checkpoint over this entry."""

    event: Literal["log.key-rotated"] = "log.key-rotated"
    log_key: LogKey


class ErasureGround(StrEnum):
    """Why items end: a person's right (Art. 17 GDPR), the end of what retention allows (Art. 5(1)(e)), or a restore from
    a copy of before, in which they have to end once more.
    """

    REQUEST = "request"
    RETENTION = "retention"
    RESTORE = "restore"


class ErasureIntended(Leaf):
    """So many claims, or their source data, will be erased: from here on that is finished, whatever happens."""

    event: Literal["erasure.intended"] = "erasure.intended"
    erasure: EntryId
    ground: ErasureGround
    claims: Annotated[int, Field(ge=1)]
    scope: ErasureScope = ErasureScope.CLAIM


class ErasureCompleted(Leaf):
    """Items are gone: `digest` is SHA-256 over their sorted positions (entry u64, item u32, big-endian).

    `journal_head` is the record of the erasure journal that names the destroyed keys. Where the scope is source data, no
    item is gone, for the log committed to none of it.
    """

    event: Literal["erasure.completed"] = "erasure.completed"
    erasure: EntryId
    ground: ErasureGround
    approved: Approved | None = None
    count: _Count
    digest: Digest
    journal_head: Digest
    scope: ErasureScope = ErasureScope.CLAIM


class DataRead(Leaf):
    """Somebody is about to see personal data; its items say whose, in a log of its own."""

    event: Literal["data.read"] = "data.read"
    command: Annotated[str, Field(pattern=r"^[a-z ]{1,40}$")]
    items: Items


class PackageDelivered(Leaf):
    """The agency's signed receipt has come for a package."""

    event: Literal["package.delivered"] = "package.delivered"
    package: PackageId
    manifest_digest: Digest
    receipt: PackageId
    receipt_digest: Digest


class PackageWithdrawn(Leaf):
    """A sealed package will not be sent; a void manifest closes its number, and its claims are judged again."""

    event: Literal["package.withdrawn"] = "package.withdrawn"
    package: PackageId
    recipient: PartyId
    sequence: Annotated[int, Field(ge=1)]
    manifest_digest: Digest
    claims: _Count


class PackageRefused(Leaf):
    """An agency signed that it has not taken a package and never will; its claims are judged again."""

    event: Literal["package.refused"] = "package.refused"
    package: PackageId
    recipient: PartyId
    fault: PackageFault
    receipt: PackageId
    receipt_digest: Digest
    claims: _Count


class MessagesReceived(Leaf):
    """A package of answers was applied; its items are its lines, those that were refused included."""

    event: Literal["messages.received"] = "messages.received"
    package: PackageId
    sender: PartyId
    kind: Literal["receipt", "answers"]
    sequence: Annotated[int, Field(ge=1)]
    manifest_digest: Digest
    refused: _Count
    items: Items | None = None


class BooksCompared(Leaf):
    """Both sides' books of an agency were put side by side; `books` is the digest both have, if there is no difference."""

    event: Literal["books.compared"] = "books.compared"
    agency: PartyId
    statement: MessageId
    differences: _Count
    books: Digest | None = None


class ActorEnrolled(Leaf):
    """Somebody may approve from here on. The first of a roster has no approval of another, nor has one that a restore takes
    over from the vault.
    """

    event: Literal["actor.enrolled"] = "actor.enrolled"
    name: PartyId
    public_key: Annotated[str, Field(pattern=r"^(sk-)?ssh-ed25519(@openssh\.com)? [A-Za-z0-9+/=]{60,400}$")]
    approved: Approved | None = None


class ActorRevoked(Leaf):
    """A key approves nothing any more; what it approved stays approved. A restore takes it over without an approval."""

    event: Literal["actor.revoked"] = "actor.revoked"
    key: Fingerprint
    approved: Approved | None = None


class AgencyChecked(Leaf):
    """A person has checked an agency; good or bad, it is on record. `profile_digest`: the profile and keys it is about."""

    event: Literal["agency.checked"] = "agency.checked"
    agency: PartyId
    profile_digest: Digest
    checked_on: date
    registration: Registration
    keys_confirmed: Confirmation
    approved: Approved


class AgencyProbed(Leaf):
    """A package of invented cases exists and will be sent. It is about nobody, so it has no items."""

    event: Literal["agency.probed"] = "agency.probed"
    agency: PartyId
    package: PackageId
    sequence: Annotated[int, Field(ge=1)]
    manifest_digest: Digest
    post_quantum: bool


class ProbeAnswered(Leaf):
    """The agency's receipt of a probe was verified: it may get cases."""

    event: Literal["agency.answered"] = "agency.answered"
    agency: PartyId
    package: PackageId


class ReportMade(Leaf):
    """A record or report was generated (Art. 5(2), 30 GDPR): from which configuration, and what came out."""

    event: Literal["report.made"] = "report.made"
    report: Literal["record", "minimisation", "agency"]
    configuration_digest: Digest
    document_digest: Digest


class ClaimsReleased(Leaf):
    """People lifted rules for claims, in the form their rows had, until a day; the preview names them."""

    event: Literal["claims.released"] = "claims.released"
    claims: Annotated[int, Field(ge=1)]
    rules: tuple[RuleId, ...]
    reasons: tuple[ReleaseReason, ...]
    last_day: date
    approved: Approved


Entry = (
    StoreCreated
    | ClaimsScreened
    | ClaimsMissed
    | PackageSealed
    | PackageUploaded
    | ActorEnrolled
    | ActorRevoked
    | LogKeyRotated
    | ErasureIntended
    | ErasureCompleted
    | DataRead
    | ReadingsEntry
    | AgencyChecked
    | AgencyProbed
    | ProbeAnswered
    | PackageDelivered
    | PackageWithdrawn
    | PackageRefused
    | MessagesReceived
    | BooksCompared
    | ReportMade
    | ClaimsReleased
    | CaseEntry
    | MandateEntry
    | CustodyEntry
    | RequestEntry
)
EntryAdapter: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="event")])
