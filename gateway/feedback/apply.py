"""Applying one believed package of answers: in one transaction with its entry, each answer once, in order.

An answer that may not change anything is refused with a reason, kept, and counted; the others of its package are
applied. A receipt that names another manifest than was sent is an alarm: nothing of its package is applied.
"""

import hmac
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, TypeGuard, get_args

from audit.items import commitment
from audit.store import append, items_of
from gateway.errors import IntegrityError
from gateway.feedback.outcomes import count_outcome
from gateway.handover.judge import key_of
from gateway.handover.probe import probe_answered
from gateway.office import Office
from gateway.rights.incoming import forwarded, is_of_erased
from gateway.rights.notices import settle
from gateway.state import PackageState
from gateway.steps.acknowledge import Refusal, acknowledge
from gateway.steps.pseudonymise import opening_text
from gateway.steps.unseal import Line, Signed, WaitingError
from gateway.store.cases import CaseRecord, MessageRecord
from gateway.store.packages import SentPackage
from gateway.store.payload import ItemKept, seal_message
from gateway.store.requests import Notice
from gateway.traces import by_agency_ref
from keys.references import new_id
from keys.vault import ClaimKey
from schemas.answers import (
    CaseAnswers,
    CaseClosed,
    FromAgency,
    NoticeAck,
    PackageReceipt,
    RequestForwarded,
    Statement,
    StatementCase,
)
from schemas.codes import ReceiptVerdict
from schemas.entry import MessagesReceived, PackageDelivered
from schemas.messages import KeyOffer
from schemas.package import Manifest, PackageType

ACTOR: Final = "system:feedback"
_OPENING_BYTES: Final = 32


class ReceiptAlarmError(IntegrityError):
    """An agency signed a receipt for a package that is not what was sent; nothing of it was applied."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What one package did: how many answers of which type, which were refused and why, which packages arrived."""

    package_id: str
    answers: Counter[str]
    refusals: Counter[str]
    delivered: tuple[str, ...]


class _Known(NamedTuple):
    """What store and vault know of the cases and messages that a package speaks of."""

    by_ref: dict[str, CaseRecord]
    by_message: dict[str, CaseRecord]
    sent: dict[str, MessageRecord]
    keys: dict[str, ClaimKey]
    used: set[str]
    packages: dict[str, SentPackage]
    notices: dict[str, Notice]


def apply(office: Office, signed: Signed, lines: Sequence[Line], now: datetime) -> Applied:
    """Inside the caller's transactions. Raises ReceiptAlarmError; WaitingError if the upload is not booked yet."""
    manifest = signed.manifest
    if not isinstance(manifest, Manifest):
        raise TypeError("a void manifest holds no answers")
    answers = [_answer(line.message) for line in lines]
    known = _look_up(office, manifest, answers)
    if manifest.package_type is PackageType.RECEIPT:
        _check_receipts(manifest, known, answers)
    commitments: list[bytes] = []
    records: list[MessageRecord] = []
    applied = Applied(manifest.package_id, Counter(), Counter(), tuple(_arrived(known)))
    for line, answer in zip(lines, answers, strict=True):
        case, refusal = _apply_one(office, answer, known, now)
        applied.answers[answer.type] += 1
        if refusal is not None:
            applied.refusals[refusal] += 1
        claim = None if refusal is not None else _claim(answer, case, known)
        opening = os.urandom(_OPENING_BYTES)
        commitments.append(commitment(opening, line.raw + b"\n"))
        # Of a refused answer nothing is kept: it may be about anybody.
        item = "" if refusal is not None else line.raw.decode() + "\n"
        kept = ItemKept(item=item, opening=opening_text(opening))
        record = _record(manifest, answer, claim, kept, known)
        records.append(record._replace(item=len(records), made=now.isoformat(), refused=refusal))
    office.cases.keep(records)
    entry = append(office.connection, _entry(signed, manifest, applied, commitments, now), commitments).position
    office.cases.applied(manifest, signed.digest, len(lines), entry, now)
    _deliver(office, signed, known, applied.delivered, now)
    return applied


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


def _look_up(office: Office, manifest: Manifest, answers: Sequence[FromAgency]) -> _Known:
    agency = manifest.sender
    refs = {found for one in answers if (found := getattr(one, "case_ref", None)) is not None}
    receipts = [one for one in answers if isinstance(one, PackageReceipt)]
    about = {one.about for one in answers if isinstance(one, PackageReceipt | NoticeAck)}
    owners = office.vault.owners(refs, agency)
    cases = office.cases.of_claims(agency, set(owners.values()))
    by_ref = {
        ref: cases[claim]
        for ref, claim in owners.items()
        if claim in cases and cases[claim].entity == manifest.recipient
    }
    by_message = office.cases.of_messages(agency, about)
    sent = office.cases.outbound(agency, about)
    claims = {one.claim for one in (*by_ref.values(), *by_message.values())}
    claims |= {one.claim for one in sent.values() if one.claim is not None}
    used = office.cases.inbound_ids(agency, {one.message_id for one in answers})
    found = {one.package_id: office.packages.sent(agency, one.package_id) for one in receipts}
    packages = {name: one for name, one in found.items() if one is not None and one.entity == manifest.recipient}
    noticed = office.requests.noticed(agency, about)
    return _Known(by_ref, by_message, sent, office.vault.by_id(sorted(claims)), used, packages, noticed)


