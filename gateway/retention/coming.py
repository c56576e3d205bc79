"""What goes next, and why: of each kind and norm, how many have ended, and how many end next, on which day.

    claims      judged as the night judges them, page by page: a title is ciphertext until then
    requests    those that are closed and restrict nothing
    markers     counted where they lie
    readings    the log of a year ends with the year after it

Counts and days only. What a request of a person keeps for now (`retention.keeping`) is not foretold: no calendar ends it.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from gateway.figures.retention import kept_until, norm_of
from gateway.figures.tables import load_figures
from gateway.office import Office
from gateway.retention.calendar import Ending, judged
from gateway.store.endings import Endings
from schemas.figures import LegalFigures, RetentionKind


class Kind(StrEnum):
    """What ends by calendar; the first four as the figures name them."""

    REFUSED = RetentionKind.REFUSED.value
    CLOSED_CLAIM = RetentionKind.CLOSED_CLAIM.value
    TITLE = RetentionKind.TITLE.value
    REQUEST = RetentionKind.REQUEST.value
    RESTRICTION = "restriction"
    """a claim that an erasure left restricted until a day"""
    MARKER = "marker"
    READINGS = "readings"


class Coming(NamedTuple):
    """Of one kind by one norm: how many have ended, and on which day the night ends how many more; None if none."""

    kind: Kind
    norm: str
    ended: int
    next_on: date | None
    next: int


class _Last(NamedTuple):
    kind: Kind
    norm: str
    until: date
    number: int = 1


def coming(office: Office, today: date) -> list[Coming]:
    """One line for each kind and norm. Call it in no transaction. Raises figures.tables.NotCoveredError."""
    figures = load_figures(office.configuration.settings.figures)
    found: dict[tuple[Kind, str], Coming] = {}
    for one in _all(office, figures, today):
        place = one.kind, one.norm
        found[place] = _counted(found.get(place, Coming(*place, 0, None, 0)), one, today)
    order = list(Kind)
    return sorted(found.values(), key=lambda line: (order.index(line.kind), line.norm))


def _counted(line: Coming, one: _Last, today: date) -> Coming:
    if one.until < today:
        return line._replace(ended=line.ended + one.number)
    day = one.until + timedelta(days=1)
    if line.next_on is None or day < line.next_on:
        return line._replace(next_on=day, next=one.number)
    return line._replace(next=line.next + one.number) if day == line.next_on else line


def _all(office: Office, figures: LegalFigures, today: date) -> Iterator[_Last]:
    for page in judged(office, today):
        yield from _claims(office, page, figures, today)
    norm = norm_of(figures, RetentionKind.REQUEST, today)
    with office.connection.begin():
        for _, day in office.requests.answered():
            yield _Last(Kind.REQUEST, norm, kept_until(figures, RetentionKind.REQUEST, day, today))
        for marked in Endings(office.connection).markers(today):
            yield _Last(Kind.MARKER, *marked)
    for year in office.readings.years():
        yield _Last(Kind.READINGS, "Art. 5(1)(e) GDPR", date(year + 1, 12, 31))


def _claims(office: Office, page: list[Ending], figures: LegalFigures, today: date) -> Iterator[_Last]:
    with office.connection.begin():
        restricted = office.requests.restrictions([one.claim for one in page])
    for one in page:
        until, norm, own = one.until, norm_of(figures, one.kind, today), restricted.get(one.claim)
        if own is None:
            yield _Last(Kind(one.kind), norm, until)
        elif one.kind is RetentionKind.TITLE and until > own.until:  # told of since: the night prolongs it
            yield _Last(Kind.RESTRICTION, norm, until)
        else:
            yield _Last(Kind.RESTRICTION, own.norm, own.until)
