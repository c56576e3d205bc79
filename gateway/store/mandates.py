"""The versions of mandates that have been used or signed: a version is one text for ever.

Every call works inside the caller's transaction.
"""

from typing import NamedTuple

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

from gateway.store.tables import StoreTable


class _MandateRow(StoreTable, table=True):
    __tablename__ = "mandate"
    id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    digest: str
    issued_entry: int
    signed_entry: int | None = None
    countersigned_entry: int | None = None


class IssuedVersion(NamedTuple):
    """A version of a mandate on record, and whether each side has signed it."""

    digest: str
    signed: bool
    countersigned: bool


class MandateVersions:
    """The versions of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, mandate: str) -> int:
        """The highest version on record; 0 for none."""
        query = select(func.max(col(_MandateRow.version))).where(col(_MandateRow.id) == mandate)
        return int(self._connection.execute(query).scalar() or 0)

    def find(self, mandate: str, version: int) -> IssuedVersion | None:
        """One version."""
        query = select(
            col(_MandateRow.digest), col(_MandateRow.signed_entry), col(_MandateRow.countersigned_entry)
        ).where(col(_MandateRow.id) == mandate, col(_MandateRow.version) == version)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else IssuedVersion(row[0], row[1] is not None, row[2] is not None)

    def ids(self) -> dict[str, str]:
        """The mandate of each digest on record."""
        query = select(col(_MandateRow.digest), col(_MandateRow.id))
        return {str(row[0]): str(row[1]) for row in self._connection.execute(query)}

    def issue(self, mandate: str, version: int, digest: str, entry: int) -> None:
        """From here on this version is this text."""
        row = {"id": mandate, "version": version, "digest": digest, "issued_entry": entry}
        self._connection.execute(insert(_MandateRow), [row])

    def sign(self, mandate: str, version: int, entry: int) -> None:
        """The creditor's person has signed."""
        self._set(mandate, version, signed_entry=entry)

    def countersign(self, mandate: str, version: int, entry: int) -> None:
        """The agency has signed."""
        self._set(mandate, version, countersigned_entry=entry)

    def _set(self, mandate: str, version: int, **columns: int) -> None:
        place = (col(_MandateRow.id) == mandate, col(_MandateRow.version) == version)
        self._connection.execute(update(_MandateRow).where(*place).values(**columns))
