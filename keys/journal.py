"""The erasure journal: which claim keys were destroyed, in a file outside both databases.

Rules: one line a record, a signature and the canonical JSON it covers; each record names the SHA-256 of the line before
it; it holds random ids alone. A record is durable before a key goes, so that an old backup cannot bring a person back:
who starts on one, or restores one, finds here what must be gone. A line that a kill cut off never counted.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError

from keys.labels import Label, bound
from keys.root import write_private
from schemas.base import Instant, Strict
from schemas.canonical import encode_model
from schemas.identifiers import Digest
from schemas.leaf import EntryId

MAXIMUM_CLAIMS: Final = 10_000  # a line stays below the tail that is read to find the last one
_TAIL_BYTES: Final = 1 << 20
_NOTHING: Final = "0" * 64


class JournalError(Exception):
    """The erasure journal is missing, cut or altered; the message says what to do."""


class Record(Strict):
    """The keys that one erasure destroys, by the claims' random ids."""

    number: Annotated[int, Field(ge=0)]
    previous: Digest
    time: Instant
    erasure: EntryId
    claims: tuple[EntryId, ...]


class Head(NamedTuple):
    """The newest record, and the SHA-256 of its line."""

    record: Record
    sha256: str


class Journal:
    """An existing journal."""

    def __init__(self, path: Path, key: Ed25519PrivateKey) -> None:
        self._path = path
        self._key = key

    def head(self) -> Head:
        """The newest record. Raises JournalError."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(size - _TAIL_BYTES, 0))
                lines = file.read().split(b"\n")[:-1]
        except OSError:
            raise JournalError(
                f"{self._path} cannot be read: restore it; it says what no backup may bring back"
            ) from None
        if not lines:
            raise JournalError(f"{self._path} holds no record: restore it; it says what no backup may bring back")
        return self._open(lines[-1])

    def records(self) -> Iterator[Record]:
        """Every record in order, each checked against the one before. Raises JournalError."""
        previous, number = _NOTHING, 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    return
                record, sha256 = self._open(line[:-1])
                if not hmac.compare_digest(record.previous, previous) or record.number != number:
                    raise JournalError(f"{self._path}: record {number} does not follow the one before it")
                yield record
                previous, number = sha256, number + 1

    def append(self, erasure: str, claims: tuple[str, ...], now: datetime) -> Head:
        """A new record, durable when this returns. At most MAXIMUM_CLAIMS a record."""
        if not 0 < len(claims) <= MAXIMUM_CLAIMS:
            raise ValueError("a record names between one and 10,000 claims")
        last = self.head()
        record = Record(
            number=last.record.number + 1, previous=last.sha256, time=now, erasure=erasure, claims=tuple(claims)
        )
        line = _line(record, self._key)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "r+b") as file:
            file.truncate(_whole_lines(file.read()))
            file.seek(0, os.SEEK_END)
            file.write(line + b"\n")
            file.flush()
            os.fsync(descriptor)
        return Head(record, hashlib.sha256(line).hexdigest())

    def _open(self, line: bytes) -> Head:
        """A line's record, once our key is known to have signed it."""
        signature, _, raw = line.partition(b" ")
        try:
            self._key.public_key().verify(base64.b64decode(signature, validate=True), _signed(raw))
            return Head(Record.model_validate_json(raw), hashlib.sha256(line).hexdigest())
        except (InvalidSignature, binascii.Error, ValidationError):
            raise JournalError(f"{self._path} holds a line that is not ours: restore it from a backup") from None


def create_journal(path: Path, key: Ed25519PrivateKey, pair: str, now: datetime) -> None:
    """A new journal, whose first record names the pair of stores it belongs to. Raises FileExistsError."""
    record = Record(number=0, previous=_NOTHING, time=now, erasure=pair, claims=())
    write_private(path, _line(record, key) + b"\n")


def _line(record: Record, key: Ed25519PrivateKey) -> bytes:
    raw = encode_model(record)
    return base64.b64encode(key.sign(_signed(raw))) + b" " + raw


def _signed(raw: bytes) -> bytes:
    return bound(Label.JOURNAL, hashlib.sha256(raw).hexdigest())


def _whole_lines(content: bytes) -> int:
    return content.rfind(b"\n") + 1
