"""Key material in memory: what it is allowed to do.

Rules: a secret shows nothing in `repr`, does not pickle, compares in constant time, and gives its bytes only to
`reveal`. Randomness comes from the operating system. Zeroing memory is not promised: Python copies.
"""

import hmac
import os
from typing import Final, NoReturn

SECRET_BYTES: Final = 32


class Secret:
    """32 bytes that may be used, and not looked at."""

    __slots__ = ("_bytes",)

    def __init__(self, value: bytes) -> None:
        if len(value) != SECRET_BYTES:
            raise ValueError("a secret has 32 bytes")
        self._bytes = value

    @classmethod
    def generate(cls) -> "Secret":
        """A new secret from the operating system's generator."""
        return cls(os.urandom(SECRET_BYTES))

    def reveal(self) -> bytes:
        """The bytes, for the primitive that needs them."""
        return self._bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes, other._bytes)

    def __hash__(self) -> int:
        raise TypeError("key material is not a dictionary key")

    def __repr__(self) -> str:
        return "Secret(redacted)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("key material does not pickle")
