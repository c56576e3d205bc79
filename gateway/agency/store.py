"""The agency's two stores, apart: `cases.db` holds what case systems need, `identities.db` who it is about.

Lines are kept as ciphertext under a key of each store; case references, message ids and package numbers are in clear.
Every call works inside the caller's transaction. `cases.db` commits last: a package it does not name never arrived.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import LargeBinary, UniqueConstraint, delete, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col

from keys.labels import Label, bound
from keys.material import Secret
from keys.wrap import unwrap, wrap
from schemas.package import Manifest


class _CasesTable(SQLModel, registry=registry()):
    pass


class _IdentitiesTable(SQLModel, registry=registry()):
    pass


class _PackageRow(_CasesTable, table=True):
    __tablename__ = "package"
    __table_args__ = (UniqueConstraint("sender", "type", "sequence"),)
    id: str = Field(primary_key=True)
    sender: str
    type: str
    sequence: int
    manifest_digest: str
    received: str
    messages: int


class _CaseRow(_CasesTable, table=True):
    __tablename__ = "case"
    message_id: str = Field(primary_key=True)
    case_ref: str = Field(unique=True)
    package: str = Field(index=True)
    line: bytes = Field(sa_type=LargeBinary)


class _IdentityRow(_IdentitiesTable, table=True):
    __tablename__ = "identity"
    message_id: str = Field(primary_key=True)
    package: str = Field(index=True)
    line: bytes = Field(sa_type=LargeBinary)


CASES_METADATA: Final = _CasesTable.metadata
IDENTITIES_METADATA: Final = _IdentitiesTable.metadata


class Arrived(NamedTuple):
    """A message as it came: its ids, and its two lines."""

    message_id: str
    case_ref: str
    case: bytes
    identity: bytes


class CasesStore:
    """Packages and case lines."""

    def __init__(self, connection: Connection, key: Secret) -> None:
        self._connection = connection
        self._key = key

    def manifest_digest(self, package_id: str) -> str | None:
        """The digest of the manifest a package was received with; None if it never was."""
        query = select(col(_PackageRow.manifest_digest)).where(col(_PackageRow.id) == package_id)
        return self._connection.execute(query).scalar()

    def last_sequence(self, sender: str, package_type: str) -> int:
        """The highest sequence number received from a sender; 0 for none."""
        query = select(func.max(col(_PackageRow.sequence))).where(
            col(_PackageRow.sender) == sender, col(_PackageRow.type) == package_type
        )
        return int(self._connection.execute(query).scalar() or 0)

    def known(self, messages: Sequence[Arrived]) -> int:
        """How many of these cases and messages are here already."""
        query = select(func.count()).select_from(_CaseRow)
        refs, ids = [one.case_ref for one in messages], [one.message_id for one in messages]
        found = query.where(col(_CaseRow.case_ref).in_(refs) | col(_CaseRow.message_id).in_(ids))
        return int(self._connection.execute(found).scalar_one())

    def add(self, package_id: str, messages: Sequence[Arrived]) -> None:
        """Keeps the case lines of a chunk."""
        self._connection.execute(
            insert(_CaseRow),
            [
                {
                    "message_id": one.message_id,
                    "case_ref": one.case_ref,
                    "package": package_id,
                    "line": wrap(self._key, one.case, bound(Label.RECEIVED_LINE, one.message_id)),
                }
                for one in messages
            ],
        )

    def receive(self, manifest: Manifest, manifest_digest: str, messages: int, now: datetime) -> None:
        """From here on the package has arrived."""
        row = {
            "id": manifest.package_id,
            "sender": manifest.sender,
            "type": manifest.package_type,
            "sequence": manifest.sequence,
            "manifest_digest": manifest_digest,
            "received": now.isoformat(),
            "messages": messages,
        }
        self._connection.execute(insert(_PackageRow), [row])

    def lines(self) -> Iterable[tuple[str, bytes]]:
        """Every case line with its message id."""
        return _lines(self._connection, _CaseRow, self._key)


class IdentitiesStore:
    """Identity lines, joined to cases by message id alone."""

    def __init__(self, connection: Connection, key: Secret) -> None:
        self._connection = connection
        self._key = key

    def sweep(self, package_id: str) -> None:
        """Removes what an interrupted receipt of this package left."""
        self._connection.execute(delete(_IdentityRow).where(col(_IdentityRow.package) == package_id))

    def add(self, package_id: str, messages: Sequence[Arrived]) -> None:
        """Keeps the identity lines of a chunk."""
        self._connection.execute(
            insert(_IdentityRow),
            [
                {
                    "message_id": one.message_id,
                    "package": package_id,
                    "line": wrap(self._key, one.identity, bound(Label.RECEIVED_LINE, one.message_id)),
                }
                for one in messages
            ],
        )

    def lines(self) -> Iterable[tuple[str, bytes]]:
        """Every identity line with its message id."""
        return _lines(self._connection, _IdentityRow, self._key)


def _lines(
    connection: Connection, table: type[_CaseRow] | type[_IdentityRow], key: Secret
) -> Iterable[tuple[str, bytes]]:
    for message_id, line in connection.execute(select(col(table.message_id), col(table.line))):
        yield message_id, unwrap(key, line, bound(Label.RECEIVED_LINE, message_id))
