"""What agencies' answers mean for requests: a request that reached the agency, and answers about people who are gone.

Every call works inside the caller's transactions.
"""

from datetime import datetime

from gateway.handover.requested import covers
from gateway.office import Office
from gateway.rights.deciding import protect
from gateway.rights.earlier import received_earlier
from gateway.rights.life import PENDING, open_request
from gateway.store.cases import CaseRecord
from schemas.answers import PackageReceipt, RequestForwarded
from schemas.calendar import day_in_germany
from schemas.request import Channel, RequestFile


def forwarded(office: Office, case: CaseRecord, subject: str, answer: RequestForwarded, now: datetime) -> None:
    """The agency's receipt starts the deadline (Art. 12(3) GDPR): no day in the future, and none before it had the case.

    However often it is forwarded, what one pending request asks opens no other; the earliest day of receipt holds.
    """
    today = day_in_germany(now)
    had = day_in_germany(datetime.fromisoformat(case.opened))
    received = min(max(answer.received_on, had), today)
    for pending in office.requests.of_subjects((subject,)):
        same = (pending.kind, pending.entity) == (answer.request, case.entity) and pending.state in PENDING
        if same and covers(office, pending, [case.claim]):
            received_earlier(office, pending, received, now)
            return
    file = RequestFile(kind=answer.request, channel=Channel.AGENCY, received=received, agency=case.agency)
    protect(office, open_request(office, case.entity, file, (subject,), today=today, now=now), now)


def is_of_erased(office: Office, receipt: PackageReceipt) -> bool:
    """Whether a receipt for an unknown message may be about an erased claim: its package has lost items."""
    dates = office.packages.dates([receipt.package_id]).get(receipt.package_id)
    return dates is not None and len(office.items.places(dates.sealed_entry)) < dates.messages
