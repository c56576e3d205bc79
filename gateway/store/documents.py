"""Documents that were released for an agency, as ciphertext under the claim's key: what was disclosed is kept as it was.

Every call works inside the caller's transaction.
"""

from sqlalchemy import LargeBinary, insert, select
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

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

    def open(self, message_id: str, key: ClaimKey) -> bytes:
        """The document of a message. Raises keys.wrap.WrapError if it was altered or moved."""
        query = select(col(DocumentRow.payload)).where(col(DocumentRow.message_id) == message_id)
        payload = self._connection.execute(query).scalar_one()
        return unwrap(key.key, payload, bound(Label.DOCUMENT, key.claim_id, message_id))
