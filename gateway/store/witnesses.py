"""What each agency has seen of the log: the sizes that manifests showed it, and the checkpoint it cosigned."""

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.store.tables import WitnessRow


class Witnesses:
    """The witnesses of one `gateway.db`, inside the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sizes(self, agency: str) -> tuple[int, ...]:
        """The sizes an agency may have kept: the one it cosigned, and those its last packages showed."""
        query = select(col(WitnessRow.size)).where(col(WitnessRow.agency) == agency).order_by(col(WitnessRow.size))
        return tuple(self._connection.execute(query).scalars())

    def show(self, agency: str, size: int) -> None:
        """A package that is being sealed shows this size."""
        if size not in self.sizes(agency):
            self._connection.execute(insert(WitnessRow), [{"agency": agency, "size": size, "note": None}])

    def cosigned(self, agency: str) -> bytes | None:
        """The newest checkpoint that came back cosigned, as a note."""
        query = select(col(WitnessRow.note)).where(col(WitnessRow.agency) == agency, col(WitnessRow.note).is_not(None))
        return self._connection.execute(query.order_by(col(WitnessRow.size).desc()).limit(1)).scalar()

    def record(self, agency: str, size: int, note: bytes) -> None:
        """A cosigned checkpoint came back: what it showed before needs no proof any more."""
        self._connection.execute(
            delete(WitnessRow).where(col(WitnessRow.agency) == agency, col(WitnessRow.size) <= size)
        )
        self._connection.execute(insert(WitnessRow), [{"agency": agency, "size": size, "note": note}])
