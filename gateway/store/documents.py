"""Documents that were released for an agency, as ciphertext under the claim's key: what was disclosed is kept as it was.

Every call works inside the caller's transaction.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, LargeBinary, and_, delete, exists, insert, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased
from sqlmodel import Field, col

from gateway.store.case_tables import CaseRow, MessageRow
from gateway.store.tables import StoreTable
from keys.claimkeys import ClaimKey
from keys.labels import Label, bound
from keys.wrap import unwrap, wrap


class DocumentRow(StoreTable, table=True):
    """The document that goes with one message."""

    __tablename__ = "document"
    message_id: str = Field(primary_key=True)
    claim: str = Field(index=True)
    payload: bytes = Field(sa_type=LargeBinary)


class Documents:
    """The documents of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, message_id: str, content: bytes, key: ClaimKey) -> None:
        """A document that goes with a message."""
        payload = wrap(key.key, content, bound(Label.DOCUMENT, key.claim_id, message_id))
        row = {"message_id": message_id, "claim": key.claim_id, "payload": payload}
        self._connection.execute(insert(DocumentRow), [row])

    def with_document(self) -> set[str]:
        """The messages that have one."""
        return set(self._connection.execute(select(col(DocumentRow.message_id))).scalars())

    def packages_overtaken(self, agency: str, worked: Collection[str]) -> set[str]:
        """The packages to an agency with a document for a case that has none of these standings any more, or was
        restricted since.
        """
        query = select(col(MessageRow.package)).join(
            DocumentRow, col(DocumentRow.message_id) == col(MessageRow.message_id)
        )
        query = query.where(col(MessageRow.agency) == agency, _is_overtaken(worked))
        return {found for (found,) in self._connection.execute(query.distinct()) if found is not None}

    def drop_overtaken(self, worked: Collection[str]) -> int:
        """Answers that wait about cases that have none of these standings any more: nobody there needs them, or a document;
        and documents whose cases were restricted since they were released. How many there were.

        A document that was sealed once is kept as it was.
        """
        waits = and_(col(MessageRow.package).is_(None), col(MessageRow.type) == "case.answer", _is_overtaken(worked))
        dropped = self._connection.execute(delete(MessageRow).where(waits)).rowcount
        known = select(col(MessageRow.message_id)).where(col(MessageRow.message_id) == col(DocumentRow.message_id))
        self._connection.execute(delete(DocumentRow).where(~known.exists()))
        return dropped

    def open(self, message_id: str, key: ClaimKey) -> bytes:
        """The document of a message. Raises keys.wrap.WrapError if it was altered or moved."""
        query = select(col(DocumentRow.payload)).where(col(DocumentRow.message_id) == message_id)
        payload = self._connection.execute(query).scalar_one()
        return unwrap(key.key, payload, bound(Label.DOCUMENT, key.claim_id, message_id))


def _is_overtaken(worked: Collection[str]) -> ColumnElement[bool]:
    """Messages to an agency about claims of which it has no case with one of these standings; and documents that were
    released before a request restricted their case: whoever released them did not know (Art. 18(2) GDPR).
    """
    here = exists().where(col(CaseRow.claim) == col(MessageRow.claim), col(CaseRow.agency) == col(MessageRow.agency))
    later, kept = aliased(MessageRow), aliased(DocumentRow)
    since = or_(
        col(later.made) > col(MessageRow.made),
        and_(col(later.made) == col(MessageRow.made), col(later.position) > col(MessageRow.position)),
    )
    told = exists().where(
        col(later.type) == "case.restrict",
        col(later.claim) == col(MessageRow.claim),
        col(later.agency) == col(MessageRow.agency),
        since,
    )
    document = exists().where(col(kept.message_id) == col(MessageRow.message_id))
    restricted = and_(document, told, here.where(col(CaseRow.restricted)))
    return and_(col(MessageRow.outbound), or_(~here.where(col(CaseRow.standing).in_(worked)), restricted))
