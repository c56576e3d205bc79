"""A document: what is read as one. A file; a file and the one it is joined with; all invoices of a folder.

Each part is opened when its turn comes, and hashed to its end: the digest of a document is that of its parts, in order.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER: Final = 1 << 18
Opener = Callable[[], AbstractContextManager[BinaryIO]]


class HashingStream(io.RawIOBase):
    """A binary file that is hashed as it is read; `last` holds its last two bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.last = b""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fills a buffer, and hashes what it was filled with."""
        target = memoryview(buffer)
        data = self._file.read(len(target))
        target[: len(data)] = data
        self._hash.update(data)
        self.last = (self.last + data[-2:])[-2:]
        return len(data)

    def sha256(self) -> str:
        """SHA-256 of what has been read, lower-case hex."""
        return self._hash.hexdigest()


class Document:
    """The parts of one document, for one pass over them."""

    def __init__(self, parts: Sequence[Opener]) -> None:
        self._parts = parts
        self._sha256: dict[int, str] = {}
        self.ends_with_line = True

    def __len__(self) -> int:
        return len(self._parts)

    @contextmanager
    def part(self, place: int) -> Iterator[BinaryIO]:
        """One part as a stream; it is hashed to its end even if its reader stops before."""
        with self._parts[place]() as file:
            stream = HashingStream(file)
            yield io.BufferedReader(stream, buffer_size=_BUFFER)
            while stream.read(_BUFFER):
                pass
            self._sha256[place] = stream.sha256()
            self.ends_with_line &= stream.last.rstrip(b"\0").endswith(b"\n")

    def sha256(self) -> str:
        """The digest of all parts that were read, lower-case hex."""
        found = [self._sha256[place] for place in sorted(self._sha256)]
        return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()
