"""Whose data was read: the items of a log of readings, in that log's own database.

Ids are random; once a person has been erased, nothing leads from them to that person.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import LargeBinary, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col


class _ReadingsTable(SQLModel, registry=registry()):
    pass


class _ReadRow(_ReadingsTable, table=True):
    __tablename__ = "read"
    entry: int = Field(primary_key=True)
    item: int = Field(primary_key=True)
    whose: str = Field(index=True)
    opening: bytes = Field(sa_type=LargeBinary)


READINGS_METADATA: Final = _ReadingsTable.metadata


class Read(NamedTuple):
    """One item: its place, whose data was read, and r."""

    item: int
    whose: str
    opening: bytes


def add_reads(connection: Connection, entry: int, reads: Sequence[Read]) -> None:
    """The items of one entry, inside the caller's transaction."""
    connection.execute(insert(_ReadRow), [{"entry": entry, **one._asdict()} for one in reads])


def reads_of(connection: Connection, entry: int) -> list[Read]:
    """The items of one entry, in order."""
    query = select(col(_ReadRow.item), col(_ReadRow.whose), col(_ReadRow.opening)).where(col(_ReadRow.entry) == entry)
    return [Read._make(row) for row in connection.execute(query.order_by(col(_ReadRow.item)))]


def entries_on(connection: Connection, whose: Collection[str]) -> set[int]:
    """The entries about one of these ids."""
    return set(connection.execute(select(col(_ReadRow.entry)).where(col(_ReadRow.whose).in_(whose))).scalars())
