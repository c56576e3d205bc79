"""The two keys of a claim, and how they stand in the vault.

Rules: one key is over what is kept of a claim for as long as anything is: verdicts, messages, its number. The other is over
the claim as its source delivered it: what changed is recognised by it when an export holds the claim again, so it is needed
until a marker keeps the claim out (Art. 17(1)(a) GDPR). Both are random, wrapped by the epoch key, bound to the claim's id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection
from sqlmodel import col

from keys.labels import Label, bound
from keys.material import Secret
from keys.references import new_id
from keys.vault_tables import ClaimRow, SourceRow
from keys.wrap import unwrap, wrap


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """A claim in the vault: its random id, its subject's, its key, and the key of its source data if that is left."""

    claim_id: str
    subject_id: str
    key: Secret
    source: Secret | None


KEYS: Final = select(col(ClaimRow.id), col(ClaimRow.subject), col(ClaimRow.wrapped), col(SourceRow.wrapped)).outerjoin(
    SourceRow, col(SourceRow.id) == col(ClaimRow.id)
)
"""The keys of claims, as `open_keys` takes them."""


def new_key(subject: str) -> ClaimKey:
    """A new claim of a subject."""
    return ClaimKey(new_id(), subject, Secret.generate(), Secret.generate())


def add_keys(connection: Connection, epoch: Secret, created: Mapping[bytes, ClaimKey], batch: str) -> None:
    """New claims, by the keyed digests of their numbers."""
    claims = [
        {
            "id": key.claim_id,
            "number": number,
            "subject": key.subject_id,
            "wrapped": wrap(epoch, key.key.reveal(), bound(Label.CLAIM_KEY, key.claim_id)),
            "batch": batch,
        }
        for number, key in created.items()
    ]
    sources = [
        {"id": key.claim_id, "wrapped": wrap(epoch, key.source.reveal(), bound(Label.SOURCE_KEY, key.claim_id))}
        for key in created.values()
        if key.source is not None
    ]
    if claims:
        connection.execute(insert(ClaimRow), claims)
        connection.execute(insert(SourceRow), sources)


def open_keys(epoch: Secret, rows: Iterable[Any]) -> dict[str, ClaimKey]:
    """The keys of claims, by claim id. Raises keys.wrap.WrapError for one that does not open."""
    return {
        claim: ClaimKey(
            claim,
            subject,
            Secret(unwrap(epoch, wrapped, bound(Label.CLAIM_KEY, claim))),
            None if source is None else Secret(unwrap(epoch, source, bound(Label.SOURCE_KEY, claim))),
        )
        for claim, subject, wrapped, source in rows
    }
