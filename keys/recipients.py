"""Who can open a sealed file: hybrid recipients (`age1pq1…`, ML-KEM-768 with X25519) and classic ones (`age1…`, X25519).

A title lives thirty years, so hybrid is the rule: traffic recorded today must stay closed then. The hybrid stanza
is HPKE (RFC 9180) in base mode with MLKEM768-X25519 (X-Wing), HKDF-SHA256 and ChaCha20-Poly1305, as c2sp.org/age
specifies it. Secrets show nothing in `repr` and do not pickle.
"""

import hashlib
import os
from functools import lru_cache
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from keys.age import (
    FILE_KEY_BYTES,
    HeaderError,
    NotSupportedError,
    Stanza,
    decode_argument,
    encode_argument,
    hkdf,
)
from keys.bech32 import Bech32Error, decode, encode

_HYBRID_STANZA: Final = "mlkem768x25519"
_HYBRID_INFO: Final = b"age-encryption.org/mlkem768x25519"
_HYBRID_PREFIX: Final = "age1pq"
_HYBRID_IDENTITY_PREFIX: Final = "AGE-SECRET-KEY-PQ-"
_MLKEM_PUBLIC_BYTES: Final = 1184
_ENCAPSULATION_BYTES: Final = 1120
_CLASSIC_STANZA: Final = "X25519"
_CLASSIC_INFO: Final = b"age-encryption.org/v1/X25519"
_CLASSIC_PREFIX: Final = "age"
_CLASSIC_IDENTITY_PREFIX: Final = "AGE-SECRET-KEY-"
_POINT_BYTES: Final = 32
_SEED_BYTES: Final = 32
_WRAPPED_BYTES: Final = FILE_KEY_BYTES + 16


class RecipientError(ValueError):
    """A text is not a recipient or an identity of a supported kind; the text is not repeated."""


class _Public:
    """What recipients share: their text and its fingerprint."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the recipient's text, lower-case hex: what a manifest names."""
        return hashlib.sha256(self._text.encode()).hexdigest()


class _Private:
    """What identities share: they show nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(redacted)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("key material does not pickle")


class HybridRecipient(_Public):
    """A recipient of 1,216 bytes: the ML-KEM-768 key, then the X25519 key."""

    post_quantum = True

    def __init__(self, public: bytes) -> None:
        super().__init__(encode(_HYBRID_PREFIX, public))
        try:
            self._key = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC_BYTES]),
                X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC_BYTES:]),
            )
        except ValueError:
            raise RecipientError("a hybrid recipient has another size or is no key") from None

    def wrap(self, file_key: bytes) -> Stanza:
        """The file key under a fresh encapsulation."""
        sealed = _hybrid_suite().encrypt(file_key, self._key, info=_HYBRID_INFO)
        argument, body = sealed[:_ENCAPSULATION_BYTES], sealed[_ENCAPSULATION_BYTES:]
        return Stanza(_HYBRID_STANZA, (encode_argument(argument),), body)


class HybridIdentity(_Private):
    """The seed of 32 bytes from which both private keys are expanded (X-Wing, SHAKE-256)."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != _SEED_BYTES:
            raise RecipientError("a hybrid identity has another size")
        expanded = hashlib.shake_256(seed).digest(96)
        self._seed = seed
        self._mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        self._x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])

    @classmethod
    def generate(cls) -> "HybridIdentity":
        """A new identity from the operating system's generator."""
        return cls(os.urandom(_SEED_BYTES))

    @property
    def recipient(self) -> HybridRecipient:
        """Who can be sealed to, to be opened by this."""
        return HybridRecipient(
            self._mlkem.public_key().public_bytes_raw() + self._x25519.public_key().public_bytes_raw()
        )

    def text(self) -> str:
        """The secret, in age's form: for a key file, and nowhere else."""
        return encode(_HYBRID_IDENTITY_PREFIX.lower(), self._seed).upper()

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key, or None if the stanza is for somebody else. Raises HeaderError."""
        if stanza.type != _HYBRID_STANZA:
            return None
        encapsulation = _only_argument(stanza, _ENCAPSULATION_BYTES)
        _exchange(self._x25519, encapsulation[-_POINT_BYTES:])
        private = MLKEM768X25519PrivateKey(self._mlkem, self._x25519)
        try:
            return _hybrid_suite().decrypt(encapsulation + stanza.body, private, info=_HYBRID_INFO)
        except InvalidTag:
            return None


class X25519Recipient(_Public):
    """A classic recipient of 32 bytes; only where an agency's profile asks for it."""

    post_quantum = False

    def __init__(self, public: bytes) -> None:
        super().__init__(encode(_CLASSIC_PREFIX, public))
        try:
            self._key = X25519PublicKey.from_public_bytes(public)
        except ValueError:
            raise RecipientError("an X25519 recipient has another size") from None

    def wrap(self, file_key: bytes) -> Stanza:
        """The file key under a fresh exchange."""
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        key = hkdf(ephemeral.exchange(self._key), share + self._key.public_bytes_raw(), _CLASSIC_INFO)
        # A zero nonce is right: the key is new with every exchange and wraps one file key.
        body = ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)
        return Stanza(_CLASSIC_STANZA, (encode_argument(share),), body)


