"""Inclusion and consistency proofs of RFC 6962 trees: made from perfect subtrees, checked with roots alone.

Making follows RFC 6962, 2.1.1 and 2.1.2; checking follows RFC 9162, 2.1.3.2 and 2.1.4.2. A tree of size 0 has no
proofs: callers decide what an empty tree means.
"""

import hmac
from collections.abc import Callable, Sequence

from audit.merkle import HASH_BYTES, node_hash

Subtree = Callable[[int, int], bytes]
"""The hash of the perfect subtree of 2^height leaves: `subtree(height, position)`, from left to right."""


class ProofError(ValueError):
    """A proof does not show what it should."""


def range_root(low: int, high: int, subtree: Subtree) -> bytes:
    """The root over leaves `low` to `high` - 1, where `low` is where a subtree of at least that size begins."""
    total, end = None, high
    while end > low:
        width = (end - low) & -(end - low)
        end -= width
        node = subtree(width.bit_length() - 1, end // width)
        total = node if total is None else node_hash(node, total)
    if total is None:
        raise ValueError("a range holds at least one leaf")
    return total


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The path from leaf `index` to the root of `size` leaves, sibling first. Raises ValueError out of range."""
    if not 0 <= index < size:
        raise ValueError("a leaf outside the tree has no path")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _left_width(high - low)
        if index < middle:
            path.append(range_root(middle, high, subtree))
            high = middle
        else:
            path.append(range_root(low, middle, subtree))
            low = middle
    return path[::-1]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """What shows that `new` leaves begin with `old` of them. Raises ValueError unless 0 < old <= new."""
    if not 0 < old <= new:
        raise ValueError("consistency is shown from a smaller tree that is not empty")
    path: list[bytes] = []
    low, high, whole = 0, new, True
    while old < high:
        middle = low + _left_width(high - low)
        if old <= middle:
            path.append(range_root(middle, high, subtree))
            high = middle
        else:
            path.append(range_root(low, middle, subtree))
            low, whole = middle, False
    if not whole:
        path.append(range_root(low, high, subtree))
    return path[::-1]


def root_of_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that a path leads to from a leaf hash. Raises ProofError for a path of another shape."""
    if not 0 <= index < size:
        raise ProofError("the index lies outside the tree")
    node, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            raise ProofError("the path is too long")
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the path is too short")
    return node


def check_inclusion(index: int, size: int, leaf: bytes, root: bytes, path: Sequence[bytes]) -> None:
    """The leaf hash is in the tree of this size and root, at this index. Raises ProofError."""
    _require_hashes(leaf, root, *path)
    if not hmac.compare_digest(root_of_inclusion(index, size, leaf, path), root):
        raise ProofError("the path leads to another root")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """The larger tree begins with the smaller one. Raises ProofError."""
    _require_hashes(*path)
    if not 0 < old <= new:
        raise ProofError("consistency is shown from a smaller tree that is not empty")
    hashes = list(path)
    if old == new:
        if hashes or not hmac.compare_digest(old_root, new_root):
            raise ProofError("trees of one size have one root and need no proof")
        return
    _require_hashes(old_root, new_root)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise ProofError("the proof is empty")
    old_node, new_node = _replay(old, new, hashes)
    if not (hmac.compare_digest(old_node, old_root) and hmac.compare_digest(new_node, new_root)):
        raise ProofError("the larger tree does not begin with the smaller one")


def _replay(old: int, new: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_node = new_node = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if position & 1 or position == last:
            old_node, new_node = node_hash(sibling, old_node), node_hash(sibling, new_node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_node = node_hash(new_node, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return old_node, new_node


def _require_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofError("a hash has 32 bytes")


def _left_width(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
