"""Entries as bytes: written once as canonical JSON, stored and hashed as written (RFC 8785 profile of
schemas.canonical).
"""

from datetime import datetime
from typing import Final

from pydantic import ValidationError

from schemas.canonical import encode_model
from schemas.entry import Entry, EntryAdapter


class EntryError(ValueError):
    """Stored bytes are not an entry as this log writes them."""


TIME_BYTES: Final = len("YYYY-MM-DDTHH:MM:SSZ")
_TIME_KEY: Final = b',"time":"'
END_BYTES: Final = len(_TIME_KEY) + TIME_BYTES + len(b'"}')
"""What every leaf ends with: the key, the time, a quote and a brace."""


def encode(entry: Entry) -> bytes:
    """The leaf of an entry. Raises ValueError for one whose time has fractions of a second."""
    leaf = encode_model(entry)
    leaf_time(leaf)
    return leaf


def leaf_time(leaf: bytes) -> bytes:
    """The time of a leaf as it is written, without reading the rest: later times are greater. Raises ValueError."""
    end = len(leaf) - len(b'"}')
    if leaf[end:] != b'"}' or leaf[end - TIME_BYTES - len(_TIME_KEY) : end - TIME_BYTES] != _TIME_KEY:
        raise EntryError("an entry does not end with its time in whole seconds")
    return leaf[end - TIME_BYTES : end]


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
    """The time of a new entry, in whole seconds: never before the previous one's, whatever the clock says."""
    clock = clock.replace(microsecond=0)
    return clock if previous is None else max(clock, previous)
