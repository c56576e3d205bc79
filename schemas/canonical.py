"""Canonical JSON: the bytes that are hashed, signed and logged.

RFC 8785 restricted to what this project writes: ASCII keys, strings, integers, booleans, null, arrays, objects.
Floats do not exist here, so the hard half of the RFC does not either; the tests hold rfc8785 against it as the
oracle.
"""

import hashlib
import json
from typing import Final

from pydantic import BaseModel

_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)


def encode(value: object) -> bytes:
    """The canonical bytes of plain data. Two equal values have equal bytes on every machine."""
    return _ENCODER.encode(value).encode()


def encode_model(model: BaseModel) -> bytes:
    """The canonical bytes of a model; absent optional fields are left out."""
    return encode(model.model_dump(mode="json", exclude_none=True))


def digest(model: BaseModel) -> str:
    """SHA-256 of a model's canonical bytes, 64 lower-case hex digits."""
    return hashlib.sha256(encode_model(model)).hexdigest()
