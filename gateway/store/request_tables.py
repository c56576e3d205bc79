"""The tables of requests: random ids, codes and dates in clear.

What names somebody is ciphertext under the request's own key.
"""

from datetime import date

from sqlalchemy import LargeBinary
from sqlmodel import Field

from gateway.store.tables import StoreTable


class RequestRow(StoreTable, table=True):
    """A request. `stops`: nothing of its subjects is handed over while this holds. `answered`: on which day, at last."""

    __tablename__ = "request"
    id: str = Field(primary_key=True)
    entity: str
    kind: str
    state: str = Field(index=True)
    received: date
    due: date
    extended: bool
    stops: bool = Field(index=True)
    opened: str
    answered: date | None = Field(default=None, index=True)
    payload: bytes = Field(sa_type=LargeBinary)


class RequestSubjectRow(StoreTable, table=True):
    """Whom a request is about, by the vault's random id."""

    __tablename__ = "request_subject"
    request: str = Field(primary_key=True, foreign_key="request.id")
    subject: str = Field(primary_key=True, index=True)


class NoticeRow(StoreTable, table=True):
    """What an agency was told because of a request, until it has answered and for as long as the request is kept.

    Of an erased claim nothing else is left: the reference means something at the agency alone.
    """

    __tablename__ = "notice"
    message_id: str = Field(primary_key=True)
    request: str = Field(foreign_key="request.id", index=True)
    agency: str = Field(index=True)
    case_ref: str
    type: str
    made: str
    result: str | None = None
    until: date | None = None
    ground: str | None = None
    answered: str | None = None


class MarkerRow(StoreTable, table=True):
    """A keyed digest of entity and claim number: this claim was erased, and is not taken in again until a day."""

    __tablename__ = "marker"
    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    norm: str
    until: date
    request: str


class RestrictionRow(StoreTable, table=True):
    """A claim that may only be kept, and is erased after its last day (Art. 17(3), 18 GDPR, § 35(3) BDSG)."""

    __tablename__ = "restriction"
    claim: str = Field(primary_key=True)
    until: date = Field(index=True)
    norm: str
    request: str
