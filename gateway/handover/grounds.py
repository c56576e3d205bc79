"""What restricts a case: a request of the person, a dispute that its agency reported, a dispute that its source knows.

Each ground is independent (Art. 18(1) GDPR): the end of one leaves a case restricted that another restricts as well.
"""

from collections.abc import Sequence

from gateway.handover.requested import covers
from gateway.log.protecting import stopped
from gateway.office import Office
from gateway.store.cases import CaseRecord
from gateway.store.claims import Screening
from gateway.store.payload import open_source
from keys.claimkeys import ClaimKey
from schemas.claim import Disputed


def restricted_otherwise(
    office: Office, cases: Sequence[CaseRecord], *, request: str | None = None, dispute: bool = False
) -> set[str]:
    """The cases, by message id, that something else restricts than this request, or than their agency's dispute.

    Inside the caller's transactions. A claim whose source data was erased is only kept, and stays restricted.
    """
    claims = [one.claim for one in cases]
    keys, stopping = office.vault.by_id(claims), stopped(office)
    told, kept = office.claims.told(claims), office.requests.restrictions(claims)
    found = set()
    for one in cases:
        key = keys.get(one.claim)
        if key is None:
            continue
        known = told.get(one.claim)
        if (
            one.claim in kept
            or any(_covers(office, other, one.claim) for other in stopping.get(key.subject_id, frozenset()) - {request})
            or (one.contested and not dispute)
            or (known is not None and _stands_alone(known, key))
        ):
            found.add(one.message_id)
    return found


def _covers(office: Office, request: str, claim: str) -> bool:
    record = office.requests.get(request)
    return record is None or covers(office, record, [claim])


def _stands_alone(known: Screening, key: ClaimKey) -> bool:
    source = open_source(known, key)
    return source is None or source.known.claim.disputed is Disputed.YES
