"""The tables of what happens after the hand-over: cases, messages both ways, packages of answers.

Random ids, codes and process times in clear; what a message says is ciphertext under its claim's key.
"""

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field

from gateway.store.tables import StoreTable


class CaseRow(StoreTable, table=True):
    """A claim at an agency, by the message that handed it over. The latest of a claim is its current one.

    `dispute`: the newest that its agency reported, by message id; `contested` until that is settled.
    `vanished`: since when it has been missing from a full export, and nobody has said why.
    """

    __tablename__ = "case"
    message_id: str = Field(primary_key=True)
    claim: str = Field(index=True)
    agency: str
    entity: str
    package: str = Field(foreign_key="package.id", index=True)
    standing: str
    restricted: bool = False
    dispute: str | None = None
    contested: bool = False
    vanished: str | None = None
    opened: str
    answered: str | None = None
    acted: str | None = None
    closed: str | None = None


class MessageRow(StoreTable, table=True):
    """Any other message. Outbound: `package` is the one it was sealed in, none while it waits.

    `batch`: the screening it came from, which may never have happened. `refused`: why an answer changed nothing; outbound,
    that its agency never had it.
    """

    __tablename__ = "message"
    position: int | None = Field(default=None, primary_key=True)
    message_id: str
    outbound: bool
    agency: str
    entity: str
    type: str
    claim: str | None = Field(default=None, index=True)
    package: str | None = Field(default=None, index=True)
    batch: str | None = None
    item: int | None = None
    made: str
    refused: str | None = None
    payload: bytes = Field(sa_type=LargeBinary)


class InboundRow(StoreTable, table=True):
    """A package of answers that was applied."""

    __tablename__ = "inbound"
    __table_args__ = (UniqueConstraint("agency", "entity", "type", "sequence"),)
    id: str = Field(primary_key=True)
    agency: str
    entity: str
    type: str
    sequence: int
    manifest_digest: str
    received: str
    messages: int
    entry: int
