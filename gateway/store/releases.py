"""Releases: which rules people have lifted for which claim, knowing what of it, until which day.

Every call works inside the caller's transaction. Claims are known by their random ids alone.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import LargeBinary, insert, select
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

from gateway.store.tables import StoreTable
from schemas.release import ReleaseReason


class ReleaseRow(StoreTable, table=True):
    """Rules lifted for a claim, as its row was, and what was told of it, when somebody looked."""

    __tablename__ = "release"
    id: int | None = Field(default=None, primary_key=True)
    claim: str = Field(index=True)
    row_digest: bytes = Field(sa_type=LargeBinary)
    told_digest: bytes = Field(sa_type=LargeBinary)
    rules: str
    reason: str
    until: str
    entry: int


class Release(NamedTuple):
    """The rules lifted for one claim, as its row was and what was told of it; `until` is the last day."""

    claim: str
    row_digest: bytes
    told_digest: bytes
    rules: tuple[str, ...]
    reason: ReleaseReason
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

    def lifted(self, claim_ids: Collection[str], today: date) -> dict[str, list[Release]]:
        """The releases of these claims that have not ended, by claim."""
        query = select(*(col(getattr(ReleaseRow, name)) for name in Release._fields)).where(
            col(ReleaseRow.claim).in_(claim_ids), col(ReleaseRow.until) >= today.isoformat()
        )
        found: dict[str, list[Release]] = {}
        for row in self._connection.execute(query.order_by(col(ReleaseRow.id))):
            one = Release._make(row)
            one = one._replace(
                rules=tuple(row.rules.split(",")), reason=ReleaseReason(row.reason), until=date.fromisoformat(row.until)
            )
            found.setdefault(one.claim, []).append(one)
        return found
