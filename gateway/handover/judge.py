"""Judging a chunk: what store and vault know of its claims is read once, then the pure screening runs.

Reads only, so a dry run is the same code. A row that is as it was costs one look-up and is not judged again, unless it was
refused: facts may have changed. A held claim is judged again each night from its stored form. On a night without a fresh
feed, what a fact once stopped stays as it is: the silence of a feed that is missing, cut off or old takes nothing back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from gateway.errors import IntegrityError
from gateway.handover.changes import changes_of
from gateway.handover.choice import Choice
from gateway.handover.feed import Feed, named
from gateway.handover.inbox import FirstPass
from gateway.handover.marked import erased_digest
from gateway.handover.mixups import MIXUPS
from gateway.handover.persons import Persons, Subjects
from gateway.handover.repeats import Place
from gateway.handover.standing import standing_by_agency
from gateway.handover.told import told_digest
from gateway.office import Office
from gateway.rules.current import current
from gateway.rules.ordered import rule
from gateway.settings import Source
from gateway.state import ClaimState, state_of
from gateway.steps.screen import screen
from gateway.store.claims import Screening
from gateway.store.payload import source_of
from gateway.store.releases import Release
from keys.claimkeys import ClaimKey
from keys.labels import Label
from schemas.claim import Claim, Rejected, Row
from schemas.screening import Changed, Cleared, Refused, Told, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim, its verdict today under which mandate, and what the store must know of the row it came from.

    `told`: what its agency will know of it, where that is more than the row says.
    """

    claim: Claim
    verdict: Verdict | Changed
    mandate: str
    row: int
    row_digest: bytes
    handed_over: bool
    held_since: date | None = None
    dropped: tuple[str, ...] = ()
    told: Told | None = None


class Chunk(NamedTuple):
    """A chunk of a file, judged: verdicts, rows that are a repetition, rows that have not changed."""

    judged: list[Judged]
    repeated: list[Rejected]
    unchanged: int


class HeldChunk(NamedTuple):
    """Held claims, judged again: those whose verdict changed, and those that stay as they are."""

    changed: list[Judged]
    same: list[Judged]


class Mark(NamedTuple):
    """What file and store say of a claim: see `Known`."""

    repeated: bool = False
    mixed_up: frozenset[str] = frozenset()
    handed_over: bool = False
    held_since: date | None = None
    released: frozenset[str] = frozenset()
    unmatched: bool = False
    request_open: bool = False
    contested: bool = False


class _Stored(NamedTuple):
    """What is known of claims by number: keys, latest verdicts, the unmatched since a restore, those without source data."""

    keys: dict[str, ClaimKey]
    screenings: dict[str, Screening]
    unmatched: set[str]
    forgotten: set[str]


