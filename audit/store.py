"""The log's tables, and the one way to add to them.

Rules: an entry is canonical JSON, stored as written; its index is the number of entries before it; its time is never
before the previous entry's; the commitments of its items lie beside it, in order, and are never changed. Appending
happens inside the caller's transaction, together with the business rows it is about. Tree, checkpoints and triggers are
the audit issue's.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import LargeBinary, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col

from audit.entry import decode, encode, entry_time
from audit.items import COMMITMENT_BYTES, items_root
from schemas.entry import Entry, Items


class _AuditTable(SQLModel, registry=registry()):
    pass


class _EntryRow(_AuditTable, table=True):
    __tablename__ = "entry"
    index: int = Field(primary_key=True)
    leaf: bytes = Field(sa_type=LargeBinary)


class _CommitmentsRow(_AuditTable, table=True):
    __tablename__ = "commitments"
    entry: int = Field(primary_key=True, foreign_key="entry.index")
    values: bytes = Field(sa_type=LargeBinary)


AUDIT_METADATA: Final = _AuditTable.metadata


class Logged(NamedTuple):
    """An entry as it stands in the log."""

    position: int
    entry: Entry


def append(connection: Connection, entry: Entry, commitments: Sequence[bytes] = ()) -> Logged:
    """Adds an entry and the commitments of its items (32 bytes each) to the caller's transaction.

    The entry's time is moved up to the previous entry's if the clock went back. Raises ValueError if `entry.items` does
    not commit to exactly these commitments.
    """
    items: Items | None = getattr(entry, "items", None)
    if items != items_of(commitments):
        raise ValueError("an entry commits to exactly the commitments it is stored with")
    size, previous = _head(connection)
    stamped = entry.model_copy(update={"time": entry_time(entry.time, previous)})
    connection.execute(insert(_EntryRow), [{"index": size, "leaf": encode(stamped)}])
    if commitments:
        connection.execute(insert(_CommitmentsRow), [{"entry": size, "values": b"".join(commitments)}])
    return Logged(size, stamped)


def items_of(commitments: Sequence[bytes]) -> Items | None:
    """What an entry says of its items: their number and root; None for none."""
    return Items(count=len(commitments), root=items_root(commitments)) if commitments else None


def count(connection: Connection) -> int:
    """How many entries the log holds."""
    return int(connection.execute(select(func.count()).select_from(_EntryRow)).scalar_one())


def entries(connection: Connection) -> Iterator[Logged]:
    """All entries in order. Raises audit.entry.EntryError for one that is not as it was written."""
    query = select(col(_EntryRow.index), col(_EntryRow.leaf)).order_by(col(_EntryRow.index))
    for index, leaf in connection.execute(query):
        yield Logged(index, decode(leaf))


def commitments(connection: Connection, index: int) -> tuple[bytes, ...]:
    """The commitments of one entry's items, in order."""
    query = select(col(_CommitmentsRow.values)).where(col(_CommitmentsRow.entry) == index)
    blob: bytes = connection.execute(query).scalar() or b""
    return tuple(blob[start : start + COMMITMENT_BYTES] for start in range(0, len(blob), COMMITMENT_BYTES))


def _head(connection: Connection) -> tuple[int, datetime | None]:
    query = select(col(_EntryRow.index), col(_EntryRow.leaf)).order_by(col(_EntryRow.index).desc()).limit(1)
    last = connection.execute(query).one_or_none()
    return (0, None) if last is None else (last[0] + 1, decode(last[1]).time)
