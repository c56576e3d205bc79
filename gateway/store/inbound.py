"""Packages of answers that were applied. Every call works inside the caller's transaction."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.store.case_tables import InboundRow
from gateway.store.packages import Addressee
from schemas.package import Manifest


class Inbound:
    """The packages from agencies that one `gateway.db` has taken in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def digest(self, package_id: str) -> str | None:
        """The digest of the manifest a package of answers was applied with; None if it never was."""
        query = select(col(InboundRow.manifest_digest)).where(col(InboundRow.id) == package_id)
        return self._connection.execute(query).scalar()

    def has(self, addressee: Addressee, sequence: int) -> bool:
        """Whether a package of this number was applied from an agency, for an entity, of a type."""
        query = select(col(InboundRow.id)).where(col(InboundRow.sequence) == sequence, *_of(addressee))
        return self._connection.execute(query).first() is not None

    def last(self, addressee: Addressee) -> int:
        """The highest number applied from an agency, for an entity, of a type; 0 for none."""
        return self._highest(InboundRow.sequence, addressee)

    def last_entry(self, addressee: Addressee) -> int:
        """The entry of the newest package applied from an agency, for an entity, of a type; 0 for none."""
        return self._highest(InboundRow.entry, addressee)

    def applied(self, manifest: Manifest, manifest_digest: str, messages: int, entry: int, now: datetime) -> None:
        """A package of answers has been applied."""
        row = {
            "id": manifest.package_id,
            "agency": manifest.sender,
            "entity": manifest.recipient,
            "type": manifest.package_type,
            "sequence": manifest.sequence,
            "manifest_digest": manifest_digest,
            "received": now.isoformat(),
            "messages": messages,
            "entry": entry,
        }
        self._connection.execute(insert(InboundRow), [row])

    def _highest(self, column: int, addressee: Addressee) -> int:
        query = select(func.max(col(column))).where(*_of(addressee))
        return int(self._connection.execute(query).scalar() or 0)


def _of(addressee: Addressee) -> tuple[ColumnElement[bool], ...]:
    return tuple(col(getattr(InboundRow, name)) == value for name, value in addressee._asdict().items())
