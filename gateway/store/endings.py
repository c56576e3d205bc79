"""Claims whose work has ended, and markers: what retention counts. Every call works inside the caller's transaction.

Claims are known here by their random ids; a moment is the ISO text that the tables hold.
"""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import and_, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased
from sqlmodel import col

from gateway.state import ClaimState
from gateway.store.case_tables import CaseRow, MessageRow
from gateway.store.request_tables import MarkerRow
from gateway.store.tables import PackageRow, ScreeningRow
from keys.sqlite import among
from schemas.codes import CaseStanding

_OVER = (CaseStanding.CLOSED, CaseStanding.REFUSED, CaseStanding.RECALLED, CaseStanding.ERASED)


class Ended(NamedTuple):
    """A claim, and the moment its work ended."""

    claim: str
    at: str


class MarkersEnding(NamedTuple):
    """So many markers with this norm and this last day."""

    norm: str
    until: date
    number: int


class StatusKept(NamedTuple):
    """A status that an agency reported about a claim, as ciphertext."""

    claim: str
    message_id: str
    payload: bytes


class Endings:
    """The ended claims of one `gateway.db`, page by page in order of claim."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def refused(self, before: str, after: str, limit: int) -> list[Ended]:
        """Claims whose latest verdict is `refused`, from before a moment, that never were with an agency."""
        later = aliased(ScreeningRow)
        newer = select(col(later.id)).where(
            col(later.claim) == col(ScreeningRow.claim), col(later.id) > col(ScreeningRow.id)
        )
        query = (
            select(col(ScreeningRow.claim), col(PackageRow.created))
            .join(PackageRow, col(PackageRow.id) == col(ScreeningRow.package))
            .where(col(ScreeningRow.verdict) == ClaimState.REFUSED, ~col(ScreeningRow.handed_over), ~newer.exists())
            .where(col(PackageRow.created) < before, col(ScreeningRow.claim) > after)
        )
        rows = self._connection.execute(query.order_by(col(ScreeningRow.claim)).limit(limit))
        return [Ended._make(row) for row in rows]

    def closed(self, before: str, after: str, limit: int) -> list[Ended]:
        """Claims all of whose cases are over, the last of them before a moment."""
        over = col(CaseRow.standing).in_(_OVER)
        moment = func.coalesce(col(CaseRow.closed), col(CaseRow.acted), col(CaseRow.answered), col(CaseRow.opened))
        last = func.max(moment)
        query = (
            select(col(CaseRow.claim), last)
            .where(col(CaseRow.claim) > after)
            .group_by(col(CaseRow.claim))
            .having(func.count() == func.count().filter(over), last < before)
        )
        rows = self._connection.execute(query.order_by(col(CaseRow.claim)).limit(limit))
        return [Ended._make(row) for row in rows]

    def markers(self, today: date) -> list[MarkersEnding]:
        """Of each norm the markers whose last day has passed, and those with the next one; none that end later."""
        norm, until = col(MarkerRow.norm), col(MarkerRow.until)
        count = func.count()
        over = select(norm, func.max(until), count).where(until < today).group_by(norm)
        first = (
            select(norm.label("norm"), func.min(until).label("until")).where(until >= today).group_by(norm).subquery()
        )
        coming = select(norm, until, count).join(first, and_(norm == first.c.norm, until == first.c.until))
        return [
            MarkersEnding._make(row)
            for query in (over, coming.group_by(norm, until))
            for row in self._connection.execute(query)
        ]

    def statuses(self, claims: Collection[str]) -> list[StatusKept]:
        """Every `case.status` that agencies reported about claims."""
        query = select(col(MessageRow.claim), col(MessageRow.message_id), col(MessageRow.payload)).where(
            col(MessageRow.type) == "case.status", ~col(MessageRow.outbound)
        )
        return [StatusKept._make(row) for row in among(self._connection, query, col(MessageRow.claim), claims)]
