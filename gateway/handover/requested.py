"""What the file of a request says, where the hand-over must know it: what was put right, and which claims it is about.

Every call works inside the caller's transactions.
"""

from collections.abc import Collection

from gateway.office import Office
from gateway.store.requests import RequestRecord, open_file
from schemas.request import RequestFile


def file_of(office: Office, record: RequestRecord) -> RequestFile | None:
    """The file of a request; None once its key has ended, or was lost."""
    key = office.vault.request_key(record.id)
    return None if key is None else open_file(record, key)


def covers(office: Office, record: RequestRecord, claims: Collection[str]) -> bool:
    """Whether a request is about any of these claims of its subjects: of two people who have one customer number, it may be
    about the other's alone (Art. 15(4) GDPR).
    """
    file = file_of(office, record)
    return file is None or not file.only or not {*file.only}.isdisjoint(claims)