class X25519Identity(_Private):
    """The private key of a classic recipient, 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        try:
            self._key = X25519PrivateKey.from_private_bytes(secret)
        except ValueError:
            raise RecipientError("an X25519 identity has another size") from None

    @classmethod
    def generate(cls) -> "X25519Identity":
        """A new identity from the operating system's generator."""
        return cls(os.urandom(_POINT_BYTES))

    @property
    def recipient(self) -> X25519Recipient:
        """Who can be sealed to, to be opened by this."""
        return X25519Recipient(self._key.public_key().public_bytes_raw())

    def text(self) -> str:
        """The secret, in age's form: for a key file, and nowhere else."""
        return encode(_CLASSIC_IDENTITY_PREFIX.lower(), self._key.private_bytes_raw()).upper()

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key, or None if the stanza is for somebody else. Raises HeaderError."""
        if stanza.type != _CLASSIC_STANZA:
            return None
        share = _only_argument(stanza, _POINT_BYTES)
        shared = _exchange(self._key, share)
        key = hkdf(shared, share + self._key.public_key().public_bytes_raw(), _CLASSIC_INFO)
        try:
            return ChaCha20Poly1305(key).decrypt(bytes(12), stanza.body, None)
        except InvalidTag:
            return None


AgeIdentity = HybridIdentity | X25519Identity


@lru_cache(maxsize=64)  # public, unchangeable, and asked for several times for each key of a configuration
def parse_recipient(text: str) -> HybridRecipient | X25519Recipient:
    """A recipient from its text. Raises RecipientError."""
    prefix, data = _decoded(text)
    if prefix == _HYBRID_PREFIX:
        return HybridRecipient(data)
    if prefix == _CLASSIC_PREFIX:
        return X25519Recipient(data)
    raise RecipientError("neither an age1pq nor an age1 recipient")


def parse_identity(text: str) -> HybridIdentity | X25519Identity:
    """An identity from its text. Raises RecipientError."""
    prefix, data = _decoded(text)
    if prefix == _HYBRID_IDENTITY_PREFIX:
        return HybridIdentity(data)
    if prefix == _CLASSIC_IDENTITY_PREFIX:
        return X25519Identity(data)
    raise RecipientError("neither a hybrid nor an X25519 identity")


def read_identities(text: str) -> tuple[HybridIdentity | X25519Identity, ...]:
    """The identities of an age key file: one a line, comments begin with #. Raises RecipientError; none is an error
    too.
    """
    lines = (line.strip() for line in text.splitlines())
    found = tuple(parse_identity(line) for line in lines if line and not line.startswith("#"))
    if not found:
        raise RecipientError("the key file holds no identity")
    return found


def _decoded(text: str) -> tuple[str, bytes]:
    try:
        return decode(text)
    except Bech32Error as error:
        raise RecipientError(str(error)) from None


def _hybrid_suite() -> Suite:
    try:
        return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    except UnsupportedAlgorithm:
        raise NotSupportedError("this build of cryptography has no ML-KEM: install the wheel from the lock") from None


def _only_argument(stanza: Stanza, size: int) -> bytes:
    if len(stanza.args) != 1 or len(stanza.body) != _WRAPPED_BYTES:
        raise HeaderError("a stanza has another number of arguments, or wraps no file key")
    data = decode_argument(stanza.args[0])
    if len(data) != size:
        raise HeaderError("a stanza's argument has another size")
    return data


def _exchange(key: X25519PrivateKey, share: bytes) -> bytes:
    try:
        return key.exchange(X25519PublicKey.from_public_bytes(share))
    except ValueError:
        raise HeaderError("a stanza holds a point of low order") from None
