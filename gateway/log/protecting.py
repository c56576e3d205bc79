"""Whose claims are not handed over because of a request, as log and vault say it.

`gateway.db` alone is not believed. Whoever can write to it could free a person, so a request stops the hand-over until a
signed entry says that it does not any more (Art. 18(1), 21(1) GDPR), and whom it is about stands in the vault as well.
"""

from typing import Final, NamedTuple

from audit.store import entries_with
from gateway.errors import IntegrityError
from gateway.office import Office
from keys.remembered import about, protecting
from schemas.codes import RequestKind
from schemas.entry import Entry
from schemas.request_entry import (
    RequestDecided,
    RequestEnded,
    RequestExecuted,
    RequestOpened,
    RestrictionLifted,
)

PROTECTS: Final = frozenset(
    {RequestKind.RECTIFICATION, RequestKind.ERASURE, RequestKind.RESTRICTION, RequestKind.OBJECTION}
)
"""What stops the hand-over from the moment it is known (Art. 16, 17, 18, 21 GDPR)."""


class _Said(NamedTuple):
    """What the log said last of a request: whether it stops the hand-over, and where."""

    stops: bool
    entry: int


def stops_after(entry: Entry, before: bool) -> bool:
    """Whether a request stops the hand-over once this is an entry."""
    match entry:
        case RequestOpened() | RequestDecided() | RequestExecuted():
            return entry.stops
        case RestrictionLifted() | RequestEnded():
            return False
        case _:
            return before


def require_protected(office: Office) -> None:
    """Every request stops the hand-over in `gateway.db` that does so in the log. Call it in no transaction.

    One that the vault knows and `gateway.db` has must be named by the log, too: they were written together.

    Raises IntegrityError.
    """
    with office.connection.begin(), office.vault_connection.begin():
        said, told = _said(office), office.requests.stopping()
        unnamed = office.requests.ids().intersection(protecting(office.vault_connection, PROTECTS)) - said.keys()
        if {request for request, last in said.items() if last.stops} != told or unnamed:
            raise IntegrityError(
                "the log and gateway.db do not agree on which requests stop the hand-over: somebody wrote to gateway.db; "
                "nothing is handed over, keep a copy of it and restore it from a backup"
            )
        if not office.log.vouches(last.entry for last in said.values() if not last.stops):
            raise IntegrityError(
                "an entry that ends the protection of a request is not the one that the log was signed with: run "
                "`inkasso audit verify`, and keep a copy of gateway.db; nothing is handed over"
            )


def stopped(office: Office) -> dict[str, frozenset[str]]:
    """The subjects of whom nothing may be handed over now, and the requests that stop it; in the caller's transactions.

    A request that protects, and that the vault alone knows, stops it as well: a kill came between the two, or somebody
    took it away.
    """
    found = office.requests.stopped()
    alone = set(protecting(office.vault_connection, PROTECTS)) - office.requests.ids()
    for request, subject in about(office.vault_connection, office.requests.stopping() | alone):
        found[subject] = found.get(subject, frozenset()) | {request}
    return found


def _said(office: Office) -> dict[str, _Said]:
    found: dict[str, _Said] = {}
    for position, entry in entries_with(office.connection, '"request":"'):
        request: str | None = getattr(entry, "request", None)
        if request is None:
            continue
        before = found.get(request)
        stops = stops_after(entry, before is not None and before.stops)
        if before is None or stops != before.stops:
            found[request] = _Said(stops, position)
    return found
