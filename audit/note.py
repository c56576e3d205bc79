"""Signed notes (C2SP signed-note): a text, an empty line, and one line a signature.

Rules: the text means nothing until a known key's signature over its raw bytes has been checked, so only `open_note`
returns it. A signature is known by key name and key id; lines of other keys are ignored; a known key's line that does
not verify refuses the note. The byte that names the algorithm is part of key and key id: Ed25519 is 0x01, a witness's
timestamped cosignature 0x04; ML-DSA-44 (0x06) has its place here when the log signs with it.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MAXIMUM_NOTE_BYTES: Final = 1 << 16  # a checkpoint with sixteen post-quantum signatures stays below it
_MAXIMUM_SIGNATURES: Final = 64
_KEY_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_KEY_BYTES: Final = 32
_NAME: Final = re.compile(r"[^\s+\x00-\x20\x7f]{1,200}")
_DASH: Final = "— "

SignBytes = Callable[[bytes], bytes]
"""Makes the raw signature over bytes; the private key stays with whoever gives this."""


class NoteError(ValueError):
    """A note, a key line or a signature is not what is expected; nothing of it is repeated."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key as notes know it: its name, its algorithm, its bytes."""

    name: str
    algorithm: int
    public: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.algorithm not in (ED25519, COSIGNATURE):
            raise NoteError("a key has a name without spaces and plus, and an algorithm that this version knows")
        if len(self.public) != _KEY_BYTES:
            raise NoteError("an Ed25519 key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256 over name, LF, algorithm and key."""
        return hashlib.sha256(self.name.encode() + b"\n" + self._material).digest()[:_KEY_ID_BYTES]

    @property
    def _material(self) -> bytes:
        return bytes([self.algorithm]) + self.public

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self._material).decode()}"


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A key that signs notes, and its public half."""

    key: VerifierKey
    sign: SignBytes


class Cosigned(NamedTuple):
    """A cosigned text, and when the witness signed it (seconds since 1970)."""

    text: bytes
    time: int


class _Line(NamedTuple):
    name: str
    key_id: bytes
    signature: bytes


def parse_key(text: str) -> VerifierKey:
    """A verifier key from its line, `name+id+key`. Raises NoteError."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    material = _unbase64(encoded)
    if not material:
        raise NoteError("a verifier key is name, id and key, joined by plus")
    key = VerifierKey(name, material[0], material[1:])
    if str(key) != text or key.key_id.hex() != key_id:
        raise NoteError("the id of a verifier key does not fit the key")
    return key


def sign_note(text: bytes, signer: NoteSigner) -> bytes:
    """The note of a text with one signature. Raises NoteError for a text that notes cannot hold."""
    _check_text(text)
    return text + b"\n" + _line(signer.key, signer.sign(text))


def cosign(note: bytes, signer: NoteSigner, time: int) -> bytes:
    """The note with a witness's timestamped signature added (C2SP tlog-cosignature); `time` in seconds since 1970."""
    text, _ = _split(note)
    return note + _line(signer.key, time.to_bytes(_TIME_BYTES) + signer.sign(_cosigned_bytes(text, time)))


def open_note(note: bytes, key: VerifierKey) -> bytes:
    """The text, once `key` is known to have signed it. Raises NoteError."""
    text, lines = _split(note)
    for line in _lines_of(key, lines):
        _verify(key.public, line.signature, text)
        return text
    raise NoteError("the note bears no signature of this key")


def open_cosigned(note: bytes, key: VerifierKey) -> Cosigned:
    """The text and the time of a witness's cosignature on it. Raises NoteError."""
    text, lines = _split(note)
    for line in _lines_of(key, lines):
        time = int.from_bytes(line.signature[:_TIME_BYTES])
        if time >> 63:
            raise NoteError("a cosignature's time is out of range")
        _verify(key.public, line.signature[_TIME_BYTES:], _cosigned_bytes(text, time))
        return Cosigned(text, time)
    raise NoteError("the note bears no cosignature of this key")


def signed_by(note: bytes, key: VerifierKey) -> bool:
    """Whether the note names this key among its signatures: says nothing about whether one of them is right."""
    return any(True for _ in _lines_of(key, _split(note)[1]))


def _lines_of(key: VerifierKey, lines: list[_Line]) -> list[_Line]:
    return [line for line in lines if line.name == key.name and hmac.compare_digest(line.key_id, key.key_id)]


def _line(key: VerifierKey, signature: bytes) -> bytes:
    return f"{_DASH}{key.name} {base64.b64encode(key.key_id + signature).decode()}\n".encode()


def _cosigned_bytes(text: bytes, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n".encode() + text


def _verify(public: bytes, signature: bytes, message: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        raise NoteError("a signature does not fit the note") from None


def _split(note: bytes) -> tuple[bytes, list[_Line]]:
    """Text and signature lines, in the shape the standard demands."""
    if len(note) > MAXIMUM_NOTE_BYTES:
        raise NoteError("the note is larger than any of ours")
    text, blank, signatures = note.rpartition(b"\n\n")
    if not blank or not signatures.endswith(b"\n"):
        raise NoteError("a note is a text, an empty line and signature lines")
    text += b"\n"
    _check_text(text)
    lines = signatures[:-1].split(b"\n")
    if len(lines) > _MAXIMUM_SIGNATURES:
        raise NoteError("the note has more signatures than any of ours")
    return text, [_parse_line(line) for line in lines]


def _parse_line(line: bytes) -> _Line:
    try:
        words = line.decode().removeprefix(_DASH)
    except UnicodeDecodeError:
        raise NoteError("a note is UTF-8") from None
    name, _, encoded = words.partition(" ")
    blob = _unbase64(encoded)
    if f"{_DASH}{words}".encode() != line or not _NAME.fullmatch(name) or len(blob) <= _KEY_ID_BYTES:
        raise NoteError("a signature line is malformed")
    return _Line(name, blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:])


def _check_text(text: bytes) -> None:
    try:
        characters = text.decode()
    except UnicodeDecodeError:
        raise NoteError("a note is UTF-8") from None
    if not text.endswith(b"\n") or any(one < " " and one != "\n" for one in characters):
        raise NoteError("a note's text ends with a line end and holds no other control character")


def _unbase64(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteError("base64 is malformed") from None
    if base64.b64encode(decoded).decode() != text:
        raise NoteError("base64 is not in its canonical form")
    return decoded
