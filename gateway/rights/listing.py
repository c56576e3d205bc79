"""Requests as lists: ids, kinds, states, days and notices; nothing that names anybody."""

from collections import Counter
from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from gateway.office import Office
from gateway.rights.life import PENDING, Opened
from schemas.request import RequestFile, RequestState


class Listed(NamedTuple):
    """One request in a list; those due first come first."""

    request: str
    kind: str
    state: str
    received: str
    due: str
    overdue: str
    notices_open: int


class Shown(NamedTuple):
    """One request: what it is, what happened and who approved it, whom it led us to tell about which case.

    Moments are in UTC and whole seconds, as in the log.
    """

    head: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, str, str], ...]
    notices: tuple[tuple[str, str, str, str, str], ...]

    def as_json(self) -> dict[str, object]:
        """The same as plain data."""
        return {
            **dict(self.head),
            "steps": [list(one) for one in self.steps],
            "notices": [list(one) for one in self.notices],
        }


def listed(office: Office, states: Collection[RequestState], today: date) -> list[Listed]:
    """The requests in these states, in order of their deadlines."""
    with office.connection.begin():
        found = office.requests.in_states(states)
        waiting = Counter(one.request for one in office.requests.notices() if one.answered is None)
    return [
        Listed(
            one.id,
            one.kind,
            one.state,
            one.received.isoformat(),
            one.due.isoformat(),
            "yes" if one.due < today and one.state in PENDING else "no",
            waiting[one.id],
        )
        for one in found
    ]


def pending_beside(office: Office, opened: Opened) -> list[str]:
    """The other requests of this kind by the same person that are not answered, by id; inside the caller's transaction.

    Whether a second one asks for more than the first is for a person to say (Art. 12(5) GDPR).
    """
    record = opened.record
    return [
        one.id
        for one in office.requests.of_subjects(office.requests.subjects(opened.id))
        if (one.kind, one.entity) == (record.kind, record.entity) and one.state in PENDING and one.id != opened.id
    ]


def shown(office: Office, opened: Opened) -> Shown:
    """A request without what names a person."""
    with office.connection.begin():
        notices = office.requests.notices(opened.id)
    record, file = opened.record, opened.file
    head = (
        ("request", record.id),
        ("kind", record.kind),
        ("state", record.state),
        ("received", record.received.isoformat()),
        ("due", record.due.isoformat()),
        ("channel", file.channel),
        ("identified by", "nobody yet" if file.identified is None else file.identified.proof),
        ("represented by", _representative(file)),
        ("decided", "not yet" if file.outcome is None else file.outcome),
        ("refused because", "" if file.refusal is None else file.refusal),
        ("stops the hand-over", "yes" if record.stops else "no"),
    )
    return Shown(
        tuple((name, str(value)) for name, value in head),
        tuple((_moment(step.time), ", ".join((step.actor, *step.also)), step.what) for step in file.history),
        tuple(
            (
                one.agency,
                one.type,
                _moment(datetime.fromisoformat(one.made)),
                one.result or "no answer yet",
                one.case_ref,
            )
            for one in notices
        ),
    )


def _representative(file: RequestFile) -> str:
    """By what right somebody acts for the person; the name is in the letters alone."""
    acting = None if file.identified is None else file.identified.representation
    return "nobody" if acting is None else f"{acting.authority}, proof seen on {acting.seen_on}"


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
