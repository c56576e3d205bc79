"""The tables of `gateway.db`: random ids, states, process times, and ciphertext. Outside ciphertext they name nobody.

These classes do not validate and never leave this folder; pydantic models and values do.
"""

from datetime import date
from typing import Final

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class StoreTable(SQLModel, registry=registry()):
    """The base of every table of `gateway.db`."""


class MetaRow(StoreTable, table=True):
    """What the store is: its pair id, shared with the vault."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str


class PackageRow(StoreTable, table=True):
    """A package to an agency, and the batch of claims it was made of. `sequence` is fixed when it is sealed.

    `source` is empty for a package that holds no new cases.
    """

    __tablename__ = "package"
    __table_args__ = (UniqueConstraint("agency", "entity", "type", "sequence"),)
    id: str = Field(primary_key=True)
    agency: str
    entity: str
    source: str
    type: str
    state: str = Field(index=True)
    created: str
    sequence: int | None = None
    messages: int = 0
    screened_entry: int | None = None
    sealed_entry: int | None = None
    uploaded_entry: int | None = None
    uploaded: str | None = None
    delivered: str | None = None


class PackageFileRow(StoreTable, table=True):
    """A file of a sealed package; `position` is the order of sending, the signature last."""

    __tablename__ = "package_file"
    package: str = Field(primary_key=True, foreign_key="package.id")
    position: int = Field(primary_key=True)
    name: str
    size: int
    sha256: str


class ScreeningRow(StoreTable, table=True):
    """One verdict on one claim. The latest row of a claim is its current one.

    `held_since`: the day from which a person has had to look. `handed_over` is true from the version on that was sealed
    for an agency. `verdict_item` and `message_item` are the indexes of its commitments in the package's `screened_entry`
    and `sealed_entry`. `source` is None once what the source delivered was erased before the rest.
    """

    __tablename__ = "screening"
    __table_args__ = (Index("screening_claim", "claim", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    claim: str
    package: str = Field(foreign_key="package.id", index=True)
    verdict: str
    rules: str
    handed_over: bool
    held_since: date | None = None
    row: int
    row_digest: bytes = Field(sa_type=LargeBinary)
    verdict_item: int
    message_item: int | None = None
    payload: bytes = Field(sa_type=LargeBinary)
    source: bytes | None = Field(default=None, sa_type=LargeBinary)


class FileRow(StoreTable, table=True):
    """A file of a source that has been read to its end: by keyed digest of content and mapping."""

    __tablename__ = "file"
    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    source: str
    rows: int


class RejectRow(StoreTable, table=True):
    """A row that could not be read: number, field, rule."""

    __tablename__ = "reject"
    file: bytes = Field(sa_type=LargeBinary, primary_key=True)
    row: int = Field(primary_key=True)
    field: str
    rule: str
    package: str = Field(foreign_key="package.id", index=True)


class WitnessRow(StoreTable, table=True):
    """A size of the audit log that an agency was shown in an entity's name; with its note once the agency cosigned it."""

    __tablename__ = "witness"
    agency: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    size: int = Field(primary_key=True)
    note: bytes | None = Field(default=None, sa_type=LargeBinary)


STORE_METADATA: Final = StoreTable.metadata
