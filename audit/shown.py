"""What a log shows of itself to whoever verifies it: the same from its tables and from an export."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol


class Opened(NamedTuple):
    """An item that a key opened: its place among those of its entry, its bytes, and r."""

    place: int
    item: bytes
    opening: bytes


Kept = Callable[[int], Sequence[int] | None]
"""The items of an entry that are there, sorted; None if the evidence does not say."""
OpenItems = Callable[[int], Iterator[Opened]]
"""The items of an entry that keys open."""


class Held(NamedTuple):
    """A checkpoint that somebody outside kept, as a note."""

    note: bytes
    holder: str


class Evidence(Protocol):
    """What a log shows of itself."""

    def size(self) -> int:
        """How many entries there are. Raises EntryError, CheckpointError."""

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaves from `start`, a multiple of 256, to before `stop`, in order. Raises EntryError if one is missing."""

    def tile(self, level: int, number: int, width: int) -> bytes | None:
        """A stored tile of 256 hashes, or of fewer where the evidence stores the right edge."""

    def full_tiles(self) -> int | None:
        """How many full tiles are stored; None if the evidence does not say."""

    @property
    def stores_edge(self) -> bool:
        """Whether tiles that are not full are stored."""

    def checkpoints(self) -> Sequence[bytes]:
        """Notes in order of size; the last is the head."""

    def committed(self) -> Sequence[tuple[int, int]]:
        """The entries that commitments lie beside, in order, and how many bytes those have."""

    def commitments(self, entry: int) -> bytes:
        """Those of one entry, in one piece."""

    def completions(self) -> Sequence[tuple[int, bytes]]:
        """Each completion with its entry."""

    kept: Kept
    opened: OpenItems
