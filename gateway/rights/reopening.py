"""The person came back: a request is open again, with its history and a new deadline."""

from datetime import date, datetime

from gateway.office import Office
from gateway.rights.deadline import require_past
from gateway.rights.deciding import protect
from gateway.rights.life import Opened, change, due_on, opening
from keys.remembered import remember_received
from schemas.calendar import day_in_germany
from schemas.request import RequestState


def reopen(office: Office, opened: Opened, received: date, now: datetime) -> Opened:
    """An answered request is open again; what it restricts is restricted again at once. Raises UsageError."""
    require_past(received, day_in_germany(now))
    with office.connection.begin(), office.vault_connection.begin():
        return come_back(office, opened, received, now)


def come_back(office: Office, opened: Opened, received: date, now: datetime) -> Opened:
    """The same, inside the caller's transactions; the vault remembers the day. Raises UsageError."""
    due = due_on(office, opened.record.entity, received)
    remember_received(office.vault_connection, opened.id, received)
    again = change(
        office,
        opened,
        opening(opened.id, opened.file, due, now, reopened=True),
        RequestState.OPENED,
        columns={"received": received, "due": due, "extended": False, "answered": None},
        received=received,
        outcome=None,
        refusal=None,
        kept=(),
    )
    return protect(office, again, now)
