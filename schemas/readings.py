"""The life of the logs of readings: what they begin with, that one of them was read, and that one ended."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.identifiers import Digest
from schemas.leaf import Leaf, LogKey, Origin


class ReadingsBegun(Leaf):
    """The first entry of a year's log of readings: its origin, and the key that signs it, as `name+id+key`."""

    event: Literal["readings.begun"] = "readings.begun"
    origin: Origin
    log_key: LogKey


class ReadingsEnded(Leaf):
    """A log of readings is about to end whole: its year is over, and the one after it."""

    event: Literal["readings.ended"] = "readings.ended"
    of_year: Annotated[int, Field(ge=2000, le=9999)]
    origin: Origin
    size: Annotated[int, Field(ge=1)]
    root: Digest


class LogRead(Leaf):
    """Somebody read a log of readings; this ends it: reading this entry makes no other."""

    event: Literal["log.read"] = "log.read"


ReadingsEntry = ReadingsBegun | ReadingsEnded | LogRead
