"""Releases: which rules people have lifted for which claim, in which form of its row, until which day.

Every call works inside the caller's transaction. Claims are known by their random ids alone.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import LargeBinary, insert, select
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

from gateway.store.tables import StoreTable


class ReleaseRow(StoreTable, table=True):
    """Rules lifted for a claim, as its row was when somebody looked."""

    __tablename__ = "release"
    id: int | None = Field(default=None, primary_key=True)
    claim: str = Field(index=True)
    row_digest: bytes = Field(sa_type=LargeBinary)
    rules: str
    reason: str
    until: str
    entry: int


class Release(NamedTuple):
    """The rules lifted for one claim as its row was when somebody looked; `until` is the last day."""

    claim: str
    row_digest: bytes
    rules: tuple[str, ...]
    reason: str
    until: date


class Releases:
    """The releases of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, releases: Sequence[Release], entry: int) -> None:
        """New releases, each by the approvals of `entry`."""
        rows = [
            found._asdict() | {"rules": ",".join(found.rules), "until": found.until.isoformat(), "entry": entry}
            for found in releases
        ]
        self._connection.execute(insert(ReleaseRow), rows)

    def lifted(self, claim_ids: Collection[str], today: date) -> dict[tuple[str, bytes], frozenset[str]]:
        """By claim and digest of its row: the rules that do not hold it today."""
        query = select(col(ReleaseRow.claim), col(ReleaseRow.row_digest), col(ReleaseRow.rules)).where(
            col(ReleaseRow.claim).in_(claim_ids), col(ReleaseRow.until) >= today.isoformat()
        )
        found: dict[tuple[str, bytes], frozenset[str]] = {}
        for claim, row_digest, rules in self._connection.execute(query):
            place = (claim, row_digest)
            found[place] = found.get(place, frozenset()) | frozenset(rules.split(","))
        return found
