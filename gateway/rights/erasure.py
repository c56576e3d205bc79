"""Carrying out what was decided about an erasure (Art. 17 GDPR): what ends now, and what is only kept until a day.

    decide    in one transaction: the plan in the request's file, notices queued, markers set, restrictions begun
    seal      the notices, before anything is destroyed
    erase     keys, rows and items of what ends now, and the source data of what is only kept: `gateway.retention.erasing`
    execute   one transaction: what was done, in numbers

A request that is decided is finished by the next run, whatever happens. A marker keeps the next export from handing the
same claim over again. What is restricted ends by itself: `nightly` erases it after its last day.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from audit.store import append
from gateway.errors import UsageError
from gateway.figures.retention import kept_until
from gateway.figures.tables import load_figures
from gateway.handover.judge import key_of
from gateway.handover.requested import covers
from gateway.handover.waiting import seal_waiting
from gateway.office import Office
from gateway.retention.erasing import erase
from gateway.retention.keeping import kept_for_now
from gateway.retention.titles import titles
from gateway.rights import notices
from gateway.rights.deadline import months_after
from gateway.rights.fate import BARRED, MARKED_YEARS, Standing, by_group, decide
from gateway.rights.life import PENDING, Opened, change, claims_of, concern
from gateway.rights.markers import Marked, mark
from gateway.state import ClaimState
from gateway.store.cases import CaseRecord
from gateway.store.payload import open_payload
from gateway.store.requests import Restriction
from keys.claimkeys import ClaimKey
from keys.references import new_id
from schemas.calendar import day_in_germany
from schemas.codes import ErasureScope, RequestKind, RestrictionGround
from schemas.entry import ErasureGround
from schemas.figures import RetentionKind
from schemas.request import ErasureClaim, Fate, Kept, Planned, RequestState
from schemas.request_entry import RequestExecuted, RestrictionsProlonged
from schemas.words import counted

_VAULT_ALONE: Final = (
    "{count} more claims are known to the vault alone since a restore, so nothing keeps an export from bringing them back: "
    "hand over with the newest export first"
)


class Plan(NamedTuple):
    """What will become of the claims of a request: by claim, and by group of fields; claim numbers for whoever decides."""

    planned: tuple[Planned, ...]
    kept: tuple[Kept, ...]
    numbers: dict[str, str]

    def lines(self) -> tuple[str, ...]:
        """The plan as a person approves it: claim numbers, groups, norms; nothing else of anybody."""
        groups = tuple(
            f"{one.group}: {one.fate}{'' if one.until is None else f' until {one.until}'} "
            f"({counted(one.claims, 'claim')}), {one.norm}"
            for one in self.kept
        )
        claims = tuple(
            f"claim {self.numbers[one.claim]}: {one.fate}{'' if one.until is None else f' until {one.until}'}"
            for one in self.planned
            if one.claim in self.numbers
        )
        alone = len(self.planned) - len(self.numbers)
        return (*groups, *claims, *((_VAULT_ALONE.format(count=alone),) if alone else ()))


def plan(office: Office, opened: Opened, ground: ErasureClaim, today: date) -> Plan:
    """What an erasure would do today, inside the caller's transactions. Raises UsageError for a request that must wait."""
    subjects = office.requests.subjects(opened.id)
    for other in office.requests.of_subjects(subjects):
        waits = other.kind is RequestKind.ACCESS and other.state in PENDING and other.id != opened.id
        if waits and covers(office, other, claims_of(office, opened)):
            raise UsageError(
                f"request {other.id} of the same person for access has not been answered: answer it first, because after "
                "the erasure there is nothing left to answer it from"
            )
    standings = standings_of(office, claims_of(office, opened))
    figures = load_figures(office.configuration.settings.figures)
    planned = tuple(decide(one, ground, figures, today) for one in standings)
    return Plan(planned, by_group(standings, planned, ground), numbers_of(office, [one.claim for one in standings]))


def standings_of(office: Office, keys: dict[str, ClaimKey]) -> list[Standing]:
    """Where each of these claims stands, inside the caller's transactions."""
    claims = list(keys)
    current = office.claims.current(claims)
    cases: dict[str, list[CaseRecord]] = {}
    for case in office.cases.all_of_claims(claims):
        cases.setdefault(case.claim, []).append(case)
    told = {one.claim for one in office.cases.of_claim_messages(claims)}
    titled = titles(office, claims)
    found = []
    for claim in claims:
        own = cases.get(claim, [])
        ended = [day_in_germany(datetime.fromisoformat(case.ended)) for case in own]
        verdict = ClaimState(current[claim].verdict) if claim in current else ClaimState.REFUSED
        found.append(
            Standing(
                claim,
                verdict,
                tuple(case.standing for case in own),
                max(ended, default=None),
                claim in told,
                titled.get(claim),
                keys[claim].source is not None,
            )
        )
    return found


