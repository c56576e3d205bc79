"""What agencies wait for a person to say: their open questions, and the disputes they reported that are not settled.

Claim numbers, codes and ids, never a person. `claim answer` and `claim settle` end what stands here.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.handover.judge import key_of
from gateway.handover.missing import OPEN_CASES
from gateway.office import Office
from gateway.steps.questions import open_questions
from gateway.store.cases import CaseRecord, MessageRecord
from gateway.store.payload import open_message, open_payload
from keys.claimkeys import ClaimKey
from schemas.answers import CaseDispute, FromAgency, FromAgencyAdapter
from schemas.codes import CaseStanding
from schemas.messages import ToAgency, ToAgencyAdapter

_PAGE: Final = 500  # claims, all of whose messages are opened at once
_DAY: Final = len("YYYY-MM-DD")


class AskedClaim(NamedTuple):
    """A claim of which an agency asks or reports something: question or dispute, its code, and its message id."""

    claim_no: str
    source: str
    agency: str
    what: str
    code: str
    since: str
    message: str


def asked_claims(office: Office) -> list[AskedClaim]:
    """All of them, by source. Raises IntegrityError, keys.wrap.WrapError."""
    found: list[AskedClaim] = []
    with office.connection.begin(), office.vault_connection.begin():
        asking = {
            one.claim
            for agency in office.configuration.settings.agencies
            for one in office.cases.messages(agency.id, {"case.question"})
        }
        for source in office.configuration.settings.sources:
            cases = office.cases.of_source(source.id, OPEN_CASES)
            waiting = [
                one for one in cases if one.contested or one.standing is CaseStanding.QUESTION or one.claim in asking
            ]
            for start in range(0, len(waiting), _PAGE):
                found += _of_page(office, source.id, waiting[start : start + _PAGE])
    return found


def _of_page(office: Office, source: str, cases: Sequence[CaseRecord]) -> list[AskedClaim]:
    claims = [one.claim for one in cases]
    keys, told = office.vault.by_id(claims), office.claims.told(claims)
    messages = [one for one in office.cases.of_claim_messages(claims) if one.refused is None]
    found = []
    for case in cases:
        key, last = key_of(keys, case.claim), told[case.claim]
        claim_no = open_payload(last.payload, key, last.package).claim_no
        own = [one for one in messages if one.claim == case.claim and one.agency == case.agency]
        found += [
            AskedClaim(claim_no, source, case.agency, what, code, made[:_DAY], message)
            for what, code, made, message in _open(case, own, key)
        ]
    return found


def _open(case: CaseRecord, records: Sequence[MessageRecord], key: ClaimKey) -> list[tuple[str, str, str, str]]:
    said = {one.message_id: _message(one, key) for one in records}
    made = {one.message_id: one.made for one in records}
    asked = [("question", str(code), made[one], one) for one, code in open_questions(said.values()).items()]
    dispute = said.get(case.dispute or "") if case.contested else None
    if isinstance(dispute, CaseDispute):
        asked.append(("dispute", str(dispute.ground), made[dispute.message_id], dispute.message_id))
    return asked


def _message(record: MessageRecord, key: ClaimKey) -> ToAgency | FromAgency:
    line = open_message(record.payload, key, record.message_id).item.partition("\n")[0]
    return (ToAgencyAdapter if record.outbound else FromAgencyAdapter).validate_json(line)
