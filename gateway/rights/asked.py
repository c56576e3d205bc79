"""What is held of a person's requests: their files, as the answer of Art. 15 GDPR gives them."""

from datetime import datetime

from gateway.errors import IntegrityError
from gateway.handover.requested import file_of
from gateway.office import Office
from gateway.rights.life import Opened, claims_of
from gateway.store.requests import RequestRecord
from schemas.access import RequestHeld, RequestNotice, RequestStep
from schemas.request import RequestFile, RequestRefusal


def requests_held(office: Office, opened: Opened) -> tuple[RequestHeld, ...]:
    """Every request of the person who asks whose file is left, the oldest first; inside the caller's transactions.

    Where two people have one customer number, those about the claims of the one who asks: the other's are none of theirs
    (Art. 15(4) GDPR).
    """
    subjects, own = office.requests.subjects(opened.id), claims_of(office, opened).keys()
    records = sorted(office.requests.of_subjects(subjects), key=lambda one: (one.received, one.id))
    files = [(one, _file(office, one)) for one in records]
    return tuple(
        _held(office, one, file)
        for one, file in files
        if one.id == opened.id or (own & {*file.only} if file.only else not opened.file.only)
    )


def _file(office: Office, record: RequestRecord) -> RequestFile:
    file = file_of(office, record)
    if file is None:
        raise IntegrityError(f"request {record.id} has lost its key: restore both databases from backups of one time")
    return file


def _held(office: Office, record: RequestRecord, file: RequestFile) -> RequestHeld:
    known = _established(file)
    return RequestHeld(
        request=record.id,
        kind=file.kind,
        state=record.state,
        channel=file.channel,
        agency=file.agency,
        received=record.received,
        due=record.due,
        answered=record.answered,
        language=file.language,
        established=known,
        text=file.text if known else "",
        recipient=file.recipient if known or file.looked_up else None,
        identified=file.identified if known else None,
        contested=file.contested,
        ground=file.ground,
        correction=file.correction if known else None,
        corrected=file.corrected,
        outcome=file.outcome,
        refusal=file.refusal,
        extension=file.extension,
        kept=file.kept,
        notices=_notices(office, record.id),
        steps=tuple(RequestStep(time=one.time, what=one.what) for one in file.history),
    )


def _established(file: RequestFile) -> bool:
    return file.identified is not None and file.refusal is not RequestRefusal.IDENTITY


def _notices(office: Office, request: str) -> tuple[RequestNotice, ...]:
    return tuple(
        RequestNotice(
            agency=one.agency,
            case_ref=one.case_ref,
            type=one.type,
            made=datetime.fromisoformat(one.made),
            result=one.result,
            until=one.until,
            ground=one.ground,
        )
        for one in office.requests.notices(request)
    )
