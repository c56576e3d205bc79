"""Tiles: 256 consecutive hashes of one level, as C2SP tlog-tiles cuts a tree.

A level-0 tile holds leaf hashes; a tile of the next level holds the roots of full tiles below it. Full tiles never
change; what is not full yet is the right edge, which lies in memory.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from audit.merkle import EMPTY_ROOT, Tower, root, split
from audit.proofs import Subtree

TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
_CACHED_TILES: Final = 64  # half a megabyte: a proof visits one tile a level

ReadTile = Callable[[int, int], bytes]
"""The hashes of tile `(level, number)`, as far as the tree goes."""


class Tile(NamedTuple):
    """A full tile: its level, its number within the level, 256 hashes in one piece."""

    level: int
    number: int
    hashes: bytes


class Edge:
    """The right edge of a growing tree: the hashes of each level's tile that is not full yet."""

    def __init__(self, size: int = 0, levels: Iterable[Iterable[bytes]] = ()) -> None:
        self.size = size
        self._towers = [Tower(level) for level in levels]

    @property
    def levels(self) -> list[list[bytes]]:
        """The hashes of each level's tile, lowest first."""
        return [tower.hashes for tower in self._towers]

    def extend(self, hashes: Sequence[bytes]) -> list[Tile]:
        """Adds leaf hashes; the tiles that became full."""
        full: list[Tile] = []
        self._add(0, hashes, self.size, full)
        self.size += len(hashes)
        return full

    def root(self, below: bytes = EMPTY_ROOT) -> bytes:
        """The root of the tree as it stands; `below` is the root over leaves that follow its own."""
        total = below
        for tower in self._towers:
            total = tower.root(below=total)
        return total

    def _add(self, level: int, hashes: Sequence[bytes], before: int, full: list[Tile]) -> None:
        if level == len(self._towers):
            self._towers.append(Tower())
        tower = self._towers[level]
        number, roots, start = before >> TILE_HEIGHT, list[bytes](), 0
        while start < len(hashes):
            part = hashes[start : start + TILE_WIDTH - len(tower.hashes)]
            tower.add(part)
            start += len(part)
            if len(tower.hashes) == TILE_WIDTH:
                full.append(Tile(level, number + len(roots), b"".join(tower.hashes)))
                roots.append(tower.root())
                tower = self._towers[level] = Tower()
        if roots:
            self._add(level + 1, roots, number, full)


def subtrees(read: ReadTile) -> Subtree:
    """Perfect subtrees of any height, computed from tiles; a few tiles are remembered."""
    remembered = lru_cache(maxsize=_CACHED_TILES)(lambda level, number: split(read(level, number)))

    def subtree(height: int, position: int) -> bytes:
        level, above = divmod(height, TILE_HEIGHT)
        first = position << above
        hashes: list[bytes] = remembered(level, first >> TILE_HEIGHT)
        start = first % TILE_WIDTH
        chosen = hashes[start : start + (1 << above)]
        if len(chosen) != 1 << above:
            raise ValueError("the tree does not reach that far")
        return root(chosen)

    return subtree


def widths(size: int) -> list[int]:
    """How many hashes each level of a tree of `size` leaves holds, lowest first."""
    found = []
    while size:
        found.append(size)
        size >>= TILE_HEIGHT
    return found


def number_path(number: int) -> str:
    """A tile's number as path elements of three digits, all but the last with an `x` (C2SP tlog-tiles)."""
    elements = [f"{number % 1000:03}"]
    while number := number // 1000:
        elements.append(f"x{number % 1000:03}")
    return "/".join(reversed(elements))


def tile_path(kind: str, number: int, width: int = TILE_WIDTH) -> str:
    """Where a tile lies below `tile/`: `kind` is its level, or `entries`; a partial one ends in its width."""
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{kind}/{number_path(number)}{partial}"
