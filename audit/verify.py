"""Verification of a whole log. What must hold, in the order it is looked at:

    1  every leaf ends with its time, and no time is before the one before it
    2  every stored tile is made of the hashes of the leaves
    3  every checkpoint has the root of the tree at its size, and a signature by the key in force there
    4  a new key is named by an entry under a checkpoint of the old one; after a restore, which two people approved, the log
       goes on under another origin, whose key its first entry names
    5  the commitments beside an entry have the number and the root it names, and lie beside no other
    6  a completion has the number and digest its entry names; no item is in two; each was committed to before
    7  where the evidence shows which items are there: the missing ones are those of the completions, no more, no less
    8  an item that a key opens is the one that was committed to
    9  every checkpoint held outside is one the log had

The evidence is the log's tables or an export; both show the same. Reading is in one pass; memory grows with what was
erased, not with the log. Entries that need no more than 1 to 3 are not decoded.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audit.checkpoint import CheckpointError, open_checkpoint, parse_checkpoint
from audit.completions import CompletionError, check_completion, decode_positions
from audit.entry import END_BYTES, EntryError, decode, leaf_time
from audit.items import commitment
from audit.merkle import leaf_hashes, root, split
from audit.note import NoteError, VerifierKey, parse_key
from audit.shown import Evidence, Held
from audit.tiles import Edge, widths
from audit.verdict import Fault, HeldBy, Items, Verdict
from schemas.custody import StoreRestored
from schemas.entry import Entry, ErasureCompleted, LogKeyRotated

_WORTH_DECODING = (
    b'"items":{"count":',
    b'"event":"erasure.completed"',
    b'"event":"log.key-rotated"',
    b'"event":"store.restored"',
)


class FaultFoundError(Exception):
    """Ends a verification with its first fault."""

    def __init__(self, rule: str, entry: int | None = None) -> None:
        super().__init__(rule)
        self.fault = Fault(rule, entry)


@dataclass(slots=True)
class _Counts:
    items: int = 0
    opened: int = 0
    not_opened: int = 0
    erased: int = 0
    presence: bool = False


def verify(
    evidence: Evidence, key: VerifierKey, held: Sequence[Held] = (), progress: Callable[[int], None] = lambda _: None
) -> Verdict:
    """The verdict on a log that begins under `key`. `progress` is told how many more entries were looked at."""
    looking = _Verification(evidence, key, progress)
    fault: Fault | None = None
    found: tuple[HeldBy, ...] = ()
    try:
        looking.look()
        found = tuple(looking.compare(one) for one in held)
    except FaultFoundError as stopped:
        fault = stopped.fault
    except (EntryError, NoteError, CheckpointError, CompletionError) as error:
        fault = Fault(str(error), looking.place)
    except (TypeError, AttributeError):
        # SQLite stores what it is given: a text where bytes belong is somebody else's work.
        fault = Fault("something of the log is not stored as bytes", looking.place)
    counts = looking.counts
    items = Items(counts.items, counts.opened, counts.not_opened, counts.erased, counts.presence)
    return Verdict(key.name, looking.edge.size, looking.edge.root().hex(), items, found, fault)


class _Verification:
    def __init__(self, evidence: Evidence, key: VerifierKey, progress: Callable[[int], None]) -> None:
        self._evidence = evidence
        self._keys = [key]
        self._rotations: list[tuple[int, VerifierKey]] = []
        self._progress = progress
        self._previous = b""
        self._covered: dict[int, set[int]] = {}
        self._completions: dict[int, bytes] = {}
        self._committed: set[int] = set()
        self._roots: dict[int, bytes] = {}
        self.edge = Edge()
        self.counts = _Counts()
        self.place: int | None = None

    def look(self) -> None:
        """Obligations 1 to 8. Raises FaultFoundError, and the errors of what is read."""
        self._read_completions()
        self._committed = set(self._evidence.committed())
        notes = [(parse_checkpoint(_text(note)).size, note) for note in self._evidence.checkpoints()]
        if any(one[0] >= other[0] for one, other in pairwise(notes)):
            raise FaultFoundError("checkpoints do not stand in order of size")
        waiting = iter(notes)
        following = next(waiting, None)
        for chunk in self._evidence.leaves():
            self._check_times(chunk)
            hashes = leaf_hashes(chunk)
            done = 0
            while following is not None and following[0] <= self.edge.size + len(hashes) - done:
                upto = following[0] - self.edge.size + done
                self._grow(chunk[done:upto], hashes[done:upto])
                done = upto
                self._check_checkpoint(*following)
                following = next(waiting, None)
            self._grow(chunk[done:], hashes[done:])
            self._progress(len(chunk))
        self.place = None
        if following is not None or not notes or notes[-1][0] != self.edge.size:
            raise FaultFoundError("the newest checkpoint is not over all entries: entries are missing or unsigned")
        self._check_edge()
        self._check_left_over()

    def compare(self, held: Held) -> HeldBy:
        """Obligation 9. Raises FaultFoundError."""
        stated = parse_checkpoint(_text(held.note))
        if stated.size > self.edge.size:
            raise FaultFoundError(
                f"the log is smaller than the checkpoint held by {held.holder}: it was cut or put back"
            )
        for key in self._keys:
            try:
                checkpoint = open_checkpoint(held.note, key)
            except NoteError:
                continue
            if not hmac.compare_digest(checkpoint.root, self._root_at(checkpoint.size)):
                raise FaultFoundError(
                    f"the log does not begin with the checkpoint held by {held.holder}: it was rewritten"
                )
            return HeldBy(checkpoint.size, held.holder)
        raise FaultFoundError(f"the checkpoint held by {held.holder} is not signed by a key of this log")

    def _root_at(self, size: int) -> bytes:
        edge = Edge()
        for chunk in self._evidence.leaves():
            edge.extend(leaf_hashes(chunk[: size - edge.size]))
            if edge.size == size:
                break
        return edge.root()

    def _read_completions(self) -> None:
        for entry, encoded in self._evidence.completions():
            self.place = entry
            self._completions[entry] = encoded
            for position in decode_positions(encoded):
                items = self._covered.setdefault(position.entry, set())
                if position.item in items or position.entry >= entry:
                    raise FaultFoundError("an item is in two completions, or in one from before it was logged", entry)
                items.add(position.item)

    def _check_times(self, chunk: list[bytes]) -> None:
        """Obligation 1, for leaves that begin where the tree ends."""
        ends = [leaf[-END_BYTES:] for leaf in chunk]
        joined = b"".join(ends)
        quotes, braces = joined[END_BYTES - 2 :: END_BYTES], joined[END_BYTES - 1 :: END_BYTES]
        if not len(quotes) == quotes.count(b'"') == len(ends) == braces.count(b"}"):
            raise FaultFoundError("an entry does not end with its time", self.edge.size)
        # In order, all ends lie between the first and the last: if those two begin as they should, so do all.
        if ends != sorted(ends) or ends[0] < self._previous:
            raise FaultFoundError("an entry is older than the one before it", self.edge.size)
        leaf_time(chunk[0])
        leaf_time(chunk[-1])
        self._previous = ends[-1]

    def _grow(self, leaves: list[bytes], hashes: list[bytes]) -> None:
        """Obligation 2, and the entries that say more than that something happened."""
        start = self.edge.size
        for tile in self.edge.extend(hashes):
            stored = self._evidence.tile(tile.level, tile.number, 256)
            if stored is None or not hmac.compare_digest(stored, tile.hashes):
                first = tile.number << (8 * (tile.level + 1))
                raise FaultFoundError(f"tile {tile.number} of level {tile.level} is not made of its entries", first)
        together = b"\n".join(leaves)
        if not any(word in together for word in _WORTH_DECODING) and self._committed.isdisjoint(
            range(start, self.edge.size) if self._committed else ()
        ):
            return
        for index, leaf in enumerate(leaves, start=start):
            if index in self._committed or any(word in leaf for word in _WORTH_DECODING):
                self.place = index
                self._check_entry(index, decode(leaf))

    def _check_checkpoint(self, size: int, note: bytes) -> None:
        """Obligations 3 and 4."""
        self.place = size - 1
        checkpoint = open_checkpoint(note, self._keys[-1])
        if not hmac.compare_digest(checkpoint.root, self.edge.root()):
            raise FaultFoundError(f"the checkpoint over {size} entries has another root", size - 1)
        self._keys += [key for _, key in self._rotations]
        self._rotations.clear()

    def _check_entry(self, index: int, entry: Entry) -> None:
        items = getattr(entry, "items", None)
        if items is not None:
            self._check_items(index, items.count, items.root)
        elif index in self._committed:
            raise FaultFoundError("commitments lie beside an entry that has none", index)
        if isinstance(entry, ErasureCompleted):
            encoded = self._completions.pop(index, None)
            if encoded is None:
                raise FaultFoundError("a completion is missing", index)
            self.counts.erased += len(check_completion(entry, encoded))
        if isinstance(entry, LogKeyRotated):
            self._rotations.append((index, parse_key(entry.log_key)))
        if isinstance(entry, StoreRestored):
            self._keys.append(parse_key(entry.log_key))

    def _check_items(self, index: int, count: int, expected: str) -> None:
        """Obligations 5, 7 and 8."""
        self._committed.discard(index)
        values = split(self._evidence.commitments(index))
        if len(values) != count or not hmac.compare_digest(root(leaf_hashes(values)).hex(), expected):
            raise FaultFoundError("the commitments of an entry are not those it names", index)
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
        opened = 0
        for one in self._evidence.opened(index):
            if not hmac.compare_digest(commitment(one.opening, one.item), values[one.place]):
                raise FaultFoundError(f"item {one.place} is not the one that was logged", index)
            opened += 1
        self.counts.opened += opened
        self.counts.not_opened += len(kept) - opened

    def _check_edge(self) -> None:
        """What is left of obligation 2: the tiles that are not full, and that there are no others."""
        stored_tiles = self._evidence.full_tiles()
        if stored_tiles is not None and stored_tiles != sum(full >> 8 for full in widths(self.edge.size)):
            raise FaultFoundError("tiles are stored that no entries make")
        if not self._evidence.stores_edge:
            return
        for level, hashes in enumerate(self.edge.levels):
            if hashes:
                number = self.edge.size >> (8 * (level + 1))
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
