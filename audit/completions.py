"""Completions: which items an erasure destroyed, as sorted positions, so that every missing item is accounted for once.

A position is the entry's index as u64 and the item's index as u32, big-endian; a completion's entry holds their count
and the SHA-256 over all of them.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from schemas.entry import ErasureCompleted

_POSITION: Final = struct.Struct(">QI")


class CompletionError(ValueError):
    """Positions are not what their entry says, or not in their one form."""


class Position(NamedTuple):
    """Where an item stands: its entry, and its place among that entry's items."""

    entry: int
    item: int


def encode_positions(positions: Iterable[Position]) -> bytes:
    """Positions as they are hashed: sorted."""
    return b"".join(_POSITION.pack(*position) for position in sorted(positions))


def decode_positions(encoded: bytes) -> list[Position]:
    """The positions. Raises CompletionError unless they are sorted, each of them once."""
    if len(encoded) % _POSITION.size:
        raise CompletionError("a completion is cut off")
    found = [Position._make(one) for one in _POSITION.iter_unpack(encoded)]
    if any(one >= other for one, other in pairwise(found)):
        raise CompletionError("a completion's positions are not in order")
    return found


def positions_digest(encoded: bytes) -> str:
    """What a completion's entry holds of its positions."""
    return hashlib.sha256(encoded).hexdigest()


def check_completion(entry: ErasureCompleted, encoded: bytes) -> list[Position]:
    """The positions, once they are those the entry names. Raises CompletionError."""
    found = decode_positions(encoded)
    if len(found) != entry.count or not hmac.compare_digest(positions_digest(encoded), entry.digest):
        raise CompletionError("a completion is not the one its entry names")
    return found
