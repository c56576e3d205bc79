"""What is on record of each agency: the checks people made, and the probes it was sent and answered.

Every call works inside the caller's transaction.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

from gateway.store.tables import StoreTable
from schemas.vetting import Confirmation, Findings, Registration


class _CheckRow(StoreTable, table=True):
    __tablename__ = "agency_check"
    entry: int = Field(primary_key=True)
    agency: str = Field(index=True)
    profile_digest: str
    checked_on: str
    registration: str
    keys_confirmed: str


class _ProbeRow(StoreTable, table=True):
    __tablename__ = "agency_probe"
    package: str = Field(primary_key=True)
    agency: str = Field(index=True)
    keys_digest: str
    sealed_entry: int
    messages: str
    answered_entry: int | None = None


class Check(NamedTuple):
    """The last check of an agency, and the digest of the profile and keys it was about."""

    profile_digest: str
    checked_on: date
    findings: Findings


class Vettings:
    """The checks and probes of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last_check(self, agency: str) -> Check | None:
        """The newest check of an agency."""
        query = select(
            col(_CheckRow.profile_digest),
            col(_CheckRow.checked_on),
            col(_CheckRow.registration),
            col(_CheckRow.keys_confirmed),
        ).where(col(_CheckRow.agency) == agency)
        row = self._connection.execute(query.order_by(col(_CheckRow.entry).desc()).limit(1)).one_or_none()
        if row is None:
            return None
        digest, checked_on, registration, confirmed = row
        findings = Findings(registration=Registration(registration), keys_confirmed=Confirmation(confirmed))
        return Check(digest, date.fromisoformat(checked_on), findings)

    def record(self, agency: str, check: Check, entry: int) -> None:
        """A check has been made."""
        row = {
            "entry": entry,
            "agency": agency,
            "profile_digest": check.profile_digest,
            "checked_on": check.checked_on.isoformat(),
            "registration": check.findings.registration,
            "keys_confirmed": check.findings.keys_confirmed,
        }
        self._connection.execute(insert(_CheckRow), [row])

    def probe(self, package_id: str, agency: str, keys_digest: str, entry: int, messages: Iterable[str]) -> None:
        """A probe of these messages has been sealed for the keys with this digest."""
        row = {"package": package_id, "agency": agency, "keys_digest": keys_digest, "sealed_entry": entry}
        row["messages"] = " ".join(messages)
        self._connection.execute(insert(_ProbeRow), [row])

    def probed(self, package_id: str) -> str | None:
        """The agency a probe went to; None if the package is no probe."""
        query = select(col(_ProbeRow.agency)).where(col(_ProbeRow.package) == package_id)
        return self._connection.execute(query).scalar()

    def probe_messages(self, package_id: str) -> set[str]:
        """The ids of a probe's messages: who names one of them has opened it."""
        query = select(col(_ProbeRow.messages)).where(col(_ProbeRow.package) == package_id)
        return set((self._connection.execute(query).scalar() or "").split())

    def answer(self, package_id: str, entry: int) -> None:
        """The agency's signed receipt of a probe has been verified."""
        query = update(_ProbeRow).where(col(_ProbeRow.package) == package_id)
        self._connection.execute(query.values(answered_entry=entry))

    def answered(self, agency: str, keys_digest: str) -> bool:
        """Whether the agency has answered a probe that was sealed for these keys."""
        query = select(col(_ProbeRow.package)).where(
            col(_ProbeRow.agency) == agency,
            col(_ProbeRow.keys_digest) == keys_digest,
            col(_ProbeRow.answered_entry).is_not(None),
        )
        return self._connection.execute(query.limit(1)).scalar() is not None
