"""Telling an agency what has changed about a case: the right messages, queued with the batch that learnt of it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from gateway.handover.batch import Assignment
from gateway.handover.judge import Judged
from gateway.handover.waiting import queue
from gateway.office import Office
from gateway.state import CaseEvent, standing_after
from gateway.steps.minimise import identity_of
from gateway.store.cases import CaseRecord
from keys.references import new_id
from keys.vault import ClaimKey
from schemas.codes import CaseStanding, CreditReason, RecallReason, RestrictionGround
from schemas.messages import CaseCredit, CasePayment, CaseRecall, CaseRectify, CaseRestrict, CaseUnrestrict, ToAgency
from schemas.screening import Changed

_GONE: Final = {CaseStanding.REFUSED, CaseStanding.ERASED}


class _Told(NamedTuple):
    change: Changed
    case: CaseRecord
    key: ClaimKey


def tell(office: Office, given: Assignment, judged: Sequence[Judged], batch: str) -> None:
    """Queues what the changes of a chunk say; taken back together with their batch."""
    changes = {found.claim.claim_no: found.verdict for found in judged if isinstance(found.verdict, Changed)}
    if not changes:
        return
    with office.connection.begin(), office.vault_connection.begin():
        keys = office.vault.find(given.source.entity, changes)
        cases = office.cases.of_claims(None, [key.claim_id for key in keys.values()])
        for number, key in keys.items():
            case = cases.get(key.claim_id)
            if case is not None and case.standing not in _GONE:
                _queue(office, given, _Told(changes[number], case, key), batch, given.now)


def _queue(office: Office, given: Assignment, told: _Told, batch: str, now: datetime) -> None:
    change, case, key = told
    case_ref = office.vault.references_of([key.claim_id], case.agency)[key.claim_id]
    for message in _messages(change, case_ref, given.today):
        about_people = isinstance(message, CaseRectify) and change.identity
        identity = (
            identity_of(change.claim, given.source.declarations, given.mandate.channels) if about_people else None
        )
        queue(office, case, message, key, now, identity=identity, batch=batch)
    if change.disputed is not None:
        office.cases.change(case.message_id, restricted=change.disputed)
    after = standing_after(case.standing, CaseEvent.RECALL)
    if change.recalled and after is not None:
        office.cases.change(case.message_id, standing=after)


def _messages(change: Changed, case_ref: str, today: date) -> list[ToAgency]:
    found: list[ToAgency] = []
    if change.disputed is True:
        found.append(CaseRestrict(message_id=new_id(), ground=RestrictionGround.DISPUTED, case_ref=case_ref))
    if change.disputed is False:
        found.append(CaseUnrestrict(message_id=new_id(), case_ref=case_ref))
    if change.identity or change.contract_date or change.invoice_date or change.due_date:
        found.append(
            CaseRectify(
                message_id=new_id(),
                contract_date=change.contract_date,
                invoice_date=change.invoice_date,
                due_date=change.due_date,
                case_ref=case_ref,
            )
        )
    if change.recalled:
        found.append(CaseRecall(message_id=new_id(), reason=RecallReason.NOT_OWED, case_ref=case_ref))
    currency = change.claim.currency
    if change.paid:
        found.append(
            CasePayment(message_id=new_id(), case_ref=case_ref, amount=change.paid, currency=currency, booked_on=today)
        )
    if change.credited:
        found.append(
            CaseCredit(
                message_id=new_id(),
                case_ref=case_ref,
                amount=change.credited,
                currency=currency,
                booked_on=today,
                reason=CreditReason.CORRECTION,
            )
        )
    return found
