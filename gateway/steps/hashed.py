"""A sealed file while it is opened: age does not say who sealed, so what is opened must be what the signature covers."""

import hashlib
from typing import BinaryIO


class HashedReader:
    """Reads a file and hashes what it read; a file that is exchanged after it was checked is noticed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        return self._seen(self._file.read(size))

    def readline(self, limit: int) -> bytes:
        """A line, or `limit` bytes of one."""
        return self._seen(self._file.readline(limit))

    def sha256(self) -> str:
        """SHA-256 of all that was read, 64 lower-case hex digits."""
        return self._hash.hexdigest()

    def _seen(self, piece: bytes) -> bytes:
        self._hash.update(piece)
        return piece
