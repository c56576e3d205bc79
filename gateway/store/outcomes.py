"""How closed cases ended, counted by source, agency, age and amount. Counts name no claim, and stay when one goes.

Every call works inside the caller's transaction.
"""

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

from gateway.store.tables import StoreTable
from schemas.worth import Band, Outcome


class OutcomeRow(StoreTable, table=True):
    """The closed cases of one band."""

    __tablename__ = "outcome"
    source: str = Field(primary_key=True)
    agency: str = Field(primary_key=True)
    above_days: int = Field(primary_key=True)
    above_amount: int = Field(primary_key=True)
    closed: int
    paid: int


class Outcomes:
    """The counts of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, source: str, agency: str, band: Band, *, paid: bool) -> None:
        """One more case has been closed."""
        row = {"source": source, "agency": agency, **band.model_dump(), "closed": 1, "paid": int(paid)}
        more = {"closed": col(OutcomeRow.closed) + 1, "paid": col(OutcomeRow.paid) + int(paid)}
        keys = ("source", "agency", "above_days", "above_amount")
        self._connection.execute(insert(OutcomeRow).values(row).on_conflict_do_update(index_elements=keys, set_=more))

    def of(self, source: str) -> dict[str, tuple[Outcome, ...]]:
        """What is known of a source's closed cases, by agency, in order of their bands."""
        query = select(OutcomeRow).where(col(OutcomeRow.source) == source)
        order = (col(OutcomeRow.agency), col(OutcomeRow.above_days), col(OutcomeRow.above_amount))
        found: dict[str, tuple[Outcome, ...]] = {}
        for row in self._connection.execute(query.order_by(*order)):
            outcome = Outcome(
                band=Band(above_days=row.above_days, above_amount=row.above_amount), closed=row.closed, paid=row.paid
            )
            found[row.agency] = (*found.get(row.agency, ()), outcome)
        return found
