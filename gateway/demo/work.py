"""The demo after the hand-over: a recall that overtakes it, the agency's first weeks, and both sides' books.

Only the first run works its cases; a later one finds them decided. What the agency says is invented from the order of its
cases: two are refused, one is asked about, the rest accepted; some pay, one disputes, one is closed.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gateway.agency.desk import Desk
from gateway.agency.post import post
from gateway.agency.reply import take_replies
from gateway.agency.statement import Settled, state
from gateway.errors import OverdueError
from gateway.feedback.books import Reconciliation, reconcile
from gateway.feedback.run import Feedback, collect_all
from gateway.handover.judge import key_of
from gateway.handover.outbox import send
from gateway.handover.stops import recall, recalling
from gateway.handover.waiting import seal_waiting
from gateway.office import Office
from gateway.store.payload import open_payload
from schemas.codes import CaseStanding, RecallReason

_PAID, _COSTS = 6_000, 3_090


@dataclass(frozen=True, slots=True)
class Work:
    """What came back in this run, and how both sides' books compare; none where the agency stated none."""

    feedback: Feedback
    books: Reconciliation | None

    def as_json(self) -> dict[str, object]:
        """Counts and sums, for `--json`."""
        books = None if self.books is None else self.books.as_json()
        return {"feedback": self.feedback.as_json(), "books": books}


def overtake(office: Office, agency: str, now: datetime) -> None:
    """Recalls one case that was uploaded and not yet received: the stop goes out behind it, and is opened before it."""
    with office.connection.begin(), office.vault_connection.begin():
        cases = office.cases.at(agency)
        if not cases or any(one.standing is not CaseStanding.UNDER_REVIEW for one in cases):
            return
        screening = office.claims.of_package(cases[0].package, cases[0].claim)
        key = key_of(office.vault.by_id([cases[0].claim]), cases[0].claim)
        claim_no = open_payload(screening.payload, key, screening.package).claim_no
    recall(office, recalling(office, cases[0].entity, claim_no, RecallReason.NOT_OWED), None, now)
    seal_waiting(office, now)
    send(office, office.configuration.agency(agency), now, lambda _: None)


def decide(desk: Desk, creditor: str, today: date, now: datetime) -> None:
    """The agency decides about every case that is under review, reports, and states its books."""
    with desk.cases_connection.begin():
        found = desk.cases.cases(creditor)
    refs = sorted(ref for ref, case in found.items() if case.standing is CaseStanding.UNDER_REVIEW)
    if refs:
        take_replies(desk, json.dumps(_decisions(refs, today)).encode(), today, dry_run=False)
    if found:
        state(desk, creditor, Settled(remitted=_PAID - _COSTS if refs else 0), now)
        post(desk, now)


def compare(office: Office, agency: str, entity: str, clock: Callable[[], datetime]) -> Work:
    """Takes the answers in, puts the books side by side, and says so to the agency if they are equal."""
    feedback = collect_all(office, clock())
    try:
        books = reconcile(office, agency, entity, clock())
    except OverdueError:  # with one case, which the recall took back, there is nothing the agency would state
        books = None
    seal_waiting(office, clock())
    send(office, office.configuration.agency(agency), clock(), lambda _: None)
    return Work(feedback, books)


def _decisions(refs: list[str], today: date) -> list[dict[str, Any]]:
    refused, asked, taken = refs[:2], refs[2:3], refs[3:]
    day = today.isoformat()
    rows = [_receipt(ref, verdict="refused", refusal="not-plausible") for ref in refused]
    rows += [_receipt(ref, verdict="question", question="invoice") for ref in asked]
    rows += [_receipt(ref, verdict="accepted", agency_ref=f"O-{n:06d}") for n, ref in enumerate(taken, start=1)]
    if len(taken) >= 3:
        paid, disputed, closed = taken[:3]
        payment = {"type": "case.payment", "currency": "EUR", "received_on": day, "paid_to": "agency"}
        split = {"amount": _PAID, "costs": _COSTS, "interest": 0, "principal": _PAID - _COSTS}
        rows.append(payment | split | {"case_ref": paid})
        rows.append({"type": "case.dispute", "case_ref": disputed, "ground": "not-delivered", "raised_on": day})
        rows.append({"type": "case.closed", "case_ref": closed, "code": "address-unknown", "closed_on": day})
    return rows


def _receipt(ref: str, **said: str) -> dict[str, Any]:
    return {"type": "package.receipt", "case_ref": ref} | said
