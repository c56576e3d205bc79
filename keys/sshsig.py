"""SSH signatures over files (OpenSSH PROTOCOL.sshsig): Ed25519 and SHA-512 only.

Rules: a signature is bound to a namespace; it is checked over the raw message before anything of the message is parsed;
`verify` returns the message it verified, so there is no unverified path; the principal is the caller's, never the
signature's. Keys in allowed_signers may be restricted to namespaces; certificates and other options are refused.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_MAGIC: Final = b"SSHSIG"
_VERSION: Final = (1).to_bytes(4)
_ALGORITHM: Final = b"ssh-ed25519"
_HASH: Final = b"sha512"
_BEGIN: Final = b"-----BEGIN SSH SIGNATURE-----\n"
_END: Final = b"-----END SSH SIGNATURE-----"
_COLUMNS: Final = 70
_KEY_BYTES: Final = 32


class SignatureError(ValueError):
    """A signature, a key line or a list of signers is not what is expected; nothing of it is repeated."""


@dataclass(frozen=True, slots=True)
class AllowedSigner:
    """Whose key it is, and for which namespaces; none means any."""

    principal: str
    namespaces: tuple[str, ...]
    key: Ed25519PublicKey


def sign(message: bytes, key: Ed25519PrivateKey, namespace: str) -> bytes:
    """The armored signature over a message in a namespace; `ssh-keygen -Y verify` accepts it."""
    signature = string(_ALGORITHM) + string(key.sign(signed_data(message, namespace)))
    return armor(_blob(key.public_key()), signature, namespace)


def verify(message: bytes, signature: bytes, key: Ed25519PublicKey, namespace: str) -> bytes:
    """The message, once `key` is known to have signed it in `namespace`. Raises SignatureError."""
    envelope = open_envelope(signature, namespace)
    inner = Reader(envelope.signature)
    algorithm, raw = inner.string(), inner.string()
    inner.end()
    if envelope.made_by != _blob(key):
        raise SignatureError("the signature is by another key")
    if algorithm != _ALGORITHM:
        raise SignatureError("the signature is not Ed25519 with SHA-512")
    try:
        key.verify(raw, signed_data(message, namespace))
    except InvalidSignature:
        raise SignatureError("the signature does not fit the message") from None
    return message


class Envelope(NamedTuple):
    """What an armored signature holds, unverified: the blob of the key it names, and the signature's own blob."""

    made_by: bytes
    signature: bytes


def open_envelope(signature: bytes, namespace: str) -> Envelope:
    """The parts of a signature made for `namespace`; nothing is verified yet. Raises SignatureError."""
    reader = Reader(_unarmor(signature))
    if reader.take(len(_MAGIC)) != _MAGIC or reader.take(len(_VERSION)) != _VERSION:
        raise SignatureError("not an SSH signature of version 1")
    made_by, found_namespace, reserved, hash_name, inner = (reader.string() for _ in range(5))
    reader.end()
    if found_namespace != namespace.encode():
        raise SignatureError("the signature is for another purpose")
    if reserved or hash_name != _HASH:
        raise SignatureError("the signature is not Ed25519 with SHA-512")
    return Envelope(made_by, inner)


def armor(made_by: bytes, signature: bytes, namespace: str) -> bytes:
    """The armored form of a signature by the key with the blob `made_by`."""
    blob = _MAGIC + _VERSION + string(made_by) + string(namespace.encode())
    text = base64.b64encode(blob + string(b"") + string(_HASH) + string(signature))
    return _armored(text)


def signed_data(message: bytes, namespace: str) -> bytes:
    """What a key really signs (PROTOCOL.sshsig, 2): for an SSH agent, which signs bytes and knows no namespace."""
    digest = hashlib.sha512(message).digest()
    return _MAGIC + string(namespace.encode()) + string(b"") + string(_HASH) + string(digest)


def public_line(key: Ed25519PublicKey) -> str:
    """A public key as OpenSSH writes it, without comment."""
    return f"{_ALGORITHM.decode()} {base64.b64encode(_blob(key)).decode()}"


