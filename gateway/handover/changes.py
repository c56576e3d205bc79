"""What the agencies that have claims will be told of them: what they know, read together, beside what is known today."""

from collections.abc import Sequence
from datetime import datetime

from gateway.handover.feed import Feed, named
from gateway.office import Office
from gateway.steps.change import changed
from gateway.steps.remitted import without_remitted
from gateway.store.cases import CaseRecord
from gateway.store.claims import Screening
from gateway.store.payload import open_message, source_of
from keys.claimkeys import ClaimKey
from schemas.answers import AgencyPayment, FromAgencyAdapter
from schemas.calendar import day_in_germany
from schemas.claim import Claim
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
            known = source_of(last, key).known
            since = day_in_germany(datetime.fromisoformat(cases[stored.claim].opened))
            change = changed(known, claim, feed.of(named(claim)), since)
            if change is not None:
                found[stored.claim] = change
    return found | _without_remitted(office, feed, found, cases, {stored.claim: key for _, stored, key in claims})


def _without_remitted(
    office: Office, feed: Feed, found: dict[str, Changed], cases: dict[str, CaseRecord], keys: dict[str, ClaimKey]
) -> dict[str, Changed]:
    """Those of the changes that tell of a payment, without what came from the agency itself."""
    paid = [claim for claim, change in found.items() if change.paid]
    payments: dict[str, list[CasePayment | AgencyPayment]] = {claim: [] for claim in paid}
    with office.connection.begin():
        messages = office.cases.of_claim_messages(paid)
    for one in messages:
        claim = str(one.claim)
        if one.type == "case.payment" and one.refused is None and one.agency == cases[claim].agency:
            line = open_message(one.payload, keys[claim], one.message_id).item.partition("\n")[0]
            message = (ToAgencyAdapter if one.outbound else FromAgencyAdapter).validate_json(line)
            if isinstance(message, CasePayment | AgencyPayment):
                payments[claim].append(message)
    return {
        claim: without_remitted(found[claim], payments[claim], feed.of(named(found[claim].claim))) for claim in paid
    }
