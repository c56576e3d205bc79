"""Answering an agency's question about a case: by a code, or with a document that a clerk releases.

Rules: an open question is answered, and once; a document goes only where § 13a(2) RDG lets the debtor ask for its
like (contract, invoice, delivery, reminder), one PDF that carries nothing active, and with a person's approval. It is kept
as it was, under the claim's key, travels sealed to those who may read identities, and dies with its claim.
"""

import hashlib
from datetime import datetime
from typing import Final, NamedTuple

from audit.store import append
from gateway.errors import InputError, UsageError
from gateway.handover.waiting import queue
from gateway.office import Office
from gateway.people.approvals import Build, Given, Preview, actor_of, settle
from gateway.readers.plain_pdf import check_plain_pdf
from gateway.steps.questions import open_questions
from gateway.store.cases import CaseRecord
from gateway.store.payload import open_message
from keys.claimkeys import ClaimKey
from keys.references import new_id
from schemas.answers import FromAgencyAdapter
from schemas.case_entry import QuestionAnswered
from schemas.codes import AnswerCode, CaseStanding, QuestionCode
from schemas.messages import CaseAnswer, ToAgencyAdapter

_DOCUMENTED: Final = {QuestionCode.CONTRACT, QuestionCode.INVOICE, QuestionCode.DELIVERY, QuestionCode.REMINDER}
_OPEN: Final = {CaseStanding.UNDER_REVIEW, CaseStanding.QUESTION, CaseStanding.ACTIVE, CaseStanding.PAUSED}
_ACTOR: Final = "system:claim-answer"


class Answering(NamedTuple):
    """What would be answered about which claim; `document` is empty where a code is the answer."""

    claim_no: str
    case: CaseRecord
    key: ClaimKey
    asked: QuestionCode
    message: CaseAnswer
    document: bytes

    @property
    def build(self) -> Build:
        """The preview: what was asked about which claim, and which document would be released to whom."""
        lines = (
            f"claim: {self.claim_no}, at agency {self.case.agency}{', restricted' if self.case.restricted else ''}",
            f"question: {self.asked} ({self.message.question})",
            f"answer: {self.message.answer}",
            f"document: {len(self.document):,} bytes, SHA-256 {self.message.document}",
        )
        return lambda made: Preview("claim answer", made, lines if self.document else lines[:-1])


def answering(office: Office, entity: str, claim_no: str, question: str, answer: AnswerCode | bytes) -> Answering:
    """What an answer, a code or a document, comes to; `question` is an id, or the code of the one open question it has.

    Raises InputError for a claim, question or document that cannot be meant.
    """
    document = answer if isinstance(answer, bytes) else b""
    if isinstance(answer, bytes):
        check_plain_pdf(answer)
    with office.connection.begin(), office.vault_connection.begin():
        key = office.vault.find(entity, [claim_no]).get(claim_no)
        case = None if key is None else office.cases.of_claims(None, [key.claim_id]).get(key.claim_id)
        if key is None or case is None or case.standing not in _OPEN:
            raise InputError("this claim is not with an agency, or its case has ended: there is nothing to answer")
        asked, code = _question(office, case, key, question)
        case_ref = office.vault.references_of([key.claim_id], case.agency)[key.claim_id]
    if document and code not in _DOCUMENTED:
        raise InputError(f"a question about {code} is answered by a code: no document is needed (§ 13a(2) RDG)")
    message = CaseAnswer(
        message_id=new_id(),
        case_ref=case_ref,
        question=asked,
        answer=AnswerCode.DOCUMENT if isinstance(answer, bytes) else answer,
        document=hashlib.sha256(document).hexdigest() if document else None,
        document_bytes=len(document) or None,
    )
    return Answering(claim_no, case, key, code, message, document)


def answer(office: Office, answering: Answering, given: Given | None, now: datetime) -> None:
    """Queues the answer with its entry. Raises UsageError for a document without approvals, ApprovalError."""
    if answering.document and given is None:
        raise UsageError("a document is released by a person: give a --key or --agent, or --approval")
    with office.connection.begin(), office.vault_connection.begin():
        approved = None if given is None else settle(answering.build, given, office, now)
        entry = QuestionAnswered(
            id=new_id(),
            time=now,
            actor=_ACTOR if approved is None else actor_of(approved),
            agency=answering.case.agency,
            asked=answering.asked,
            answer=answering.message.answer,
            approved=approved,
        )
        append(office.connection, entry)
        queue(office, answering.case, answering.message, answering.key, now)
        if answering.document:
            office.documents.keep(answering.message.message_id, answering.document, answering.key)


def _question(office: Office, case: CaseRecord, key: ClaimKey, question: str) -> tuple[str, QuestionCode]:
    said = []
    for one in office.cases.of_claim_messages([key.claim_id]):
        if one.agency == case.agency and one.refused is None:
            line = open_message(one.payload, key, one.message_id).item.partition("\n")[0]
            said.append((ToAgencyAdapter if one.outbound else FromAgencyAdapter).validate_json(line))
    meant = {asked: code for asked, code in open_questions(said).items() if question in {asked, code}}
    if len(meant) != 1:
        raise InputError("no open question of that id or code, or several of that code: name one by its id")
    return next(iter(meant.items()))
