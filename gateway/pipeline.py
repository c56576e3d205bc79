"""The nightly hand-over, from top to bottom. Read this page first.

    recover      what a killed run left is taken back or finished
    stop         what takes back goes out first, and what it overtakes in the outbox is withdrawn
    read         each complete file of the inbox, in two passes; then the claims held on earlier nights; then what the
                 facts feed says of claims that agencies have
    screen       a chunk at a time, with what facts feed, store and vault know of its claims; the feed is asked again
                 right before a package is sealed
    keep         references and keys, verdicts, sealed lines: `handover.batch`, one package per 50,000 claims
    deliver      everything sealed, in order of sequence, never twice

An agency that is not vetted gets nothing, and claims are held for it. A file, and then an agency, that fails does not
stop the others: its error is kept in the figures and decides the exit code. A fault of integrity stops everything.
`now` and `today` are given once and used throughout.
"""

import hmac
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Final, NamedTuple, TypeVar

from gateway.custody.matching import require_matched
from gateway.errors import InputError, PartnerError
from gateway.handover.batch import Assignment
from gateway.handover.batches import Batches
from gateway.handover.choice import Choice
from gateway.handover.feed import FactsChangedError, Feed, feed_of
from gateway.handover.figures import Figures, is_stop
from gateway.handover.inbox import InboxFile, first_pass, opened, put_away, waiting
from gateway.handover.judge import Judge
from gateway.handover.missing import Presence
from gateway.handover.news import news
from gateway.handover.outbox import send
from gateway.handover.recovery import recover
from gateway.handover.stops import withdraw_overtaken
from gateway.handover.waiting import seal_waiting
from gateway.log.protecting import require_protected
from gateway.office import Office
from gateway.partners import mandates, vetting
from gateway.partners.keys import with_keys_in_force
from gateway.readers.care import CareList, read_care_list
from gateway.readers.reading import read_rows
from gateway.settings import Agency, Configuration, Source
from keys.labels import Label
from schemas.claim import Rejected, Row
from schemas.mandate import Mandate

