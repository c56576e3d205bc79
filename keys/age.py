"""The age v1 file format (c2sp.org/age): a header that wraps one file key for each recipient, then the payload in chunks.

Rules: the header is parsed strictly and bounded; a file is either for hybrid recipients or for classic ones, never
both; a chunk is yielded only once it has been authenticated, and a file ends only with a chunk that says so.
Nothing is buffered but one chunk of 64 KiB. Passphrase recipients (scrypt) and armor are not supported. The file
key and the payload nonce are the only randomness, from the operating system.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FILE_KEY_BYTES: Final = 16
CHUNK_BYTES: Final = 1 << 16
_TAG_BYTES: Final = 16
_NONCE_BYTES: Final = 16
_VERSION: Final = b"age-encryption.org/v1\n"
_COLUMNS: Final = 64
_MAXIMUM_LINE_BYTES: Final = 1 << 12  # the longest line of a known stanza has some 1,600 bytes
_MAXIMUM_LINES: Final = 1 << 10  # more recipients than any agency has
_VISIBLE: Final = frozenset(range(33, 127))


class AgeError(ValueError):
    """A file cannot be opened. Each subclass is one reason of the format's test vectors."""


class HeaderError(AgeError):
    """The header is not well-formed, or a stanza of a known kind is not."""


class NoMatchError(AgeError):
    """None of the identities given opens the file."""


class HmacError(AgeError):
    """The header was altered after it was written."""


class PayloadError(AgeError):
    """The payload was altered, cut off, or something follows it."""


class NotSupportedError(AgeError):
    """The file is for a passphrase, which this project never uses."""


@dataclass(frozen=True, slots=True)
class Stanza:
    """The file key, wrapped for one recipient."""

    type: str
    args: tuple[str, ...]
    body: bytes


class Recipient(Protocol):
    """Who can open a file. `post_quantum` tells hybrid recipients from classic ones."""

    post_quantum: bool

    def wrap(self, file_key: bytes) -> Stanza:
        """The file key, wrapped for this recipient."""
        ...


class Identity(Protocol):
    """What opens a file."""

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key, or None if the stanza is for somebody else. Raises HeaderError for a malformed one of its
        kind.
        """
        ...


class Source(Protocol):
    """Where a sealed file is read from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...

    def readline(self, limit: int, /) -> bytes:
        """The next line with its end, or `limit` bytes of it."""
        ...


class Output(Protocol):
    """Where ciphertext goes."""

    def write(self, data: bytes, /) -> int:
        """Takes all of `data`."""
        ...


class Sealer:
    """Seals what is written, until `finish`. Without `finish` the file has no end, and nobody opens it.

    Raises ValueError for no recipients, or hybrid and classic ones in one file.
    """

    def __init__(self, out: Output, recipients: Sequence[Recipient]) -> None:
        if len({one.post_quantum for one in recipients}) != 1:
            raise ValueError("a file has at least one recipient, and all are hybrid or all are classic")
        file_key, nonce = os.urandom(FILE_KEY_BYTES), os.urandom(_NONCE_BYTES)
        header = _VERSION + b"".join(_format(one.wrap(file_key)) for one in recipients) + b"---"
        out.write(header + b" " + _base64(_header_mac(file_key, header)).encode() + b"\n" + nonce)
        self._out = out
        self._stream = _Stream(file_key, nonce)
        self._held = bytearray()

    def write(self, data: bytes) -> None:
        """Adds plaintext."""
        self._held += data
        # A full chunk is kept back until more follows: the last chunk must say that it is the last.
        while len(self._held) > CHUNK_BYTES:
            self._out.write(self._stream.seal(bytes(self._held[:CHUNK_BYTES]), last=False))
            del self._held[:CHUNK_BYTES]

    def finish(self) -> None:
        """Writes the last chunk."""
        self._out.write(self._stream.seal(bytes(self._held), last=True))


def unseal(source: Source, identities: Sequence[Identity]) -> Iterator[bytes]:
    """The plaintext, chunk by authenticated chunk. What it yields is final only when it ends without an error.

    Raises an AgeError: HeaderError, NoMatchError, HmacError and NotSupportedError before anything is yielded,
    PayloadError before the chunk it is about.
    """
    stanzas, header, mac = _parse_header(source)
    if any(stanza.type == "scrypt" for stanza in stanzas):
        raise NotSupportedError("the file is for a passphrase, which is not supported")
    file_key = _find_file_key(stanzas, identities)
    if not hmac.compare_digest(_header_mac(file_key, header), mac):
        raise HmacError("the header was altered")
    nonce = source.read(_NONCE_BYTES)
    if len(nonce) != _NONCE_BYTES:
        raise HeaderError("the header ends without a payload nonce")
    yield from _open_payload(source, _Stream(file_key, nonce))


