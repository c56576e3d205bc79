"""After a restore: what people asked for and were promised in the time that is lost, as far as the vault remembers it.

Rules: a request that only the lost `gateway.db` knew is open again, with its day of receipt; if it protects, it stops the
hand-over of its subjects from the restore on, also if it had been lifted or answered since: a person decides again. What
was written in it is lost. Claims that were erased on request stay marked, whatever the next export holds.
"""

from datetime import datetime

from gateway.custody.copies import Progress
from gateway.custody.restore import Chosen, make_fit
from gateway.errors import IntegrityError
from gateway.office import Office
from gateway.people.approvals import Given
from gateway.rights.deciding import protect
from gateway.rights.life import begin_request
from gateway.rights.markers import mark_again
from keys.remembered import asked
from schemas.codes import RequestKind
from schemas.request import Channel, RequestFile


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
            if office.requests.get(lost.request) is not None:
                continue
            key = office.vault.request_key(lost.request)
            if key is None:
                raise IntegrityError("the vault names a request that it has no key of: name another copy of the vault")
            file = RequestFile(kind=RequestKind(lost.kind), channel=Channel.RESTORE, received=lost.received)
            opened = begin_request(office, (lost.request, key), lost.entity, file, lost.subjects, now=now)
            protect(office, opened, now)
