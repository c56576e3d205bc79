"""What a night does about requests: it ends what was decided, what has reached its day, and says what is overdue."""

from datetime import date, datetime

from gateway.errors import OverdueError
from gateway.office import Office
from gateway.rights.closing import close
from gateway.rights.deciding import finish_decided
from gateway.rights.erasure import end_restrictions
from gateway.rights.life import PENDING, load_request
from gateway.rights.markers import end_markers
from gateway.rights.notices import overdue
from schemas.request import RequestState


def due_requests(office: Office, today: date, now: datetime) -> list[OverdueError]:
    """Carries out what is due; what is overdue has one sentence each. Call it in no transaction."""
    finish_decided(office, now)
    end_restrictions(office, today, now)
    with office.connection.begin(), office.vault_connection.begin():
        end_markers(office, today, now)
        answered = office.requests.in_states((RequestState.ANSWERED,))
    for one in answered:
        opened = load_request(office, one.id)
        with office.connection.begin():
            close(office, opened, now)
    with office.connection.begin():
        late = [one for one in office.requests.in_states(PENDING) if one.due < today]
    return [
        OverdueError(
            f"request {one.id} ({one.kind}) was to be answered by {one.due} (Art. 12(3) GDPR): answer it now, see "
            "`inkasso request list`"
        )
        for one in late
    ] + overdue(office, now)
