"""Writing an export: durable file by file, the checkpoint last; a second run adds what is new.

A folder that holds an export of this log grows; one that holds anything else is refused. The layout is in
`audit.exported`. Works inside the caller's transaction, so that all of it is of one moment.
"""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy.engine import Connection

from audit.checkpoint import CheckpointError, parse_checkpoint
from audit.durable import replace_durably
from audit.entry import EntryError
from audit.exported import ExportedLog
from audit.log import Log
from audit.merkle import HASH_BYTES
from audit.note import VerifierKey
from audit.store import checkpoint_over, commitment_bytes, committed, completions, leaves, rotations
from audit.tiles import TILE_WIDTH, tile_path, widths


class ExportError(Exception):
    """The folder holds something else, or an export of another history; nothing was written."""


def export(
    connection: Connection, log: Log, first: VerifierKey, folder: Path, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Brings the export in `folder` up to the newest checkpoint; how many entries it holds. Raises ExportError."""
    note = log.checkpoint()
    size = parse_checkpoint(note.rpartition(b"\n\n")[0] + b"\n").size
    before = _exported_size(log, folder, size)
    for start in range(before - before % TILE_WIDTH, size, TILE_WIDTH):
        found = leaves(connection, start, TILE_WIDTH)
        bundle = b"".join(len(leaf).to_bytes(2) + leaf for leaf in found)
        _write(folder / tile_path("entries", start // TILE_WIDTH, len(found)), bundle)
        progress(len(found))
    for level, held in enumerate(widths(size)):
        done = before >> (8 * level)
        for number in range(done // TILE_WIDTH, -(-held // TILE_WIDTH)):
            hashes = log.tile(level, number)
            _write(folder / tile_path(str(level), number, len(hashes) // HASH_BYTES), hashes)
    for entry, _ in committed(connection):
        if entry >= before:
            _write(folder / "commitments" / str(entry), commitment_bytes(connection, entry))
    for entry, positions in completions(connection):
        _write(folder / "completions" / str(entry), positions)
    for entry, _ in rotations(connection):
        over = checkpoint_over(connection, entry + 1)
        if over is not None:
            stated = parse_checkpoint(over.rpartition(b"\n\n")[0] + b"\n")
            _write(folder / "checkpoints" / str(stated.size), over)
    _write(folder / "vkey", f"{first}\n".encode())
    _write(folder / "checkpoint", note)
    _remove_superseded(folder, before, size)
    return size


def _exported_size(log: Log, folder: Path, size: int) -> int:
    """How much of this log lies in the folder already."""
    if not folder.exists() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        return 0
    if not (folder / "checkpoint").exists() and {path.name for path in folder.iterdir()} <= {"tile", "commitments"}:
        return 0
    try:
        held = ExportedLog(folder).head()
    except (EntryError, CheckpointError):
        raise ExportError(f"{folder} holds something else than an export: choose another folder") from None
    if held.origin != log.origin or held.size > size or log.root_at(held.size) != held.root:
        raise ExportError(f"{folder} holds an export of another log or history: choose another, and compare the two")
    return held.size


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != content:
        replace_durably(path, content)


def _remove_superseded(folder: Path, before: int, size: int) -> None:
    """Takes away the partial tiles of the export that was there, now that the new checkpoint names others."""
    for level, held in enumerate(widths(before)):
        width, number = held % TILE_WIDTH, held // TILE_WIDTH
        if not width or held == size >> (8 * level):
            continue
        kinds = (str(level), "entries") if level == 0 else (str(level),)
        for kind in kinds:
            old = folder / tile_path(kind, number, width)
            old.unlink(missing_ok=True)
            if not any(old.parent.iterdir()):
                old.parent.rmdir()
