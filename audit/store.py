"""The log's tables, the one way to add to them, and the ways to read them.

Rules: an entry is canonical JSON, stored as written; its index is the number of entries before it; its time is never
before the previous entry's; the commitments of its items lie beside it, in order; a completion lies beside the entry
that names its digest. Nothing here is ever changed: `audit.guards` has the triggers. Appending happens inside the
caller's transaction, together with the business rows it is about; `audit.log` seals what was appended when that
transaction commits.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import LargeBinary, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col

from audit.completions import check_completion
from audit.entry import EntryError, decode, encode, entry_time
from audit.items import items_root
from audit.merkle import split
from audit.tiles import Tile
from schemas.entry import Entry, ErasureCompleted, Items, LogKeyRotated


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


class _CompletionRow(_AuditTable, table=True):
    __tablename__ = "completion"
    entry: int = Field(primary_key=True, foreign_key="entry.index")
    positions: bytes = Field(sa_type=LargeBinary)


class _RotationRow(_AuditTable, table=True):
    __tablename__ = "rotation"
    entry: int = Field(primary_key=True, foreign_key="entry.index")


class _TileRow(_AuditTable, table=True):
    __tablename__ = "tile"
    level: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    hashes: bytes = Field(sa_type=LargeBinary)


class _CheckpointRow(_AuditTable, table=True):
    __tablename__ = "checkpoint"
    size: int = Field(primary_key=True)
    note: bytes = Field(sa_type=LargeBinary)


AUDIT_METADATA: Final = _AuditTable.metadata


class Logged(NamedTuple):
    """An entry as it stands in the log."""

    position: int
    entry: Entry


def append(
    connection: Connection, entry: Entry, commitments: Sequence[bytes] = (), completion: bytes | None = None
) -> Logged:
    """Adds an entry, the commitments of its items (32 bytes each) or its completion to the caller's transaction.

    The entry's time is moved up to the previous entry's if the clock went back. Raises ValueError if `entry.items` does
    not commit to exactly these commitments, or a completion is not the one its entry names.
    """
    items: Items | None = getattr(entry, "items", None)
    if items != items_of(commitments):
        raise ValueError("an entry commits to exactly the commitments it is stored with")
    if isinstance(entry, ErasureCompleted) != (completion is not None):
        raise ValueError("a completion has an entry of its own")
    size, previous = _head(connection)
    stamped = entry.model_copy(update={"time": entry_time(entry.time, previous)})
    connection.execute(insert(_EntryRow), [{"index": size, "leaf": encode(stamped)}])
    if commitments:
        connection.execute(insert(_CommitmentsRow), [{"entry": size, "values": b"".join(commitments)}])
    if isinstance(entry, ErasureCompleted) and completion is not None:
        check_completion(entry, completion)
        connection.execute(insert(_CompletionRow), [{"entry": size, "positions": completion}])
    if isinstance(entry, LogKeyRotated):
        connection.execute(insert(_RotationRow), [{"entry": size}])
    return Logged(size, stamped)


def append_all(connection: Connection, new: Sequence[Entry]) -> None:
    """Adds many entries without items at once, in order."""
    size, previous = _head(connection)
    rows = []
    for index, entry in enumerate(new, start=size):
        previous = entry_time(entry.time, previous)
        rows.append({"index": index, "leaf": encode(entry.model_copy(update={"time": previous}))})
    connection.execute(insert(_EntryRow), rows)


def items_of(commitments: Sequence[bytes]) -> Items | None:
    """What an entry says of its items: their number and root; None for none."""
    return Items(count=len(commitments), root=items_root(commitments)) if commitments else None


def count(connection: Connection) -> int:
    """How many entries the log holds."""
    last = connection.execute(select(func.max(col(_EntryRow.index)))).scalar()
    return 0 if last is None else int(last) + 1


def before_first(connection: Connection) -> bool:
    """Whether an entry stands before the first one: no one of ours writes it, and the table's key would take it."""
    return (
        connection.execute(select(col(_EntryRow.index)).where(col(_EntryRow.index) < 0).limit(1)).scalar() is not None
    )


def entries(connection: Connection, start: int = 0) -> Iterator[Logged]:
    """The entries from `start` on, in order. Raises audit.entry.EntryError for one that is not as it was written."""
    query = select(col(_EntryRow.index), col(_EntryRow.leaf)).order_by(col(_EntryRow.index))
    for index, leaf in connection.execute(query.where(col(_EntryRow.index) >= start)):
        yield Logged(index, decode(leaf))


def entries_with(connection: Connection, words: str) -> Iterator[Logged]:
    """The entries whose leaf holds these words (ASCII, as canonical JSON has them), in order; only those are decoded.

    The database looks through the log without an index: about half a second for a million entries.
    Raises audit.entry.EntryError for one that is not as it was written.
    """
    query = select(col(_EntryRow.index), col(_EntryRow.leaf)).order_by(col(_EntryRow.index))
    for index, leaf in connection.execute(query.where(func.instr(col(_EntryRow.leaf), words.encode("ascii")) > 0)):
        yield Logged(index, decode(leaf))


