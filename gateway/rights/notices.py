"""Notices: every agency that received data is told what was done about them, and is followed to its signed answer.

Rules: one message for each case an agency has or had, and none for one whose package was withdrawn; queued in the
transaction that decides, sealed before anything is destroyed. A processor is instructed, a controller is told (Art. 19,
28(3) GDPR). Silence is overdue after a month; an answer to a notice that was never sent changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from gateway.errors import OverdueError
from gateway.handover.grounds import restricted_otherwise
from gateway.handover.judge import key_of
from gateway.handover.waiting import queue
from gateway.office import Office
from gateway.store.cases import CaseRecord
from gateway.store.requests import Notice
from keys.references import new_id
from schemas.answers import NoticeAck
from schemas.case import Identity
from schemas.codes import RestrictionGround
from schemas.messages import CaseErase, CaseRectify, CaseRestrict, CaseUnrestrict, Stop
from schemas.vetting import LegalRole
from schemas.words import counted

SILENCE: Final = timedelta(days=30)
Build = Callable[[str, str, CaseRecord], Stop]
"""A stop from its message id, the case's reference and the case."""


def notify(
    office: Office,
    request: str,
    claims: Collection[str],
    build: Build,
    now: datetime,
    *,
    identities: dict[str, Identity] | None = None,
    cases: Sequence[CaseRecord] | None = None,
) -> int:
    """Queues a notice for every case of these claims, inside the caller's transactions; how many.

    `identities`: the corrected identity of a claim, for a rectification. `cases`: only these of them.
    """
    keys = office.vault.by_id(sorted(claims))
    cases = office.cases.all_of_claims(claims) if cases is None else cases
    reached = office.voids.reached({case.package for case in cases})
    cases = [case for case in cases if case.package in reached]
    refs = {agency: office.vault.references_of(claims, agency) for agency in {case.agency for case in cases}}
    notices = []
    for case in cases:
        stop = build(new_id(), refs[case.agency][case.claim], case)
        identity = (identities or {}).get(case.claim)
        queue(office, case, stop, key_of(keys, case.claim), now, identity=identity)
        notices.append(Notice(stop.message_id, request, case.agency, stop.case_ref, stop.type, now.isoformat()))
    office.requests.notify(notices)
    return len(notices)


def restrict(office: Office, request: str, claims: Collection[str], ground: RestrictionGround, now: datetime) -> int:
    """Both sides only keep these claims from now on (Art. 18(1), 19 GDPR); who was told so already is not told again."""
    cases = office.cases.all_of_claims(claims)
    told = {agency: office.cases.kept_restricted(agency, claims) for agency in {case.agency for case in cases}}
    for case in cases:
        office.cases.change(case.message_id, restricted=True)
    return notify(
        office,
        request,
        claims,
        lambda message, ref, _: CaseRestrict(message_id=message, case_ref=ref, ground=ground),
        now,
        cases=[case for case in cases if not case.restricted or case.claim not in told[case.agency]],
    )


def unrestrict(office: Office, request: str, claims: Collection[str], now: datetime) -> int:
    """The restriction of these claims has ended on both sides, but of cases that something else restricts as well."""
    cases = office.cases.all_of_claims(claims)
    bound = restricted_otherwise(office, cases, request=request)
    free = [case for case in cases if case.message_id not in bound]
    for case in free:
        office.cases.change(case.message_id, restricted=False)
    return notify(
        office,
        request,
        claims,
        lambda message, ref, case: CaseUnrestrict(message_id=message, case_ref=ref, dispute=case.dispute),
        now,
        cases=free,
    )


def erase(office: Office, request: str, claims: Collection[str], now: datetime) -> int:
    """A processor must erase, a controller is told that it should (Art. 17, 19, 28(3)(g) GDPR)."""

    def build(message: str, ref: str, case: CaseRecord) -> CaseErase:
        return CaseErase(message_id=message, case_ref=ref, instruction=instructs(office, case.agency))

    return notify(office, request, claims, build, now)


def instructs(office: Office, agency: str) -> bool:
    """Whether an agency is a processor, which must do as it is told."""
    profile = office.configuration.agency(agency).profile
    return profile is not None and profile.role is LegalRole.PROCESSOR


def rectify(office: Office, request: str, identities: dict[str, Identity], now: datetime) -> int:
    """What was sent is replaced at every recipient (Art. 16, 19 GDPR)."""
    return notify(
        office,
        request,
        list(identities),
        lambda message, ref, _: CaseRectify(message_id=message, case_ref=ref),
        now,
        identities=identities,
    )


def settle(office: Office, notice: Notice, answer: NoticeAck, now: datetime) -> None:
    """An agency's signed answer to a notice, inside the caller's transaction. A later answer replaces an earlier one."""
    answered = notice._replace(result=answer.result, until=answer.until, ground=answer.ground)
    office.requests.settle(answered, now)


def overdue(office: Office, now: datetime) -> list[OverdueError]:
    """One sentence for each agency that has been silent about notices for too long."""
    latest = (now - SILENCE).isoformat()
    with office.connection.begin():
        silent = Counter(one.agency for one in office.requests.notices() if one.answered is None and one.made < latest)
    return [
        OverdueError(
            f"{agency} has not answered {counted(count, 'notice')} (Art. 19 GDPR) within {SILENCE.days} days: ask it, and "
            "see `inkasso request list`"
        )
        for agency, count in sorted(silent.items())
    ]
