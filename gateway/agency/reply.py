"""Taking the agency's answers: a file of rows from its own system, JSON or CSV, as a whole or not at all.

A row names a `type` and a `case_ref`, and what the message says, in the words of docs/messages.md; what only we know
(message ids, the package a case came in, its manifest's digest, the stop a `notice.ack` is about) is filled in here. Each
row is checked by the same table as at the creditor, so an answer that would be refused there is refused here, by its row.
A file is taken once. Rows of several creditors may stand in one file: each goes to the creditor whose case it is, or that
it names as its `creditor`.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any, Final, TypeGuard, get_args

from pydantic import ValidationError

from gateway.agency.answers import Envelope
from gateway.agency.codes import translate
from gateway.agency.desk import Desk
from gateway.agency.receive import erase, is_stop
from gateway.agency.store import CaseRecord
from gateway.errors import InputError
from gateway.state import UNSAID
from gateway.steps.acknowledge import Refusal, acknowledge, event_of
from keys.references import new_id
from schemas.answers import CaseAnswers, FromAgencyAdapter, NoticeAck, PackageReceipt
from schemas.codes import CaseStanding, NoticeResult
from schemas.identifiers import MistypedReferenceError, parse_reference
from schemas.messages import CaseErase
from schemas.package import PackageType
from schemas.words import told

MAXIMUM_BYTES: Final = 64 << 20
_AMOUNTS: Final = frozenset({"amount", "costs", "interest", "principal", "fees"})
_FOREIGN: Final = {"refusal": "refusal", "code": "closing", "status": "status"}

Row = dict[str, Any]


def take_replies(desk: Desk, content: bytes, today: date, *, interface: str | None = None, dry_run: bool) -> int:
    """Queues every answer of a file; how many. Raises InputError that names row and field, and changes nothing."""
    rows = list(_rows(content))
    with desk.cases_connection.begin() as cases, desk.identities_connection.begin() as identities:
        if not desk.cases.take_reply(hashlib.sha256(content).hexdigest()):
            raise InputError("this file of answers was taken before: nothing was changed")
        for number, row in enumerate(rows, start=1):
            _take(desk, number, _translated(row, number, interface), today)
        if dry_run:
            identities.rollback()
            cases.rollback()
        else:
            identities.commit()
    return len(rows)


def _take(desk: Desk, number: int, row: Row, today: date) -> None:
    case = _case(desk, number, row)
    answer = _answer(desk, number, row, case)
    update = acknowledge(answer, case.standing, restricted=case.restricted, today=today)
    if isinstance(update, Refusal):
        raise InputError(f"row {number}: {update}")
    if event_of(answer) in UNSAID[case.standing]:
        recalled = case.standing is CaseStanding.RECALLED
        why = "the case was recalled: it is not worked any more, only closed" if recalled else Refusal.STANDING
        raise InputError(f"row {number}: {why}")
    receipt = isinstance(answer, PackageReceipt)
    envelope = Envelope(
        case.sender, PackageType.RECEIPT if receipt else PackageType.ANSWERS, case.package if receipt else None
    )
    desk.answers.queue(envelope, [answer])
    desk.cases.stand(
        case, update.standing, restricted=update.restricted, agency_ref=getattr(answer, "agency_ref", None)
    )
    if isinstance(answer, NoticeAck):
        desk.cases.decide(answer.about)
        if answer.result is NoticeResult.EXECUTED and _asks_erasure(desk, case, answer.about):
            erase(desk, case)


def _case(desk: Desk, number: int, row: Row) -> CaseRecord:
    try:
        case_ref = parse_reference(str(row.get("case_ref", "")))
    except MistypedReferenceError as error:
        raise InputError(f"row {number}, case_ref: {error}") from None
    owners = desk.cases.owner(case_ref)
    # 80 random bits are one creditor's; if another sends the same, nobody guesses whose is meant: the row says it.
    if "creditor" in row:
        owners = [one for one in owners if one == row["creditor"]]
    if len(owners) > 1:
        raise InputError(f"row {number}, case_ref: several creditors sent this reference: name the `creditor`")
    if not owners:
        raise InputError(f"row {number}, case_ref: this case is not here")
    case = desk.cases.cases(owners[0], [case_ref])[case_ref]
    if case.standing is CaseStanding.ERASED:
        raise InputError(f"row {number}, case_ref: this case was erased")
    return case


def _answer(desk: Desk, number: int, row: Row, case: CaseRecord) -> PackageReceipt | CaseAnswers:
    filled = row | {"message_id": new_id(), "case_ref": case.case_ref}
    filled.pop("creditor", None)
    if row.get("type") == "package.receipt":
        filled.pop("case_ref")
        package = desk.cases.package(case.package)
        filled |= {
            "package_id": case.package,
            "manifest_digest": None if package is None else package.manifest_digest,
            "about": case.message_id,
        }
    elif row.get("type") == "notice.ack" and "about" not in row:
        filled["about"] = _stop_to_decide(desk, number, case)
    try:
        answer = FromAgencyAdapter.validate_json(json.dumps(filled))
    except ValidationError as error:
        raise InputError(f"row {number}: {told(error)}") from None
    if not _about_case(answer):
        raise InputError(f"row {number}, type: this is not an answer about a case")
    return answer


def _stop_to_decide(desk: Desk, number: int, case: CaseRecord) -> str:
    """The stop that waits for a decision or, where none does, the newest that was decided: what was kept then may be erased
    or restricted since. Of a case that is still here every erasure was left to us.
    """
    messages = desk.cases.messages(case.sender, [case.case_ref])
    waiting = [one.message.message_id for one in messages if one.open]
    decided = [one.message.message_id for one in messages if isinstance(one.message, CaseErase)]
    if not waiting and not decided:
        raise InputError(f"row {number}: no stop of this case waits for a decision, and none was decided")
    return waiting[0] if waiting else decided[-1]


def _about_case(answer: object) -> TypeGuard[PackageReceipt | CaseAnswers]:
    return isinstance(answer, (PackageReceipt, *get_args(CaseAnswers)))


def _asks_erasure(desk: Desk, case: CaseRecord, about: str) -> bool:
    messages = [one.message for one in desk.cases.messages(case.sender, [case.case_ref])]
    return any(is_stop(one) and isinstance(one, CaseErase) and one.message_id == about for one in messages)


def _translated(row: Row, number: int, interface: str | None) -> Row:
    if interface is None:
        return row
    try:
        return row | {
            field: str(translate(interface, kind, str(row[field]))) for field, kind in _FOREIGN.items() if field in row
        }
    except InputError as error:
        raise InputError(f"row {number}: {error}") from None


def _rows(content: bytes) -> Iterator[Row]:
    if len(content) > MAXIMUM_BYTES:
        raise InputError("the file of answers is larger than 64 MiB: split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the file of answers is not UTF-8") from None
    if text.lstrip().startswith(("{", "[")):
        yield from _json_rows(text)
        return
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    if not {"type", "case_ref"} <= set(reader.fieldnames or ()):
        raise InputError("the file of answers has no header that names `type` and `case_ref`: see docs/kit.md")
    try:
        for number, found in enumerate(reader, start=1):
            yield {name: _cell(number, name, value) for name, value in found.items() if value not in {None, ""}}
    except csv.Error:
        raise InputError("the file of answers is not CSV with commas and a header") from None


def _json_rows(text: str) -> Iterator[Row]:
    try:
        found = json.loads(text) if text.lstrip().startswith("[") else [json.loads(one) for one in text.splitlines()]
    except (ValueError, RecursionError):
        raise InputError("the file of answers is neither a JSON array nor JSON Lines") from None
    for number, row in enumerate(found, start=1):
        if not isinstance(row, dict):
            raise InputError(f"row {number}: an object is expected")
        yield row


def _cell(number: int, name: str | None, value: Any) -> Any:
    if name is None or not isinstance(value, str):
        raise InputError(f"row {number}: more cells than the header has")
    if name not in _AMOUNTS:
        return value
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise InputError(f"row {number}, {name}: whole cents are expected")
    return int(value)
