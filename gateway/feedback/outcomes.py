"""What a closed case teaches: one more in the counts of its source, agency, age and amount at the hand-over.

Only endings that say something of success count, and only payment in full is a success.
"""

from datetime import datetime
from typing import Final

from gateway.handover.judge import key_of
from gateway.office import Office
from gateway.rules.worth import band_of
from gateway.store.cases import CaseRecord
from gateway.store.payload import open_payload
from keys.vault import ClaimKey
from schemas.calendar import day_in_germany
from schemas.codes import ClosingCode

_TELLING: Final = frozenset(
    {
        ClosingCode.PAID,
        ClosingCode.PAID_IN_PART,
        ClosingCode.UNCOLLECTABLE,
        ClosingCode.INSOLVENCY,
        ClosingCode.DECEASED,
        ClosingCode.LIMITATION,
        ClosingCode.LIQUIDATED,
        ClosingCode.DISMISSED,
        ClosingCode.DISPUTED,
        ClosingCode.ADDRESS_UNKNOWN,
        ClosingCode.ABROAD,
    }
)


def count_outcome(office: Office, case: CaseRecord, code: ClosingCode, keys: dict[str, ClaimKey]) -> None:
    """Counts a case that its agency closed; inside the caller's transaction."""
    if code not in _TELLING:
        return
    screening = office.claims.of_package(case.package, case.claim)
    claim = open_payload(screening.payload, key_of(keys, case.claim), case.package).claim
    opened = day_in_germany(datetime.fromisoformat(case.opened))
    band = band_of((opened - claim.due_date).days, claim.open)
    office.outcomes.count(office.packages.source(case.package), case.agency, band, paid=code is ClosingCode.PAID)
