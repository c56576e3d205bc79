"""Entries as bytes: written once as canonical JSON, stored and hashed as written (RFC 8785 profile of
schemas.canonical).
"""

from datetime import datetime

from pydantic import ValidationError

from schemas.canonical import encode_model
from schemas.entry import Entry, EntryAdapter


class EntryError(ValueError):
    """Stored bytes are not an entry as this log writes them."""


def encode(entry: Entry) -> bytes:
    """The leaf of an entry."""
    return encode_model(entry)


def decode(leaf: bytes) -> Entry:
    """The entry of a leaf. Raises EntryError unless the bytes are exactly what `encode` writes for it."""
    try:
        entry = EntryAdapter.validate_json(leaf)
    except ValidationError:
        raise EntryError("a leaf of the log is not an entry of this version") from None
    if encode(entry) != leaf:
        raise EntryError("a leaf of the log is not in canonical form")
    return entry


def entry_time(clock: datetime, previous: datetime | None) -> datetime:
    """The time of a new entry: never before the previous one's, whatever the clock says."""
    return clock if previous is None else max(clock, previous)