def numbers_of(office: Office, claims: Sequence[str]) -> dict[str, str]:
    """The source's numbers of claims, inside the caller's transactions."""
    keys = office.vault.by_id(claims)
    return {
        claim: open_payload(found.payload, key_of(keys, claim), found.package).claim_no
        for claim, found in office.claims.current(claims).items()
    }


def begin(office: Office, opened: Opened, found: Plan, today: date, now: datetime) -> int:
    """Notices, markers and restrictions of a plan, inside the transactions that decide; how many notices."""
    gone = [one for one in found.planned if one.fate is Fate.ERASED]
    only_kept = [one for one in found.planned if one.fate is Fate.RESTRICTED]
    entity = opened.record.entity
    mark(
        office,
        entity,
        {
            found.numbers[one.claim]: Marked(one.norm, max(one.until or today, months_after(today, 12 * MARKED_YEARS)))
            for one in (*gone, *only_kept)
            if one.claim in found.numbers
        },
        opened.id,
    )
    office.requests.restrict(
        [Restriction(one.claim, one.until, one.norm, opened.id) for one in only_kept if one.until is not None]
    )
    told = notices.erase(office, opened.id, [one.claim for one in gone], now)
    ground = RestrictionGround.LEGAL_CLAIMS
    return told + notices.restrict(office, opened.id, [one.claim for one in only_kept], ground, now)


def finish(office: Office, opened: Opened, now: datetime) -> Opened:
    """Carries out what was decided, once more if a run was killed in it. Call it in no transaction."""
    seal_waiting(office, now)
    gone = [one.claim for one in opened.file.planned if one.fate is Fate.ERASED]
    with office.vault_connection.begin():
        left = list(office.vault.by_id(gone))
        kept = office.vault.by_id([one.claim for one in opened.file.planned if one.fate is Fate.RESTRICTED])
        sources = [key.claim_id for key in kept.values() if key.source is not None]
    if left:
        erase(office, left, ErasureGround.REQUEST, opened.file.approved, now)
    if sources:
        erase(office, sources, ErasureGround.REQUEST, opened.file.approved, now, scope=ErasureScope.SOURCE)
    erasures = _done(office, opened)
    lasting = any(one.fate is not Fate.ERASED for one in opened.file.planned)
    entry = RequestExecuted(
        id=new_id(),
        time=now,
        actor="system:erasure",
        request=opened.id,
        erased=len(gone),
        restricted=sum(one.fate is Fate.RESTRICTED for one in opened.file.planned),
        stops=opened.record.stops and opened.file.contested and lasting,
        erasures=erasures,
    )
    with office.connection.begin(), office.vault_connection.begin():
        if not lasting:
            concern(office, opened.id, ())
        every = (*opened.file.erasures, *erasures)
        return change(office, opened, entry, RequestState.EXECUTED, erasures=every)


def _done(office: Office, opened: Opened) -> tuple[str, ...]:
    """The erasures of this decision, also those that a run did that was killed after them."""
    if opened.file.approved is None:
        return ()
    with office.connection.begin():
        return tuple(office.erasures.approved_by(opened.file.approved))


def end_restrictions(office: Office, today: date, now: datetime) -> int:
    """Erases what was only kept and has reached its last day; how many claims. Call it in no transaction.

    What has a title that was told of since is kept on, until that is time-barred; what a request keeps, while it does.
    """
    figures = load_figures(office.configuration.settings.figures)
    with office.connection.begin(), office.vault_connection.begin():
        kept = kept_for_now(office)
        over = {one.claim: one for one in office.requests.ended(today) if one.claim not in kept}
        left = list(office.vault.by_id(list(over)))
        longer = {
            claim: over[claim]._replace(until=until, norm=BARRED[RetentionKind.TITLE])
            for claim, titled in titles(office, left).items()
            if (until := kept_until(figures, RetentionKind.TITLE, titled, today)) >= today
        }
        office.requests.restrict(list(longer.values()))
        if longer:
            prolonged = RestrictionsProlonged(id=new_id(), time=now, actor="system:nightly", claims=len(longer))
            append(office.connection, prolonged)
    gone = [claim for claim in left if claim not in longer]
    if gone:
        erase(office, gone, ErasureGround.RETENTION, None, now)
    with office.connection.begin():
        office.requests.release([claim for claim in over if claim not in longer])
    return len(gone)