def parse_public_line(text: str) -> Ed25519PublicKey:
    """An Ed25519 key from its OpenSSH line; a comment is ignored. Raises SignatureError."""
    words = text.split()
    if len(words) < 2 or words[0] != _ALGORITHM.decode():
        raise SignatureError("an ssh-ed25519 key line is expected")
    return _parse_blob(unbase64(words[1].encode()))


def fingerprint(key: Ed25519PublicKey) -> str:
    """The SHA-256 fingerprint as `ssh-keygen -l` shows it."""
    digest = hashlib.sha256(_blob(key)).digest()
    return f"SHA256:{base64.b64encode(digest).rstrip(b'=').decode()}"


def allowed_signers_line(principal: str, key: Ed25519PublicKey, namespaces: Sequence[str]) -> str:
    """The line by which a partner trusts a key, for these namespaces only."""
    return f'{principal} namespaces="{",".join(namespaces)}" {public_line(key)}'


def load_allowed_signers(text: str) -> tuple[AllowedSigner, ...]:
    """The signers of an allowed_signers file; blank lines and comments are skipped. Raises SignatureError."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(_parse_signer(line) for line in lines if line and not line.startswith("#"))


def _parse_signer(line: str) -> AllowedSigner:
    principal, _, rest = line.partition(" ")
    namespaces: tuple[str, ...] = ()
    if rest.startswith('namespaces="'):
        listed, quote, rest = rest.removeprefix('namespaces="').partition('" ')
        namespaces = tuple(listed.split(","))
        # A quote inside means that another option follows; a pattern would be read literally, and match nothing.
        if not quote or not all(namespaces) or set(listed) & set('"*?!'):
            raise SignatureError("a list of namespaces is malformed")
    if not rest.startswith("ssh-ed25519 ") or set(principal) & set('"*?,!'):
        raise SignatureError("a signer is one plain principal with one ssh-ed25519 key; other options are refused")
    return AllowedSigner(principal, namespaces, parse_public_line(rest))


def _blob(key: Ed25519PublicKey) -> bytes:
    return string(_ALGORITHM) + string(key.public_bytes_raw())


def _parse_blob(blob: bytes) -> Ed25519PublicKey:
    reader = Reader(blob)
    algorithm, raw = reader.string(), reader.string()
    reader.end()
    if algorithm != _ALGORITHM or len(raw) != _KEY_BYTES:
        raise SignatureError("not an Ed25519 key")
    return Ed25519PublicKey.from_public_bytes(raw)


def string(data: bytes) -> bytes:
    """An SSH wire string (RFC 4251, 5)."""
    return len(data).to_bytes(4) + data


def _armored(text: bytes) -> bytes:
    lines = [text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS)]
    return _BEGIN + b"\n".join(lines) + b"\n" + _END + b"\n"


def _unarmor(signature: bytes) -> bytes:
    text = signature.removeprefix(_BEGIN).removesuffix(b"\n").removesuffix(_END).replace(b"\n", b"")
    # One signature has one form, the one that ssh-keygen writes: no byte of an armor may differ unseen.
    if not hmac.compare_digest(_armored(text), signature):
        raise SignatureError("not an armored SSH signature")
    return unbase64(text)


def unbase64(text: bytes) -> bytes:
    """Strict base64. Raises SignatureError."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise SignatureError("base64 is malformed") from None
    if base64.b64encode(data) != text:
        raise SignatureError("base64 is not canonical")
    return data


class Reader:
    """SSH wire strings, read to the last byte."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes. Raises SignatureError."""
        piece = self._data[self._place : self._place + size]
        if len(piece) != size:
            raise SignatureError("a signature or key is cut off")
        self._place += size
        return piece

    def string(self) -> bytes:
        """The next wire string. Raises SignatureError."""
        return self.take(int.from_bytes(self.take(4)))

    def end(self) -> None:
        """Nothing may follow. Raises SignatureError."""
        if self._place != len(self._data):
            raise SignatureError("something follows the signature or key")
