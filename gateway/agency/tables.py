"""The tables of the agency's two stores. `cases.db` holds references, numbers and states in clear, lines as ciphertext.

These classes do not validate and never leave the stores.
"""

from datetime import date
from typing import Final

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class _CasesTable(SQLModel, registry=registry()):
    pass


class _IdentitiesTable(SQLModel, registry=registry()):
    pass


class PackageRow(_CasesTable, table=True):
    """A package of a creditor that has arrived, or a number it has closed (no messages). `created` by its sender."""

    __tablename__ = "package"
    __table_args__ = (UniqueConstraint("sender", "type", "sequence"),)
    id: str = Field(primary_key=True)
    sender: str
    type: str
    sequence: int
    manifest_digest: str
    created: str
    received: str
    messages: int


class CaseRow(_CasesTable, table=True):
    """A case of a creditor. `line` is gone when it was erased."""

    __tablename__ = "case"
    __table_args__ = (UniqueConstraint("sender", "case_ref"),)
    message_id: str = Field(primary_key=True)
    sender: str
    case_ref: str
    package: str = Field(index=True)
    standing: str
    restricted: bool = False
    agency_ref: str | None = None
    line: bytes | None = Field(default=None, sa_type=LargeBinary)


class MessageRow(_CasesTable, table=True):
    """Any other message of a creditor. `kept`: a stop whose case has not come yet. `open`: the agency must decide."""

    __tablename__ = "message"
    position: int | None = Field(default=None, primary_key=True)
    message_id: str = Field(unique=True)
    sender: str
    package: str
    type: str
    case_ref: str | None = Field(default=None, index=True)
    kept: bool = False
    open: bool = False
    line: bytes | None = Field(default=None, sa_type=LargeBinary)


class AnswerRow(_CasesTable, table=True):
    """An answer to a creditor. `about`: the package a receipt answers; `package`: the one it was sealed in."""

    __tablename__ = "answer"
    position: int | None = Field(default=None, primary_key=True)
    message_id: str = Field(unique=True)
    creditor: str
    type: str
    about: str | None = None
    case_ref: str | None = Field(default=None, index=True)
    package: str | None = Field(default=None, index=True)
    line: bytes | None = Field(default=None, sa_type=LargeBinary)


class SentRow(_CasesTable, table=True):
    """A package of answers that was sealed; `placed` when its files bear their names, and none those of what it replaces."""

    __tablename__ = "sent"
    __table_args__ = (UniqueConstraint("creditor", "type", "sequence"),)
    id: str = Field(primary_key=True)
    creditor: str
    type: str
    sequence: int
    manifest_digest: str
    created: str
    placed: bool = False
    replaces: str | None = None


class ReplyRow(_CasesTable, table=True):
    """A file of answers that was taken, by SHA-256: never twice."""

    __tablename__ = "reply"
    digest: str = Field(primary_key=True)


class KeyChangeRow(_CasesTable, table=True):
    """A key of a creditor that was confirmed; `retired` are those in force before, which end with `old_until`."""

    __tablename__ = "key_change"
    position: int | None = Field(default=None, primary_key=True)
    sender: str = Field(index=True)
    purpose: str
    key: str
    retired: str
    old_until: date
    confirmed: str


class IdentityRow(_IdentitiesTable, table=True):
    """The identity line of a message."""

    __tablename__ = "identity"
    message_id: str = Field(primary_key=True)
    package: str = Field(index=True)
    line: bytes = Field(sa_type=LargeBinary)


class DocumentRow(_IdentitiesTable, table=True):
    """The document that came with a message; kept with identities, for it names people."""

    __tablename__ = "document"
    message_id: str = Field(primary_key=True)
    package: str = Field(index=True)
    content: bytes = Field(sa_type=LargeBinary)


CASES_METADATA: Final = _CasesTable.metadata
IDENTITIES_METADATA: Final = _IdentitiesTable.metadata
