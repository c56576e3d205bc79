"""The tables of `vault.db`, and what of them stands under which key. They never leave `keys`.

A trace is a digest of something by which a person finds a claim again; many claims may share one.
"""

from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import registry
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlmodel import Field, SQLModel, col

from keys.labels import Label, Purpose


class VaultTable(SQLModel, registry=registry()):
    """The base of every table of `vault.db`."""


class MetaRow(VaultTable, table=True):
    """What the vault says of itself."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str


class Mark(StrEnum):
    """What a vault says of itself."""

    PAIR = "pair"
    GENERATION = "generation"
    EPOCH = "epoch"
    """the id of the key that wraps its keys"""
    INDEX = "index"
    """the id of the newest key of its blind indexes"""
    MARKER = "marker"
    """the id of the newest key of its markers"""
    RECORD = "record"
    """the newest record of the erasure journal that was carried out before its keys were wrapped by that key"""


class SubjectRow(VaultTable, table=True):
    """A debtor of one legal entity, by customer number."""

    __tablename__ = "subject"
    id: str = Field(primary_key=True)
    customer: bytes = Field(sa_type=LargeBinary, unique=True)
    batch: str


class ClaimRow(VaultTable, table=True):
    """A claim, its debtor, and its wrapped key."""

    __tablename__ = "claim"
    id: str = Field(primary_key=True)
    number: bytes = Field(sa_type=LargeBinary, unique=True)
    subject: str = Field(foreign_key="subject.id", index=True)
    wrapped: bytes = Field(sa_type=LargeBinary)
    batch: str


class SourceRow(VaultTable, table=True):
    """The wrapped key of what the source delivered of a claim; it may go before the claim does."""

    __tablename__ = "source"
    id: str = Field(primary_key=True, foreign_key="claim.id", ondelete="CASCADE")
    wrapped: bytes = Field(sa_type=LargeBinary)


class TraceRow(VaultTable, table=True):
    """Something that leads to a claim."""

    __tablename__ = "trace"
    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    claim: str = Field(primary_key=True, index=True)
    batch: str


class RequestRow(VaultTable, table=True):
    """A request's file: its wrapped key; what was asked for, of whom and when, as `gateway.db` has it.

    `contested`: whatever was asked for, the person also says that nothing is owed.
    """

    __tablename__ = "request"
    id: str = Field(primary_key=True)
    entity: str
    kind: str
    received: date
    contested: bool
    wrapped: bytes = Field(sa_type=LargeBinary)


class AskedRow(VaultTable, table=True):
    """Whom a request is about; gone with the one or the other."""

    __tablename__ = "asked"
    request: str = Field(primary_key=True, foreign_key="request.id", ondelete="CASCADE")
    subject: str = Field(primary_key=True, index=True, foreign_key="subject.id", ondelete="CASCADE")


class ErasedRow(VaultTable, table=True):
    """A claim that was erased on request and is not taken in again, by a digest under the marker keys."""

    __tablename__ = "erased"
    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    norm: str
    until: date
    request: str


class RosterRow(VaultTable, table=True):
    """A key that was enrolled after the first one, or revoked."""

    __tablename__ = "roster"
    key: str = Field(primary_key=True)
    name: str
    public_key: str
    revoked: bool


class ReferenceRow(VaultTable, table=True):
    """A pseudonym of a claim or a debtor at one agency."""

    __tablename__ = "reference"
    __table_args__ = (UniqueConstraint("owner", "agency"),)
    reference: str = Field(primary_key=True)
    owner: str
    agency: str
    batch: str


VAULT_METADATA: Final = VaultTable.metadata


class WrappedKeys(NamedTuple):
    """A table of keys under the epoch key, each bound to a label and its row's id."""

    table: type[SQLModel]
    id: SQLCoreOperations[str]
    wrapped: SQLCoreOperations[bytes]
    label: Label


class DigestColumn(NamedTuple):
    """A column of digests under the index key."""

    table: type[SQLModel]
    digest: SQLCoreOperations[bytes]


SOURCE_KEYS: Final = WrappedKeys(SourceRow, col(SourceRow.id), col(SourceRow.wrapped), Label.SOURCE_KEY)
WRAPPED: Final = (
    WrappedKeys(ClaimRow, col(ClaimRow.id), col(ClaimRow.wrapped), Label.CLAIM_KEY),
    SOURCE_KEYS,
    WrappedKeys(RequestRow, col(RequestRow.id), col(RequestRow.wrapped), Label.REQUEST_KEY),
)
"""Everything that an epoch key wraps."""
VAULT_DIGESTS: Final = {
    Purpose.INDEX: (
        DigestColumn(SubjectRow, col(SubjectRow.customer)),
        DigestColumn(ClaimRow, col(ClaimRow.number)),
        DigestColumn(TraceRow, col(TraceRow.digest)),
    ),
    Purpose.MARKER: (DigestColumn(ErasedRow, col(ErasedRow.digest)),),
}
"""Every column that holds a digest, by the key it is under."""
