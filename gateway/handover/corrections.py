"""What people had put right (Art. 16 GDPR), read over what a source goes on saying.

Rules: a correction replaces a name or an address as a whole, never half of one, and only where the source says exactly what
was wrong: whoever moves later is not held to it. It lasts as long as its request is kept; by then the source is right.
"""

from collections.abc import Collection, Iterable

from gateway.handover.requested import file_of
from gateway.office import Office
from keys.claimkeys import ClaimKey
from schemas.claim import Claim, Debtor
from schemas.codes import RequestKind
from schemas.request import Corrected, Name


class Corrections:
    """The corrections that were granted to people in the data of one legal entity, by subject; by claim, where others under
    the customer number are another person's.
    """

    def __init__(self, office: Office, entity: str) -> None:
        self._of: dict[str, list[Corrected]] = {}
        self._subjects: set[str] = set()
        with office.connection.begin(), office.vault_connection.begin():
            for record in office.requests.of_kind(RequestKind.RECTIFICATION, entity):
                file = file_of(office, record)
                if file is not None and file.corrected:
                    subjects = office.requests.subjects(record.id)
                    self._subjects.update(subjects)
                    for one in file.only or subjects:
                        self._of.setdefault(one, []).extend(file.corrected)

    @property
    def subjects(self) -> Collection[str]:
        """Who had something put right."""
        return self._subjects

    def put_right(self, claim: Claim, subjects: Iterable[str], known: ClaimKey | None) -> Claim:
        """A claim of a source as it is right, for each subject that it is about, and for itself if the vault knows it."""
        for about in (*subjects, *(() if known is None else (known.claim_id,))):
            for one in self._of.get(about, ()):
                claim = corrected(claim, one)
        return claim


def corrected(claim: Claim, granted: Corrected) -> Claim:
    """A claim as it is right."""
    debtor, changes = claim.debtor, dict[str, object]()
    if granted.right.name is not None and name_of(debtor) in {one.name for one in granted.wrong}:
        changes |= granted.right.name.model_dump()
    if granted.right.address is not None and debtor.address in [one.address for one in granted.wrong]:
        changes["address"] = granted.right.address
    return claim.model_copy(update={"debtor": debtor.model_copy(update=changes)}) if changes else claim


def name_of(debtor: Debtor) -> Name:
    """How a debtor is called."""
    return Name(first_name=debtor.first_name, last_name=debtor.last_name, company_name=debtor.company_name)
