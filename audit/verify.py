"""Verification of a whole log. What must hold, in the order it is looked at:

    1  every leaf ends with its time, and no time is before the one before it
    2  every stored tile is made of the hashes of the leaves
    3  every checkpoint has the root of the tree at its size, and a signature by the key in force there
    4  a new key is named by an entry under a checkpoint of the old one; after a restore the log goes on under another
       origin, whose key its first entry names: the verdict says if that is not the one in force
    5  the commitments beside an entry have the number and the root it names, and lie beside no other
    6  a completion has the number and digest its entry names; no item is in two; each was committed to before
    7  where the evidence shows which items are there: the missing ones are those of the completions, no more, no less
    8  an item that a key opens is the one that was committed to
    9  every checkpoint held outside is one the log had

The evidence is the log's tables or an export; both show the same. `audit.stretch` looks at each piece of it by itself; here
the pieces are put together, in order and in one pass. Memory grows with checkpoints, entries that have items, and what was
erased, not with the log. Entries that need no more than 1 to 3 are not decoded.
"""

import hmac
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from audit.checkpoint import CheckpointError, open_checkpoint, parse_checkpoint
from audit.completions import CompletionError, check_completion, decode_positions
from audit.entry import EntryError, decode
from audit.items import commitment
from audit.merkle import EMPTY_ROOT, split
from audit.note import NoteError, VerifierKey, parse_key
from audit.shown import Evidence, Held
from audit.stretch import OLDER, Look, Seen, here, pieces
from audit.tiles import TILE_HEIGHT, TILE_WIDTH, Edge, widths
from audit.verdict import Fault, FaultFoundError, HeldBy, Items, Restored, Verdict
from schemas.custody import StoreRestored
from schemas.entry import Entry, ErasureCompleted, LogKeyRotated
from schemas.entry import Items as ItemsNamed

_OTHER_COMMITMENTS: Final = "the commitments of an entry are not those it names"


@dataclass(slots=True)
class _Counts:
    items: int = 0
    opened: int = 0
    not_opened: int = 0
    erased: int = 0
    presence: bool = False


def verify(
    evidence: Evidence,
    key: VerifierKey,
    held: Sequence[Held] = (),
    progress: Callable[[int], None] = lambda _: None,
    look: Look | None = None,
) -> Verdict:
    """The verdict on a log that begins under `key`. `progress` is told how many more entries were looked at.

    `look` is another way to look at the same evidence than piece after piece in this process (`audit.workers`).
    """
    looking = _Verification(evidence, key, progress)
    fault: Fault | None = None
    found: tuple[HeldBy, ...] = ()
    try:
        looking.look(look or here(evidence), [parse_checkpoint(_text(one.note)).size for one in held])
        found = tuple(looking.compare(one) for one in held)
    except FaultFoundError as stopped:
        fault = stopped.fault
    except (EntryError, NoteError, CheckpointError, CompletionError) as error:
        fault = Fault(str(error), looking.place)
    except (TypeError, AttributeError):
        # SQLite stores what it is given: a text where bytes belong is somebody else's work.
        fault = Fault("something of the log is not stored as bytes", looking.place)
    counts, edge = looking.counts, looking.edge()
    items = Items(counts.items, counts.opened, counts.not_opened, counts.erased, counts.presence)
    return Verdict(key.name, edge.size, edge.root().hex(), items, found, fault, tuple(looking.restored))


