"""Merkle trees as RFC 6962 defines them: SHA-256, 0x00 before a leaf, 0x01 before two nodes.

`root` works in one pass with the right edge alone (one hash a level), so a million leaves cost no memory. Stored tiles,
inclusion and consistency proofs grow from here with the log's checkpoints.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf, 32 bytes (RFC 6962, 2.1)."""
    return hashlib.sha256(LEAF_PREFIX + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees, 32 bytes (RFC 6962, 2.1)."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in order; SHA-256 of nothing for no leaves (RFC 6962, 2.1)."""
    edge: list[bytes] = []  # one perfect subtree for each one-bit of the number of leaves, largest first
    for count, leaf in enumerate(leaves):
        node, carry = leaf, count
        while carry & 1:
            node, carry = node_hash(edge.pop(), node), carry >> 1
        edge.append(node)
    if not edge:
        return hashlib.sha256(b"").digest()
    total = edge.pop()
    while edge:
        total = node_hash(edge.pop(), total)
    return total
