"""Keys of agencies that were confirmed since the configuration was written.

Every call works inside the caller's transaction.
"""

from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

from gateway.store.tables import StoreTable
from schemas.keychange import KeyChange


class _PartnerKeyRow(StoreTable, table=True):
    __tablename__ = "partner_key"
    entry: int = Field(primary_key=True)
    agency: str = Field(index=True)
    purpose: str
    key: str
    retired: str
    old_until: date


class PartnerKeys:
    """The confirmed keys of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, agency: str, change: KeyChange, entry: int) -> None:
        """A key that a person confirmed."""
        row = change._asdict() | {"agency": agency, "retired": "\n".join(change.retired), "entry": entry}
        self._connection.execute(insert(_PartnerKeyRow), [row])

    def changes(self, agency: str) -> list[KeyChange]:
        """The changes of an agency, in the order they were confirmed."""
        query = select(*(col(getattr(_PartnerKeyRow, name)) for name in KeyChange._fields)).where(
            col(_PartnerKeyRow.agency) == agency
        )
        rows = self._connection.execute(query.order_by(col(_PartnerKeyRow.entry)))
        return [KeyChange(row[0], row[1], tuple(row[2].splitlines()), row[3]) for row in rows]
