"""Authenticated encryption of one value under one key: AES-256-GCM, random 96-bit nonce, bound to label and row id.

A key wraps far fewer than 2^32 values in its life (an epoch key: one per claim and night), which is the bound of
SP 800-38D for random nonces.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.material import Secret

_NONCE_BYTES: Final = 12


class WrapError(ValueError):
    """A ciphertext is not what this key and this row id wrote: altered, moved, or of another key."""


def wrap(key: Secret, plaintext: bytes, bound: bytes) -> bytes:
    """Nonce and ciphertext. `bound` (see labels.bound) must be given again to open it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key.reveal()).encrypt(nonce, plaintext, bound)


def unwrap(key: Secret, ciphertext: bytes, bound: bytes) -> bytes:
    """The plaintext that `wrap` was given under the same key and the same `bound`. Raises WrapError."""
    try:
        return AESGCM(key.reveal()).decrypt(ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise WrapError("a stored value does not open: altered, moved, or wrapped by another key") from None
