"""Choosing entries of the log: by time, event, package, claim or subject."""

from datetime import date, datetime
from typing import NamedTuple

from audit.store import Logged, entries
from gateway.errors import InputError
from gateway.office import Office
from gateway.store.readings import entries_on
from schemas.entry import Entry

Line = Logged


class Choice(NamedTuple):
    """Which entries; None leaves a question open. `claim` and `subject` are numbers at the source."""

    since: date | None = None
    until: date | None = None
    event: str | None = None
    package: str | None = None
    claim: str | None = None
    subject: str | None = None


def chosen(office: Office, choice: Choice) -> list[Line]:
    """The entries of a choice, in order. Raises InputError if no claim bears the number."""
    with office.connection.begin(), office.vault_connection.begin():
        about = _entries_about(office, choice)
        return [
            one
            for one in entries(office.connection)
            if _fits(one.entry, choice) and (about is None or one.position in about)
        ]


def chosen_readings(office: Office, year: int, choice: Choice, now: datetime) -> list[Line]:
    """The entries of a year's log of readings, in order; the reading of it is logged first. Raises InputError."""
    office.readings.record_log_read("audit list", now)
    with office.connection.begin(), office.vault_connection.begin():
        numbered = choice.claim is not None or choice.subject is not None
        claims = claims_of(office, choice.claim, choice.subject) if numbered else []
    with office.readings.opened(year) as (connection, _), connection.begin():
        about = entries_on(connection, claims)
        return [
            one for one in entries(connection) if _fits(one.entry, choice) and (not numbered or one.position in about)
        ]


def _fits(entry: Entry, choice: Choice) -> bool:
    day = entry.time.date()
    return (
        (choice.since is None or day >= choice.since)
        and (choice.until is None or day <= choice.until)
        and choice.event in (None, entry.event)
        and choice.package in (None, getattr(entry, "package", None))
    )


def _entries_about(office: Office, choice: Choice) -> set[int] | None:
    """The entries that commit to an item of the claim or subject asked for; None if neither was."""
    if choice.claim is None and choice.subject is None:
        return None
    claims = claims_of(office, choice.claim, choice.subject)
    return {one.entry for one in office.items.of_claims(claims)}


def claims_of(office: Office, claim_no: str | None, customer_no: str | None) -> list[str]:
    """The random ids of claims by claim number, or by a customer number that leads to their subjects, at any entity.

    Raises InputError for none.
    """
    found: list[str] = []
    for entity in office.configuration.settings.entities:
        if claim_no is not None:
            found += [key.claim_id for key in office.vault.find(entity.id, [claim_no]).values()]
        if customer_no is not None:
            found += office.vault.customers.claims_of(entity.id, customer_no)
    if not found:
        raise InputError("nothing is kept under that number: check its spelling; it may have been erased")
    return sorted(set(found))
