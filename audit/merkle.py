"""Merkle trees as RFC 6962 defines them: SHA-256, 0x00 before a leaf, 0x01 before two nodes.

Trees of entries and of items are the same tree. Proofs stand in `audit.proofs`, stored tiles in `audit.tiles`.
"""

import hashlib
from collections.abc import Iterable, Sequence
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


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, in order; SHA-256 of nothing for none (RFC 6962, 2.1).

    Level by level, an odd last node goes up unchanged: the same tree as the RFC's recursion, without its calls.
    """
    sha256 = hashlib.sha256
    level = list(hashes)
    while len(level) > 1:
        one_by_one = iter(level)
        parents = [sha256(b"\x01" + left + right).digest() for left, right in zip(one_by_one, one_by_one, strict=False)]
        if len(level) & 1:
            parents.append(level[-1])
        level = parents
    return level[0] if level else EMPTY_ROOT


def split(hashes: bytes) -> list[bytes]:
    """Concatenated hashes, or commitments, as a list of 32 bytes each."""
    return [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]
