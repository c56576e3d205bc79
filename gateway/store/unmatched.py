"""After a restore: claims that may be with an agency though `gateway.db` does not know it. They are held until people
decide.

Every call works inside the caller's transaction.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

from gateway.store.tables import StoreTable
from keys.sqlite import portions


class UnmatchedRow(StoreTable, table=True):
    """A claim with a case reference at an agency, and no case here. `stated`: the agency's statement names it."""

    __tablename__ = "unmatched"
    claim: str = Field(primary_key=True)
    agency: str = Field(primary_key=True)
    stated: bool = False


class Unmatched:
    """The unmatched claims of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, claims: Sequence[str], agency: str) -> None:
        """Claims that the vault has a case reference for; one that an earlier restore left unmatched stays as it is."""
        if claims:
            rows = [{"claim": claim, "agency": agency, "stated": False} for claim in claims]
            self._connection.execute(insert(UnmatchedRow).on_conflict_do_nothing(), rows)

    def among(self, claims: Collection[str]) -> set[str]:
        """Which of these claims are unmatched."""
        query = select(col(UnmatchedRow.claim)).where(col(UnmatchedRow.claim).in_(claims))
        return set(self._connection.execute(query).scalars())

    def state(self, claims: Collection[str], agency: str) -> int:
        """The agency says that it has these; how many of them are unmatched here."""
        change = update(UnmatchedRow).where(col(UnmatchedRow.agency) == agency).values(stated=True)
        return sum(
            self._connection.execute(change.where(col(UnmatchedRow.claim).in_(some))).rowcount
            for some in portions(claims)
        )

    def count(self) -> int:
        """How many there are."""
        return int(self._connection.execute(select(func.count()).select_from(UnmatchedRow)).scalar_one())
