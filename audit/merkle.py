"""Merkle trees as RFC 6962 defines them: SHA-256, 0x00 before a leaf, 0x01 before two nodes.

Trees of entries and of items are the same tree. Proofs stand in `audit.proofs`, stored tiles in `audit.tiles`.
"""

import hashlib
from collections.abc import Iterable
from itertools import count
from typing import Final

HASH_BYTES: Final = 32
LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf, 32 bytes (RFC 6962, 2.1)."""
    return hashlib.sha256(LEAF_PREFIX + data).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    """The hash of each leaf, in order."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees, 32 bytes (RFC 6962, 2.1)."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


class Tower:
    """A tree that grows: its leaf hashes, and over them the hash of every perfect subtree, each made once."""

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        self._rows: list[list[bytes]] = [[]]
        self.add(hashes)

    @property
    def hashes(self) -> list[bytes]:
        """The leaf hashes, in order."""
        return self._rows[0]

    def add(self, hashes: Iterable[bytes]) -> None:
        """Adds leaf hashes."""
        sha256 = hashlib.sha256
        row, added = self._rows[0], list(hashes)
        for height in count(1):
            done = len(row) // 2 * 2
            row += added
            pairs = iter(row[done : len(row) // 2 * 2])
            added = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            if not added:
                return
            if height == len(self._rows):
                self._rows.append([])
            row = self._rows[height]

    def root(self, size: int | None = None, below: bytes = EMPTY_ROOT) -> bytes:
        """The root over the first `size` leaf hashes, or all; `below` is the root over what follows the last one."""
        size, total = len(self._rows[0]) if size is None else size, below
        for height, row in enumerate(self._rows):
            place = size >> height
            if place & 1:
                total = row[place - 1] if total == EMPTY_ROOT else node_hash(row[place - 1], total)
        return total


def root(hashes: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in order; SHA-256 of nothing for none (RFC 6962, 2.1)."""
    return Tower(hashes).root()


def split(hashes: bytes) -> list[bytes]:
    """Concatenated hashes, or commitments, as a list of 32 bytes each."""
    return [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]
