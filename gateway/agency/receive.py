"""Receiving: one package of a creditor, whole or not at all, and the answer to each of its messages.

What must hold before a message is believed is `steps.unseal`. Then, message by message: a new case is under review until
the agency decides, but refused if it came before, if a stop for it came first, or if it asks for what the agency's
settings say it cannot do; a stop is carried out at once, and
kept if its case has not come; every message is answered, in a receipt signed over the manifest's digest, and every stop
also by what was done about it (Art. 19 GDPR). A case belongs to its sender: no other creditor's message reaches it.

The cases of a probe are invented: they are opened and answered, and none is kept.

Erasure is carried out at once when it is an instruction to a processor, or when the case is no longer worked. Otherwise
the case is restricted, and the agency decides (Art. 17(3) GDPR).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Final, TypeGuard, get_args

from gateway.agency.answers import Envelope
from gateway.agency.desk import Desk
from gateway.agency.store import CaseRecord
from gateway.state import CaseEvent, standing_after
from gateway.steps.unseal import Line, Signed, check_addressing, check_turn, open_messages
from keys.references import new_id
from schemas.answers import CaseDispute, NoticeAck, PackageReceipt, PackageRefused
from schemas.codes import CaseStanding, NoticeResult, PackageFault, ReceiptVerdict, RefusalCode
from schemas.messages import (
    BooksAgreed,
    CaseErase,
    CaseNew,
    CaseRecall,
    CaseRestrict,
    CaseUnrestrict,
    KeyOffer,
    Stop,
    ToAgency,
)
from schemas.package import Manifest, PackageType

CHUNK: Final = 4_000
_CHUNK_BYTES: Final = 16 << 20
_ENDED: Final = {CaseStanding.REFUSED, CaseStanding.RECALLED, CaseStanding.CLOSED}


@dataclass(frozen=True, slots=True)
class Received:
    """A package that has arrived whole; no messages if it only closes a number."""

    package_id: str
    sender: str
    sequence: int
    messages: int


@dataclass(slots=True)
class _Answers:
    """The receipt of one package, and what was done about its stops."""

    package_id: str
    digest: str
    receipts: list[PackageReceipt] = field(default_factory=list)
    acks: list[NoticeAck] = field(default_factory=list)

    def receipt(self, message: ToAgency, verdict: ReceiptVerdict, refusal: RefusalCode | None = None) -> None:
        self.receipts.append(
            PackageReceipt(
                message_id=new_id(),
                package_id=self.package_id,
                manifest_digest=self.digest,
                about=message.message_id,
                verdict=verdict,
                refusal=refusal,
            )
        )

    def ack(self, stop: Stop, result: NoticeResult) -> None:
        self.acks.append(NoticeAck(message_id=new_id(), case_ref=stop.case_ref, about=stop.message_id, result=result))


def receive(folder: Path, signed: Signed, desk: Desk, now: datetime) -> Received:
    """One package, inside the caller's transactions; identities are committed first, then cases. Raises PackageError."""
    manifest = signed.manifest
    check_addressing(manifest, desk.opener)
    check_turn(manifest, desk.cases.last_sequence(manifest.sender, manifest.package_type), now)
    count = 0
    if isinstance(manifest, Manifest):
        for chunk in _chunks(open_messages(folder, manifest, desk.opener)):
            answers = _Answers(manifest.package_id, signed.digest)
            _take(desk, manifest, chunk, answers)
            desk.answers.queue(
                Envelope(manifest.sender, PackageType.RECEIPT, manifest.package_id), tuple(answers.receipts)
            )
            desk.answers.queue(Envelope(manifest.sender, PackageType.ANSWERS, None), tuple(answers.acks))
            count += len(chunk)
    else:
        answer_void(desk, signed)
    desk.cases.receive(manifest, signed.digest, count, now)
    return Received(manifest.package_id, manifest.sender, manifest.sequence, count)


def answer_void(desk: Desk, signed: Signed) -> None:
    """Says that nothing of a package was taken, and never will be."""
    package_id = signed.manifest.package_id
    closed = PackageRefused(
        message_id=new_id(), package_id=package_id, manifest_digest=signed.digest, fault=PackageFault.VOIDED
    )
    desk.answers.queue(Envelope(signed.manifest.sender, PackageType.RECEIPT, package_id), [closed])


def _take(desk: Desk, manifest: Manifest, chunk: Sequence[Line], answers: _Answers) -> None:
    if manifest.package_type is PackageType.PROBE:
        for line in chunk:
            if isinstance(line.message, CaseNew):
                answers.receipt(line.message, ReceiptVerdict.ACCEPTED)
        return
    for new, run in groupby(chunk, key=lambda line: isinstance(line.message, CaseNew)):
        (_keep_cases if new else _keep_messages)(desk, manifest, list(run), answers)


