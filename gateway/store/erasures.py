"""Erasures: intended, then completed. While one is open, the claims it is about stand beside it by their random ids.

Of a case that an agency may still have, its reference stays, which leads to nothing and nobody here: so that what the
agency's books say of it is not taken for an error of ours.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

from gateway.store.tables import StoreTable
from schemas.approval import Approved
from schemas.codes import ErasureScope
from schemas.entry import ErasureGround


class ErasureRow(StoreTable, table=True):
    """One erasure. `completed` is the log's entry that ends it."""

    __tablename__ = "erasure"
    id: str = Field(primary_key=True)
    ground: str
    scope: str
    approved: str | None = Field(default=None, index=True)
    begun: str
    intended: int
    completed: int | None = Field(default=None, index=True)


class ErasureClaimRow(StoreTable, table=True):
    """A claim that an open erasure is about."""

    __tablename__ = "erasure_claim"
    claim: str = Field(primary_key=True)
    erasure: str = Field(foreign_key="erasure.id", index=True)


class ErasedCaseRow(StoreTable, table=True):
    """A case that was erased here, by the reference that its agency knows it by."""

    __tablename__ = "erased_case"
    agency: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    case_ref: str = Field(primary_key=True)
    since: str


class ErasedCase(NamedTuple):
    """Which case, at which agency, of which legal entity."""

    agency: str
    entity: str
    case_ref: str


class OpenErasure(NamedTuple):
    """An erasure that was intended and has not been completed."""

    id: str
    ground: ErasureGround
    approved: Approved | None
    claims: tuple[str, ...]
    scope: ErasureScope


class Erasures:
    """The erasures of one `gateway.db`, inside the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, erasure: OpenErasure, intended: int, now: datetime) -> None:
        """From here on the erasure is finished, whatever happens."""
        approved = None if erasure.approved is None else erasure.approved.model_dump_json()
        row = {"id": erasure.id, "ground": erasure.ground, "approved": approved, "begun": now.isoformat()}
        more = {"scope": erasure.scope, "intended": intended, "completed": None}
        self._connection.execute(insert(ErasureRow), [row | more])
        claims = [{"claim": claim, "erasure": erasure.id} for claim in erasure.claims]
        self._connection.execute(insert(ErasureClaimRow), claims)

    def remember(self, cases: Collection[ErasedCase], now: datetime) -> None:
        """Cases that are erased here from now on; harmless to repeat."""
        if cases:
            rows = [one._asdict() | {"since": now.isoformat()} for one in cases]
            self._connection.execute(sqlite_insert(ErasedCaseRow).on_conflict_do_nothing(), rows)

    def remembered(self, agency: str, entity: str) -> set[str]:
        """The cases that were erased here, and that their agency may still have."""
        query = select(col(ErasedCaseRow.case_ref)).where(
            col(ErasedCaseRow.agency) == agency, col(ErasedCaseRow.entity) == entity
        )
        return set(self._connection.execute(query).scalars())

    def forget(self, agency: str, entity: str, stated: Collection[str], made: str) -> None:
        """What an agency no longer has, by a statement made at a moment, needs no memory."""
        gone = self.remembered(agency, entity) - set(stated)
        for case_ref in gone:
            self._connection.execute(
                delete(ErasedCaseRow).where(
                    col(ErasedCaseRow.agency) == agency,
                    col(ErasedCaseRow.entity) == entity,
                    col(ErasedCaseRow.case_ref) == case_ref,
                    col(ErasedCaseRow.since) < made,
                )
            )

    def complete(self, erasure_id: str, entry: int) -> None:
        """Nothing names the claims any more."""
        self._connection.execute(delete(ErasureClaimRow).where(col(ErasureClaimRow.erasure) == erasure_id))
        self._connection.execute(update(ErasureRow).where(col(ErasureRow.id) == erasure_id).values(completed=entry))

    def approved_by(self, approved: Approved) -> list[str]:
        """The erasures that an approval led to, in order of their beginning; an approval serves one decision."""
        query = select(col(ErasureRow.id)).where(col(ErasureRow.approved) == approved.model_dump_json())
        return list(self._connection.execute(query.order_by(col(ErasureRow.intended))).scalars())

    def completed(self, erasure_ids: Collection[str]) -> list[int]:
        """The log's entries that ended these erasures, in order."""
        query = select(col(ErasureRow.completed)).where(
            col(ErasureRow.id).in_(erasure_ids), col(ErasureRow.completed).is_not(None)
        )
        rows = self._connection.execute(query.order_by(col(ErasureRow.completed))).scalars()
        return [one for one in rows if one is not None]

    def knows(self, erasure_id: str) -> bool:
        """Whether an erasure was begun here."""
        query = select(col(ErasureRow.id)).where(col(ErasureRow.id) == erasure_id)
        return self._connection.execute(query).first() is not None

    def since(self, moment: str) -> bool:
        """Whether an erasure was begun since a moment, as stored."""
        query = select(col(ErasureRow.id)).where(col(ErasureRow.begun) >= moment).limit(1)
        return self._connection.execute(query).first() is not None

    def open(self) -> tuple[OpenErasure, ...]:
        """What was intended and is not completed."""
        query = select(col(ErasureRow.id), col(ErasureRow.ground), col(ErasureRow.scope), col(ErasureRow.approved))
        rows = self._connection.execute(query.where(col(ErasureRow.completed).is_(None))).all()
        return tuple(
            OpenErasure(
                erasure_id,
                ErasureGround(ground),
                None if approved is None else Approved.model_validate_json(approved),
                self._claims(erasure_id),
                ErasureScope(scope),
            )
            for erasure_id, ground, scope, approved in rows
        )

    def _claims(self, erasure_id: str) -> tuple[str, ...]:
        query = select(col(ErasureClaimRow.claim)).where(col(ErasureClaimRow.erasure) == erasure_id)
        return tuple(self._connection.execute(query.order_by(col(ErasureClaimRow.claim))).scalars())
