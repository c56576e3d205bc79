"""Rows of the `erp-de` preset, written as its two formats: one good row, and whatever a test changes in it."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from claims_strategy import german_amount, plain_amount
from gateway.readers.document import Document
from gateway.readers.mapping import Mapping as Columns
from gateway.readers.presets import load_preset
from gateway.readers.reading import read_rows
from schemas.claim import Claim, DebtorKind, Disputed, Rejected, Row

ERP = load_preset("erp-de")
assert ERP.csv is not None
assert ERP.jsonl is not None
CSV, JSONL = ERP.csv, ERP.jsonl

KIND = {DebtorKind.CONSUMER: "person", DebtorKind.BUSINESS: "company"}

GOOD: Mapping[str, object] = {
    "claim_id": "F-1",
    "customer_no": "K-1",
    "debtor_kind": "person",
    "salutation": "Frau",
    "first_name": "Zoë",
    "last_name": "Straßenkämper",
    "birth_date": "17.03.1980",
    "company_name": "",
    "legal_form": "",
    "register_no": "",
    "street": "Am Deich",
    "house_no": "7 b",
    "postcode": "01067",
    "city": "Dresden",
    "country": "DE",
    "email": "zoe@example.org",
    "phone": "",
    "iban": "",
    "contract_no": "",
    "order_date": "30.11.2025",
    "invoice_no": "R-1",
    "invoice_date": "01.12.2025",
    "due_date": "15.12.2025",
    "amount": "1.234,50",
    "currency": "EUR",
    "paid_amount": "0,5",
    "dunning_fees": "",
    "interest_rate": "",
    "payment_method": "",
    "disputed": "N",
    "reminders": "2,2026-01-05,letter,2.50",
    "lines": "",
    "note": "",
}
GOOD_LINE: Mapping[str, object] = {
    "claim_id": "F-1",
    "customer_no": "K-1",
    "debtor": {"kind": "person", "first_name": "Zoë", "last_name": "Straßenkämper", "birth_date": "1980-03-17"},
    "address": {"street": "Am Deich", "house_no": "7 b", "postcode": "01067", "city": "Dresden", "country": "DE"},
    "email": "zoe@example.org",
    "order_date": "2025-11-30",
    "invoice_no": "R-1",
    "invoice_date": "2025-12-01",
    "due_date": "2025-12-15",
    "amount": "1234.50",
    "currency": "EUR",
    "paid_amount": "0.5",
    "disputed": False,
    "reminders": [{"level": 2, "sent_on": "2026-01-05", "channel": "letter", "fee": "2.50"}],
}


def csv_bytes(*rows: Mapping[str, object], columns: Sequence[str] = tuple(GOOD), encoding: str = "utf-8") -> bytes:
    """A CSV file of good rows, each with its changes."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    for changes in rows:
        row = {**GOOD, **changes}
        writer.writerow([row[name] for name in columns])
    return out.getvalue().encode(encoding, "surrogatepass")


def line_bytes(**changes: object) -> bytes:
    """A JSON line of the good row; a change names a key, or a part of one as `debtor__last_name`."""
    row = json.loads(json.dumps(GOOD_LINE))
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = row
        for parent in parents:
            node = node[parent]
        node[last] = value
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def csv_row(claim: Claim) -> dict[str, str]:
    """A claim as `erp-de` writes it."""
    debtor = claim.debtor
    row = dict.fromkeys(GOOD, "")
    row |= {name: getattr(debtor, name) or "" for name in ("first_name", "last_name", "company_name", "email")}
    row |= debtor.address.model_dump()
    for column, day in (
        ("birth_date", debtor.birth_date),
        ("order_date", claim.contract_date),
        ("invoice_date", claim.invoice_date),
        ("due_date", claim.due_date),
    ):
        row[column] = "" if day is None else f"{day:%d.%m.}{day.year:04d}"
    reminders = "|".join(
        f"{one.level},{one.sent_on.isoformat()},{one.channel},{plain_amount(one.fee)}" for one in claim.reminders
    )
    return row | {
        "claim_id": claim.claim_no,
        "customer_no": claim.customer_no,
        "invoice_no": claim.invoice_no,
        "debtor_kind": KIND[debtor.kind],
        "amount": german_amount(claim.amount),
        "paid_amount": german_amount(claim.paid),
        "currency": claim.currency,
        "disputed": {Disputed.YES: "J", Disputed.NO: "N", Disputed.UNKNOWN: ""}[claim.disputed],
        "reminders": reminders,
        "note": 'free text; with "quotes"\r\nand lines',
    }


def document(*parts: bytes) -> Document:
    """Files as one document."""
    return Document([lambda data=data: nullcontext(io.BytesIO(data)) for data in parts])


def read(mapping: Columns, *parts: bytes) -> list[Row | Rejected]:
    """What a reader makes of files."""
    return list(read_rows(document(*parts), mapping))


def read_csv(data: bytes) -> list[Row | Rejected]:
    """What the CSV reader makes of a file."""
    return read(CSV, data)


def read_lines(data: bytes) -> list[Row | Rejected]:
    """What the JSON Lines reader makes of a file."""
    return read(JSONL, data)
