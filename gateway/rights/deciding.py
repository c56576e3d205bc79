"""Deciding about a request: what would happen, as a person approves it, and doing it.

Rules: nothing is disclosed, destroyed or refused before it is known who asks, but a refusal because that could not be
established. Two people approve what destroys or refuses, one approves the rest. A restriction needs no decision to begin:
it holds from the moment the person is known, and what is decided is whether it stays.
"""

from collections import Counter
from datetime import date, datetime
from typing import NamedTuple

from gateway.errors import UsageError
from gateway.log.protecting import PROTECTS
from gateway.office import Office
from gateway.people.approvals import Build, Given, Preview, actor_of, settle
from gateway.rights import erasure, notices
from gateway.rights.correction import identities, put_right
from gateway.rights.life import RESTRICTS, Opened, change, claims_of, load_request
from gateway.rights.told import addressee, names_of
from keys.references import new_id
from schemas.codes import RequestKind, RestrictionGround
from schemas.request import ErasureClaim, Fate, Outcome, Recipient, RequestRefusal, RequestState
from schemas.request_entry import NoticesMade, RequestDecided, RequestExecuted
from schemas.words import counted


class Decision(NamedTuple):
    """What would be done about a request: by how many people it must be approved, and what they are shown."""

    opened: Opened
    outcome: Outcome
    refusal: RequestRefusal | None
    people: int
    lines: tuple[str, ...]
    claims: tuple[str, ...]
    plan: erasure.Plan | None

    @property
    def build(self) -> Build:
        """The preview."""
        head = (
            f"request {self.opened.id}: {self.opened.file.kind}, received {self.opened.record.received}",
            f"decided: {self.outcome}{'' if self.refusal is None else f' because {self.refusal}'}",
            f"{counted(self.people, 'approval')} needed",
        )
        return lambda made: Preview("request approve", made, (*head, *self.lines))


def protect(office: Office, opened: Opened, now: datetime) -> Opened:
    """Both sides only keep what a restriction, an objection or a contestation is about, at once (Art. 18, 21 GDPR).

    Inside the caller's transactions.
    """
    if not opened.restricts:
        return opened
    ground = opened.file.ground or _ground(opened)
    claims = list(claims_of(office, opened))
    count = notices.restrict(office, opened.id, claims, ground, now)
    if not count:
        return opened
    entry = NoticesMade(id=new_id(), time=now, actor="system:request", request=opened.id, notices=count)
    return change(office, opened, entry, ground=ground)


def deciding(
    office: Office, opened: Opened, refusal: RequestRefusal | None, ground: ErasureClaim | None, today: date
) -> Decision:
    """What a decision would do today. Raises UsageError if the request is not ready for it."""
    state = opened.record.state
    if state not in {RequestState.OPENED, RequestState.IDENTIFIED}:
        raise UsageError(f"this request is {state}: it has been decided; `request reopen` starts it again")
    if ground is not None and opened.file.kind is not RequestKind.ERASURE:
        raise UsageError("--ground is that of an erasure (Art. 17(1) GDPR): this request asks for something else")
    if state is RequestState.OPENED and refusal is not RequestRefusal.IDENTITY:
        raise UsageError("it has not been established who asks: `inkasso request identify` first; nothing was done")
    if opened.file.recipient is None:
        raise UsageError(
            "nobody knows where the answer goes, because no claim says it, or claims of one customer number name several "
            "people: `inkasso request address REQUEST --recipient FILE` first; nothing was done"
        )
    with office.connection.begin(), office.vault_connection.begin():
        subjects = office.requests.subjects(opened.id)
        claims = tuple(claims_of(office, opened))
        about = (*_about(opened, subjects), *_several(office, claims))
        if refusal is not None:
            return Decision(opened, Outcome.REFUSED, refusal, 2, (*about, *_held(office, claims)), claims, None)
        if not claims:
            lines = (*about, "nothing is held of this person")
            return Decision(opened, Outcome.NOTHING_HELD, None, 1, lines, (), None)
        if opened.file.kind is RequestKind.ERASURE:
            return _erasing(office, opened, ground, about, today)
        if opened.file.kind is RequestKind.RECTIFICATION and opened.file.correction is None:
            raise UsageError(
                "what is right instead is missing: `inkasso request correct REQUEST --correction FILE` first"
            )
        return Decision(opened, Outcome.GRANTED, None, 1, (*about, *_held(office, claims)), claims, None)


def approve(office: Office, decision: Decision, given: Given, today: date, now: datetime) -> Opened:
    """Decides as shown, and carries it out. Call it in no transaction. Raises ApprovalError."""
    opened = decision.opened
    with office.connection.begin(), office.vault_connection.begin():
        approved = settle(decision.build, given, office, now, decision.people)
        count = _tell(office, decision, today, now)
        rectified = opened.file.kind is RequestKind.RECTIFICATION and decision.outcome is Outcome.GRANTED
        granted = put_right(office, opened, decision.claims) if rectified else ()
        entry = RequestDecided(
            id=new_id(),
            time=now,
            actor=actor_of(approved),
            request=opened.id,
            outcome=decision.outcome,
            refusal=decision.refusal,
            claims=len(decision.claims),
            notices=count,
            stops=opened.record.stops and not _ends(decision),
            approved=approved,
        )
        plan = decision.plan
        opened = change(
            office,
            opened,
            entry,
            RequestState.DECIDED,
            actor=entry.actor,
            outcome=decision.outcome,
            refusal=decision.refusal,
            kept=() if plan is None else plan.kept,
            planned=() if plan is None else plan.planned,
            approved=approved,
            corrected=(*opened.file.corrected, *granted),
            recipient=_recipient(office, opened, rectified=rectified),
        )
    return _finish(office, opened, now)


