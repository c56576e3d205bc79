"""Items: what an entry commits to without showing it.

A commitment is HMAC-SHA-256(r, item bytes) with 32 random bytes r; the entry holds the RFC 6962 root over the
commitments. Whoever is given the bytes and r can check that they are what was logged; without r they are noise,
even to a guesser.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import date
from typing import Final

from audit.merkle import leaf_hashes, root
from schemas.canonical import encode

COMMITMENT_BYTES: Final = 32


def commitment(opening: bytes, item: bytes) -> bytes:
    """The commitment to an item, 32 bytes; `opening` is r."""
    return hmac.digest(opening, item, hashlib.sha256)


def items_root(commitments: Iterable[bytes]) -> str:
    """The root an entry holds over its commitments, lower-case hex."""
    return root(leaf_hashes(commitments)).hex()


def reading_item(whose: str) -> bytes:
    """The bytes of a reading's item: canonical JSON. `whose` is a random id, or a case reference."""
    return encode({"whose": whose})


def verdict_item(claim: str, verdict: str, rules: tuple[str, ...], today: date) -> bytes:
    """The bytes of a verdict's item: canonical JSON. `claim` is the vault's random claim id."""
    return encode({"claim": claim, "verdict": verdict, "rules": list(rules), "today": today.isoformat()})
