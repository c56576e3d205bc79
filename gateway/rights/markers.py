"""Markers: which claims were erased on request, so that no export brings them back (Art. 17(3)(e), 5(1)(d) GDPR).

Rules: a marker is a keyed digest of entity and claim number, with norm and end date; who has not both number and key learns
nothing from it. It stands in `gateway.db`, and a second time in the vault: a restore finds there what the copy of
`gateway.db` is too old to know. Each is under the keys its database stands under (`custody.stacking`).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from audit.store import append
from gateway.handover.marked import erased_digest
from gateway.office import Office
from gateway.store.requests import Marker
from keys.labels import Label, Purpose, stacked_digest
from keys.references import new_id
from keys.remembered import Erased, erased, forget_erased, remember_erased
from keys.vault_tables import Mark
from schemas.request_entry import MarkersEnded


class Marked(NamedTuple):
    """By which norm, and until which day, a claim is not taken in again."""

    norm: str
    until: date


def mark(office: Office, entity: str, claims: Mapping[str, Marked], request: str) -> None:
    """Claims, by their numbers, that are not taken in again; inside the caller's transactions."""
    keys = office.ring.stack(Purpose.MARKER, office.vault.mark(Mark.MARKER))
    office.requests.mark(
        [Marker(erased_digest(office, entity, number), one.norm, one.until, request) for number, one in claims.items()]
    )
    remember_erased(
        office.vault_connection,
        [
            Erased(stacked_digest(keys, Label.ERASED_CLAIM, entity, number), one.norm, one.until, request)
            for number, one in claims.items()
        ],
    )


def mark_again(office: Office) -> None:
    """What the vault knows of markers is in `gateway.db` too, inside the caller's transactions.

    Both stand under the keys of today.
    """
    office.requests.mark([Marker._make(one) for one in erased(office.vault_connection)])


def end_markers(office: Office, today: date, now: datetime) -> None:
    """Markers end with their last day, inside the caller's transactions."""
    if ended := office.requests.end_markers(today):
        append(office.connection, MarkersEnded(id=new_id(), time=now, actor="system:nightly", markers=ended))
    forget_erased(office.vault_connection, today)