def _recipient(office: Office, opened: Opened, *, rectified: bool) -> Recipient | None:
    """Where the answer goes: to the right name and address, where they were looked up and have been put right."""
    if not rectified or not opened.file.looked_up:
        return opened.file.recipient
    return addressee(office, claims_of(office, opened)) or opened.file.recipient


def finish_decided(office: Office, now: datetime) -> None:
    """What a run does with requests that were decided and not carried out. Call it in no transaction."""
    with office.connection.begin():
        found = office.requests.in_states((RequestState.DECIDED,))
    for one in found:
        _finish(office, load_request(office, one.id), now)


def _finish(office: Office, opened: Opened, now: datetime) -> Opened:
    return erasure.finish(office, opened, now) if opened.file.planned else _executed(office, opened, now)


def _erasing(
    office: Office,
    opened: Opened,
    ground: ErasureClaim | None,
    about: tuple[str, ...],
    today: date,
) -> Decision:
    if ground is None:
        raise UsageError("name the ground of the erasure (Art. 17(1) GDPR) with --ground")
    plan = erasure.plan(office, opened, ground, today)
    fates = {one.fate for one in plan.planned}
    outcome = Outcome.GRANTED if fates == {Fate.ERASED} else Outcome.IN_PART
    refusal = None
    if fates == {Fate.KEPT}:
        outcome, refusal = Outcome.REFUSED, RequestRefusal.LEGAL_CLAIMS
    lines = (*about, f"ground: {ground}", *plan.lines(), *_beyond(office, opened))
    return Decision(opened, outcome, refusal, 2, lines, tuple(one.claim for one in plan.planned), plan)


def _about(opened: Opened, subjects: tuple[str, ...]) -> tuple[str, ...]:
    """Whom, how identified, and which correction and address: what an approval is for, by ids, codes and counts alone."""
    file = opened.file
    steps = Counter(step.what for step in file.history)
    lines = [f"about subject {subject}" for subject in subjects] or ["about nobody of whom anything is held"]
    if file.only:
        lines.append(
            "of whose claims only those that were named; others under the customer number are another person's"
        )
    if file.identified is not None:
        times = counted(steps["request identified"], "time")
        lines.append(f"identified by {file.identified.proof} on {file.identified.on} (identified {times})")
        if file.identified.representation is not None:
            lines.append(f"represented by {file.identified.representation.authority}")
    if file.correction is not None:
        parts = [part for part in ("name", "address") if getattr(file.correction, part) is not None]
        lines.append(f"correction {steps['request corrected']}: the whole {' and '.join(parts)}")
    whose = "the latest claim" if file.looked_up else "the person"
    lines.append(f"the answer goes to the address of {whose} (addressed {counted(steps['request addressed'], 'time')})")
    return tuple(lines)


def _held(office: Office, claims: tuple[str, ...]) -> tuple[str, ...]:
    numbers = erasure.numbers_of(office, claims)
    told = Counter(case.agency for case in office.cases.all_of_claims(claims))
    return (
        counted(len(claims), "claim"),
        *(f"claim {number}" for number in sorted(numbers.values())),
        *(f"{counted(count, 'case')} at {agency}" for agency, count in sorted(told.items())),
    )


def _several(office: Office, claims: tuple[str, ...]) -> tuple[str, ...]:
    names = names_of(office, office.vault.by_id(claims))
    if names < 2:
        return ()
    look = f"LOOK: the claims name {names} people under one customer number; if they are not one person, "
    return (look + "`request identify` again with --claim for each claim of the one who asks",)


def _beyond(office: Office, opened: Opened) -> tuple[str, ...]:
    return tuple(
        f"beyond reach: files of source {source} in its folder `processed` hold what was read; delete them"
        for source in office.configuration.keeps_exports(opened.record.entity)
    )


def _tell(office: Office, decision: Decision, today: date, now: datetime) -> int:
    """What agencies are told in the transaction that decides; how many notices."""
    opened, claims = decision.opened, decision.claims
    told = 0 if decision.plan is None else erasure.begin(office, opened, decision.plan, today, now)
    if decision.outcome is Outcome.REFUSED and opened.restricts and not opened.file.contested:
        return told + notices.unrestrict(office, opened.id, claims, now)
    if opened.file.kind is RequestKind.RECTIFICATION and decision.outcome is Outcome.GRANTED:
        return notices.rectify(office, opened.id, identities(office, opened, claims), now)
    return told


def _executed(office: Office, opened: Opened, now: datetime) -> Opened:
    lasts = opened.file.kind in RESTRICTS and opened.file.outcome is Outcome.GRANTED
    with office.connection.begin(), office.vault_connection.begin():
        claims = claims_of(office, opened) if lasts else {}
        entry = RequestExecuted(
            id=new_id(),
            time=now,
            actor="system:request",
            request=opened.id,
            erased=0,
            restricted=len(claims),
            stops=opened.record.stops,
        )
        return change(office, opened, entry, RequestState.EXECUTED)


def _ends(decision: Decision) -> bool:
    """Whether the hand-over of the person's claims goes on: after everything but a restriction that stays, or a claim that
    is contested. Whatever was decided of what was asked for along with that, the contestation is examined by itself, and
    the person is told before it ends (Art. 18(1)(a), (3) GDPR): `lift`.
    """
    file = decision.opened.file
    if file.contested:
        return decision.outcome is Outcome.NOTHING_HELD
    return decision.outcome is not Outcome.GRANTED or file.kind not in PROTECTS - {RequestKind.RECTIFICATION}


def _ground(opened: Opened) -> RestrictionGround:
    if opened.file.contested:
        return RestrictionGround.DISPUTED
    return RestrictionGround.OBJECTION if opened.file.kind is RequestKind.OBJECTION else RestrictionGround.ACCURACY
