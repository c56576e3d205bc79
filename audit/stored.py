"""A log in its tables, as evidence for a verification."""

from collections.abc import Iterator, Sequence

from sqlalchemy.engine import Connection

from audit.checkpoint import CheckpointError, parse_checkpoint
from audit.entry import EntryError
from audit.store import checkpoints, commitment_bytes, committed, completions, leaves, tile
from audit.verify import Kept, OpenItems

_CHUNK = 4_096


class StoredLog:
    """The tables of one log. `kept` and `opened` are told by whoever stores the items; nothing is known without."""

    stores_edge = False

    def __init__(
        self, connection: Connection, kept: Kept = lambda _: None, opened: OpenItems = lambda _: iter(())
    ) -> None:
        self._connection = connection
        self.kept = kept
        self.opened = opened

    def leaves(self) -> Iterator[list[bytes]]:
        """All leaves in order."""
        start = 0
        while found := leaves(self._connection, start, _CHUNK):
            if found[0][0] != start or found[-1][0] != start + len(found) - 1:
                raise EntryError("an entry is missing")
            yield [leaf for _, leaf in found]
            start += len(found)

    def tile(self, level: int, number: int, width: int) -> bytes | None:
        """A full tile."""
        return tile(self._connection, level, number) if width == 256 else None

    def checkpoints(self) -> Sequence[bytes]:
        """Every checkpoint, in order of size."""
        found = checkpoints(self._connection)
        if any(parse_checkpoint(note.rpartition(b"\n\n")[0] + b"\n").size != size for size, note in found):
            raise CheckpointError("a checkpoint is filed under another size than its own")
        return [note for _, note in found]

    def committed(self) -> Sequence[int]:
        """The entries that commitments lie beside."""
        return committed(self._connection)

    def commitments(self, entry: int) -> bytes:
        """Those of one entry, in one piece."""
        return commitment_bytes(self._connection, entry)

    def completions(self) -> Sequence[tuple[int, bytes]]:
        """Each completion with its entry."""
        return completions(self._connection)
