"""Settling a dispute that an agency reported: an act of its own, by a person, with a recorded ground.

It ends what that dispute restricts and nothing else; a request of the person or a dispute that the source knows goes on
restricting the case. Where the debtor was right, the case is recalled instead. The person is told before work goes on
(Art. 18(3) GDPR); the agency that reported it writes the letters.
"""

from datetime import datetime
from typing import NamedTuple

from audit.store import append
from gateway.errors import InputError
from gateway.handover.grounds import restricted_otherwise
from gateway.handover.waiting import queue
from gateway.office import Office
from gateway.people.approvals import Build, Given, Preview, actor_of, settle
from gateway.store.cases import CaseRecord
from keys.claimkeys import ClaimKey
from keys.references import new_id
from schemas.case_entry import DisputeSettled
from schemas.codes import DisputeEnd
from schemas.messages import CaseUnrestrict


class Settling(NamedTuple):
    """Whose dispute would be settled, how, and whether something else restricts the case."""

    claim_no: str
    case: CaseRecord
    key: ClaimKey
    end: DisputeEnd
    restricted: bool

    @property
    def build(self) -> Build:
        """The preview."""
        lines = (
            f"claim: {self.claim_no}",
            f"the dispute that {self.case.agency} reported is settled: {self.end}",
            "the case stays restricted for another reason" if self.restricted else "the case is worked again",
            "The person has been told before (Art. 18(3) GDPR).",
        )
        return lambda made: Preview("claim settle", made, lines)


def settling(office: Office, entity: str, claim_no: str, end: DisputeEnd) -> Settling:
    """What settling a dispute comes to. Raises InputError if its agency reported none that is open."""
    with office.connection.begin(), office.vault_connection.begin():
        key = office.vault.find(entity, [claim_no]).get(claim_no)
        case = None if key is None else office.cases.of_claims(None, [key.claim_id]).get(key.claim_id)
        if key is None or case is None or not case.contested:
            raise InputError("no agency has reported a dispute of this claim that is open: there is nothing to settle")
        restricted = bool(restricted_otherwise(office, [case], dispute=True))
    return Settling(claim_no, case, key, end, restricted)


def settle_dispute(office: Office, settling: Settling, given: Given, now: datetime) -> None:
    """The dispute restricts no longer, with its entry and a stop's end for the agency. Raises ApprovalError."""
    case, key = settling.case, settling.key
    with office.connection.begin(), office.vault_connection.begin():
        approved = settle(settling.build, given, office, now)
        office.cases.change(case.message_id, contested=False, restricted=settling.restricted)
        if not settling.restricted:
            case_ref = office.vault.references_of([key.claim_id], case.agency)[key.claim_id]
            stop = CaseUnrestrict(message_id=new_id(), case_ref=case_ref, dispute=case.dispute)
            queue(office, case, stop, key, now)
        entry = DisputeSettled(
            id=new_id(),
            time=now,
            actor=actor_of(approved),
            agency=case.agency,
            end=settling.end,
            restricted=settling.restricted,
            approved=approved,
        )
        append(office.connection, entry)
