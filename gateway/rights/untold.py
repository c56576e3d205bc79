"""Erasures that an agency was to be told of in a package that it has not taken, when nothing else is left of the claims.

A notice outlives the claim that it is about: agency, reference, and the id of its message. A `case.erase` says no more, so
it is told again, as the same message. If another package that is still on its way holds it, the second one to arrive says
nothing new.
"""

from datetime import datetime

from gateway.handover.waiting import queue_for_agency
from gateway.office import Office
from gateway.rights.notices import instructs
from schemas.messages import CaseErase


def tell_again(office: Office, agency: str, entity: str, now: datetime) -> None:
    """Queues what an agency has not answered and nothing here would tell it, inside the caller's transaction."""
    open_notices = [
        one.message_id
        for one in office.requests.notices()
        if one.agency == agency and one.type == "case.erase" and one.answered is None
    ]
    untold = office.requests.noticed(agency, entity, open_notices)
    for message_id in sorted(untold.keys() - office.cases.outbound(agency, open_notices).keys()):
        stop = CaseErase(
            message_id=message_id, case_ref=untold[message_id].case_ref, instruction=instructs(office, agency)
        )
        queue_for_agency(office, agency, entity, stop, now)
