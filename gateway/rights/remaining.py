"""What an erasure leaves behind: the markers of its claims, and the file of the request itself (Art. 17(3)(e) GDPR)."""

from datetime import date
from typing import NamedTuple

from gateway.figures.retention import kept_until
from gateway.figures.tables import covering, load_figures
from gateway.office import Office
from gateway.rights.life import Opened
from gateway.store.requests import MarkersLeft
from schemas.figures import RetentionKind


class Remains(NamedTuple):
    """The markers by norm and last day, and the last day and norm of the request's file; no day ends one that is needed."""

    markers: tuple[MarkersLeft, ...]
    file_until: date
    file_norm: str


def remaining(office: Office, opened: Opened, today: date) -> Remains:
    """What is left because of a request, inside the caller's transaction. Raises figures.tables.NotCoveredError."""
    figures = load_figures(office.configuration.settings.figures)
    until = kept_until(figures, RetentionKind.REQUEST, opened.record.answered or today, today)
    row = covering([one for one in figures.retention if one.kind is RetentionKind.REQUEST], today)
    return Remains(tuple(office.requests.markers_of(opened.id)), until, "" if row is None else row.norm)
