"""What each agency has seen of the log: the sizes that manifests showed it, and the checkpoint it cosigned.

An agency knows legal entities, not gateways: it keeps a checkpoint for each, and so each is counted for itself.
"""

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.store.tables import WitnessRow


class Witnesses:
    """The witnesses of one `gateway.db`, inside the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sizes(self, agency: str, entity: str) -> tuple[int, ...]:
        """The sizes an agency may have kept: the one it cosigned, and those its last packages showed."""
        query = select(col(WitnessRow.size)).where(*_of(agency, entity)).order_by(col(WitnessRow.size))
        return tuple(self._connection.execute(query).scalars())

    def show(self, agency: str, entity: str, size: int) -> None:
        """A package that is being sealed shows this size."""
        if size not in self.sizes(agency, entity):
            row = {"agency": agency, "entity": entity, "size": size, "note": None}
            self._connection.execute(insert(WitnessRow), [row])

    def cosigned(self, agency: str, entity: str) -> bytes | None:
        """The newest checkpoint that came back cosigned, as a note."""
        query = select(col(WitnessRow.note)).where(*_of(agency, entity), col(WitnessRow.note).is_not(None))
        return self._connection.execute(query.order_by(col(WitnessRow.size).desc()).limit(1)).scalar()

    def record(self, agency: str, entity: str, size: int, note: bytes) -> None:
        """A cosigned checkpoint came back: what it showed before needs no proof any more."""
        self._connection.execute(delete(WitnessRow).where(*_of(agency, entity), col(WitnessRow.size) <= size))
        row = {"agency": agency, "entity": entity, "size": size, "note": note}
        self._connection.execute(insert(WitnessRow), [row])


def _of(agency: str, entity: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(WitnessRow.agency) == agency, col(WitnessRow.entity) == entity
