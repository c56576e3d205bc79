"""A pending request that reached us, or an agency for us, before the day that was known (Art. 12(3) GDPR)."""

from datetime import date, datetime

from gateway.office import Office
from gateway.rights.deadline import ANSWER_MONTHS, EXTENDED_MONTHS
from gateway.rights.life import ACTOR, Opened, change, due_on
from gateway.store.requests import RequestRecord, open_file
from keys.references import new_id
from keys.remembered import remember_received
from schemas.request_entry import RequestReceivedEarlier


def received_earlier(office: Office, record: RequestRecord, received: date, now: datetime) -> Opened | None:
    """The deadline runs from the earlier day, also one that was extended; None if the day is no earlier one.

    Inside the caller's transactions.
    """
    key = office.vault.request_key(record.id)
    if key is None or received >= record.received:
        return None
    due = due_on(office, record.entity, received, EXTENDED_MONTHS if record.extended else ANSWER_MONTHS)
    entry = RequestReceivedEarlier(id=new_id(), time=now, actor=ACTOR, request=record.id, due=due)
    remember_received(office.vault_connection, record.id, received)
    opened = Opened(record, open_file(record, key), key)
    return change(office, opened, entry, columns={"received": received, "due": due}, received=received)
