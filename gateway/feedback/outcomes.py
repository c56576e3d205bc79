"""What a closed case teaches: one more in the counts of its source, agency, age and amount at the hand-over.

Only endings that say something of success count, and only payment in full is a success. That an agency calls a case paid
is not enough: what the creditor booked itself and what the agency signed to have received, and so owes, must cover what
was handed over.
"""

from datetime import datetime
from typing import Final

from gateway.feedback.books import BOOKED, handed_over, opened_line
from gateway.handover.judge import key_of
from gateway.office import Office
from gateway.rules.worth import band_of
from gateway.store.cases import CaseRecord
from gateway.store.payload import open_source
from keys.claimkeys import ClaimKey
from schemas.answers import AgencyPayment, FromAgencyAdapter
from schemas.calendar import day_in_germany
from schemas.codes import ClosingCode, PaidTo
from schemas.messages import CaseCredit, CasePayment, ToAgencyAdapter

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
    """Counts a case that its agency closed; inside the caller's transaction, after what it says is on the books.

    A case that was over before, and whose source data was erased since, is not counted.
    """
    if code not in _TELLING:
        return
    screening = office.claims.of_package(case.package, case.claim)
    source = open_source(screening, key_of(keys, case.claim))
    if source is None:
        return
    claim = source.claim
    opened = day_in_germany(datetime.fromisoformat(case.opened))
    band = band_of((opened - claim.due_date).days, claim.open)
    paid = code is ClosingCode.PAID and _is_covered(office, case, keys)
    office.outcomes.count(office.packages.source(case.package), case.agency, band, paid=paid)


def _is_covered(office: Office, case: CaseRecord, keys: dict[str, ClaimKey]) -> bool:
    """Whether the books say that all of the principal came or was credited.

    Of payments to the creditor only the creditor's own word counts, and of those to the agency what it owes the creditor.
    """
    covered = 0
    for one in office.cases.of_claim_messages([case.claim]):
        if one.agency == case.agency and one.refused is None and one.type in BOOKED:
            adapter = ToAgencyAdapter if one.outbound else FromAgencyAdapter
            match adapter.validate_json(opened_line(one, keys)):
                case CasePayment() | CaseCredit() as booked:
                    covered += booked.amount
                case AgencyPayment() as reported if reported.paid_to is PaidTo.AGENCY:
                    covered += reported.principal
                case _:
                    pass
    return covered >= handed_over(office, case, key_of(keys, case.claim)).principal_open
