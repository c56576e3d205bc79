"""A change of a partner's key, once it was confirmed."""

from datetime import date
from typing import NamedTuple


class KeyChange(NamedTuple):
    """A key that was confirmed, those in force before it, and the last day of these."""

    purpose: str
    key: str
    retired: tuple[str, ...]
    old_until: date
