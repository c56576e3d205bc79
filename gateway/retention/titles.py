"""Proceedings and titles: what agencies reported of court orders and enforcement.

`court-order` is what published interfaces say from the court dunning procedure on ("judicial dunning", "legal"): it may be
followed by a title, which no code tells apart. So both hold: while an agency works on the case nothing ends it
(Art. 17(3)(e) GDPR), and afterwards the claim is kept as long as a title is (§ 197(1) Nr. 3 BGB).
"""

from collections.abc import Collection
from datetime import date
from typing import Final

from gateway.office import Office
from gateway.store.endings import Endings
from gateway.store.payload import open_message
from schemas.answers import CaseStatus
from schemas.codes import StatusCode

_TITLED: Final = frozenset({StatusCode.COURT_ORDER, StatusCode.ENFORCEMENT})


def titles(office: Office, claims: Collection[str]) -> dict[str, date]:
    """Since when a court order or enforcement was reported, for the claims that have one: the latest day.

    Inside the caller's transactions.
    """
    kept = Endings(office.connection).statuses(claims)
    keys = office.vault.by_id([one.claim for one in kept])
    found: dict[str, date] = {}
    for one in kept:
        item = open_message(one.payload, keys[one.claim], one.message_id).item
        status = CaseStatus.model_validate_json(item.partition("\n")[0])
        if status.status in _TITLED:
            found[one.claim] = max(status.since, found.get(one.claim, status.since))
    return found