def _check_receipts(manifest: Manifest, known: _Known, answers: Sequence[FromAgency]) -> None:
    for receipt in answers:
        sent = known.packages.get(receipt.package_id) if isinstance(receipt, PackageReceipt) else None
        if sent is None or not isinstance(receipt, PackageReceipt):
            continue
        if not hmac.compare_digest(receipt.manifest_digest, sent.manifest_digest):
            raise ReceiptAlarmError(
                f"{manifest.sender} signed a receipt for package {sent.package_id} with another manifest than was sent: "
                "stop sending to it, and find out who changed what"
            )
        if sent.state is PackageState.SEALED:
            raise WaitingError(f"a receipt of {manifest.sender} waits: the upload of its package is not yet booked")


def _arrived(known: _Known) -> list[str]:
    return sorted(name for name, one in known.packages.items() if one.state is PackageState.UPLOADED)


def _apply_one(
    office: Office, answer: FromAgency, known: _Known, now: datetime
) -> tuple[CaseRecord | None, Refusal | None]:
    """The case an answer is about, and why it was refused if it was."""
    if answer.message_id in known.used:
        return None, Refusal.REPEATED
    known.used.add(answer.message_id)
    if isinstance(answer, Statement | KeyOffer):
        return None, None
    if isinstance(answer, PackageReceipt):
        return _apply_receipt(office, answer, known, now)
    case = known.by_ref.get(answer.case_ref)
    if isinstance(answer, NoticeAck):
        refusal = _acknowledged(office, answer, known, now)
        if refusal is not None or case is None:
            return None, refusal
    if case is None:
        return None, Refusal.UNKNOWN_CASE
    return case, None if isinstance(answer, StatementCase) else _told(office, answer, case, known, now)


def _acknowledged(office: Office, ack: NoticeAck, known: _Known, now: datetime) -> Refusal | None:
    """An answer to a notice counts also when the case is gone here; one to a stop that was never sent never does."""
    if ack.about in known.notices:
        settle(office, known.notices[ack.about], ack, now)
        return None
    return None if ack.about in known.sent else Refusal.UNKNOWN_MESSAGE


def _told(office: Office, answer: CaseAnswers, case: CaseRecord, known: _Known, now: datetime) -> Refusal | None:
    if isinstance(answer, RequestForwarded):
        forwarded(office, case, known.keys[case.claim].subject_id, answer, now)
    return _move(office, answer, case, known, now)


def _apply_receipt(
    office: Office, receipt: PackageReceipt, known: _Known, now: datetime
) -> tuple[CaseRecord | None, Refusal | None]:
    sent = known.packages.get(receipt.package_id)
    if sent is not None and sent.type is PackageType.PROBE:
        return None, None
    case, message = known.by_message.get(receipt.about), known.sent.get(receipt.about)
    package = case.package if case is not None else message.package if message is not None else None
    if sent is not None and package is None and is_of_erased(office, receipt):
        return None, None
    if package != receipt.package_id or package not in known.packages:
        return None, Refusal.UNKNOWN_MESSAGE
    if case is not None and receipt.agency_ref is not None:
        trace = by_agency_ref(case.agency, receipt.agency_ref)
        office.vault.trace(case.entity, {case.claim: (trace,)}, receipt.package_id)
    return case, None if case is None else _move(office, receipt, case, known, now)


def _move(
    office: Office, answer: PackageReceipt | CaseAnswers, case: CaseRecord, known: _Known, now: datetime
) -> Refusal | None:
    update = acknowledge(answer, case.standing, restricted=case.restricted)
    if isinstance(update, Refusal):
        return update
    moment = now.isoformat()
    times = {}
    if isinstance(answer, PackageReceipt):
        if answer.verdict is not ReceiptVerdict.UNDER_REVIEW:
            times["answered"] = case.answered or moment
    else:
        times["acted"] = case.acted or moment
    if isinstance(answer, CaseClosed):
        times["closed"] = moment
        count_outcome(office, case, answer.code, known.keys)
    moved = case._replace(standing=update.standing, restricted=update.restricted, **times)
    office.cases.change(case.message_id, standing=moved.standing, restricted=moved.restricted, **times)
    # Later answers of the same package find the case as this one left it.
    known.by_message[case.message_id] = moved
    for ref, one in known.by_ref.items():
        if one.message_id == case.message_id:
            known.by_ref[ref] = moved
            break
    return None


def _record(manifest: Manifest, answer: FromAgency, claim: str | None, kept: ItemKept, known: _Known) -> MessageRecord:
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


def _claim(answer: FromAgency, case: CaseRecord | None, known: _Known) -> str | None:
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


def _deliver(office: Office, signed: Signed, known: _Known, delivered: Sequence[str], now: datetime) -> None:
    for package_id in delivered:
        office.packages.delivered(package_id, now)
        entry = PackageDelivered(
            id=new_id(),
            time=now,
            actor=ACTOR,
            package=package_id,
            manifest_digest=known.packages[package_id].manifest_digest,
            receipt=signed.manifest.package_id,
            receipt_digest=signed.digest,
        )
        append(office.connection, entry)
        if known.packages[package_id].type is PackageType.PROBE:
            probe_answered(office, package_id, now)