def _keep_cases(desk: Desk, manifest: Manifest, lines: Sequence[Line], answers: _Answers) -> None:
    news = [(line, line.message) for line in lines if isinstance(line.message, CaseNew)]
    case_refs = [case.case_ref for _, case in news]
    before = set(desk.cases.cases(manifest.sender, case_refs))
    known = desk.cases.known_messages([case.message_id for _, case in news])
    stops: dict[str, list[Stop]] = {}
    for kept in desk.cases.messages(manifest.sender, case_refs, kept=True):
        if is_stop(kept.message):
            stops.setdefault(kept.message.case_ref, []).append(kept.message)
    records: list[CaseRecord] = []
    identities: list[tuple[str, bytes]] = []
    for line, case in news:
        if case.case_ref in before or case.message_id in known:
            answers.receipt(case, ReceiptVerdict.REFUSED, RefusalCode.REPEATED)
            continue
        before.add(case.case_ref)
        known.add(case.message_id)
        record = _new_case(line, case, manifest, stops.get(case.case_ref, []))
        if not desk.abilities.can_follow(case.instruction) and record.standing is CaseStanding.UNDER_REVIEW:
            records.append(record._replace(standing=CaseStanding.REFUSED))
            answers.receipt(case, ReceiptVerdict.REFUSED, RefusalCode.INSTRUCTION_NOT_SUPPORTED)
            continue
        records.append(record)
        if record.standing is CaseStanding.UNDER_REVIEW:
            identities.append((case.message_id, line.identity))
            answers.receipt(case, ReceiptVerdict.UNDER_REVIEW)
        else:
            answers.receipt(case, ReceiptVerdict.REFUSED, RefusalCode.STOPPED)
    desk.persons.add(manifest.package_id, identities)
    desk.cases.add(records)


def _new_case(line: Line, case: CaseNew, manifest: Manifest, stops: Sequence[Stop]) -> CaseRecord:
    """A case as it stands once the stops that came before it have been carried out."""
    standing, restricted = CaseStanding.UNDER_REVIEW, False
    for stop in stops:
        match stop:
            case CaseRecall():
                standing = CaseStanding.RECALLED
            case CaseErase():
                standing = CaseStanding.ERASED
            case CaseRestrict() | CaseUnrestrict():
                restricted = isinstance(stop, CaseRestrict)
            case _:
                pass  # a rectification is read beside the case it is about
    raw = None if standing is CaseStanding.ERASED else line.raw
    return CaseRecord(
        case.message_id, manifest.sender, case.case_ref, manifest.package_id, standing, restricted, None, raw
    )


def _keep_messages(desk: Desk, manifest: Manifest, lines: Sequence[Line], answers: _Answers) -> None:
    for line in lines:
        message = line.message
        if not _to_agency(message):
            raise TypeError("a package to an agency holds messages to an agency")
        if desk.cases.known_messages([message.message_id]):
            answers.receipt(message, ReceiptVerdict.REFUSED, RefusalCode.REPEATED)
            continue
        case = _case_of(desk, manifest.sender, message)
        gone = case is None or case.standing in {CaseStanding.ERASED, CaseStanding.REFUSED}
        if gone and not is_stop(message) and not isinstance(message, BooksAgreed | KeyOffer):
            answers.receipt(message, ReceiptVerdict.REFUSED, RefusalCode.UNKNOWN_CASE)
            continue
        is_open = isinstance(message, CaseErase) and case is not None and not _erase_at_once(message, case)
        kept = is_stop(message) and case is None
        desk.cases.add_message(message, line.raw, manifest.sender, manifest.package_id, kept=kept, is_open=is_open)
        if b'"invoice_no"' in line.identity and (kept or not gone):
            desk.persons.add(manifest.package_id, [(message.message_id, line.identity)])
        if line.document:
            desk.persons.add_document(manifest.package_id, message.message_id, line.document)
        answers.receipt(message, ReceiptVerdict.ACCEPTED)
        if is_stop(message):
            if case is not None:
                _carry_out(desk, message, case)
            if not is_open:
                answers.ack(message, NoticeResult.UNKNOWN if case is None else NoticeResult.EXECUTED)


def _carry_out(desk: Desk, stop: Stop, case: CaseRecord) -> None:
    match stop:
        case CaseRecall():
            standing = standing_after(case.standing, CaseEvent.RECALL) or case.standing
            desk.cases.stand(case, standing, restricted=case.restricted)
        case CaseRestrict():
            desk.cases.stand(case, case.standing, restricted=True)
        case CaseUnrestrict():
            desk.cases.stand(case, case.standing, restricted=_newer_dispute(desk, case, stop))
        case CaseErase() if _erase_at_once(stop, case):
            erase(desk, case)
        case CaseErase():
            desk.cases.stand(case, case.standing, restricted=True)
        case _:
            pass  # a rectification is read beside the case it is about


def _newer_dispute(desk: Desk, case: CaseRecord, stop: CaseUnrestrict) -> bool:
    """Whether we have reported a dispute that this end of a restriction does not know of: the two have crossed."""
    ours = [one.message_id for one in desk.answers.sent(case.sender, [stop.case_ref]) if isinstance(one, CaseDispute)]
    return bool(ours) and ours[-1] != stop.dispute


def erase(desk: Desk, case: CaseRecord) -> None:
    """Forgets a case on both sides of the house; its reference stays, as erased."""
    desk.persons.erase(desk.cases.erase(case))


def is_stop(message: object) -> TypeGuard[Stop]:
    """Whether a message takes back."""
    return isinstance(message, get_args(Stop))


def _to_agency(message: object) -> TypeGuard[ToAgency]:
    return isinstance(message, get_args(ToAgency))


def _erase_at_once(stop: CaseErase, case: CaseRecord) -> bool:
    return stop.instruction or case.standing in _ENDED


def _case_of(desk: Desk, sender: str, message: ToAgency) -> CaseRecord | None:
    if isinstance(message, BooksAgreed | KeyOffer):
        return None
    return desk.cases.cases(sender, [message.case_ref]).get(message.case_ref)


def _chunks(messages: Iterator[Line]) -> Iterator[list[Line]]:
    """Some thousand messages at a time; fewer if they are as long as only a hostile sender's are."""
    chunk: list[Line] = []
    size = 0
    for line in messages:
        chunk.append(line)
        size += len(line.raw) + len(line.identity) + len(line.document)
        if len(chunk) == CHUNK or size > _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
