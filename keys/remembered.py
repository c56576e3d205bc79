"""What the vault remembers besides keys, so that a `gateway.db` that is lost takes no promise with it: who asked for what,
which claims were erased on request, and whose approvals count.

Rules: the vault's newest copy is always younger than the one of `gateway.db` that is restored, so what a person was
promised since then stands here a second time. Random ids, codes, days, public keys, and digests under the marker keys;
nothing here says what a request is about. What `gateway.db` ends is ended here
too. Every call works inside the caller's transaction on the vault.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection
from sqlmodel import col

from keys.sqlite import among, portions
from keys.vault_tables import AskedRow, ClaimRow, ErasedRow, RequestRow, RosterRow, SubjectRow


class Asked(NamedTuple):
    """A request, whom it is about, and what was asked for of which legal entity on which day: at last, if the person came
    back.
    """

    request: str
    entity: str
    kind: str
    received: date
    contested: bool
    subjects: tuple[str, ...]


class Erased(NamedTuple):
    """A claim that is not taken in again, by a digest of entity and number, until when and by which norm."""

    digest: bytes
    norm: str
    until: date
    request: str


class Enrolled(NamedTuple):
    """Somebody who may approve, or might until the key was revoked."""

    key: str
    name: str
    public_key: str
    revoked: bool = False


def remember_subjects(connection: Connection, request: str, subjects: Collection[str]) -> None:
    """A request is about these subjects, and no others."""
    before = list(connection.execute(select(col(AskedRow.subject)).where(col(AskedRow.request) == request)).scalars())
    connection.execute(delete(AskedRow).where(col(AskedRow.request) == request))
    rows = [{"request": request, "subject": subject} for subject in sorted(set(subjects))]
    if rows:
        connection.execute(insert(AskedRow), rows)
    forget_subjects(connection, before)


def forget_subjects(connection: Connection, subjects: Collection[str]) -> None:
    """Those of these subjects that have no claim left, and that no request is about, are gone."""
    claimed = exists().where(col(ClaimRow.subject) == col(SubjectRow.id))
    asked_about = exists().where(col(AskedRow.subject) == col(SubjectRow.id))
    for some in portions(subjects):
        connection.execute(delete(SubjectRow).where(col(SubjectRow.id).in_(some), ~claimed, ~asked_about))


def remember_received(connection: Connection, request: str, received: date) -> None:
    """The deadline of a request runs from another day."""
    connection.execute(update(RequestRow).where(col(RequestRow.id) == request).values(received=received))


def asked(connection: Connection) -> list[Asked]:
    """The requests that are about somebody, in order of their receipt."""
    query = select(col(AskedRow.request), col(AskedRow.subject)).order_by(col(AskedRow.subject))
    subjects: dict[str, list[str]] = {}
    for request, subject in connection.execute(query):
        subjects.setdefault(request, []).append(subject)
    columns = (
        col(RequestRow.id),
        col(RequestRow.entity),
        col(RequestRow.kind),
        col(RequestRow.received),
        col(RequestRow.contested),
    )
    rows = connection.execute(select(*columns).order_by(col(RequestRow.received), col(RequestRow.id))).all()
    return [Asked(*row, tuple(subjects[row.id])) for row in rows if row.id in subjects]


def contested(connection: Connection) -> set[str]:
    """The requests in which somebody says that nothing is owed."""
    return set(connection.execute(select(col(RequestRow.id)).where(col(RequestRow.contested))).scalars())


def protecting(connection: Connection, kinds: Collection[str]) -> list[str]:
    """The requests of these kinds, and those in which somebody says that nothing is owed, if they are about anybody."""
    named = select(col(AskedRow.request)).distinct()
    query = select(col(RequestRow.id)).where(or_(col(RequestRow.kind).in_(kinds), col(RequestRow.contested)))
    return list(connection.execute(query.where(col(RequestRow.id).in_(named)).order_by(col(RequestRow.id))).scalars())


def about(connection: Connection, requests: Collection[str]) -> list[tuple[str, str]]:
    """Whom these requests are about: pairs of request and subject."""
    query = select(col(AskedRow.request), col(AskedRow.subject))
    return [(request, subject) for request, subject in among(connection, query, col(AskedRow.request), requests)]


def remember_erased(connection: Connection, erased: Sequence[Erased]) -> None:
    """Claims that are not taken in again; harmless to repeat. The later of two last days holds, as in `gateway.db`."""
    if erased:
        new = sqlite_insert(ErasedRow)
        later = func.max(col(ErasedRow.until), new.excluded.until)
        changes = {"until": later, "norm": new.excluded.norm, "request": new.excluded.request}
        rows = [one._asdict() for one in erased]
        connection.execute(new.on_conflict_do_update(index_elements=["digest"], set_=changes), rows)


def erased(connection: Connection) -> list[Erased]:
    """The claims that are not taken in again."""
    query = select(*(col(getattr(ErasedRow, name)) for name in Erased._fields)).order_by(col(ErasedRow.digest))
    return [Erased._make(row) for row in connection.execute(query)]


def forget_erased(connection: Connection, today: date) -> None:
    """Markers end with their last day."""
    connection.execute(delete(ErasedRow).where(col(ErasedRow.until) < today))


def remember_actors(connection: Connection, actors: Iterable[Enrolled]) -> None:
    """Keys that count from now on, or count no longer."""
    new = sqlite_insert(RosterRow)
    changes = {"revoked": new.excluded.revoked}
    connection.execute(
        new.on_conflict_do_update(index_elements=["key"], set_=changes), [one._asdict() for one in actors]
    )


def actors(connection: Connection) -> list[Enrolled]:
    """Everybody who joined the roster after the first, or left it."""
    query = select(*(col(getattr(RosterRow, name)) for name in Enrolled._fields)).order_by(col(RosterRow.key))
    return [Enrolled._make(row) for row in connection.execute(query)]