class _Verification:
    def __init__(self, evidence: Evidence, key: VerifierKey, progress: Callable[[int], None]) -> None:
        self._evidence = evidence
        self._keys = [key]
        self._rotations: list[VerifierKey] = []
        self._progress = progress
        self._previous = b""
        self._covered: dict[int, set[int]] = {}
        self._completions: dict[int, bytes] = {}
        self._committed: set[int] = set()
        self._named: dict[int, ItemsNamed] = {}
        self._notes: dict[int, bytes] = {}
        self._held: frozenset[int] = frozenset()
        self._roots: dict[int, bytes] = {}
        self._upper = Edge()  # of a tree whose leaves are the full tiles
        self._rest: list[bytes] = []
        self.counts = _Counts()
        self.restored: list[Restored] = []
        self.place: int | None = None

    def edge(self) -> Edge:
        """The tree as far as it was looked at."""
        return Edge(self._upper.size * TILE_WIDTH + len(self._rest), [self._rest, *self._upper.levels])

    def look(self, look: Look, held: Sequence[int]) -> None:
        """Obligations 1 to 8. Raises FaultFoundError, and the errors of what is read. `held` are sizes."""
        self._read_completions()
        self.place = None
        size, committed = self._evidence.size(), self._evidence.committed()
        notes = [(parse_checkpoint(_text(note)).size, note) for note in self._evidence.checkpoints()]
        if any(one[0] >= other[0] for one, other in pairwise(notes)):
            raise FaultFoundError("checkpoints do not stand in order of size")
        if not notes or notes[-1][0] != size:
            raise FaultFoundError("the newest checkpoint is not over all entries: entries are missing or unsigned")
        self._committed, self._notes, self._held = {entry for entry, _ in committed}, dict(notes), frozenset(held)
        self._reach(0, EMPTY_ROOT)
        for found in look(pieces(size, sorted(self._held.union(self._notes)), committed)):
            if isinstance(found, Seen):
                self._take(found)
            else:
                for entry, count, over in found.found:
                    self.place = entry
                    self._check_items(entry, count, over)
            self.place = None
        self._check_edge()
        self._check_left_over()

    def compare(self, held: Held) -> HeldBy:
        """Obligation 9. Raises FaultFoundError."""
        stated = parse_checkpoint(_text(held.note))
        if stated.size not in self._roots:
            raise FaultFoundError(
                f"the log is smaller than the checkpoint held by {held.holder}: it was cut or put back"
            )
        for key in self._keys:
            try:
                checkpoint = open_checkpoint(held.note, key)
            except NoteError:
                continue
            if not hmac.compare_digest(checkpoint.root, self._roots[checkpoint.size]):
                raise FaultFoundError(
                    f"the log does not begin with the checkpoint held by {held.holder}: it was rewritten"
                )
            return HeldBy(checkpoint.size, held.holder)
        raise FaultFoundError(f"the checkpoint held by {held.holder} is not signed by a key of this log")

    def _read_completions(self) -> None:
        for entry, encoded in self._evidence.completions():
            self.place = entry
            self._completions[entry] = encoded
            for position in decode_positions(encoded):
                items = self._covered.setdefault(position.entry, set())
                if position.item in items or position.entry >= entry:
                    raise FaultFoundError("an item is in two completions, or in one from before it was logged", entry)
                items.add(position.item)

    def _take(self, seen: Seen) -> None:
        """A stretch, after the one before it: its tiles, and what lies under each checkpoint before that is checked."""
        start, stop, sizes, _ = seen.stretch
        if seen.first < self._previous:
            raise FaultFoundError(OLDER, start)
        self._previous = seen.last
        telling, done = deque(seen.telling), 0
        for size in sizes:
            done = self._go_on(seen, telling, done, size)
            self._reach(size, seen.begun.get(size, EMPTY_ROOT))
        self._go_on(seen, telling, done, stop)
        self._rest = seen.rest
        self._progress(stop - start)

    def _go_on(self, seen: Seen, telling: deque[tuple[int, bytes]], done: int, size: int) -> int:
        """What lies before `size`, after `done` tiles of the stretch; how many are done then."""
        full = (size - seen.stretch.start) // TILE_WIDTH
        self._grow(seen.tiles[done:full])
        while telling and telling[0][0] < size:
            self.place, leaf = telling.popleft()
            self._check_entry(self.place, decode(leaf))
        return full

    def _grow(self, roots: list[bytes]) -> None:
        """Obligation 2, above the tiles of leaves."""
        for tile in self._upper.extend(roots):
            level = tile.level + 1
            stored = self._evidence.tile(level, tile.number, TILE_WIDTH)
            if stored is None or not hmac.compare_digest(stored, tile.hashes):
                first = tile.number << (TILE_HEIGHT * (level + 1))
                raise FaultFoundError(f"tile {tile.number} of level {level} is not made of its entries", first)

    def _reach(self, size: int, below: bytes) -> None:
        """Obligations 3 and 4, where there is a checkpoint over `size` entries; `below` is what no full tile covers."""
        found = self._upper.root(below)
        if size in self._held:
            self._roots[size] = found
        note = self._notes.pop(size, None)
        if note is None:
            return
        self.place = size - 1
        checkpoint = open_checkpoint(note, self._keys[-1])
        if not hmac.compare_digest(checkpoint.root, found):
            raise FaultFoundError(f"the checkpoint over {size} entries has another root", size - 1)
        self._keys += self._rotations
        self._rotations.clear()

    def _check_entry(self, index: int, entry: Entry) -> None:
        items: ItemsNamed | None = getattr(entry, "items", None)
        if items is not None:
            if index not in self._committed:
                raise FaultFoundError(_OTHER_COMMITMENTS, index)
            self._named[index] = items
        elif index in self._committed:
            raise FaultFoundError("commitments lie beside an entry that has none", index)
        if isinstance(entry, ErasureCompleted):
            encoded = self._completions.pop(index, None)
            if encoded is None:
                raise FaultFoundError("a completion is missing", index)
            self.counts.erased += len(check_completion(entry, encoded))
        if isinstance(entry, LogKeyRotated):
            self._rotations.append(parse_key(entry.log_key))
        if isinstance(entry, StoreRestored):
            key = parse_key(entry.log_key)
            vouched = hmac.compare_digest(key.public, self._keys[-1].public)
            self.restored.append(Restored(index, entry.origin, vouched))
            self._keys.append(key)

    def _check_items(self, index: int, count: int, over: str) -> None:
        """Obligations 5, 7 and 8; `over` is the root over the entry's commitments."""
        self._committed.discard(index)
        named = self._named.pop(index)
        if count != named.count or not hmac.compare_digest(over, named.root):
            raise FaultFoundError(_OTHER_COMMITMENTS, index)
        self.counts.items += count
        covered = self._covered.pop(index, set())
        if covered and max(covered) >= count:
            raise FaultFoundError("a completion names an item that was never logged", index)
        kept = self._evidence.kept(index)
        if kept is None:
            return
        self.counts.presence = True
        if list(kept) != [place for place in range(count) if place not in covered]:
            raise FaultFoundError("an item is missing without a completion, or is there in spite of one", index)
        opened = self._open(index)
        self.counts.opened += opened
        self.counts.not_opened += len(kept) - opened

    def _open(self, index: int) -> int:
        """How many items of an entry a key opened: each is the one that was committed to."""
        values, opened = list[bytes](), 0
        for one in self._evidence.opened(index):
            values = values or split(self._evidence.commitments(index))
            if not hmac.compare_digest(commitment(one.opening, one.item), values[one.place]):
                raise FaultFoundError(f"item {one.place} is not the one that was logged", index)
            opened += 1
        return opened

    def _check_edge(self) -> None:
        """What is left of obligation 2: the tiles that are not full, and that there are no others."""
        edge, stored_tiles = self.edge(), self._evidence.full_tiles()
        if stored_tiles is not None and stored_tiles != sum(full >> TILE_HEIGHT for full in widths(edge.size)):
            raise FaultFoundError("tiles are stored that no entries make")
        if not self._evidence.stores_edge:
            return
        for level, hashes in enumerate(edge.levels):
            if hashes:
                number = edge.size >> (TILE_HEIGHT * (level + 1))
                stored = self._evidence.tile(level, number, len(hashes))
                if stored is None or not hmac.compare_digest(stored, b"".join(hashes)):
                    raise FaultFoundError(f"the last tile of level {level} is not made of its entries")

    def _check_left_over(self) -> None:
        if self._committed or self._covered or self._completions:
            left = min([*self._committed, *self._covered, *self._completions])
            raise FaultFoundError("commitments or completions belong to an entry that does not name them", left)


def _text(note: bytes) -> bytes:
    """A note's text, unverified: only its size is used before the signature has been checked."""
    return note.rpartition(b"\n\n")[0] + b"\n"
