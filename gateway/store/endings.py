"""Claims whose work has ended: what retention counts from. Every call works inside the caller's transaction.

Claims are known here by their random ids; a moment is the ISO text that the tables hold.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased
from sqlmodel import col

from gateway.state import ClaimState
from gateway.store.case_tables import CaseRow, MessageRow
from gateway.store.tables import PackageRow, ScreeningRow
from keys.sqlite import among
from schemas.codes import CaseStanding

_OVER = (CaseStanding.CLOSED, CaseStanding.REFUSED, CaseStanding.RECALLED, CaseStanding.ERASED)


class Ended(NamedTuple):
    """A claim, and the moment its work ended."""

    claim: str
    at: str


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

    def statuses(self, claims: Collection[str]) -> list[StatusKept]:
        """Every `case.status` that agencies reported about claims."""
        query = select(col(MessageRow.claim), col(MessageRow.message_id), col(MessageRow.payload)).where(
            col(MessageRow.type) == "case.status", ~col(MessageRow.outbound)
        )
        return [StatusKept._make(row) for row in among(self._connection, query, col(MessageRow.claim), claims)]