CHUNK: Final = 4_000
ATTEMPTS: Final = 3
Progress = Callable[[str, int], None]
"""Told what is being done and how many more claims of it are done."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Night:
    """One run: for which mandates, on which day, and whether it may change or send anything."""

    mandates: tuple[Mandate, ...]
    today: date
    now: datetime
    dry_run: bool
    progress: Progress


class Given(NamedTuple):
    """A source, what its facts feed says, which claims of it this run is about, what each of its mandates assigns."""

    source: Source
    feed: Feed
    choice: Choice
    assignments: tuple[Assignment, ...]


def hand_over(office: Office, night: Night) -> Figures:
    """Hands over what may be handed over, and counts what was not and why.

    Raises IntegrityError if stores and outbox do not agree; faults of single files and agencies are in the figures.
    """
    figures = Figures()
    require_matched(office)
    require_protected(office)
    mandates.require_versions(office, night.mandates)
    if not night.dry_run:
        recover(office, night.now)
        mandates.issue(office, night.mandates, night.now)
        _stop(office, night, figures)
    unfit = vetting.unfit(office, sorted({mandate.agency for mandate in night.mandates}), night.today)
    figures.failures.extend(unfit.values())
    for source in dict.fromkeys(mandate.source for mandate in night.mandates):
        _screen_source(office, night, office.configuration.source(source), unfit, figures)
    if not night.dry_run:
        _seal_waiting(office, night, figures)
        _deliver(office, night, unfit, figures)
    return figures


def _stop(office: Office, night: Night, figures: Figures) -> None:
    """Stops go out before anything is screened; what they overtake in the outbox is withdrawn before they are sealed."""
    reached = []
    for agency in office.configuration.settings.agencies:
        try:
            withdraw_overtaken(office, agency, night.now)
        except PartnerError as failure:
            figures.failures.append(failure)
        else:
            reached.append(agency)
    if _seal_waiting(office, night, figures):
        for agency in reached:
            sent = send(office, agency, night.now, lambda _: None, cases=False)
            figures.stop(sent.uploaded)
            if sent.failure is not None:
                figures.failures.append(sent.failure)


def _agency(office: Office, name: str, today: date) -> Agency:
    return with_keys_in_force(office, office.configuration.agency(name), today)


def _seal_waiting(office: Office, night: Night, figures: Figures) -> bool:
    sealed = set(seal_waiting(office, night.now))
    with office.connection.begin():
        outgoing = office.packages.outgoing()
    figures.stops_sealed += sum(one.messages for one in outgoing if one.package_id in sealed and is_stop(one))
    return bool(sealed)


def _screen_source(office: Office, night: Night, source: Source, unfit: Collection[str], figures: Figures) -> None:
    configuration = office.configuration
    mandates = configuration.mandates_of(source.id)
    try:
        care = _care_list(configuration, source)
    except InputError as failure:
        figures.failures.append(failure)
        return
    choice = Choice(mandates, {mandate.id for mandate in night.mandates}, unfit)
    feed = feed_of(configuration, source, night.today)
    if feed.failure is not None:
        figures.failures.append(feed.failure)
    given = Given(
        source,
        feed,
        choice,
        tuple(
            Assignment(source, _agency(office, mandate.agency, night.today), mandate, night.today, night.now, care)
            for mandate in mandates
        ),
    )
    with office.connection.begin():
        last = office.claims.last()
    given = _screen_inbox(office, night, given, figures)
    try:
        given = _on_latest_facts(given, partial(_screen_held, office, night, last=last, figures=figures))
        _tell_news(office, night, given, figures)
    except InputError as failure:
        figures.failures.append(failure)


def _screen_inbox(office: Office, night: Night, given: Given, figures: Figures) -> Given:
    """Every complete file. One that is gone is forgotten: should its like come back, it says anew what has changed since."""
    source, failed, lying = given.source, len(figures.failures), set[bytes]()
    last_word = given.choice.complete and not night.dry_run
    for found in waiting(source, office.configuration.path(source.inbox), night.now):
        if isinstance(found, InputError):
            figures.failures.append(found)
            continue
        screen = partial(_screen_file, office, night, file=found, figures=figures, lying=lying)
        try:
            given = _on_latest_facts(given, screen)
            if source.processed is not None and last_word:
                put_away(found, office.configuration.path(source.processed))
        except InputError as failure:
            figures.failures.append(failure)
    if last_word and len(figures.failures) == failed:
        with office.connection.begin():
            office.claims.forget_files(source.id, lying)
    return given


def _care_list(configuration: Configuration, source: Source) -> CareList:
    if source.care is None:
        return CareList()
    with opened(configuration.path(source.care)) as stream:
        return read_care_list(stream, configuration.mandates_of(source.id))


def _on_latest_facts(given: Given, screen: Callable[[Given], None]) -> Given:
    """Screens, and again when the facts feed told something new before anything was sealed; with what it says then."""
    for _ in range(ATTEMPTS):
        try:
            screen(given)
        except FactsChangedError as changed:
            given = given._replace(feed=changed.feed)
        else:
            return given
    raise InputError("a facts feed kept changing while claims were screened: they stay for the next run")


def _screen_file(
    office: Office, night: Night, given: Given, *, file: InboxFile, figures: Figures, lying: set[bytes]
) -> None:
    judge = Judge(office, given.source, given.choice, night.today, given.feed)
    seen = first_pass(file, judge.number, judge.persons.watching)
    if not night.dry_run:
        judge.persons.remember()
    digest = office.digest(Label.FILE, given.source.id, seen.sha256, file.mapping.digest)
    lying.add(digest)
    with office.connection.begin():
        rows = office.claims.file_known(digest)
        if rows is not None:
            rejects = office.claims.rejects(digest)
            figures.reject(rejects)
            figures.unchanged += rows - len(rejects)
            return
    document = file.document()
    with Batches(office, given.assignments, digest, figures, feed=given.feed, dry_run=night.dry_run) as batches:
        count = unchanged = 0
        presence = Presence(office, given.source)
        for chunk in _chunks(read_rows(document, file.mapping), CHUNK):
            readable = [row for row in chunk if isinstance(row, Row)]
            judged, repeated, same = judge.rows(readable, seen)
            unchanged += same
            presence.note(row.claim.claim_no for row in readable)
            batches.add(judged, [row for row in chunk if isinstance(row, Rejected)] + repeated)
            count += len(chunk)
            night.progress("screened", len(chunk))
        if not hmac.compare_digest(document.sha256(), seen.sha256):
            raise InputError("a file of the inbox changed while it was read: let its exporter finish, and run again")
        if not night.dry_run:
            presence.conclude(night.today, night.now)
        batches.finish(count if given.choice.complete else None)
    figures.unchanged += unchanged


def _screen_held(office: Office, night: Night, given: Given, *, last: int, figures: Figures) -> None:
    judge = Judge(office, given.source, given.choice, night.today, given.feed)
    told = Figures()
    with Batches(office, given.assignments, None, figures, feed=given.feed, dry_run=night.dry_run) as batches:
        after = 0
        while True:
            with office.connection.begin():
                page = office.claims.held(given.source.id, after, last, CHUNK)
            if not page:
                break
            after = page[-1][0]
            changed, same = judge.held([found for _, found in page])
            told.judge(same)
            batches.add(changed, [])
            night.progress("held claims read again", len(page))
        batches.finish(None)
    figures.merge(told)


def _tell_news(office: Office, night: Night, given: Given, figures: Figures) -> None:
    if given.source.facts is None:
        return
    judge = Judge(office, given.source, given.choice, night.today, given.feed)
    with Batches(office, given.assignments, None, figures, feed=given.feed, dry_run=night.dry_run) as batches:
        for changes in news(office, given.source, given.feed, judge):
            batches.add(changes, [])
        batches.finish(None)


def _deliver(office: Office, night: Night, unfit: Collection[str], figures: Figures) -> None:
    for name in sorted({mandate.agency for mandate in night.mandates}):
        sent = send(
            office,
            office.configuration.agency(name),
            night.now,
            lambda messages: night.progress("delivered", messages),
            cases=name not in unfit,
        )
        figures.deliver(sent.uploaded)
        if sent.failure is not None:
            figures.failures.append(sent.failure)


def _chunks(items: Iterator[_T], size: int) -> Iterator[list[_T]]:
    while chunk := list(islice(items, size)):
        yield chunk
