"""After a restore: what people asked for and were promised in the time that is lost, as far as the vault remembers it.

Rules: a request that only the lost `gateway.db` knew is open again, with its day of receipt; if it protects, it stops the
hand-over of its subjects from the restore on, also if it had been lifted or answered since: a person decides again. What
was written in it is lost. One that the copy knows is about whom the vault says, and open again if the person came back
since. Claims that were erased on request stay marked, whatever the next export holds.
"""

from datetime import datetime

from gateway.custody.copies import Progress
from gateway.custody.restore import Chosen, make_fit
from gateway.errors import IntegrityError
from gateway.office import Office
from gateway.people.approvals import Given
from gateway.rights.deciding import protect
from gateway.rights.earlier import received_earlier
from gateway.rights.life import PENDING, Opened, begin_request, change, concern, opening
from gateway.rights.markers import mark_again
from gateway.rights.reopening import come_back
from gateway.store.requests import open_file
from keys.material import Secret
from keys.remembered import Asked, asked
from schemas.codes import RequestKind
from schemas.request import Channel, RequestFile, RequestState


def make_whole(office: Office, chosen: Chosen, now: datetime, progress: Progress, given: Given) -> None:
    """Two copies made fit, with the requests and markers that the one of `gateway.db` does not know.

    Raises ApprovalError, IntegrityError.
    """
    make_fit(office, chosen, given, now, progress)
    _bring_back(office, now)


def _bring_back(office: Office, now: datetime) -> None:
    with office.connection.begin(), office.vault_connection.begin():
        mark_again(office)
        for lost in asked(office.vault_connection):
            key = office.vault.request_key(lost.request)
            if key is None:
                raise IntegrityError("the vault names a request that it has no key of: name another copy of the vault")
            known = office.requests.get(lost.request)
            if known is None:
                _open_again(office, lost, key, now)
            else:
                _catch_up(office, lost, Opened(known, open_file(known, key), key), now)


def _open_again(office: Office, lost: Asked, key: Secret, now: datetime) -> None:
    kind = RequestKind(lost.kind)
    file = RequestFile(kind=kind, channel=Channel.RESTORE, received=lost.received, contested=lost.contested)
    protect(office, begin_request(office, (lost.request, key), lost.entity, file, lost.subjects, now=now), now)


def _catch_up(office: Office, lost: Asked, opened: Opened, now: datetime) -> None:
    """A request that the copy knows: the person may have come back since, or have become known."""
    record = opened.record
    if lost.received > record.received and record.state not in {RequestState.OPENED, RequestState.IDENTIFIED}:
        was_answered = Opened(record._replace(state=RequestState.ANSWERED), opened.file, opened.key)
        opened = come_back(office, was_answered, lost.received, now)
    elif record.state in PENDING:
        opened = received_earlier(office, record, lost.received, now) or opened
    if set(lost.subjects) != set(office.requests.subjects(lost.request)):
        concern(office, lost.request, lost.subjects)
        protect(office, _nobody_yet(office, opened, now), now)


def _nobody_yet(office: Office, opened: Opened, now: datetime) -> Opened:
    """Whom the vault names was identified in the time that is lost: how, and where the answer goes, is to be found anew."""
    file, record = opened.file, opened.record
    to = None if file.looked_up else file.recipient
    entry = opening(opened.id, file, record.due, now, reopened=True)
    state = {"state": RequestState.OPENED if record.state is RequestState.IDENTIFIED else record.state}
    return change(office, opened, entry, columns=state, only=(), identified=None, recipient=to, looked_up=False)
