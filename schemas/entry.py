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
_Count = Annotated[int, Field(ge=0)]


class Items(Strict):
    """How many commitments an entry holds, and their RFC 6962 root."""

    count: Annotated[int, Field(ge=1)]
    root: Digest


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


Entry = StoreCreated | ClaimsScreened | PackageSealed | PackageUploaded
EntryAdapter: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="event")])
