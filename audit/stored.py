"""A log in its tables, as evidence for a verification."""

from collections.abc import Callable, Sequence
from sqlite3 import Error
from typing import TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from audit.checkpoint import CheckpointError, parse_checkpoint
from audit.entry import EntryError
from audit.shown import Kept, OpenItems
from audit.store import (
    before_first,
    checkpoints,
    commitment_bytes,
    committed,
    completions,
    count,
    count_tiles,
    leaves,
    tile,
)

_T = TypeVar("_T")


def _read(read: Callable[[], _T]) -> _T:
    """What is read. A driver that cannot decode what lies there is told as a fault, without the content it shows."""
    try:
        return read()
    except (SQLAlchemyError, Error):
        raise EntryError("something of the log is not stored as bytes") from None


class StoredLog:
    """The tables of one log. `kept` and `opened` are told by whoever stores the items; nothing is known without."""

    stores_edge = False

    def __init__(
        self, connection: Connection, kept: Kept = lambda _: None, opened: OpenItems = lambda _: iter(())
    ) -> None:
        self._connection = connection
        self.kept = kept
        self.opened = opened

    def size(self) -> int:
        """The index of the last entry, and one."""
        if before_first(self._connection):
            raise EntryError("an entry stands before the first one")
        return count(self._connection)

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaves from `start` to before `stop`, in order."""
        return _read(lambda: leaves(self._connection, start, stop - start))

    def tile(self, level: int, number: int, width: int) -> bytes | None:
        """A full tile."""
        return _read(lambda: tile(self._connection, level, number)) if width == 256 else None

    def full_tiles(self) -> int | None:
        """All rows of the table."""
        return count_tiles(self._connection)

    def checkpoints(self) -> Sequence[bytes]:
        """Every checkpoint, in order of size."""
        found = _read(lambda: checkpoints(self._connection))
        if any(parse_checkpoint(note.rpartition(b"\n\n")[0] + b"\n").size != size for size, note in found):
            raise CheckpointError("a checkpoint is filed under another size than its own")
        return [note for _, note in found]

    def committed(self) -> Sequence[tuple[int, int]]:
        """The entries that commitments lie beside, and how many bytes those have."""
        return committed(self._connection)

    def commitments(self, entry: int) -> bytes:
        """Those of one entry, in one piece."""
        return _read(lambda: commitment_bytes(self._connection, entry))

    def completions(self) -> Sequence[tuple[int, bytes]]:
        """Each completion with its entry."""
        return _read(lambda: completions(self._connection))
