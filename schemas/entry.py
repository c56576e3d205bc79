"""The leaves of the audit log: a closed set of events, without any person, case or free text in clear.

An entry about many claims commits to each of them by `items`: how many, and the RFC 6962 root over their commitments.
Entries are written as canonical JSON, stored as written and hashed as stored.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.base import Instant, Strict
from schemas.identifiers import Digest, PackageId, PartyId

Actor = Annotated[str, Field(pattern=r"^(system:[a-z-]{1,40}|key:[0-9A-Za-z+/:]{1,60})$")]
EntryId = Annotated[str, Field(pattern=r"^[0-9a-hjkmnp-tv-z]{26}$")]
Fingerprint = Annotated[str, Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]
"""An SSH key, as `ssh-keygen -l` shows it."""
_Count = Annotated[int, Field(ge=0)]


class Items(Strict):
    """How many commitments an entry holds, and their RFC 6962 root."""

    count: Annotated[int, Field(ge=1)]
    root: Digest


class Approval(Strict):
    """One person's SSHSIG over the digest of a preview, armored: `ssh-keygen -Y verify` checks it without us."""

    key: Fingerprint
    signature: Annotated[
        str,
        Field(pattern=r"^-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]{200,2000}\n-----END SSH SIGNATURE-----\n$"),
    ]


class Approved(Strict):
    """What people approved: the SHA-256 of the preview they were shown, and the signature of each."""

    preview_digest: Digest
    approvals: Annotated[tuple[Approval, ...], Field(min_length=1, max_length=8)]


class _Entry(Strict):
    id: EntryId
    time: Instant
    actor: Actor


class StoreCreated(_Entry):
    """The first entry of a log."""

    event: Literal["store.created"] = "store.created"
    pair: Digest


class ClaimsScreened(_Entry):
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


class PackageSealed(_Entry):
    """A package exists and will be sent; its items are its messages."""

    event: Literal["package.sealed"] = "package.sealed"
    package: PackageId
    recipient: PartyId
    sequence: Annotated[int, Field(ge=1)]
    manifest_digest: Digest
    post_quantum: bool
    items: Items


class PackageUploaded(_Entry):
    """All files of a package lie at the agency's server, read back and hashed."""

    event: Literal["package.uploaded"] = "package.uploaded"
    package: PackageId
    recipient: PartyId
    key_exchange: Annotated[str, Field(pattern=r"^[A-Za-z0-9@.-]{1,64}$")]
    post_quantum: bool


class ActorEnrolled(_Entry):
    """Somebody may approve from here on. Only the first of a roster has no approval of another."""

    event: Literal["actor.enrolled"] = "actor.enrolled"
    name: PartyId
    public_key: Annotated[str, Field(pattern=r"^(sk-)?ssh-ed25519(@openssh\.com)? [A-Za-z0-9+/=]{60,400}$")]
    approved: Approved | None = None


class ActorRevoked(_Entry):
    """A key approves nothing any more; what it approved stays approved."""

    event: Literal["actor.revoked"] = "actor.revoked"
    key: Fingerprint
    approved: Approved


Entry = StoreCreated | ClaimsScreened | PackageSealed | PackageUploaded | ActorEnrolled | ActorRevoked
EntryAdapter: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="event")])
