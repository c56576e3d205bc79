"""Telling an agency what has changed about a case: the right messages, queued with the batch that learnt of it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from gateway.handover.batch import Assignment
from gateway.handover.judge import Judged
from gateway.handover.waiting import queue
from gateway.log.protecting import stopped
from gateway.office import Office
from gateway.steps.minimise import identity_of
from gateway.store.cases import CaseRecord
from keys.claimkeys import ClaimKey
from keys.references import new_id
from schemas.codes import CaseStanding, CreditReason, RestrictionGround
from schemas.messages import CaseCredit, CasePayment, CaseRecall, CaseRectify, CaseRestrict, CaseUnrestrict, Stop
from schemas.screening import Changed

_GONE: Final = {CaseStanding.REFUSED, CaseStanding.ERASED}


class _Told(NamedTuple):
    change: Changed
    case: CaseRecord
    key: ClaimKey


def tell(office: Office, given: Assignment, judged: Sequence[Judged], batch: str) -> None:
    """Queues what the changes of a chunk say; taken back together with their batch, and carried out here when it ends.

    Nothing is said of a case whose package was withdrawn or never taken: nobody has it, and nobody learns more of that
    person.
    """
    changes = {found.claim.claim_no: found.verdict for found in judged if isinstance(found.verdict, Changed)}
    if not changes:
        return
    with office.connection.begin(), office.vault_connection.begin():
        keys = office.vault.find(given.source.entity, changes)
        cases = office.cases.of_claims(None, [key.claim_id for key in keys.values()])
        reached = office.voids.reached({case.package for case in cases.values()})
        stopping = stopped(office)
        for number, key in keys.items():
            case = cases.get(key.claim_id)
            if case is not None and case.standing not in _GONE and case.package in reached:
                told = _Told(changes[number], case, key)
                _queue(office, given, told, batch, only_kept=key.subject_id in stopping)


def end_kept_restrictions(office: Office, cases: Sequence[CaseRecord], batch: str, now: datetime) -> None:
    """A restriction that an agency kept for a case it had not seen does not outlive its ground: now the case goes out.

    What restricts a claim keeps it from being handed over, unless people released it for legal claims (Art. 18(2) GDPR): so
    one that goes out may be worked on.
    """
    with office.connection.begin(), office.vault_connection.begin():
        by_claim = {one.claim: one for one in cases}
        for agency in {one.agency for one in cases}:
            kept = office.cases.kept_restricted(agency, list(by_claim))
            refs = office.vault.references_of(kept, agency)
            for claim, key in office.vault.by_id(sorted(kept)).items():
                stop = CaseUnrestrict(message_id=new_id(), case_ref=refs[claim])
                queue(office, by_claim[claim], stop, key, now, batch=batch)


def _queue(office: Office, given: Assignment, told: _Told, batch: str, *, only_kept: bool) -> None:
    """`only_kept`: a request of the person restricts the case as well, so the end of a dispute does not end that; nor does
    it end a dispute that the agency reported.
    """
    change, case, key = told
    case_ref = office.vault.references_of([key.claim_id], case.agency)[key.claim_id]
    for message in [*_stops(change, case_ref, case.dispute), *_sums(change, case_ref, given.today)]:
        if isinstance(message, CaseUnrestrict) and (only_kept or case.contested):
            continue
        about_people = isinstance(message, CaseRectify) and change.identity
        identity = (
            identity_of(change.told.claim, given.source.declarations, given.mandate.channels) if about_people else None
        )
        queue(office, case, message, key, given.now, identity=identity, batch=batch)


def _stops(change: Changed, case_ref: str, dispute: str | None) -> Iterator[Stop]:
    if change.disputed is True:
        yield CaseRestrict(message_id=new_id(), ground=RestrictionGround.DISPUTED, case_ref=case_ref)
    if change.disputed is False:
        yield CaseUnrestrict(message_id=new_id(), case_ref=case_ref, dispute=dispute)
    if change.identity or change.contract_date or change.invoice_date or change.due_date:
        yield CaseRectify(
            message_id=new_id(),
            contract_date=change.contract_date,
            invoice_date=change.invoice_date,
            due_date=change.due_date,
            case_ref=case_ref,
        )
    if change.recalled is not None:
        yield CaseRecall(message_id=new_id(), reason=change.recalled, case_ref=case_ref)


def _sums(change: Changed, case_ref: str, today: date) -> Iterator[CasePayment | CaseCredit]:
    """A value date that the feed gives in advance is not told before its day."""
    booked_on, currency = min(change.booked_on or today, today), change.claim.currency
    if change.paid:
        yield CasePayment(
            message_id=new_id(), case_ref=case_ref, amount=change.paid, currency=currency, booked_on=booked_on
        )
    if change.credited:
        yield CaseCredit(
            message_id=new_id(),
            case_ref=case_ref,
            amount=change.credited,
            currency=currency,
            booked_on=booked_on,
            reason=CreditReason.CORRECTION,
        )
