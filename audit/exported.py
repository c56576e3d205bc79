"""An exported log (C2SP tlog-tiles, and beside it commitments, completions and the checkpoints over key changes).

    checkpoint                 the newest head, as a note
    vkey                       the key that the log began with
    tile/<level>/<number>      hashes; the last of a level ends in `.p/<width>`
    tile/entries/<number>      256 leaves, each after its length as u16, big-endian
    commitments/<entry>        32 bytes an item
    completions/<entry>        12 bytes an erased item
    checkpoints/<size>         the head over each entry that names a new key, signed by the old one

Everything read here is judged by `audit.verify`; a file that is missing or malformed is a fault.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, parse_checkpoint
from audit.entry import EntryError
from audit.note import MAXIMUM_NOTE_BYTES, VerifierKey, parse_key
from audit.shown import Kept, OpenItems
from audit.tiles import TILE_WIDTH, tile_path

_MAXIMUM_BUNDLE_BYTES: Final = TILE_WIDTH * (2 + 0xFFFF)
_MAXIMUM_FILE_BYTES: Final = 1 << 28
_DIGITS: Final = 19


class ExportedLog:
    """An export, as evidence for a verification."""

    stores_edge = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # An export does not say which items are there, and opens none.
        self.kept: Kept = lambda _: None
        self.opened: OpenItems = lambda _: iter(())

    def head(self) -> Checkpoint:
        """What the checkpoint states, unverified. Raises EntryError, CheckpointError."""
        return parse_checkpoint(self._read("checkpoint", MAXIMUM_NOTE_BYTES).rpartition(b"\n\n")[0] + b"\n")

    def key(self) -> VerifierKey:
        """The key that the export itself names. Raises EntryError, NoteError."""
        return parse_key(self._read("vkey", MAXIMUM_NOTE_BYTES).decode("utf-8", "replace").strip())

    def size(self) -> int:
        """What the checkpoint states."""
        return self.head().size

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaves from `start`, where a bundle begins, to before `stop`, where one ends."""
        found = []
        for first in range(start, stop, TILE_WIDTH):
            width = min(TILE_WIDTH, stop - first)
            path = tile_path("entries", first // TILE_WIDTH, width)
            found += _unbundle(self._read(path, _MAXIMUM_BUNDLE_BYTES), width)
        return found

    def tile(self, level: int, number: int, width: int) -> bytes | None:
        """A tile, full or not."""
        return self._read(tile_path(str(level), number, width), TILE_WIDTH * 32)

    def full_tiles(self) -> int | None:
        """Files beyond the checkpoint's size are nobody's: an export may have been interrupted."""
        return None

    def checkpoints(self) -> Sequence[bytes]:
        """Those over changes of the key, then the head."""
        head = self._read("checkpoint", MAXIMUM_NOTE_BYTES)
        size = self.head().size
        earlier = [self._read(f"checkpoints/{one}", MAXIMUM_NOTE_BYTES) for one in self._numbers("checkpoints")]
        return [note for note in earlier if note != head or not size] + [head]

    def committed(self) -> Sequence[tuple[int, int]]:
        """The entries that commitments lie beside, and how many bytes those have."""
        return [(entry, self._length(f"commitments/{entry}")) for entry in self._numbers("commitments")]

    def commitments(self, entry: int) -> bytes:
        """Those of one entry, in one piece."""
        return self._read(f"commitments/{entry}", _MAXIMUM_FILE_BYTES)

    def completions(self) -> Sequence[tuple[int, bytes]]:
        """Each completion with its entry."""
        found = self._numbers("completions")
        return [(entry, self._read(f"completions/{entry}", _MAXIMUM_FILE_BYTES)) for entry in found]

    def _numbers(self, folder: str) -> list[int]:
        try:
            names = [path.name for path in (self._folder / folder).iterdir()]
        except OSError:
            return []
        if any(not name.isdecimal() or len(name) > _DIGITS or name != str(int(name)) for name in names):
            raise EntryError(f"the export's folder of {folder} holds a file that does not belong there")
        return sorted(map(int, names))

    def _length(self, path: str) -> int:
        try:
            return (self._folder / path).stat().st_size
        except OSError:
            raise EntryError(f"the export lacks {path}") from None

    def _read(self, path: str, limit: int) -> bytes:
        try:
            found = self._folder / path
            if not found.is_file():  # a pipe or a device would never end
                raise EntryError(f"the export lacks {path}")
            with found.open("rb") as file:
                content = file.read(limit + 1)
        except OSError:
            raise EntryError(f"the export lacks {path}") from None
        if len(content) > limit:
            raise EntryError(f"{path} of the export is larger than it can be")
        return content


def _unbundle(bundle: bytes, width: int) -> list[bytes]:
    leaves, place = [], 0
    for _ in range(width):
        end = place + 2 + int.from_bytes(bundle[place : place + 2])
        leaves.append(bundle[place + 2 : end])
        place = end
    if place != len(bundle):
        raise EntryError("a bundle of entries is cut off, or something follows it")
    return leaves
