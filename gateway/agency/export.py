"""What the agency's own system takes: its cases as they stand, as JSON Lines or CSV.

Cases alone name nobody. `joined` puts the identity beside each case, which is the one place where the two stores meet:
only where letters are written. Rectifications are worked in; amounts are cents, and `open` is what is owed now.

Whose names or documents are about to be shown is an entry in the log of readings before a byte of them leaves.
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from gateway.agency.desk import Desk
from gateway.agency.store import CaseRecord
from gateway.errors import UsageError
from schemas.answers import AgencyPayment
from schemas.case import Case, Identity
from schemas.codes import CaseStanding, PaidTo
from schemas.messages import CaseAnswer, CaseCredit, CaseNew, CasePayment, CaseRectify, IdentityLine

_STATE: Final = ("creditor", "standing", "restricted", "agency_ref", "open")


class Exported(NamedTuple):
    """The rows of a creditor's cases, and documents by name."""

    rows: list[dict[str, Any]]
    documents: Iterator[tuple[str, bytes]]


def export(desk: Desk, creditor: str, now: datetime, *, joined: bool, with_documents: bool) -> Exported:
    """What a command shows, inside the caller's transactions; its reading is logged before this returns.

    Raises UsageError for a creditor that is not ours. IntegrityError and StoreError pass: then nothing may be shown.
    """
    if creditor not in desk.creditors:
        raise UsageError("no creditor of that name is configured: see [[creditors]]")
    rows = list(exported(desk, creditor, joined=joined))
    whose = {str(row["case_ref"]) for row in rows} if joined else set()
    if with_documents:
        whose |= {case_ref for case_ref, _ in _documented(desk, creditor)}
    if whose:
        desk.readings.record("agency export", whose, now)
    return Exported(rows, documents(desk, creditor) if with_documents else iter(()))


def exported(desk: Desk, creditor: str, *, joined: bool) -> Iterator[dict[str, Any]]:
    """Every case of a creditor that may be worked or read, in order of reference; inside the caller's transactions."""
    identities = dict(desk.persons.lines()) if joined else {}
    for case_ref, record in sorted(desk.cases.cases(creditor).items()):
        if record.line is not None and record.standing is not CaseStanding.ERASED:
            yield _row(desk, record, case_ref, identities)


def documents(desk: Desk, creditor: str) -> Iterator[tuple[str, bytes]]:
    """Every document that came with an answer, with a name for its file; inside the caller's transactions."""
    for case_ref, message_id in _documented(desk, creditor):
        content = desk.persons.document(message_id)
        if content is not None:
            yield f"{case_ref}.{message_id}.pdf", content


def _documented(desk: Desk, creditor: str) -> list[tuple[str, str]]:
    """Case reference and message id of every answer that was a document."""
    return [
        (kept.message.case_ref, kept.message.message_id)
        for kept in desk.cases.messages(creditor)
        if isinstance(kept.message, CaseAnswer) and kept.message.document is not None
    ]


def as_csv(rows: list[dict[str, Any]], *, joined: bool) -> str:
    """Rows as CSV with commas; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    names = [*_STATE, *Case.model_fields, *(Identity.model_fields if joined else ())]
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items() if name in names} for row in rows)
    return out.getvalue()


def _row(desk: Desk, record: CaseRecord, case_ref: str, identities: dict[str, bytes]) -> dict[str, Any]:
    case = CaseNew.model_validate_json(record.line or b"").model_dump(mode="json", exclude={"type", "message_id"})
    owed, about = case["principal_open"], record.message_id
    messages = desk.cases.messages(record.sender, [case_ref])
    created = desk.cases.created({record.package, *(one.package for one in messages)})
    for one in messages:
        match one.message:
            case CasePayment() | CaseCredit():
                owed -= one.message.amount
            # What puts right a case that was made later went ahead of one that never came: this one says it better.
            case CaseRectify() if created[one.package] >= created[record.package]:
                case |= one.message.model_dump(
                    mode="json", exclude_none=True, exclude={"type", "message_id", "case_ref"}
                )
                about = one.message.message_id if one.message.message_id in identities else about
    for answer in desk.answers.sent(record.sender, [case_ref]):
        if isinstance(answer, AgencyPayment) and answer.paid_to is PaidTo.AGENCY:
            owed -= answer.principal
    row = {
        "creditor": record.sender,
        "standing": str(record.standing),
        "restricted": record.restricted,
        "agency_ref": record.agency_ref,
        "open": owed,
    }
    if about in identities:
        line = IdentityLine.model_validate_json(identities[about])
        case |= line.model_dump(mode="json", exclude={"message_id", "opening"})
    return row | case


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
