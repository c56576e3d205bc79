"""Packages: batches that are finished or never happened, and what of them still has to leave.

Every call works inside the caller's transaction. A package's state changes only along `gateway.state`.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.errors import IntegrityError
from gateway.state import PackageState, advance
from gateway.store.tables import PackageFileRow, PackageRow, RejectRow, ScreeningRow
from schemas.package import PackageType


class FileOfPackage(NamedTuple):
    """A file as it lies in the outbox: size in bytes, SHA-256 of its content."""

    name: str
    size: int
    sha256: str


class Addressee(NamedTuple):
    """To which agency, from which legal entity, of which type: each of these counts its packages for itself."""

    agency: str
    entity: str
    type: PackageType


class Outgoing(NamedTuple):
    """A sealed package that has not been uploaded, its files in order of sending."""

    package_id: str
    agency: str
    type: PackageType
    sequence: int
    messages: int
    files: tuple[FileOfPackage, ...]


class Packages:
    """The packages of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, package_id: str, addressee: Addressee, source: str, now: datetime) -> None:
        """Begins a package; until it is sealed or empty, its rows count for nothing."""
        row = {"id": package_id, "source": source, "state": PackageState.OPEN, "created": now.isoformat()}
        self._connection.execute(insert(PackageRow), [row | addressee._asdict() | {"messages": 0}])

    def reserve_sequence(self, package_id: str, addressee: Addressee) -> int:
        """The number an open package will bear: the next of its kind, free again if the package never happens."""
        query = select(func.max(col(PackageRow.sequence))).where(
            col(PackageRow.agency) == addressee.agency,
            col(PackageRow.entity) == addressee.entity,
            col(PackageRow.type) == addressee.type,
        )
        sequence = int(self._connection.execute(query).scalar() or 0) + 1
        self._connection.execute(update(PackageRow).where(col(PackageRow.id) == package_id).values(sequence=sequence))
        return sequence

    def finish_empty(self, package_id: str, screened_entry: int) -> None:
        """Nothing cleared: the verdicts count, and nothing leaves."""
        self._advance(package_id, PackageState.EMPTY, screened_entry=screened_entry)

    def seal(self, outgoing: Outgoing, screened_entry: int | None, sealed_entry: int) -> None:
        """From here on the package exists and will be sent, with its sequence number."""
        package_id = outgoing.package_id
        self._advance(
            package_id,
            PackageState.SEALED,
            sequence=outgoing.sequence,
            messages=outgoing.messages,
            screened_entry=screened_entry,
            sealed_entry=sealed_entry,
        )
        rows = [
            {"package": package_id, "position": position, **file._asdict()}
            for position, file in enumerate(outgoing.files)
        ]
        self._connection.execute(insert(PackageFileRow), rows)

    def uploaded(self, package_id: str, entry: int) -> None:
        """All files lie at the agency's server."""
        self._advance(package_id, PackageState.UPLOADED, uploaded_entry=entry)

    def remove(self, package_id: str) -> None:
        """Forgets an open package and its rows: it never happened. Raises IntegrityError for any other state."""
        if self._state(package_id) is not PackageState.OPEN:
            raise IntegrityError("only an open package can be forgotten")
        for row, package in ((ScreeningRow, ScreeningRow.package), (RejectRow, RejectRow.package)):
            self._connection.execute(delete(row).where(col(package) == package_id))
        self._connection.execute(delete(PackageRow).where(col(PackageRow.id) == package_id))

    def in_state(self, state: PackageState) -> tuple[str, ...]:
        """The ids of all packages in a state."""
        query = select(col(PackageRow.id)).where(col(PackageRow.state) == state)
        return tuple(self._connection.execute(query.order_by(col(PackageRow.sequence))).scalars())

    def outgoing(self, agency: str | None = None) -> tuple[Outgoing, ...]:
        """The sealed packages that still have to leave, in order of their sequence."""
        query = select(
            col(PackageRow.id),
            col(PackageRow.agency),
            col(PackageRow.type),
            col(PackageRow.sequence),
            col(PackageRow.messages),
        ).where(col(PackageRow.state) == PackageState.SEALED)
        if agency is not None:
            query = query.where(col(PackageRow.agency) == agency)
        rows = self._connection.execute(query.order_by(col(PackageRow.agency), col(PackageRow.sequence))).all()
        return tuple(
            Outgoing(package, agency_id, PackageType(kind), int(sequence or 0), messages, self._files(package))
            for package, agency_id, kind, sequence, messages in rows
        )

    def _files(self, package_id: str) -> tuple[FileOfPackage, ...]:
        query = select(col(PackageFileRow.name), col(PackageFileRow.size), col(PackageFileRow.sha256))
        rows = query.where(col(PackageFileRow.package) == package_id).order_by(col(PackageFileRow.position))
        return tuple(FileOfPackage(*row) for row in self._connection.execute(rows))

    def _state(self, package_id: str) -> PackageState:
        query = select(col(PackageRow.state)).where(col(PackageRow.id) == package_id)
        return PackageState(self._connection.execute(query).scalar_one())

    def _advance(self, package_id: str, new: PackageState, **columns: int | None) -> None:
        state = advance(self._state(package_id), new)
        self._connection.execute(
            update(PackageRow).where(col(PackageRow.id) == package_id).values(state=state, **columns)
        )
