"""The erasure journal: which claim keys were destroyed, in a file outside both databases.

Rules: one line a record, a signature and the canonical JSON it covers; each record names the SHA-256 of the line before
it; it holds random ids alone. A record is durable before a key goes, so that an old backup cannot bring a person back:
who starts on one, or restores one, finds here what must be gone. A line that a kill cut off never counted. Another key
takes over with a record of its own, over all lines before it: from there on an older key signs nothing that is believed.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Iterator, Sequence
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
from schemas.codes import ErasureScope
from schemas.identifiers import Digest
from schemas.leaf import EntryId

MAXIMUM_CLAIMS: Final = 10_000  # a line stays below the tail that is read to find the last one
_TAIL_BYTES: Final = 1 << 20
_NOTHING: Final = "0" * 64


class JournalError(Exception):
    """The erasure journal is missing, cut or altered; the message says what to do."""


class Record(Strict):
    """The keys that one erasure destroys, by the claims' random ids: all of theirs, or those of their source data.

    A record without claims is the first, and names the pair of stores, or names the key that takes over with it.
    """

    number: Annotated[int, Field(ge=0)]
    previous: Digest
    time: Instant
    erasure: EntryId
    claims: tuple[EntryId, ...]
    scope: ErasureScope = ErasureScope.CLAIM


class Head(NamedTuple):
    """The newest record, the SHA-256 of its line, and the place of the key that signed it among the journal's keys."""

    record: Record
    sha256: str
    key: int


class Journal:
    """An existing journal. `keys` are those that signed it, oldest first; from `active` on they sign what comes next."""

    def __init__(self, path: Path, keys: Sequence[Ed25519PrivateKey], active: int = 0) -> None:
        self._path = path
        self._keys = keys
        self._active = active

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
        head = self._open(lines[-1])
        if head.key < self._active:
            raise JournalError(f"{self._path} ends with a line of a key that signs no more: restore it from a backup")
        return head

    def records(self) -> Iterator[Record]:
        """Every record in order, each checked against the one before. Raises JournalError."""
        previous, number, key = _NOTHING, 0, 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    return
                found = self._open(line[:-1])
                record = found.record
                follows = record.number == number and found.key >= key
                if not follows or not hmac.compare_digest(record.previous, previous):
                    raise JournalError(f"{self._path}: record {number} does not follow the one before it")
                yield record
                previous, number, key = found.sha256, number + 1, found.key

    def append(self, erasure: str, claims: tuple[str, ...], scope: ErasureScope, now: datetime) -> Head:
        """A new record, durable when this returns. At most MAXIMUM_CLAIMS a record."""
        if not 0 < len(claims) <= MAXIMUM_CLAIMS:
            raise ValueError("a record names between one and 10,000 claims")
        last = self.head()
        return self._write(_next(last, erasure, claims, scope, now), last.key)

    def take_over(self, key_id: str, now: datetime) -> Head:
        """The newest key signs from here on, with a record that names it; harmless to repeat."""
        last, newest = self.head(), len(self._keys) - 1
        return last if last.key == newest else self._write(_next(last, key_id, (), ErasureScope.CLAIM, now), newest)

    def _write(self, record: Record, key: int) -> Head:
        line = _line(record, self._keys[key])
        descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "r+b") as file:
            file.truncate(_whole_lines(file.read()))
            file.seek(0, os.SEEK_END)
            file.write(line + b"\n")
            file.flush()
            os.fsync(descriptor)
        return Head(record, hashlib.sha256(line).hexdigest(), key)

    def _open(self, line: bytes) -> Head:
        """A line's record, once one of our keys is known to have signed it."""
        encoded, _, raw = line.partition(b" ")
        try:
            key = self._signer(base64.b64decode(encoded, validate=True), raw)
            return Head(Record.model_validate_json(raw), hashlib.sha256(line).hexdigest(), key)
        except (InvalidSignature, binascii.Error, ValidationError):
            raise JournalError(f"{self._path} holds a line that is not ours: restore it from a backup") from None

    def _signer(self, signature: bytes, raw: bytes) -> int:
        for place, key in reversed(list(enumerate(self._keys))):
            try:
                key.public_key().verify(signature, _signed(raw))
            except InvalidSignature:
                continue
            return place
        raise InvalidSignature


def create_journal(path: Path, key: Ed25519PrivateKey, pair: str, now: datetime) -> None:
    """A new journal, whose first record names the pair of stores it belongs to. Raises FileExistsError."""
    record = Record(number=0, previous=_NOTHING, time=now, erasure=pair, claims=())
    write_private(path, _line(record, key) + b"\n")


def _next(last: Head, names: str, claims: tuple[str, ...], scope: ErasureScope, now: datetime) -> Record:
    number, previous = last.record.number + 1, last.sha256
    return Record(number=number, previous=previous, time=now, erasure=names, claims=claims, scope=scope)


def _line(record: Record, key: Ed25519PrivateKey) -> bytes:
    raw = encode_model(record)
    return base64.b64encode(key.sign(_signed(raw))) + b" " + raw


def _signed(raw: bytes) -> bytes:
    return bound(Label.JOURNAL, hashlib.sha256(raw).hexdigest())


def _whole_lines(content: bytes) -> int:
    return content.rfind(b"\n") + 1