def _find_file_key(stanzas: Sequence[Stanza], identities: Sequence[Identity]) -> bytes:
    for stanza in stanzas:
        for identity in identities:
            file_key = identity.unwrap(stanza)
            if file_key is not None:
                return file_key
    raise NoMatchError("the file is sealed to other recipients")


class _Stream:
    """The STREAM construction over ChaCha20-Poly1305: an 11-byte counter and a last-chunk flag make each nonce."""

    def __init__(self, file_key: bytes, nonce: bytes) -> None:
        self._cipher = ChaCha20Poly1305(hkdf(file_key, nonce, b"payload"))
        self._counter = 0

    def seal(self, chunk: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._next(last), chunk, None)

    def open(self, chunk: bytes) -> tuple[bytes, bool]:
        """The plaintext of a chunk, and whether it is the last. Raises PayloadError."""
        full = len(chunk) == CHUNK_BYTES + _TAG_BYTES
        counter = self._counter
        # A full chunk may be the last one or not; only its tag tells, so both flags are tried under one counter.
        for last in (False, True) if full else (True,):
            self._counter = counter
            try:
                return self._cipher.decrypt(self._next(last), chunk, None), last
            except InvalidTag:
                continue
        raise PayloadError("the payload was altered or cut off")

    def _next(self, last: bool) -> bytes:
        counter, self._counter = self._counter, self._counter + 1
        return counter.to_bytes(11) + (b"\x01" if last else b"\x00")


def _open_payload(source: Source, stream: _Stream) -> Iterator[bytes]:
    first, last = True, False
    while not last:
        chunk, last = stream.open(_read(source, CHUNK_BYTES + _TAG_BYTES))
        if not chunk and not first:
            raise PayloadError("the last chunk is empty")
        yield chunk
        first = False
    if source.read(1):
        raise PayloadError("something follows the last chunk")


def _read(source: Source, size: int) -> bytes:
    """`size` bytes, or what is left: a pipe may give less at a time."""
    data = source.read(size)
    while len(data) < size and (more := source.read(size - len(data))):
        data += more
    return data


def _parse_header(source: Source) -> tuple[list[Stanza], bytes, bytes]:
    """The stanzas, the bytes the MAC covers, and the MAC."""
    reader = _HeaderLines(source)
    if reader.next() != _VERSION[:-1]:
        raise HeaderError("not an age v1 file")
    stanzas = []
    while (line := reader.next()).startswith(b"->"):
        stanzas.append(_parse_stanza(line, reader))
    prefix, _, text = line.partition(b" ")
    if prefix != b"---" or not stanzas:
        raise HeaderError("the header has no recipients, or does not end as it should")
    mac = _unbase64(text)
    if len(mac) != hashlib.sha256().digest_size:
        raise HeaderError("the header's MAC has another size")
    return stanzas, bytes(reader.seen[: -len(text) - 2]), mac


def _parse_stanza(line: bytes, reader: "_HeaderLines") -> Stanza:
    prefix, *args = line.split(b" ")
    if prefix != b"->" or not args or not all(arg and _VISIBLE.issuperset(arg) for arg in args):
        raise HeaderError("a stanza's first line is malformed")
    body = b""
    while True:
        text = reader.next()
        if len(text) > _COLUMNS:
            raise HeaderError("a stanza's body has too long a line")
        body += _unbase64(text)
        if len(text) < _COLUMNS:
            kind, *rest = (arg.decode("ascii") for arg in args)
            return Stanza(kind, tuple(rest), body)


class _HeaderLines:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._count = 0
        self.seen = bytearray()

    def next(self) -> bytes:
        self._count += 1
        line = self._source.readline(_MAXIMUM_LINE_BYTES)
        if not line.endswith(b"\n") or self._count > _MAXIMUM_LINES:
            raise HeaderError("the header is cut off, or longer than any of ours")
        self.seen += line
        return line[:-1]


def _format(stanza: Stanza) -> bytes:
    text = _base64(stanza.body)
    # The last line is always shorter than 64 columns, and empty if need be: that is how the body's end is known.
    lines = [text[start : start + _COLUMNS] for start in range(0, len(text) + 1, _COLUMNS)]
    return "\n".join([" ".join(("->", stanza.type, *stanza.args)), *lines, ""]).encode()


def _header_mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(hkdf(file_key, b"", b"header"), header, hashlib.sha256)


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256 (RFC 5869), 32 bytes."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode("ascii")


def _unbase64(text: bytes) -> bytes:
    """Canonical base64 without padding. Raises HeaderError for any other spelling."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise HeaderError("base64 is malformed") from None
    if _base64(data).encode() != text:
        raise HeaderError("base64 is not canonical")
    return data


def encode_argument(data: bytes) -> str:
    """Bytes as a stanza's argument."""
    return _base64(data)


def decode_argument(text: str) -> bytes:
    """The bytes of a stanza's argument. Raises HeaderError."""
    return _unbase64(text.encode())
