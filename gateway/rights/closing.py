"""The end of a request: the person was answered, and so was every notice (Art. 19 GDPR)."""

from datetime import datetime

from gateway.office import Office
from gateway.rights.life import ACTOR, Opened, change
from keys.references import new_id
from schemas.request import RequestState
from schemas.request_entry import RequestClosed


def close(office: Office, opened: Opened, now: datetime) -> None:
    """An answered request is over once every notice has its signed answer; inside the caller's transaction."""
    if all(one.answered is not None for one in office.requests.notices(opened.id)):
        change(
            office, opened, RequestClosed(id=new_id(), time=now, actor=ACTOR, request=opened.id), RequestState.CLOSED
        )
