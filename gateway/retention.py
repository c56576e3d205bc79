"""Retention: what ends by calendar (Art. 5(1)(e) GDPR). One calendar; `nightly` carries it out by itself.

    refused        a claim that never left: 30 days after it was refused
    closed-claim   all cases of a claim are over: 3 years, to the end of the year (§§ 195, 199 BGB)
    title          a court order or enforcement was reported: 30 years (§ 197(1) Nr. 3 BGB)

The periods are figures with date of effect and source (`figures/retention.toml`). What is held is somebody's work, and
what an agency still works on is not over: neither ends here. An answer to a person has its own period, with its request.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from audit.store import append
from gateway.erasing import erase
from gateway.figures.retention import kept_until
from gateway.figures.tables import load_figures
from gateway.office import Office
from gateway.store.endings import Ended, Endings
from gateway.store.payload import open_message
from keys.references import new_id
from schemas.answers import CaseStatus
from schemas.calendar import day_in_germany
from schemas.codes import StatusCode
from schemas.entry import ErasureGround
from schemas.figures import LegalFigures, RetentionKind
from schemas.readings import ReadingsEnded

_PAGE: Final = 4_000
_TITLED: Final = frozenset({StatusCode.COURT_ORDER, StatusCode.ENFORCEMENT})


class Ending(NamedTuple):
    """A claim by its random id, the period that applies, and its last day."""

    claim: str
    kind: RetentionKind
    until: date


def due(office: Office, today: date) -> Iterator[list[Ending]]:
    """The claims whose period has ended, page by page. Raises figures.tables.NotCoveredError."""
    figures = load_figures(office.configuration.settings.figures)
    endings = Endings(office.connection)
    tomorrow = today.isoformat() + "~"
    for read, judge in ((endings.refused, _refused), (endings.closed, _closed)):
        after = ""
        while True:
            with office.connection.begin(), office.vault_connection.begin():
                page = read(tomorrow, after, _PAGE)
                found = list(judge(office, page, figures, today))
            if not page:
                break
            after = page[-1].claim
            if over := [one for one in found if one.until < today]:
                yield over


def retain(office: Office, now: datetime, today: date, progress: Callable[[str, int], None]) -> int:
    """Erases what has ended; how many claims. Call it in no transaction. Raises as `gateway.erasing.erase` does."""
    count = 0
    for ended in due(office, today):
        erase(office, [one.claim for one in ended], ErasureGround.RETENTION, None, now)
        progress("retention ended", len(ended))
        count += len(ended)
    return count


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
        yield _ending(
            ended.claim, RetentionKind.REFUSED, day_in_germany(datetime.fromisoformat(ended.at)), figures, today
        )


def _closed(office: Office, page: Sequence[Ended], figures: LegalFigures, today: date) -> Iterator[Ending]:
    titled = _titles(office, [one.claim for one in page])
    for ended in page:
        closed = day_in_germany(datetime.fromisoformat(ended.at))
        ending = _ending(ended.claim, RetentionKind.CLOSED_CLAIM, closed, figures, today)
        if ended.claim in titled:
            title = _ending(ended.claim, RetentionKind.TITLE, titled[ended.claim], figures, today)
            ending = max(ending, title, key=lambda one: one.until)
        yield ending


def _titles(office: Office, claims: Sequence[str]) -> dict[str, date]:
    """Since when a court order or enforcement was reported, for the claims that have one: the latest day."""
    kept = Endings(office.connection).statuses(claims)
    keys = office.vault.by_id([one.claim for one in kept])
    found: dict[str, date] = {}
    for one in kept:
        item = open_message(one.payload, keys[one.claim], one.message_id).item
        status = CaseStatus.model_validate_json(item.partition("\n")[0])
        if status.status in _TITLED:
            found[one.claim] = max(status.since, found.get(one.claim, status.since))
    return found


def _ending(claim: str, kind: RetentionKind, since: date, figures: LegalFigures, today: date) -> Ending:
    return Ending(claim, kind, kept_until(figures, kind, since, today))
