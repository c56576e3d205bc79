"""What the agency has received, apart: `cases.db` what case systems need, `identities.db` who it is about.

Lines are kept as ciphertext under a key of each store. Every look-up of a case names its creditor, so no creditor
reaches another's. Every call works inside the caller's transaction. `cases.db` commits last: a package it does not name
never arrived.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.agency.tables import (
    AnswerRow,
    CaseRow,
    DocumentRow,
    IdentityRow,
    KeyChangeRow,
    MessageRow,
    PackageRow,
    ReplyRow,
)
from keys.labels import Label, bound
from keys.material import Secret
from keys.wrap import unwrap, wrap
from schemas.codes import CaseStanding
from schemas.keychange import KeyChange
from schemas.messages import ToAgency, ToAgencyAdapter
from schemas.package import Manifest, VoidManifest


class CaseRecord(NamedTuple):
    """A case as the agency has it; `line` is None when it was erased."""

    message_id: str
    sender: str
    case_ref: str
    package: str
    standing: CaseStanding
    restricted: bool
    agency_ref: str | None
    line: bytes | None


class MessageRecord(NamedTuple):
    """Another message as it came; `open` when the agency must decide about it."""

    message: ToAgency
    sender: str
    package: str
    open: bool


class PackageRecord(NamedTuple):
    """Whose package it is, by which manifest it came, and how much; no messages if nothing of it was taken."""

    sender: str
    manifest_digest: str
    messages: int


class CasesStore:
    """Packages, cases and messages of all creditors."""

    def __init__(self, connection: Connection, key: Secret) -> None:
        self._connection = connection
        self._key = key

    def package(self, package_id: str) -> PackageRecord | None:
        """A package that was received, or whose number is closed; None if it was neither."""
        query = select(*(col(getattr(PackageRow, name)) for name in PackageRecord._fields))
        row = self._connection.execute(query.where(col(PackageRow.id) == package_id)).one_or_none()
        return None if row is None else PackageRecord._make(row)

    def close_again(self, package_id: str, manifest_digest: str) -> None:
        """Another void manifest closes a number that is closed."""
        query = update(PackageRow).where(col(PackageRow.id) == package_id)
        self._connection.execute(query.values(manifest_digest=manifest_digest))

    def created(self, packages: Collection[str]) -> dict[str, datetime]:
        """When their sender made these packages."""
        query = select(col(PackageRow.id), col(PackageRow.created)).where(col(PackageRow.id).in_(packages))
        return {row[0]: datetime.fromisoformat(row[1]) for row in self._connection.execute(query)}

    def last_sequence(self, sender: str, package_type: str) -> int:
        """The highest sequence number received from a sender; 0 for none."""
        query = select(func.max(col(PackageRow.sequence))).where(
            col(PackageRow.sender) == sender, col(PackageRow.type) == package_type
        )
        return int(self._connection.execute(query).scalar() or 0)

    def last_packages(self, sender: str) -> list[tuple[str, int, str]]:
        """Type, number and manifest digest of the newest package of each type."""
        query = select(col(PackageRow.type), col(PackageRow.sequence), col(PackageRow.manifest_digest)).where(
            col(PackageRow.sender) == sender
        )
        newest = {
            row[0]: (row[0], row[1], row[2])
            for row in self._connection.execute(query.order_by(col(PackageRow.sequence)))
        }
        return [newest[kind] for kind in sorted(newest)]

    def receive(self, manifest: Manifest | VoidManifest, manifest_digest: str, messages: int, now: datetime) -> None:
        """From here on the package has arrived, or its number is closed."""
        row = {
            "id": manifest.package_id,
            "sender": manifest.sender,
            "type": manifest.package_type,
            "sequence": manifest.sequence,
            "manifest_digest": manifest_digest,
            "created": manifest.created.isoformat(),
            "received": now.isoformat(),
            "messages": messages,
        }
        self._connection.execute(insert(PackageRow), [row])

    def cases(self, sender: str, case_refs: Collection[str] | None = None) -> dict[str, CaseRecord]:
        """The cases of a creditor, by reference: those asked for, or all."""
        query = select(*(col(getattr(CaseRow, name)) for name in CaseRecord._fields)).where(
            col(CaseRow.sender) == sender
        )
        if case_refs is not None:
            query = query.where(col(CaseRow.case_ref).in_(case_refs))
        return {row.case_ref: self._case(CaseRecord._make(row)) for row in self._connection.execute(query)}

    def owner(self, case_ref: str) -> list[str]:
        """The creditors that have a case of this reference: one, or none."""
        return list(
            self._connection.execute(select(col(CaseRow.sender)).where(col(CaseRow.case_ref) == case_ref)).scalars()
        )

    def add(self, cases: Sequence[CaseRecord]) -> None:
        """New cases."""
        if cases:
            rows = [
                one._asdict() | {"line": None if one.line is None else self._wrapped(one.message_id, one.line)}
                for one in cases
            ]
            self._connection.execute(insert(CaseRow), rows)

    def stand(
        self, case: CaseRecord, standing: CaseStanding, *, restricted: bool, agency_ref: str | None = None
    ) -> None:
        """The new standing of a case."""
        self._connection.execute(
            update(CaseRow)
            .where(col(CaseRow.message_id) == case.message_id)
            .values(standing=standing, restricted=restricted, agency_ref=agency_ref or case.agency_ref)
        )

    def known_messages(self, message_ids: Collection[str]) -> set[str]:
        """Which of these messages, cases included, have come before."""
        found: set[str] = set()
        for table in (MessageRow, CaseRow):
            query = select(col(table.message_id)).where(col(table.message_id).in_(message_ids))
            found |= set(self._connection.execute(query).scalars())
        return found

    def add_message(
        self, message: ToAgency, raw: bytes, sender: str, package: str, *, kept: bool, is_open: bool
    ) -> None:
        """Keeps any message but a new case; `kept` if it is a stop whose case has not come."""
        row = {
            "message_id": message.message_id,
            "sender": sender,
            "package": package,
            "type": message.type,
            "case_ref": getattr(message, "case_ref", None),
            "kept": kept,
            "open": is_open,
            "line": self._wrapped(message.message_id, raw),
        }
        self._connection.execute(insert(MessageRow), [row])

    def messages(
        self, sender: str, case_refs: Collection[str] | None = None, *, kept: bool | None = None
    ) -> list[MessageRecord]:
        """The messages of a creditor in the order they came, those about some cases or all."""
        query = select(
            col(MessageRow.message_id), col(MessageRow.package), col(MessageRow.open), col(MessageRow.line)
        ).where(col(MessageRow.sender) == sender, col(MessageRow.line).is_not(None))
        if case_refs is not None:
            query = query.where(col(MessageRow.case_ref).in_(case_refs))
        if kept is not None:
            query = query.where(col(MessageRow.kept) == kept)
        return [
            MessageRecord(ToAgencyAdapter.validate_json(self._opened(message_id, line)), sender, package, is_open)
            for message_id, package, is_open, line in self._connection.execute(query.order_by(col(MessageRow.position)))
        ]

    def decide(self, message_id: str) -> None:
        """The agency has decided about a message."""
        self._connection.execute(update(MessageRow).where(col(MessageRow.message_id) == message_id).values(open=False))

    def erase(self, case: CaseRecord) -> tuple[str, ...]:
        """Forgets what a case says and all messages about it; its reference stays, as erased.

        Returns the message ids whose identity lines are to go as well.
        """
        here = (col(MessageRow.sender) == case.sender, col(MessageRow.case_ref) == case.case_ref)
        messages = self._connection.execute(select(col(MessageRow.message_id)).where(*here)).scalars().all()
        self._connection.execute(update(MessageRow).where(*here).values(line=None))
        self._connection.execute(
            update(AnswerRow)
            .where(col(AnswerRow.creditor) == case.sender, col(AnswerRow.case_ref) == case.case_ref)
            .where(col(AnswerRow.package).is_not(None))
            .values(line=None)
        )
        self._connection.execute(
            update(CaseRow)
            .where(col(CaseRow.message_id) == case.message_id)
            .values(standing=CaseStanding.ERASED, restricted=False, agency_ref=None, line=None)
        )
        return (case.message_id, *messages)

    def change_key(self, creditor: str, change: KeyChange, now: datetime) -> None:
        """A key of a creditor that was confirmed."""
        row = change._asdict() | {
            "sender": creditor,
            "retired": "\n".join(change.retired),
            "confirmed": now.isoformat(),
        }
        self._connection.execute(insert(KeyChangeRow), [row])

    def key_changes(self, creditor: str) -> list[KeyChange]:
        """The changes of a creditor, in the order they were confirmed."""
        query = select(*(col(getattr(KeyChangeRow, name)) for name in KeyChange._fields)).where(
            col(KeyChangeRow.sender) == creditor
        )
        rows = self._connection.execute(query.order_by(col(KeyChangeRow.position)))
        return [KeyChange(row[0], row[1], tuple(row[2].splitlines()), row[3]) for row in rows]

    def take_reply(self, digest: str) -> bool:
        """Whether a file of answers is new; from here on it is not."""
        if self._connection.execute(select(col(ReplyRow.digest)).where(col(ReplyRow.digest) == digest)).scalar():
            return False
        self._connection.execute(insert(ReplyRow), [{"digest": digest}])
        return True

    def _case(self, row: CaseRecord) -> CaseRecord:
        line = None if row.line is None else self._opened(row.message_id, row.line)
        return row._replace(standing=CaseStanding(row.standing), line=line)

    def _wrapped(self, message_id: str, line: bytes) -> bytes:
        return wrap(self._key, line, bound(Label.RECEIVED_LINE, message_id))

    def _opened(self, message_id: str, line: bytes | None) -> bytes:
        return unwrap(self._key, line or b"", bound(Label.RECEIVED_LINE, message_id))


class IdentitiesStore:
    """Identity lines, joined to cases by message id alone."""

    def __init__(self, connection: Connection, key: Secret) -> None:
        self._connection = connection
        self._key = key

    def sweep(self, package_id: str) -> None:
        """Removes what an interrupted receipt of this package left."""
        for row in (IdentityRow, DocumentRow):
            self._connection.execute(delete(row).where(col(row.package) == package_id))

    def add(self, package_id: str, lines: Iterable[tuple[str, bytes]]) -> None:
        """Keeps identity lines by message id."""
        rows = [
            {
                "message_id": message_id,
                "package": package_id,
                "line": wrap(self._key, line, bound(Label.RECEIVED_LINE, message_id)),
            }
            for message_id, line in lines
        ]
        if rows:
            self._connection.execute(insert(IdentityRow), rows)

    def erase(self, message_ids: Collection[str]) -> None:
        """Forgets identity lines and documents."""
        for row in (IdentityRow, DocumentRow):
            self._connection.execute(delete(row).where(col(row.message_id).in_(message_ids)))

    def add_document(self, package_id: str, message_id: str, content: bytes) -> None:
        """Keeps the document that came with a message."""
        wrapped = wrap(self._key, content, bound(Label.DOCUMENT, message_id))
        row = {"message_id": message_id, "package": package_id, "content": wrapped}
        self._connection.execute(insert(DocumentRow), [row])

    def document(self, message_id: str) -> bytes | None:
        """The document that came with a message; None if none did, or it was erased."""
        query = select(col(DocumentRow.content)).where(col(DocumentRow.message_id) == message_id)
        content = self._connection.execute(query).scalar()
        return None if content is None else unwrap(self._key, content, bound(Label.DOCUMENT, message_id))

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """Every identity line with its message id."""
        for message_id, line in self._connection.execute(select(col(IdentityRow.message_id), col(IdentityRow.line))):
            yield message_id, unwrap(self._key, line, bound(Label.RECEIVED_LINE, message_id))
