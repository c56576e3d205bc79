"""Retention: what ends by calendar (Art. 5(1)(e) GDPR). One calendar; `nightly` carries it out by itself.

    refused        a claim that never left: 30 days after it was refused
    closed-claim   all cases of a claim are over: 3 years, to the end of the year (§§ 195, 199 BGB)
    request        a closed request that restricts nothing: 3 years after its answer, to the end of the year
    title          a court order or enforcement was reported, before or after the case was over: 30 years from it
                   (§ 197(1) Nr. 3 BGB)

The periods are figures with date of effect and source (`figures/retention.toml`). What is held is somebody's work, and
what an agency still works on is not over: neither ends here, nor what a person's request keeps (`retention.keeping`). A
request whose notices are not all answered is not closed.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from audit.store import append
from gateway.figures.retention import claim_kept_until, kept_until
from gateway.figures.tables import load_figures
from gateway.office import Office
from gateway.retention.erasing import erase
from gateway.retention.keeping import kept_for_now
from gateway.retention.titles import titles
from gateway.store.endings import Ended, Endings
from keys.references import new_id
from keys.sqlite import truncate_log
from schemas.calendar import day_in_germany
from schemas.entry import ErasureGround
from schemas.figures import LegalFigures, RetentionKind
from schemas.readings import ReadingsEnded
from schemas.request_entry import RequestEnded

_PAGE: Final = 4_000


class Ending(NamedTuple):
    """A claim by its random id, the period that applies, and its last day."""

    claim: str
    kind: RetentionKind
    until: date


def due(office: Office, today: date) -> Iterator[list[Ending]]:
    """The claims whose period has ended, page by page. Raises figures.tables.NotCoveredError."""
    for page in judged(office, today):
        if over := [one for one in page if one.until < today]:
            yield over


def judged(office: Office, today: date) -> Iterator[list[Ending]]:
    """The claims whose work is over and that no request keeps, page by page. Raises figures.tables.NotCoveredError."""
    figures = load_figures(office.configuration.settings.figures)
    endings = Endings(office.connection)
    tomorrow = today.isoformat() + "~"
    for read, judge in ((endings.refused, _refused), (endings.closed, _closed)):
        after = ""
        while True:
            with office.connection.begin(), office.vault_connection.begin():
                page = read(tomorrow, after, _PAGE)
                kept = kept_for_now(office)
                found = [one for one in judge(office, page, figures, today) if one.claim not in kept]
            if not page:
                break
            after = page[-1].claim
            yield found


def retain(office: Office, now: datetime, today: date, progress: Callable[[str, int], None]) -> int:
    """Erases what has ended; how many claims. Call it in no transaction. Raises as `erasing.erase` does."""
    count = 0
    for ended in due(office, today):
        erase(office, [one.claim for one in ended], ErasureGround.RETENTION, None, now)
        progress("retention ended", len(ended))
        count += len(ended)
    return count


def due_requests(office: Office, today: date) -> list[str]:
    """The requests whose period has ended. Raises figures.tables.NotCoveredError."""
    figures = load_figures(office.configuration.settings.figures)
    with office.connection.begin():
        closed = office.requests.answered()
    return [one for one, day in closed if kept_until(figures, RetentionKind.REQUEST, day, today) < today]


def end_requests(office: Office, now: datetime, today: date) -> int:
    """Ends the requests whose period has ended; how many. Call it in no transaction.

    The key goes first: a kill between the two databases lets the next night end the rows, and log it.
    """
    ended = due_requests(office, today)
    for request in ended:
        entry = RequestEnded(id=new_id(), time=now, actor="system:nightly", request=request)
        with office.connection.begin(), office.vault_connection.begin():
            office.vault.destroy_request(request)
            office.requests.end(request)
            append(office.connection, entry)
    if ended:
        truncate_log(office.vault_connection)
        truncate_log(office.connection)
    return len(ended)


def end_readings(office: Office, now: datetime, today: date) -> list[int]:
    """Ends the logs of readings of years that are over, and the year after them; which years. Call it in no transaction.

    A kill between entry and end lets the next night log it once more.
    """
    ended = office.readings.ending(today)
    for year in ended:
        with office.readings.opened(year) as (connection, log), connection.begin():
            head = log.head()
        entry = ReadingsEnded(
            id=new_id(),
            time=now,
            actor="system:nightly",
            of_year=year,
            origin=head.origin,
            size=head.size,
            root=head.root.hex(),
        )
        with office.connection.begin():
            append(office.connection, entry)
        office.readings.end(year)
    return ended


def _refused(_office: Office, page: Sequence[Ended], figures: LegalFigures, today: date) -> Iterator[Ending]:
    for ended in page:
        refused = day_in_germany(datetime.fromisoformat(ended.at))
        yield Ending(ended.claim, RetentionKind.REFUSED, kept_until(figures, RetentionKind.REFUSED, refused, today))


def _closed(office: Office, page: Sequence[Ended], figures: LegalFigures, today: date) -> Iterator[Ending]:
    titled = titles(office, [one.claim for one in page])
    for ended in page:
        closed = day_in_germany(datetime.fromisoformat(ended.at))
        yield Ending(ended.claim, *claim_kept_until(figures, closed, titled.get(ended.claim), today))
