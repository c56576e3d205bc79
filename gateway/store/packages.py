"""Packages: batches that are finished or never happened, and what of them still has to leave.

Every call works inside the caller's transaction. A package's state changes only along `gateway.state`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, and_, delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased
from sqlmodel import col

from gateway.errors import IntegrityError
from gateway.state import AFTER_VOID, NEVER_LEFT, PackageState, advance
from gateway.store.case_tables import CaseRow, MessageRow
from gateway.store.tables import PackageFileRow, PackageRow, RejectRow, ScreeningRow
from keys.references import new_id
from schemas.package import PackageType

_VOID: Final = ".void.json"


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
    """What has not been uploaded, its files in order of sending: a package, or the void manifest that closes its number."""

    package_id: str
    agency: str
    type: PackageType
    sequence: int
    messages: int
    state: PackageState
    files: tuple[FileOfPackage, ...]


class SentPackage(NamedTuple):
    """A package an agency has or will have: what a receipt is checked against. `void_digest`: of the manifest that closes
    its number, if there is one.
    """

    package_id: str
    entity: str
    type: PackageType
    state: PackageState
    manifest_digest: str
    uploaded: str | None
    void_digest: str | None = None


class Dates(NamedTuple):
    """To whom a sealed package went, when it was made and uploaded, the entry that commits to its messages, and how many.

    `screened_entry`: of a package of new cases, the entry of its screening.
    """

    agency: str
    created: str
    uploaded: str | None
    sealed_entry: int
    messages: int
    screened_entry: int | None
    state: str


class Times(NamedTuple):
    """When a package of new cases was uploaded and answered, and the entry of the screening it was made of."""

    uploaded: str | None
    delivered: str | None
    screened_entry: int | None


class Packages:
    """The packages of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def source(self, package_id: str) -> str:
        """The source whose new cases a package holds."""
        return self._connection.execute(
            select(col(PackageRow.source)).where(col(PackageRow.id) == package_id)
        ).scalar_one()

    def open(self, package_id: str, addressee: Addressee, source: str, now: datetime) -> None:
        """Begins a package; until it is sealed or empty, its rows count for nothing."""
        row = {"id": package_id, "source": source, "state": PackageState.OPEN, "created": now.isoformat()}
        self._connection.execute(insert(PackageRow), [row | addressee._asdict() | {"messages": 0}])

    def reserve_sequence(self, package_id: str, addressee: Addressee) -> int:
        """The number an open package will bear: the next of its kind, free again if the package never happens."""
        sequence = self._last(addressee) + 1
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
        self._add_files(package_id, outgoing.files)

    def uploaded(self, package_id: str, entry: int, now: datetime) -> None:
        """All files lie at the agency's server."""
        self._advance(package_id, PackageState.UPLOADED, uploaded_entry=entry, uploaded=now.isoformat())

    def voided(self, package_id: str, entry: int) -> None:
        """The void manifest of a package lies at the agency's server."""
        new = AFTER_VOID[self._state(package_id)]
        self._advance(package_id, new, uploaded_entry=entry)

    def delivered(self, package_id: str, now: datetime) -> None:
        """The agency's receipt has come."""
        self._advance(package_id, PackageState.DELIVERED, delivered=now.isoformat())

    def refused(self, package_id: str) -> None:
        """The agency has signed that it has not taken the package, and never will."""
        self._advance(package_id, PackageState.REFUSED)

    def sign_again(self, name: str, size: int, sha256: str) -> None:
        """A file of signature has another content: another key signs now."""
        query = update(PackageFileRow).where(col(PackageFileRow.name) == name)
        self._connection.execute(query.values(size=size, sha256=sha256))

    def withdraw(self, package_id: str, files: Sequence[FileOfPackage]) -> None:
        """A sealed package will not be sent: these files, which close its number, go in its place."""
        self._advance(package_id, PackageState.WITHDRAWN, messages=0)
        self._connection.execute(delete(PackageFileRow).where(col(PackageFileRow.package) == package_id))
        self._add_files(package_id, files)

    def revoke(self, package_id: str, files: Sequence[FileOfPackage]) -> None:
        """An uploaded package is waited for no longer: these files go out, to close its number."""
        self._advance(package_id, PackageState.REVOKED)
        self._add_files(package_id, files, len(self._files(package_id)))

    def pass_over(self, addressee: Addressee, sequence: int, now: datetime) -> bool:
        """A number used in the time that a restore lost: no package bears it or one below again. Whether it is new."""
        if new := sequence > self._last(addressee):
            row = {"id": new_id(), "source": "", "state": PackageState.LOST, "created": now.isoformat(), "messages": 0}
            self._connection.execute(insert(PackageRow), [row | addressee._asdict() | {"sequence": sequence}])
        return new

    def received_up_to(self, addressee: Addressee, sequence: int, now: datetime) -> None:
        """The agency has these packages: what was sealed here of them was uploaded in the time that a restore lost."""
        of_addressee = [col(getattr(PackageRow, name)) == value for name, value in addressee._asdict().items()]
        query = select(col(PackageRow.id)).where(
            *of_addressee, col(PackageRow.state) == PackageState.SEALED, col(PackageRow.sequence) <= sequence
        )
        for package_id in self._connection.execute(query).scalars().all():
            self._advance(package_id, PackageState.UPLOADED, uploaded=now.isoformat())

    def sent(self, agency: str, package_id: str) -> SentPackage | None:
        """A sealed package to an agency; None if there is none of this id."""
        query = _sent().where(col(PackageRow.agency) == agency, col(PackageRow.id) == package_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _sent_package(row)

    def dates(self, package_ids: Collection[str]) -> dict[str, Dates]:
        """When packages that were sealed were made and uploaded, and which entry sealed them; none that was withdrawn."""
        query = select(*(col(getattr(PackageRow, name)) for name in ("id", *Dates._fields))).where(
            col(PackageRow.id).in_(package_ids),
            col(PackageRow.sealed_entry).is_not(None),
            col(PackageRow.state).not_in(NEVER_LEFT),
        )
        return {row[0]: Dates._make(row[1:]) for row in self._connection.execute(query)}

    def times(self, agency: str) -> dict[str, Times]:
        """The packages of new cases to an agency."""
        query = select(*(col(getattr(PackageRow, name)) for name in ("id", *Times._fields))).where(
            col(PackageRow.agency) == agency, col(PackageRow.type) == PackageType.CASES
        )
        return {row[0]: Times._make(row[1:]) for row in self._connection.execute(query)}

    def unanswered(self, agency: str | None = None) -> list[SentPackage]:
        """Packages that were uploaded and have no answer, in order; but for those whose void manifest is still to leave."""
        states = (PackageState.UPLOADED, PackageState.CLOSING)
        query = _sent().where(col(PackageRow.state).in_(states)).order_by(col(PackageRow.sequence))
        query = query if agency is None else query.where(col(PackageRow.agency) == agency)
        return [_sent_package(row) for row in self._connection.execute(query)]

    def files(self, package_id: str) -> tuple[FileOfPackage, ...]:
        """The files of a package, in order of sending."""
        return self._files(package_id)

    def remove(self, package_id: str) -> None:
        """Forgets an open package and its rows: it never happened. Raises IntegrityError for any other state."""
        if self._state(package_id) is not PackageState.OPEN:
            raise IntegrityError("only an open package can be forgotten")
        self._connection.execute(delete(MessageRow).where(col(MessageRow.batch) == package_id))
        for row, package in _MADE_WITH_A_PACKAGE:
            self._connection.execute(delete(row).where(col(package) == package_id))
        self._connection.execute(delete(PackageRow).where(col(PackageRow.id) == package_id))

    def in_state(self, state: PackageState) -> tuple[str, ...]:
        """The ids of all packages in a state."""
        query = select(col(PackageRow.id)).where(col(PackageRow.state) == state)
        return tuple(self._connection.execute(query.order_by(col(PackageRow.sequence))).scalars())

    def outgoing(self, agency: str | None = None) -> tuple[Outgoing, ...]:
        """What still has to leave: stops first, each type in order of its sequence."""
        names = ("id", "agency", "type", "sequence", "messages", "state")
        query = select(*(col(getattr(PackageRow, name)) for name in names)).where(
            col(PackageRow.state).in_((PackageState.SEALED, *AFTER_VOID))
        )
        if agency is not None:
            query = query.where(col(PackageRow.agency) == agency)
        order = (col(PackageRow.agency), col(PackageRow.type) != PackageType.STOPS, col(PackageRow.sequence))
        rows = self._connection.execute(query.order_by(*order)).all()
        return tuple(
            Outgoing(
                package,
                addressed,
                PackageType(kind),
                int(sequence or 0),
                messages,
                PackageState(state),
                self._files(package, only_void=state == PackageState.REVOKED),
            )
            for package, addressed, kind, sequence, messages, state in rows
        )

    def _add_files(self, package_id: str, files: Sequence[FileOfPackage], first: int = 0) -> None:
        placed = enumerate(files, start=first)
        rows = [{"package": package_id, "position": position, **file._asdict()} for position, file in placed]
        self._connection.execute(insert(PackageFileRow), rows)

    def _files(self, package_id: str, *, only_void: bool = False) -> tuple[FileOfPackage, ...]:
        query = select(col(PackageFileRow.name), col(PackageFileRow.size), col(PackageFileRow.sha256))
        rows = query.where(col(PackageFileRow.package) == package_id).order_by(col(PackageFileRow.position))
        found = [FileOfPackage(*row) for row in self._connection.execute(rows)]
        return tuple(one for one in found if _VOID in one.name or not only_void)

    def _last(self, addressee: Addressee) -> int:
        query = select(func.max(col(PackageRow.sequence))).where(
            col(PackageRow.agency) == addressee.agency,
            col(PackageRow.entity) == addressee.entity,
            col(PackageRow.type) == addressee.type,
        )
        return int(self._connection.execute(query).scalar() or 0)

    def _state(self, package_id: str) -> PackageState:
        query = select(col(PackageRow.state)).where(col(PackageRow.id) == package_id)
        return PackageState(self._connection.execute(query).scalar_one())

    def _advance(self, package_id: str, new: PackageState, **columns: int | str | None) -> None:
        state = advance(self._state(package_id), new)
        self._connection.execute(
            update(PackageRow).where(col(PackageRow.id) == package_id).values(state=state, **columns)
        )


_MADE_WITH_A_PACKAGE: Final = (
    (ScreeningRow, ScreeningRow.package),
    (RejectRow, RejectRow.package),
    (CaseRow, CaseRow.package),
)


def _sent() -> Select[Any]:
    """Packages with the digest of their manifest, and of the one that closes their number."""
    names, void = ("id", "entity", "type", "state"), aliased(PackageFileRow)
    digests = (col(PackageFileRow.sha256), col(PackageRow.uploaded), col(void.sha256))
    return (
        select(*(col(getattr(PackageRow, name)) for name in names), *digests)
        .join(PackageFileRow, col(PackageFileRow.package) == col(PackageRow.id))
        .join(void, and_(col(void.package) == col(PackageRow.id), col(void.name).like(f"%{_VOID}")), isouter=True)
        .where(col(PackageFileRow.name).like("%.manifest.json"))
    )


def _sent_package(row: Sequence[Any]) -> SentPackage:
    package, entity, kind, state, *rest = row
    return SentPackage(package, entity, PackageType(kind), PackageState(state), *rest)