class Judge:
    """Judges the claims of one source on one day, each under the mandate that selects it.

    A claim that another mandate than those of `choice` selects is left as it is. `feed` is what the source's facts feed
    says tonight.
    """

    def __init__(self, office: Office, source: Source, choice: Choice, today: date, feed: Feed) -> None:
        self._office = office
        self._source = source
        self._choice = choice
        self._today = today
        self._feed = feed
        self._standing = standing_by_agency(office, source, feed.silent)
        self.persons = Persons(office, source.entity)
        with office.connection.begin():
            self._markers = office.requests.has_markers()

    def number(self, claim_no: str) -> bytes:
        """The keyed digest by which the two passes over a file know a claim number."""
        return self._office.digest(Label.CLAIM_NUMBER, self._source.entity, claim_no)

    def rows(self, rows: Sequence[Row], seen: FirstPass) -> Chunk:
        """Judges rows of a file; of a repeated number, the first row is held. Later ones and erased claims are rejected."""
        erased = self._erased(rows)
        known = self._known(row.claim.claim_no for row in rows if row.row not in erased)
        erased |= {row.row for row in rows if row.claim.claim_no in known.forgotten}
        placed = [(row, seen.repeats.place(row.claim.claim_no)) for row in rows if row.row not in erased]
        later = [
            Rejected(row=row.row, field="claim_no", rule="repeated") for row, place in placed if place is Place.LATER
        ]
        people = self.persons.of([(row.claim, known.keys.get(row.claim.claim_no)) for row, _ in placed])
        judged: list[tuple[Judged, Screening | None]] = []
        unchanged = 0
        for (row, place), subjects in zip(placed, people, strict=True):
            if place is Place.LATER:
                continue
            mark = Mark(
                repeated=place is Place.FIRST,
                mixed_up=seen.mixups.of(row.row),
                unmatched=row.claim.claim_no in known.unmatched,
                request_open=bool(self.persons.requests(subjects)),
                contested=self.persons.contest(subjects),
            )
            digest = self._row_digest(row.claim, mark)
            stored = known.screenings.get(row.claim.claim_no)
            same_row = stored is not None and stored.row_digest == digest
            if stored is not None:
                if same_row and stored.verdict != ClaimState.REFUSED:
                    unchanged += 1
                    continue
                mark = mark._replace(handed_over=stored.handed_over, held_since=stored.held_since if same_row else None)
            claim = self.persons.corrections.put_right(row.claim, subjects, known.keys.get(row.claim.claim_no))
            found = self._judge(claim, mark, row.row, digest, row.dropped)
            if found is not None and (
                (same_row and is_as_it_was(found.verdict, stored)) or self._forgets(found.verdict, stored)
            ):
                unchanged += 1
            elif found is not None:
                judged.append((found, stored))
        gone = [Rejected(row=row, field="claim_no", rule="erased") for row in sorted(erased)]
        return Chunk(self.as_changes(judged), gone + later, unchanged)

    def held(self, screenings: Sequence[Screening]) -> HeldChunk:
        """Judges held claims again. Raises IntegrityError if the vault does not know one of them."""
        with self._office.vault_connection.begin():
            keys = self._office.vault.by_id([found.claim for found in screenings])
        with self._office.connection.begin():
            lifted = self._office.releases.lifted([found.claim for found in screenings], self._today)
            unmatched = self._office.unmatched.among([found.claim for found in screenings])
        changed: list[Judged] = []
        same: list[Judged] = []
        both: list[tuple[Judged, Screening]] = []
        lifted_of: dict[str, frozenset[str]] = {}
        claims = [source_of(found, key_of(keys, found.claim)).claim for found in screenings]
        people = self.persons.of([(claim, keys[found.claim]) for found, claim in zip(screenings, claims, strict=True)])
        for found, claim, subjects in zip(screenings, claims, people, strict=True):
            released = self._released(found, claim, subjects, lifted.get(found.claim, ()))
            told = MIXUPS & {*found.rules, *released}
            repeated, strange = "repeated" in found.rules, found.claim in unmatched
            stopped, contested = bool(self.persons.requests(subjects)), self.persons.contest(subjects)
            mark = Mark(repeated, told, found.handed_over, found.held_since, released, strange, stopped, contested)
            right = self.persons.corrections.put_right(claim, subjects, keys[found.claim])
            judged = self._judge(right, mark, found.row, found.row_digest)
            if judged is not None:
                both.append((judged, found))
                lifted_of[found.claim] = released
        for now, (_, before) in zip(self.as_changes(both), both, strict=True):
            stays = is_as_it_was(now.verdict, before) or self._forgets(now.verdict, before, lifted_of[before.claim])
            (same if stays else changed).append(now)
        return HeldChunk(changed, same)

    def _released(
        self, found: Screening, claim: Claim, subjects: Subjects, releases: Sequence[Release]
    ) -> frozenset[str]:
        """The rules lifted for a claim whose row, facts and requests are those that people knew."""
        if not releases:
            return frozenset()
        told = told_digest(self._office, found.claim, self._feed.told(named(claim)), self.persons.requests(subjects))
        return frozenset(
            name
            for release in releases
            if (release.row_digest, release.told_digest) == (found.row_digest, told)
            for name in release.rules
        )

    def _forgets(
        self, verdict: Verdict | Changed, stored: Screening | None, released: frozenset[str] = frozenset()
    ) -> bool:
        """Whether a claim would go on because a fact that stopped it is not told, by a feed whose silence is not a no."""
        if stored is None or stored.handed_over or self._source.facts is None or self._feed.silent.fresh:
            return False
        gone = {*stored.rules} - {*reasons(verdict)} - released - {"dispute-unknown"}
        return not isinstance(verdict, Refused) and any(
            need.startswith("facts.") for name in gone for need in rule(name).needs
        )

    def _judge(
        self, claim: Claim, mark: Mark, row: int, row_digest: bytes, dropped: tuple[str, ...] = ()
    ) -> Judged | None:
        """A claim under the mandate that selects it as it stands today; None if this run is not about that mandate."""
        facts = self._feed.of(named(claim))
        chosen = self._choice.choose(current(claim, facts))
        if chosen is None:
            return None
        known = self._standing[chosen.mandate.agency]
        if mark != Mark() or facts is not known.facts or chosen.selecting != 1 or not chosen.agency_fit:
            changes = {"facts": facts, "mandates": chosen.selecting, "agency_fit": chosen.agency_fit}
            known = known.model_copy(update=changes | mark._asdict())
        verdict = screen(claim, known, chosen.mandate, self._today)
        since = held_since(verdict, mark.held_since, self._today)
        more = isinstance(verdict, Cleared) and facts is not self._feed.silent
        told = Told(claim=current(claim, facts), credited=facts.credited) if more else None
        return Judged(claim, verdict, chosen.mandate.id, row, row_digest, mark.handed_over, since, dropped, told)

    def again(self, claim: Claim, stored: Screening) -> Judged | None:
        """A claim that an agency has, as its row was last read."""
        return self._judge(claim, Mark(handed_over=True), stored.row, stored.row_digest)

    def as_changes(self, found: Sequence[tuple[Judged, Screening | None]]) -> list[Judged]:
        """Of claims that agencies have, what they will be told of each, unless only a person can say; others as they are."""
        handed_over = [(one.claim, stored) for one, stored in found if stored is not None and stored.handed_over]
        with self._office.vault_connection.begin():
            keys = self._office.vault.by_id([stored.claim for _, stored in handed_over])
        changes = changes_of(self._office, self._feed, [(*one, key_of(keys, one[1].claim)) for one in handed_over])
        told = [None if stored is None else changes.get(stored.claim) for _, stored in found]
        return [
            one if change is None else replace(one, verdict=change, told=change.told, held_since=None)
            for (one, _), change in zip(found, told, strict=True)
        ]

    def _known(self, claim_nos: Iterable[str]) -> _Stored:
        with self._office.connection.begin(), self._office.vault_connection.begin():
            found = self._office.vault.find(self._source.entity, claim_nos)
            current = self._office.claims.current(key.claim_id for key in found.values())
            unmatched = self._office.unmatched.among([key.claim_id for key in found.values()])
        return _Stored(
            found,
            {number: current[key.claim_id] for number, key in found.items() if key.claim_id in current},
            {number for number, key in found.items() if key.claim_id in unmatched},
            {number for number, key in found.items() if key.source is None},
        )

    def _erased(self, rows: Sequence[Row]) -> set[int]:
        """The rows whose claims were erased on request."""
        if not self._markers:
            return set()
        entity = self._source.entity
        digests = {row.row: erased_digest(self._office, entity, row.claim.claim_no) for row in rows}
        with self._office.connection.begin():
            marked = self._office.requests.marked(set(digests.values()), self._today)
        return {row for row, digest in digests.items() if digest in marked}

    def _row_digest(self, claim: Claim, mark: Mark) -> bytes:
        marks = " ".join([*(("repeated",) if mark.repeated else ()), *sorted(mark.mixed_up)])
        return self._office.digest(Label.ROW, self._source.entity, claim.model_dump_json(), marks)


def is_as_it_was(verdict: Verdict | Changed, stored: Screening | None) -> bool:
    """Whether a verdict is the stored one: for the same reasons held or refused."""
    return stored is not None and state_of(verdict) == stored.verdict and reasons(verdict) == stored.rules


def held_since(verdict: Verdict, before: date | None, today: date) -> date | None:
    """The day from which a person has had to look; None while time alone may end the hold."""
    if all(rule(name).waits for name in reasons(verdict)):
        return None
    return before or today


def reasons(verdict: Verdict | Changed) -> tuple[str, ...]:
    """The rules against handing a claim over."""
    return () if isinstance(verdict, Cleared) else verdict.rules


def key_of(keys: dict[str, ClaimKey], claim_id: str) -> ClaimKey:
    """The key of a stored claim. Raises IntegrityError: a known claim without its key never gets a new one."""
    try:
        return keys[claim_id]
    except KeyError:
        raise IntegrityError(
            "gateway.db holds a claim that vault.db has no key for: the two are not of the same night; "
            "restore both from backups of one time"
        ) from None
