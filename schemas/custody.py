"""The leaves of the audit log about keys, copies of the databases, and packages that went astray.

`schemas.entry` joins them with the others.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.approval import Approved
from schemas.codes import VoidReason
from schemas.identifiers import Digest, PackageId, PartyId
from schemas.leaf import EntryId, Leaf, LogKey, Origin

KeyPurpose = Annotated[str, Field(pattern=r"^[a-z-]{1,40}$")]
KeyFingerprint = Annotated[str, Field(pattern=r"^(SHA256:[A-Za-z0-9+/]{43}|[0-9a-f]{64})$")]
_Count = Annotated[int, Field(ge=0)]


class KeyRotated(Leaf):
    """Another key of a purpose wraps and signs from here on; the one it replaces only opens."""

    event: Literal["key.rotated"] = "key.rotated"
    purpose: KeyPurpose
    key: EntryId
    replaced: EntryId
    approved: Approved


class KeyDestroyed(Leaf):
    """A retired key will be gone for good, and with it whatever it alone opens; two people approved."""

    event: Literal["key.destroyed"] = "key.destroyed"
    purpose: KeyPurpose
    key: EntryId
    approved: Approved


class StoresCopied(Leaf):
    """Both databases were copied, as they were before this entry, and the copies open."""

    event: Literal["stores.copied"] = "stores.copied"
    generation: Annotated[int, Field(ge=1)]
    copy_of_gateway: Digest
    copy_of_vault: Digest


class EpochRotated(Leaf):
    """Erasures are final up to a record of the erasure journal: every older copy of the vault is dead.

    The survivors are wrapped by another epoch key, a copy of the vault under it was opened, and the key it replaced was
    destroyed in the key directory and in the escrow copy.
    """

    event: Literal["epoch.rotated"] = "epoch.rotated"
    copy_digest: Digest
    key: EntryId
    record: _Count
    replaced: EntryId
    survivors: _Count


class StoreRestored(Leaf):
    """Both databases were put back from copies, approved by two people; what follows is a log of another origin.

    It begins with the entries of the copy. `lost_size` and `lost_root` are the last known checkpoint of the log that was
    lost: what it held beyond this entry is known to be missing. `record` is the newest one of the erasure journal, whose
    erasures are carried out again before anything else.
    """

    event: Literal["store.restored"] = "store.restored"
    approved: Approved
    copy_of_gateway: Digest
    copy_of_vault: Digest
    log_key: LogKey
    lost_origin: Origin
    lost_root: Digest
    lost_size: _Count
    origin: Origin
    record: _Count


class PackageLost(Leaf):
    """After a restore, a package of ours lay at an agency's server that our books do not know: its number is used up."""

    event: Literal["package.lost"] = "package.lost"
    package: PackageId
    recipient: PartyId
    sequence: Annotated[int, Field(ge=1)]


class StatementTaken(Leaf):
    """After a restore, an agency's signed statement was taken: which of its cases our books know, and which they do not.

    `last_cases` and `last_stops` are the newest numbers it has received: no package bears one of them again.
    """

    event: Literal["statement.taken"] = "statement.taken"
    agency: PartyId
    entity: PartyId
    last_cases: _Count
    last_stops: _Count
    matched: _Count
    package: PackageId
    # Cases that only the agency knows: their claims are held until people decide.
    strange: _Count


class KeyOffered(Leaf):
    """A new public key of ours is on its way to the agencies; they confirm it out of band."""

    event: Literal["key.offered"] = "key.offered"
    fingerprint: KeyFingerprint
    old_until: date
    purpose: KeyPurpose


class PackageVoided(Leaf):
    """A person waits no longer for the receipt of an uploaded package: a void manifest goes out to close its number.

    What was in it stays where it is until the agency has signed whether it has it.
    """

    event: Literal["package.voided"] = "package.voided"
    package: PackageId
    recipient: PartyId
    sequence: Annotated[int, Field(ge=1)]
    manifest_digest: Digest
    reason: VoidReason
    approved: Approved


class PackageSignedAgain(Leaf):
    """A package without receipt bears the signature of the key that took over; its manifest is the same."""

    event: Literal["package.signed-again"] = "package.signed-again"
    package: PackageId
    fingerprint: KeyFingerprint


class PartnerKeyConfirmed(Leaf):
    """A person has compared the fingerprint of an agency's new key: it counts, and the old ones until their day."""

    event: Literal["partner-key.confirmed"] = "partner-key.confirmed"
    agency: PartyId
    approved: Approved
    fingerprint: KeyFingerprint
    old_until: date
    purpose: KeyPurpose


CustodyEntry = (
    KeyRotated
    | KeyDestroyed
    | StoresCopied
    | EpochRotated
    | StoreRestored
    | PackageLost
    | StatementTaken
    | KeyOffered
    | PackageSignedAgain
    | PackageVoided
    | PartnerKeyConfirmed
)
