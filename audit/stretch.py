"""What is established of a piece of a log by looking at nothing else, here or in another process.

A verification is cut into stretches of whole tiles, and into groups of entries whose items' commitments are hashed; what is
found of each comes back small, in order, and `audit.verify` puts it together.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from audit.entry import END_BYTES, leaf_time
from audit.merkle import Tower, leaf_hashes, root, split
from audit.shown import Evidence
from audit.tiles import TILE_WIDTH
from audit.verdict import FaultFoundError

STRETCH: Final = 32 * TILE_WIDTH
_GROUP_BYTES: Final = 1 << 19
OLDER: Final = "an entry is older than the one before it"
_WORTH_DECODING: Final = (
    b'"items":{"count":',
    b'"event":"erasure.completed"',
    b'"log_key":"',
)


class Stretch(NamedTuple):
    """Entries from `start`, a multiple of the tile's width, to before `stop`."""

    start: int
    stop: int
    sizes: tuple[int, ...] = ()
    """Sizes of the tree within it, over which there are checkpoints."""
    committed: tuple[int, ...] = ()
    """Entries of it that commitments lie beside."""


class Seen(NamedTuple):
    """What a stretch holds: nothing in it is out of order, and its full tiles are those that are stored."""

    stretch: Stretch
    tiles: list[bytes]
    """The roots of its full tiles."""
    rest: list[bytes]
    """The hashes of the leaves after them."""
    begun: dict[int, bytes]
    """For each size that ends within a tile: the root over that tile's leaves up to there."""
    first: bytes
    last: bytes
    """The ends of the first and the last leaf, with their times."""
    telling: list[tuple[int, bytes]]
    """The leaves that say more than that something happened, each with its index."""


class Group(NamedTuple):
    """Entries, in order, whose commitments are to be hashed."""

    entries: tuple[int, ...]


class Roots(NamedTuple):
    """For each entry: how many commitments lie beside it, and the root over them, lower-case hex."""

    found: list[tuple[int, int, str]]


Piece = Stretch | Group
Look = Callable[[Iterable[Piece]], Iterator[Seen | Roots]]
"""Looks at pieces, and tells what it found of each in their order."""


def pieces(size: int, sizes: Sequence[int], committed: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """All of a log of `size` entries: each stretch, and after it the groups of its entries that have items.

    `sizes` are those of checkpoints, sorted; `committed` the entries with commitments, and how many bytes those have.
    """
    for start in range(0, size, STRETCH):
        stop = min(start + STRETCH, size)
        over = sizes[bisect_right(sizes, start) : bisect_right(sizes, stop)]
        beside = committed[bisect_left(committed, (start, 0)) : bisect_left(committed, (stop, 0))]
        yield Stretch(start, stop, tuple(over), tuple(entry for entry, _ in beside))
        yield from _groups(beside)


def _groups(beside: Sequence[tuple[int, int]]) -> Iterator[Group]:
    entries, total = list[int](), 0
    for entry, length in beside:
        entries.append(entry)
        total += length
        if total >= _GROUP_BYTES:
            yield Group(tuple(entries))
            entries, total = [], 0
    if entries:
        yield Group(tuple(entries))


def here(evidence: Evidence) -> Look:
    """Looks at one piece after the other, in this process."""
    return lambda wanted: (look(evidence, piece) for piece in wanted)


def look(evidence: Evidence, piece: Piece) -> Seen | Roots:
    """What a piece of the evidence shows. Raises FaultFoundError, EntryError; TypeError where something is not bytes."""
    if isinstance(piece, Stretch):
        return _look_at(evidence, piece)
    found = []
    for entry in piece.entries:
        values = evidence.commitments(entry)
        hashes = leaf_hashes(split(values))
        found.append((entry, len(hashes), root(hashes).hex()))
    return Roots(found)


def _look_at(evidence: Evidence, stretch: Stretch) -> Seen:
    """Tile by tile, so that no more leaves are in memory than one tile has."""
    tiles, begun, telling = list[bytes](), dict[int, bytes](), list[tuple[int, bytes]]()
    rest, ends = list[bytes](), list[bytes]()
    for start in range(stretch.start, stretch.stop, TILE_WIDTH):
        leaves = evidence.leaves(start, min(start + TILE_WIDTH, stretch.stop))
        ends = [*ends[:1], *_ends(leaves, start, ends[-1:])]
        tower = Tower(leaf_hashes(leaves))
        begun |= {size: tower.root(size - start) for size in stretch.sizes if start < size < start + TILE_WIDTH}
        telling += _telling(leaves, start, stretch.committed)
        if len(leaves) < TILE_WIDTH:
            rest = tower.hashes
        elif evidence.tile(0, start // TILE_WIDTH, TILE_WIDTH) != b"".join(tower.hashes):
            raise FaultFoundError(f"tile {start // TILE_WIDTH} of level 0 is not made of its entries", start)
        else:
            tiles.append(tower.root())
    return Seen(stretch, tiles, rest, begun, ends[0], ends[-1], telling)


def _ends(leaves: list[bytes], start: int, before: list[bytes]) -> list[bytes]:
    """How the first and the last leaf end: every one with its time, and none older than the one before it."""
    ends = [leaf[-END_BYTES:] for leaf in leaves]
    joined = b"".join(ends)
    quotes, braces = joined[END_BYTES - 2 :: END_BYTES], joined[END_BYTES - 1 :: END_BYTES]
    if not len(quotes) == quotes.count(b'"') == len(ends) == braces.count(b"}"):
        raise FaultFoundError("an entry does not end with its time", start)
    # In order, all ends lie between the first and the last: if those two begin as they should, so do all.
    if ends != sorted(ends) or before > ends[:1]:
        raise FaultFoundError(OLDER, start)
    leaf_time(leaves[0])
    leaf_time(leaves[-1])
    return [ends[0], ends[-1]]


def _telling(leaves: list[bytes], start: int, committed: Sequence[int]) -> list[tuple[int, bytes]]:
    beside = committed[bisect_left(committed, start) : bisect_left(committed, start + len(leaves))]
    together = b"\n".join(leaves)
    if not beside and not any(word in together for word in _WORTH_DECODING):
        return []
    return [
        (index, leaf)
        for index, leaf in enumerate(leaves, start=start)
        if index in beside or any(word in leaf for word in _WORTH_DECODING)
    ]
