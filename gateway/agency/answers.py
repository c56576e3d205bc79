"""Answers that wait and answers that were sent. Every call works inside the caller's transaction on `cases.db`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.agency.tables import AnswerRow, SentRow
from keys.labels import Label, bound
from keys.material import Secret
from keys.wrap import unwrap, wrap
from schemas.answers import FromAgency, FromAgencyAdapter
from schemas.canonical import encode_model
from schemas.package import PackageType


class Envelope(NamedTuple):
    """What goes into one package: to whom, of which type, and for a receipt which package it answers."""

    creditor: str
    type: PackageType
    about: str | None


class SentPackage(NamedTuple):
    """A package of answers as it was sealed."""

    package_id: str
    creditor: str
    type: PackageType
    sequence: int
    manifest_digest: str


class Unplaced(NamedTuple):
    """A package of answers whose files may not bear their names yet; `replaces` is the one whose number it took over."""

    package_id: str
    creditor: str
    replaces: str | None


class AnswersStore:
    """The answers to all creditors, each in the order it was given."""

    def __init__(self, connection: Connection, key: Secret) -> None:
        self._connection = connection
        self._key = key

    def queue(self, envelope: Envelope, answers: Sequence[FromAgency]) -> None:
        """Answers that will be sealed; a receipt names the package it is about."""
        rows = [
            envelope._asdict()
            | {
                "message_id": one.message_id,
                "case_ref": getattr(one, "case_ref", None),
                "line": wrap(self._key, encode_model(one), bound(Label.ANSWER_LINE, one.message_id)),
            }
            for one in answers
        ]
        if rows:
            self._connection.execute(insert(AnswerRow), rows)

    def envelopes(self) -> list[Envelope]:
        """What packages the queued answers need: receipts first, in the order their packages came."""
        query = select(col(AnswerRow.creditor), col(AnswerRow.type), col(AnswerRow.about)).where(
            col(AnswerRow.package).is_(None)
        )
        grouped = query.group_by(col(AnswerRow.creditor), col(AnswerRow.type), col(AnswerRow.about))
        rows = self._connection.execute(grouped.order_by(func.min(col(AnswerRow.position)))).all()
        found = [Envelope(creditor, PackageType(kind), about) for creditor, kind, about in rows]
        return sorted(found, key=lambda one: one.type is not PackageType.RECEIPT)

    def queued(self, envelope: Envelope, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Lines that wait for this envelope, numbered above `after`, in order."""
        query = select(col(AnswerRow.position), col(AnswerRow.message_id), col(AnswerRow.line)).where(
            col(AnswerRow.package).is_(None), col(AnswerRow.position) > after, *_of(envelope)
        )
        rows = self._connection.execute(query.order_by(col(AnswerRow.position)).limit(limit)).all()
        return [(position or 0, self._opened(message_id, line)) for position, message_id, line in rows]

    def next_sequence(self, envelope: Envelope) -> int:
        """The number the next package of this kind bears."""
        query = select(func.max(col(SentRow.sequence))).where(
            col(SentRow.creditor) == envelope.creditor, col(SentRow.type) == envelope.type
        )
        return int(self._connection.execute(query).scalar() or 0) + 1

    def seal(self, envelope: Envelope, sent: SentPackage, last: int, now: datetime) -> None:
        """From here on the package exists: the queued answers up to number `last` are in it."""
        row = {
            "id": sent.package_id,
            "creditor": sent.creditor,
            "type": sent.type,
            "sequence": sent.sequence,
            "manifest_digest": sent.manifest_digest,
            "created": now.isoformat(),
        }
        self._connection.execute(insert(SentRow), [row])
        self._connection.execute(
            update(AnswerRow)
            .where(col(AnswerRow.package).is_(None), col(AnswerRow.position) <= last, *_of(envelope))
            .values(package=sent.package_id)
        )

    def sent_package(self, package_id: str) -> SentPackage | None:
        """A package of answers that was sealed, by its id or by that of the package it was the first to answer."""
        query = select(*(col(getattr(SentRow, name)) for name in ("id", *SentPackage._fields[1:])))
        receipts = select(col(AnswerRow.package)).where(col(AnswerRow.about) == package_id)
        named = or_(col(SentRow.id) == package_id, col(SentRow.id).in_(receipts))
        row = self._connection.execute(query.where(named).order_by(col(SentRow.sequence)).limit(1)).one_or_none()
        return None if row is None else SentPackage(row[0], row[1], PackageType(row[2]), *row[3:])

    def sealed_in(self, package_id: str) -> list[bytes]:
        """The lines of a package that are still there, in order."""
        query = select(col(AnswerRow.message_id), col(AnswerRow.line)).where(
            col(AnswerRow.package) == package_id, col(AnswerRow.line).is_not(None)
        )
        rows = self._connection.execute(query.order_by(col(AnswerRow.position)))
        return [self._opened(message_id, line) for message_id, line in rows]

    def seal_again(self, old: str, sent: SentPackage, now: datetime) -> None:
        """From here on another package bears the number of an old one, with its answers."""
        row = {"id": sent.package_id, "manifest_digest": sent.manifest_digest, "created": now.isoformat()}
        changes = row | {"placed": False, "replaces": old}
        self._connection.execute(update(SentRow).where(col(SentRow.id) == old).values(**changes))
        self._connection.execute(update(AnswerRow).where(col(AnswerRow.package) == old).values(package=sent.package_id))

    def unplaced(self) -> list[Unplaced]:
        """Packages that are sealed and not placed."""
        query = select(col(SentRow.id), col(SentRow.creditor), col(SentRow.replaces))
        return [Unplaced._make(row) for row in self._connection.execute(query.where(col(SentRow.placed).is_(False)))]

    def place(self, package_id: str) -> None:
        """The files of a package bear their names."""
        self._connection.execute(update(SentRow).where(col(SentRow.id) == package_id).values(placed=True))

    def sent(self, creditor: str, case_refs: Collection[str] | None = None) -> list[FromAgency]:
        """All answers to a creditor, queued ones included, in order."""
        query = select(col(AnswerRow.message_id), col(AnswerRow.line)).where(
            col(AnswerRow.creditor) == creditor, col(AnswerRow.line).is_not(None)
        )
        if case_refs is not None:
            query = query.where(col(AnswerRow.case_ref).in_(case_refs))
        rows = self._connection.execute(query.order_by(col(AnswerRow.position)))
        return [FromAgencyAdapter.validate_json(self._opened(message_id, line)) for message_id, line in rows]

    def _opened(self, message_id: str, line: bytes | None) -> bytes:
        return unwrap(self._key, line or b"", bound(Label.ANSWER_LINE, message_id))


def _of(envelope: Envelope) -> tuple[ColumnElement[bool], ...]:
    about = col(AnswerRow.about)
    return (
        col(AnswerRow.creditor) == envelope.creditor,
        col(AnswerRow.type) == envelope.type,
        about.is_(None) if envelope.about is None else about == envelope.about,
    )