def leaves(connection: Connection, start: int, limit: int) -> list[bytes]:
    """Up to `limit` leaves from `start` on, as stored. Raises audit.entry.EntryError where one is missing."""
    rows = _raw(
        connection, 'SELECT leaf FROM entry WHERE "index" >= ? AND "index" < ? ORDER BY "index"', start, start + limit
    )
    if len(rows) < limit and start + len(rows) < count(connection):
        raise EntryError("an entry of the log is missing")
    return [leaf for (leaf,) in rows]


def commitments(connection: Connection, index: int) -> tuple[bytes, ...]:
    """The commitments of one entry's items, in order."""
    return tuple(split(commitment_bytes(connection, index)))


def commitment_bytes(connection: Connection, index: int) -> bytes:
    """The commitments of one entry's items in one piece; empty for none."""
    query = select(col(_CommitmentsRow.values)).where(col(_CommitmentsRow.entry) == index)
    return bytes(connection.execute(query).scalar() or b"")


def committed(connection: Connection) -> list[tuple[int, int]]:
    """The entries that have commitments beside them, in order, and how many bytes those have."""
    query = select(col(_CommitmentsRow.entry), func.length(col(_CommitmentsRow.values)))
    return [(entry, length) for entry, length in connection.execute(query.order_by(col(_CommitmentsRow.entry)))]


def completions(connection: Connection) -> list[tuple[int, bytes]]:
    """Every completion with its entry, in order."""
    query = select(col(_CompletionRow.entry), col(_CompletionRow.positions)).order_by(col(_CompletionRow.entry))
    return [(entry, positions) for entry, positions in connection.execute(query)]


def tile(connection: Connection, level: int, number: int) -> bytes | None:
    """A full tile; None if there is none."""
    rows = _raw(connection, "SELECT hashes FROM tile WHERE level = ? AND number = ?", level, number)
    return rows[0][0] if rows else None


def tiles(connection: Connection, level: int, first: int) -> list[bytes]:
    """The full tiles of a level from number `first` on, in order."""
    query = select(col(_TileRow.hashes)).where(col(_TileRow.level) == level, col(_TileRow.number) >= first)
    return list(connection.execute(query.order_by(col(_TileRow.number))).scalars())


def count_tiles(connection: Connection) -> int:
    """How many full tiles are stored."""
    return int(connection.execute(select(func.count(col(_TileRow.hashes)))).scalar_one())


def add_head(connection: Connection, full: Sequence[Tile], size: int, note: bytes) -> None:
    """The tiles that became full, and the signed head over them."""
    if full:
        connection.execute(insert(_TileRow), [one._asdict() for one in full])
    connection.execute(insert(_CheckpointRow), [{"size": size, "note": note}])


def checkpoints(connection: Connection) -> list[tuple[int, bytes]]:
    """Every stored checkpoint with the size it is filed under, in order."""
    query = select(col(_CheckpointRow.size), col(_CheckpointRow.note)).order_by(col(_CheckpointRow.size))
    return [(size, note) for size, note in connection.execute(query)]


def checkpoint_over(connection: Connection, size: int) -> bytes | None:
    """The first checkpoint over at least `size` entries."""
    query = select(col(_CheckpointRow.note)).where(col(_CheckpointRow.size) >= size).order_by(col(_CheckpointRow.size))
    return connection.execute(query.limit(1)).scalar()


def rotations(connection: Connection) -> list[tuple[int, bytes]]:
    """The entries that name a new key of the log."""
    query = select(col(_EntryRow.index), col(_EntryRow.leaf)).where(
        col(_EntryRow.index).in_(select(col(_RotationRow.entry)))
    )
    query = query.order_by(col(_EntryRow.index))
    return [(index, leaf) for index, leaf in connection.execute(query)]


def last_checkpoint(connection: Connection) -> bytes | None:
    """The newest checkpoint; None in a log that was never sealed."""
    query = select(col(_CheckpointRow.note)).order_by(col(_CheckpointRow.size).desc()).limit(1)
    return connection.execute(query).scalar()


def _raw(connection: Connection, statement: str, *values: int) -> list[tuple[Any, ...]]:
    """Rows by the driver's own cursor: a log is read whole, and wrapping each row would cost as much as hashing it."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def _head(connection: Connection) -> tuple[int, datetime | None]:
    query = select(col(_EntryRow.index), col(_EntryRow.leaf)).order_by(col(_EntryRow.index).desc()).limit(1)
    last = connection.execute(query).one_or_none()
    return (0, None) if last is None else (last[0] + 1, decode(last[1]).time)
