"""The demo's two people who ask: one for access, one for erasure; followed to the agency's signed answer.

Only the first run asks. The clerk and an invented second person approve; letters lie in `answers/` of the demo's folder.
"""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from gateway.agency.desk import Desk
from gateway.agency.post import post
from gateway.agency.receive import is_stop
from gateway.agency.reply import take_replies
from gateway.demo.vetting import ACTOR, make_key
from gateway.feedback.run import collect_all
from gateway.handover.judge import key_of
from gateway.handover.outbox import send
from gateway.office import Office
from gateway.people.approvals import Given
from gateway.people.roster import enrol, read_actor
from gateway.people.signers import file_key
from gateway.rights.answering import Answer, answer
from gateway.rights.deciding import approve, deciding
from gateway.rights.erasure import numbers_of
from gateway.rights.identifying import identify
from gateway.rights.life import Opened, load_request, open_request
from gateway.store.cases import CaseRecord
from keys.root import write_private
from schemas.codes import CaseStanding, RequestKind
from schemas.request import Channel, ErasureClaim, Identified, Proof, RequestFile, RequestState

OFFICER = "demo-officer"


class Asked(NamedTuple):
    """The erasure that waits for the agency's answer, and the number of the claim that was erased."""

    request: str
    claim_no: str


def ask(office: Office, home: Path, agency: str, today: date, clock: Callable[[], datetime]) -> Asked | None:
    """One person gets access, another is erased; None if people have asked before, or nobody's case is worked on."""
    with office.connection.begin():
        before = office.requests.in_states(tuple(RequestState))
        active = [one for one in office.cases.at(agency) if one.standing is CaseStanding.ACTIVE and one.acted is None]
    if before or len(active) < 2:
        return None
    folder = home / "clerk"
    make_key(folder, OFFICER)
    clerk, officer = file_key(folder / ACTOR), file_key(folder / OFFICER)
    enrol(office, read_actor(OFFICER, folder / f"{OFFICER}.pub"), Given(signers=(clerk,)), clock())
    (home / "answers").mkdir(mode=0o700)
    both = Given(signers=(clerk, officer))
    access = _identified(office, RequestKind.ACCESS, active[0], today, clock())
    approve(office, deciding(office, access, None, None, today), Given(signers=(clerk,)), today, clock())
    _write(home / "answers" / "access", answer(office, load_request(office, access.id), today, clock()))
    claim_no = _number(office, active[1])
    erasure = _identified(office, RequestKind.ERASURE, active[1], today, clock())
    decision = deciding(office, erasure, None, ErasureClaim.UNLAWFUL, today)
    write_private(home / "answers" / "erasure-preview.txt", decision.build(clock()).text())
    approve(office, decision, both, today, clock())
    send(office, office.configuration.agency(agency), clock(), lambda _: None)
    return Asked(erasure.id, claim_no)


def erase_here(desk: Desk, creditor: str, today: date, now: datetime) -> None:
    """The agency, a controller of its own, decides that it erases what it was told about, and signs that it has."""
    with desk.cases_connection.begin():
        told = desk.cases.messages(creditor, sorted(desk.cases.cases(creditor)))
    waiting = [one.message.case_ref for one in told if one.open and is_stop(one.message)]
    rows = [{"type": "notice.ack", "case_ref": ref, "result": "executed"} for ref in waiting]
    if rows:
        take_replies(desk, json.dumps(rows).encode(), today, dry_run=False)
        post(desk, now)


def certify(office: Office, home: Path, asked: Asked, today: date, now: datetime) -> str | None:
    """Takes in the agency's answer, and writes the answer and the certificate; what the agency did."""
    collect_all(office, now)
    with office.connection.begin():
        results = [one.result for one in office.requests.notices(asked.request)]
    _write(home / "answers" / "erasure", answer(office, load_request(office, asked.request), today, now))
    return results[0] if results else None


def _identified(office: Office, kind: RequestKind, case: CaseRecord, today: date, now: datetime) -> Opened:
    file = RequestFile(kind=kind, channel=Channel.LETTER, received=today, text="(invented)")
    with office.connection.begin(), office.vault_connection.begin():
        subject = key_of(office.vault.by_id([case.claim]), case.claim).subject_id
        opened = open_request(office, case.entity, file, (subject,), today=today, now=now)
        return identify(office, opened, (subject,), Identified(proof=Proof.REFERENCE, on=today), now)


def _number(office: Office, case: CaseRecord) -> str:
    with office.connection.begin(), office.vault_connection.begin():
        return numbers_of(office, [case.claim])[case.claim]


def _write(folder: Path, found: Answer) -> None:
    folder.mkdir(mode=0o700)
    for name, content in found.files.items():
        write_private(folder / name, content)
