"""What the agencies that have claims will be told of them: what they know, read together, beside what is known today."""

from collections.abc import Sequence
from datetime import datetime

from gateway.handover.feed import Feed, named
from gateway.office import Office
from gateway.steps.change import changed
from gateway.steps.remitted import without_remitted
from gateway.store.cases import CaseRecord
from gateway.store.claims import Screening
from gateway.store.payload import open_message, open_payload
from keys.vault import ClaimKey
from schemas.answers import AgencyPayment, FromAgencyAdapter
from schemas.calendar import day_in_germany
from schemas.claim import Claim
from schemas.codes import PaidTo
from schemas.messages import CasePayment, ToAgencyAdapter
from schemas.screening import Changed


def changes_of(office: Office, feed: Feed, claims: Sequence[tuple[Claim, Screening, ClaimKey]]) -> dict[str, Changed]:
    """What is to be told of claims that were handed over, by claim id; of one that is left out only a person can say."""
    ids = [stored.claim for _, stored, _ in claims]
    if not ids:
        return {}
    with office.connection.begin():
        told, cases = office.claims.told(ids), office.cases.of_claims(None, ids)
    found = {}
    for claim, stored, key in claims:
        if stored.claim in told and stored.claim in cases:
            last = told[stored.claim]
            known = open_payload(last.payload, key, last.package).known
            since = day_in_germany(datetime.fromisoformat(cases[stored.claim].opened))
            change = changed(known, claim, feed.of(named(claim)), since)
            if change is not None:
                case = cases[stored.claim]
                found[stored.claim] = _without_remitted(office, change, case, key, feed) if change.paid else change
    return found


def _without_remitted(office: Office, change: Changed, case: CaseRecord, key: ClaimKey, feed: Feed) -> Changed:
    collected, told = [], []
    with office.connection.begin():
        messages = office.cases.of_claim_messages([case.claim])
    for one in messages:
        if one.agency == case.agency and one.type == "case.payment" and one.refused is None:
            line = open_message(one.payload, key, one.message_id).item.partition("\n")[0]
            message = (ToAgencyAdapter if one.outbound else FromAgencyAdapter).validate_json(line)
            if isinstance(message, CasePayment):
                told.append(message)
            elif isinstance(message, AgencyPayment) and message.paid_to is PaidTo.AGENCY:
                collected.append(message)
    return without_remitted(change, collected, told, feed.of(named(change.claim)))
