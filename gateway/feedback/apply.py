"""Applying one believed package of answers: in one transaction with its entry, each answer once, in order.

An answer that may not change anything is refused with a reason, kept, and counted; the others of its package are
applied. A receipt that names another manifest than was sent is an alarm: nothing of its package is applied. What a closed
case teaches is counted last, when everything its agency says of it is on the books.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeGuard, get_args

from audit.items import commitment
from audit.store import append, items_of
from gateway.feedback.known import Known, look_up
from gateway.feedback.outcomes import count_outcome
from gateway.feedback.receipts import ACTOR, answered_case, check_receipts, deliver, refuse, trace
from gateway.handover.judge import key_of
from gateway.office import Office
from gateway.rights.incoming import forwarded
from gateway.rights.notices import settle
from gateway.steps.acknowledge import Refusal, acknowledge, in_time
from gateway.steps.pseudonymise import opening_text
from gateway.steps.unseal import Line, Signed
from gateway.store.cases import CaseRecord, MessageRecord
from gateway.store.payload import ItemKept, seal_message
from keys.references import new_id
from schemas.answers import (
    CaseAnswers,
    CaseClosed,
    CaseDispute,
    FromAgency,
    NoticeAck,
    PackageReceipt,
    PackageRefused,
    RequestForwarded,
    Statement,
    StatementCase,
)
from schemas.calendar import day_in_germany
from schemas.codes import CaseStanding, PackageFault, ReceiptVerdict
from schemas.entry import MessagesReceived
from schemas.messages import STOPS, KeyOffer
from schemas.package import Manifest, PackageType

_OPENING_BYTES: Final = 32
_UNDECIDED: Final = {CaseStanding.UNDER_REVIEW, CaseStanding.QUESTION}


@dataclass(frozen=True, slots=True)
class Applied:
    """What one package did: how many answers of which type, which were refused and why, which packages arrived, and which
    their agency refused as a whole and why. `size`: of its lines, in bytes.
    """

    package_id: str
    answers: Counter[str]
    refusals: Counter[str]
    delivered: tuple[str, ...]
    refused: dict[str, PackageFault]
    size: int


def apply(office: Office, signed: Signed, lines: Sequence[Line], now: datetime) -> Applied:
    """Inside the caller's transactions. Raises ReceiptAlarmError; WaitingError if the upload is not booked yet."""
    manifest = signed.manifest
    if not isinstance(manifest, Manifest):
        raise TypeError("a void manifest holds no answers")
    answers = [_answer(line.message) for line in lines]
    known = look_up(office, manifest, answers)
    if manifest.package_type is PackageType.RECEIPT:
        check_receipts(office, manifest, known, answers)
    commitments: list[bytes] = []
    records: list[MessageRecord] = []
    closings: list[tuple[CaseRecord, CaseClosed]] = []
    applied = Applied(manifest.package_id, Counter(), Counter(), (), {}, sum(len(line.raw) for line in lines))
    for line, answer in zip(lines, answers, strict=True):
        case, refusal = _apply_one(office, answer, signed, known, now)
        applied.answers[answer.type] += 1
        if refusal is not None:
            applied.refusals[refusal] += 1
        elif isinstance(answer, PackageReceipt):
            known.answered.add(answer.package_id)
        elif isinstance(answer, CaseClosed) and case is not None:
            closings.append((case, answer))
        claim = None if refusal is not None else _claim(answer, case, known)
        opening = os.urandom(_OPENING_BYTES)
        commitments.append(commitment(opening, line.raw + b"\n"))
        # Of a refused answer nothing is kept: it may be about anybody. So is the file number of what was erased here.
        nameless = claim is None and getattr(answer, "agency_ref", None) is not None
        item = "" if refusal is not None or nameless else line.raw.decode() + "\n"
        kept = ItemKept(item=item, opening=opening_text(opening))
        record = _record(manifest, answer, claim, kept, known)
        records.append(record._replace(item=len(records), made=now.isoformat(), refused=refusal))
    office.cases.keep(records)
    entry = append(office.connection, _entry(signed, manifest, applied, commitments, now), commitments).position
    office.inbound.applied(manifest, signed.digest, len(lines), entry, now)
    for case, closing in closings:
        count_outcome(office, case, closing.code, known.keys)
    return replace(applied, delivered=deliver(office, signed, known, now), refused=known.refused)


def _entry(
    signed: Signed, manifest: Manifest, applied: Applied, commitments: Sequence[bytes], now: datetime
) -> MessagesReceived:
    return MessagesReceived(
        id=new_id(),
        time=now,
        actor=ACTOR,
        package=manifest.package_id,
        sender=manifest.sender,
        kind="receipt" if manifest.package_type is PackageType.RECEIPT else "answers",
        sequence=manifest.sequence,
        manifest_digest=signed.digest,
        refused=applied.refusals.total(),
        items=items_of(commitments),
    )


