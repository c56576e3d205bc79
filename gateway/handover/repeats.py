"""Claim numbers that stand more than once in a file: the first row is held, later ones are rejected.

Known by keyed 8-byte digests from a first pass, so that the earlier row can be held before it is sealed.
"""

from array import array
from collections.abc import Callable, Iterable
from enum import Enum
from itertools import pairwise
from typing import Final

NUMBER_DIGEST_BYTES: Final = 8
Number = Callable[[str], bytes]
"""A keyed digest of a claim number."""


class Place(Enum):
    """Where a row stands among the rows of its claim number."""

    ONLY = "only"
    FIRST = "first"
    LATER = "later"


class Repeats:
    """The numbers that stand twice in one file, and which of them have been met."""

    def __init__(self, number: Number, claim_nos: Iterable[str]) -> None:
        self._number = number
        digests = array("Q", (self._short(claim_no) for claim_no in claim_nos))
        ordered = sorted(digests)
        self._twice = {one for one, other in pairwise(ordered) if one == other}
        self._met: set[int] = set()

    def place(self, claim_no: str) -> Place:
        """The place of the next row with this number; rows must come in their order."""
        if not self._twice:
            return Place.ONLY
        digest = self._short(claim_no)
        if digest not in self._twice:
            return Place.ONLY
        if digest in self._met:
            return Place.LATER
        self._met.add(digest)
        return Place.FIRST

    def _short(self, claim_no: str) -> int:
        return int.from_bytes(self._number(claim_no)[:NUMBER_DIGEST_BYTES])
