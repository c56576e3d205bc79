"""Requests of people, the notices they led to, and what an erasure leaves behind. All in the caller's transaction."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.store.request_tables import MarkerRow, NoticeRow, RequestRow, RequestSubjectRow, RestrictionRow
from keys.labels import Label, bound
from keys.material import Secret
from keys.sqlite import among, portions
from keys.wrap import unwrap, wrap
from schemas.codes import RequestKind
from schemas.request import RequestFile, RequestState


class RequestRecord(NamedTuple):
    """A request as it stands in clear, and its file as ciphertext."""

    id: str
    entity: str
    kind: RequestKind
    state: RequestState
    received: date
    due: date
    extended: bool
    stops: bool
    opened: str
    answered: date | None
    payload: bytes


class Notice(NamedTuple):
    """What an agency was told because of a request, and what it answered."""

    message_id: str
    request: str
    agency: str
    case_ref: str
    type: str
    made: str
    result: str | None = None
    until: date | None = None
    ground: str | None = None
    answered: str | None = None


class Marker(NamedTuple):
    """An erased claim that its source may deliver again, by the keyed digest of entity and number."""

    digest: bytes
    norm: str
    until: date
    request: str


class MarkersLeft(NamedTuple):
    """How many markers are kept by the same norm until the same day."""

    norm: str
    until: date
    markers: int


class Restriction(NamedTuple):
    """A claim that is only kept, until when, and by which norm."""

    claim: str
    until: date
    norm: str
    request: str


class Requests:
    """The requests of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, record: RequestRecord) -> None:
        """A new request."""
        self._connection.execute(insert(RequestRow), [record._asdict()])

    def change(self, request: str, **columns: Any) -> None:
        """What is new about a request."""
        self._connection.execute(update(RequestRow).where(col(RequestRow.id) == request).values(**columns))

    def get(self, request: str) -> RequestRecord | None:
        """A request by its id."""
        row = self._connection.execute(_requests().where(col(RequestRow.id) == request)).one_or_none()
        return None if row is None else _record(row)

    def ids(self) -> set[str]:
        """All of them."""
        return set(self._connection.execute(select(col(RequestRow.id))).scalars())

    def in_states(self, states: Collection[RequestState]) -> list[RequestRecord]:
        """Requests in these states, those first that are due first."""
        query = _requests().where(col(RequestRow.state).in_(states)).order_by(col(RequestRow.due), col(RequestRow.id))
        return [_record(row) for row in self._connection.execute(query)]

    def of_kind(self, kind: RequestKind, entity: str) -> list[RequestRecord]:
        """All requests of a kind to a legal entity, in the order they were opened."""
        query = _requests().where(col(RequestRow.kind) == kind, col(RequestRow.entity) == entity)
        rows = self._connection.execute(query.order_by(col(RequestRow.opened), col(RequestRow.id)))
        return [_record(row) for row in rows]

    def answered(self) -> list[tuple[str, date]]:
        """Closed requests that stop nothing, with the day the person was answered last: what retention counts from.

        A notice that a restriction has ended may be made after a request was closed.
        """
        waits = select(col(NoticeRow.request)).where(col(NoticeRow.answered).is_(None))
        query = select(col(RequestRow.id), col(RequestRow.answered)).where(
            col(RequestRow.state) == RequestState.CLOSED, ~col(RequestRow.stops), col(RequestRow.answered).is_not(None)
        )
        query = query.where(col(RequestRow.id).not_in(waits))
        return [(row.id, row.answered) for row in self._connection.execute(query.order_by(col(RequestRow.id)))]

    def end(self, request: str) -> None:
        """A request, its subjects and notices are gone. Markers and restrictions end by themselves."""
        for table, column in (
            (NoticeRow, col(NoticeRow.request)),
            (RequestSubjectRow, col(RequestSubjectRow.request)),
            (RequestRow, col(RequestRow.id)),
        ):
            self._connection.execute(delete(table).where(column == request))

    def about(self, request: str, subjects: Collection[str]) -> None:
        """A request is about these subjects, and no others."""
        self._connection.execute(delete(RequestSubjectRow).where(col(RequestSubjectRow.request) == request))
        rows = [{"request": request, "subject": subject} for subject in sorted(set(subjects))]
        if rows:
            self._connection.execute(insert(RequestSubjectRow), rows)

    def subjects(self, request: str) -> tuple[str, ...]:
        """Whom a request is about."""
        query = select(col(RequestSubjectRow.subject)).where(col(RequestSubjectRow.request) == request)
        return tuple(self._connection.execute(query.order_by(col(RequestSubjectRow.subject))).scalars())

    def of_subjects(self, subjects: Collection[str]) -> list[RequestRecord]:
        """All requests about any of these subjects, in order of their deadlines."""
        query = _requests().join(RequestSubjectRow, col(RequestSubjectRow.request) == col(RequestRow.id))
        rows = self._connection.execute(
            query.where(col(RequestSubjectRow.subject).in_(subjects)).distinct().order_by(col(RequestRow.due))
        )
        return [_record(row) for row in rows]

    def stopped(self) -> dict[str, frozenset[str]]:
        """The subjects of whom nothing may be handed over now, and the requests that stop it."""
        query = select(col(RequestSubjectRow.subject), col(RequestRow.id)).join(
            RequestRow, col(RequestRow.id) == col(RequestSubjectRow.request)
        )
        found: dict[str, frozenset[str]] = {}
        for subject, request in self._connection.execute(query.where(col(RequestRow.stops))):
            found[subject] = found.get(subject, frozenset()) | {request}
        return found

    def stopping(self) -> set[str]:
        """The requests because of which something may not be handed over now."""
        return set(self._connection.execute(select(col(RequestRow.id)).where(col(RequestRow.stops))).scalars())

    def keeping(self) -> set[str]:
        """The subjects of whom no calendar ends anything: an access request waits to be answered from it, or they wanted it
        restricted and not erased (Art. 15, 18(1)(b), (c) GDPR).
        """
        asks = and_(
            col(RequestRow.kind) == RequestKind.ACCESS,
            col(RequestRow.state).not_in((RequestState.ANSWERED, RequestState.CLOSED)),
        )
        restricts = and_(col(RequestRow.kind) == RequestKind.RESTRICTION, col(RequestRow.stops))
        query = select(col(RequestSubjectRow.subject)).join(
            RequestRow, col(RequestRow.id) == col(RequestSubjectRow.request)
        )
        return set(self._connection.execute(query.where(or_(asks, restricts))).scalars())

    def notify(self, notices: Sequence[Notice]) -> None:
        """New notices."""
        if notices:
            self._connection.execute(insert(NoticeRow), [one._asdict() for one in notices])

    def notices(self, request: str | None = None) -> list[Notice]:
        """The notices of a request, or of all."""
        query = _notices().order_by(col(NoticeRow.made), col(NoticeRow.message_id))
        if request is not None:
            query = query.where(col(NoticeRow.request) == request)
        return [Notice._make(row) for row in self._connection.execute(query)]

    def noticed(self, agency: str, entity: str, message_ids: Collection[str]) -> dict[str, Notice]:
        """Notices to an agency because of requests to an entity, by the ids of their messages."""
        query = _notices().join(RequestRow, col(RequestRow.id) == col(NoticeRow.request))
        query = query.where(col(NoticeRow.agency) == agency, col(RequestRow.entity) == entity)
        rows = among(self._connection, query, col(NoticeRow.message_id), message_ids)
        return {row.message_id: Notice._make(row) for row in rows}

    def settle(self, notice: Notice, now: datetime) -> None:
        """An agency has answered a notice."""
        columns = {"result": notice.result, "until": notice.until, "ground": notice.ground, "answered": now.isoformat()}
        self._connection.execute(
            update(NoticeRow).where(col(NoticeRow.message_id) == notice.message_id).values(**columns)
        )

    def mark(self, markers: Sequence[Marker]) -> None:
        """Erased claims that are not taken in again; harmless to repeat. The later of two last days holds."""
        if markers:
            new = sqlite_insert(MarkerRow)
            later = func.max(col(MarkerRow.until), new.excluded.until)
            changes = {"until": later, "norm": new.excluded.norm, "request": new.excluded.request}
            rows = [one._asdict() for one in markers]
            self._connection.execute(new.on_conflict_do_update(index_elements=["digest"], set_=changes), rows)

    def marked(self, digests: Collection[bytes], today: date) -> set[bytes]:
        """Which of these digests belong to erased claims."""
        query = select(col(MarkerRow.digest)).where(col(MarkerRow.until) >= today, col(MarkerRow.digest).in_(digests))
        return set(self._connection.execute(query).scalars())

    def markers_of(self, request: str) -> list[MarkersLeft]:
        """The markers that a request led to last, those first that end first."""
        columns = col(MarkerRow.norm), col(MarkerRow.until)
        query = select(*columns, func.count()).where(col(MarkerRow.request) == request).group_by(*columns)
        rows = self._connection.execute(query.order_by(col(MarkerRow.until), col(MarkerRow.norm)))
        return [MarkersLeft._make(row) for row in rows]

    def end_markers(self, today: date) -> int:
        """Markers whose last day has passed are gone; how many there were."""
        return self._connection.execute(delete(MarkerRow).where(col(MarkerRow.until) < today)).rowcount

    def has_markers(self) -> bool:
        """Whether anything was ever erased."""
        return self._connection.execute(select(col(MarkerRow.digest)).limit(1)).first() is not None

    def restrict(self, restrictions: Sequence[Restriction]) -> None:
        """Claims that are only kept from now on; a later decision replaces an earlier one."""
        self.release([one.claim for one in restrictions])
        if restrictions:
            self._connection.execute(insert(RestrictionRow), [one._asdict() for one in restrictions])

    def release(self, claims: Collection[str]) -> None:
        """Claims that are no longer restricted, or no longer there."""
        for some in portions(claims):
            self._connection.execute(delete(RestrictionRow).where(col(RestrictionRow.claim).in_(some)))

    def restrictions(self, claims: Collection[str]) -> dict[str, Restriction]:
        """The restrictions of claims, by claim."""
        rows = among(self._connection, _restrictions(), col(RestrictionRow.claim), claims)
        return {row.claim: Restriction._make(row) for row in rows}

    def ended(self, today: date) -> list[Restriction]:
        """Restrictions whose last day has passed."""
        query = _restrictions().where(col(RestrictionRow.until) < today).order_by(col(RestrictionRow.claim))
        return [Restriction._make(row) for row in self._connection.execute(query)]


def seal_file(file: RequestFile, key: Secret, request: str) -> bytes:
    """A request's file under its own key."""
    return wrap(key, file.model_dump_json().encode(), bound(Label.REQUEST, request))


def open_file(record: RequestRecord, key: Secret) -> RequestFile:
    """The file of a request. Raises keys.wrap.WrapError if it was altered or moved."""
    return RequestFile.model_validate_json(unwrap(key, record.payload, bound(Label.REQUEST, record.id)))


def _requests() -> Select[Any]:
    return select(*(col(getattr(RequestRow, name)) for name in RequestRecord._fields))


def _notices() -> Select[Any]:
    return select(*(col(getattr(NoticeRow, name)) for name in Notice._fields))


def _restrictions() -> Select[Any]:
    return select(*(col(getattr(RestrictionRow, name)) for name in Restriction._fields))


def _record(row: Sequence[Any]) -> RequestRecord:
    found = RequestRecord._make(row)
    return found._replace(kind=RequestKind(found.kind), state=RequestState(found.state))