def _apply_one(
    office: Office, answer: FromAgency, signed: Signed, known: Known, now: datetime
) -> tuple[CaseRecord | None, Refusal | None]:
    """The case an answer is about, and why it was refused if it was."""
    if answer.message_id in known.used:
        return None, Refusal.REPEATED
    known.used.add(answer.message_id)
    if isinstance(answer, Statement | KeyOffer):
        return None, _stated(answer, signed, now) if isinstance(answer, Statement) else None
    if isinstance(answer, PackageReceipt):
        return _apply_receipt(office, answer, known, now)
    if isinstance(answer, PackageRefused):
        return None, refuse(office, answer, known, signed, now)
    return _apply_to_case(office, answer, known, now)


def _stated(statement: Statement, signed: Signed, now: datetime) -> Refusal | None:
    if statement.creditor != signed.manifest.recipient:
        return Refusal.ANOTHER_CREDITOR
    # What a restore or an erasure asks for is a statement made since: one of a day to come would pass for it.
    return Refusal.DAY if day_in_germany(statement.made) > day_in_germany(now) else None


def _apply_to_case(
    office: Office, answer: CaseAnswers | StatementCase, known: Known, now: datetime
) -> tuple[CaseRecord | None, Refusal | None]:
    case = known.by_ref.get(answer.case_ref)
    if isinstance(answer, NoticeAck):
        refusal = _acknowledged(office, answer, known, now)
        if refusal is not None or case is None:
            return None, refusal
    if case is None:
        if answer.case_ref not in known.erased:
            return None, Refusal.UNKNOWN_CASE
        return None, None if isinstance(answer, StatementCase) else Refusal.ERASED
    return case, None if isinstance(answer, StatementCase) else _told(office, answer, case, known, now)


def _acknowledged(office: Office, ack: NoticeAck, known: Known, now: datetime) -> Refusal | None:
    """An answer to a notice counts also when the case is gone here; one to a stop that was never sent, or that was about
    another case, never does.
    """
    notice, sent = known.notices.get(ack.about), known.sent.get(ack.about)
    if sent is not None and (sent.type not in STOPS or sent.claim != known.owners.get(ack.case_ref)):
        return Refusal.UNKNOWN_MESSAGE
    if notice is None:
        return None if sent is not None else Refusal.UNKNOWN_MESSAGE
    if notice.case_ref != ack.case_ref:
        return Refusal.UNKNOWN_MESSAGE
    if not in_time(ack, day_in_germany(now)):
        return Refusal.DAY
    settle(office, notice, ack, now)
    return None


def _told(office: Office, answer: CaseAnswers, case: CaseRecord, known: Known, now: datetime) -> Refusal | None:
    refusal = _move(office, answer, case, known, now)
    if refusal is None and isinstance(answer, RequestForwarded):
        forwarded(office, case, known.keys[case.claim].subject_id, answer, now)
    return refusal


def _apply_receipt(
    office: Office, receipt: PackageReceipt, known: Known, now: datetime
) -> tuple[CaseRecord | None, Refusal | None]:
    case = answered_case(office, receipt, known)
    if isinstance(case, Refusal):
        return None, case
    refusal = None if case is None else _move(office, receipt, case, known, now)
    # A recalled case may be answered any number of times, and is found by one file number.
    if case is not None and refusal is None and (case.answered is None or case.standing in _UNDECIDED):
        trace(office, case, receipt)
    return case, refusal


def _move(
    office: Office, answer: PackageReceipt | CaseAnswers, case: CaseRecord, known: Known, now: datetime
) -> Refusal | None:
    update = acknowledge(answer, case.standing, restricted=case.restricted, today=day_in_germany(now))
    if isinstance(update, Refusal):
        return update
    moment = now.isoformat()
    times: dict[str, str | bool] = {}
    if isinstance(answer, CaseDispute):
        times |= {"dispute": answer.message_id, "contested": True}
    if isinstance(answer, PackageReceipt):
        if answer.verdict is not ReceiptVerdict.UNDER_REVIEW:
            times["answered"] = case.answered or moment
    else:
        times["acted"] = case.acted or moment
    if isinstance(answer, CaseClosed):
        times["closed"] = moment
    moved = CaseRecord._make((case._asdict() | times | update._asdict()).values())
    office.cases.change(case.message_id, standing=moved.standing, restricted=moved.restricted, **times)
    known.move(moved)
    return None


def _record(manifest: Manifest, answer: FromAgency, claim: str | None, kept: ItemKept, known: Known) -> MessageRecord:
    key = None if claim is None else key_of(known.keys, claim)
    return MessageRecord(
        message_id=answer.message_id,
        outbound=False,
        agency=manifest.sender,
        entity=manifest.recipient,
        type=answer.type,
        claim=claim,
        package=manifest.package_id,
        batch=None,
        item=None,
        made="",
        refused=None,
        payload=seal_message(kept, key, answer.message_id),
    )


def _claim(answer: FromAgency, case: CaseRecord | None, known: Known) -> str | None:
    if case is not None:
        return case.claim
    sent = known.sent.get(answer.about) if isinstance(answer, PackageReceipt) else None
    return None if sent is None else sent.claim


def _answer(message: object) -> FromAgency:
    if not _is_answer(message):
        raise TypeError("a package of an agency holds answers")
    return message


def _is_answer(message: object) -> TypeGuard[FromAgency]:
    return isinstance(message, get_args(FromAgency))
