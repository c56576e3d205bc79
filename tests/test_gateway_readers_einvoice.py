"""E-invoices: what the standard fixes is read, in both syntaxes alike; what people wrote is never touched."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter

from gateway.readers.presets import load_preset
from rows import read
from schemas.claim import Claim, Rejected, Row

VECTORS = Path(__file__).parent / "vectors" / "invoices"
EXPECTED = sorted(VECTORS.glob("*.expected.json"))
SYNTAXES = ("cii", "ubl")
EINVOICE = load_preset("einvoice").einvoice
assert EINVOICE is not None
UBL = (VECTORS / "Einfach_DueDate.ubl.xml").read_bytes()
CII = (VECTORS / "Einfach_DueDate.cii.xml").read_bytes()
OTHER = (VECTORS / "Physiotherapeut.ubl.xml").read_bytes()


def told(claim: Claim) -> dict[str, Any]:
    """A claim as the hand-written expectations tell it."""
    debtor = claim.debtor.model_dump(mode="json", exclude={"address"})
    address = claim.debtor.address.model_dump()
    return {**claim.model_dump(mode="json", exclude={"debtor"}), **debtor, **address, "open": claim.open}


def credit(number: str, amount: str, *, names: str, kind: str = "381") -> bytes:
    """The plain UBL invoice as a credit note or correction of another."""
    reference = f"<cac:InvoiceDocumentReference><cbc:ID>{names}</cbc:ID></cac:InvoiceDocumentReference>"
    reference = f"<cac:BillingReference>{reference}</cac:BillingReference>"
    text = UBL.decode().replace("<cbc:ID>471102<", f"<cbc:ID>{number}<").replace(">380<", f">{kind}<")
    text = text.replace(">529.87</cbc:PayableAmount", f">{amount}</cbc:PayableAmount")
    return text.replace("<cac:AccountingSupplierParty>", f"{reference}<cac:AccountingSupplierParty>", 1).encode()


def as_credit_note(data: bytes) -> bytes:
    """An Invoice as a CreditNote, the other root of UBL."""
    for old in (b"Invoice-2", b"InvoiceTypeCode", b"<Invoice ", b"</Invoice>"):
        data = data.replace(old, old.replace(b"Invoice", b"CreditNote"))
    return data


def typed(doctype: str, number: bytes = b"471102") -> bytes:
    """The plain UBL invoice below a document type."""
    return UBL.replace(b"<Invoice", f"<!DOCTYPE Invoice {doctype}><Invoice".encode(), 1).replace(b"471102", number)


def pdf(*attached: tuple[str, bytes], password: str | None = None) -> bytes:
    """A PDF with files attached, as ZUGFeRD does it."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    for name, content in attached:
        writer.add_attachment(name, content)
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def outcome(rows: Sequence[Row | Rejected]) -> list[tuple[str, str] | tuple[int, int]]:
    """Field and rule, or amount and open amount, of each row."""
    return [(row.field, row.rule) if isinstance(row, Rejected) else (row.claim.amount, row.claim.open) for row in rows]


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name.partition(".")[0])
def test_an_invoice_is_what_a_person_read_in_it(path: Path, syntax: str) -> None:
    """Ten invoices of the corpus, in both syntaxes, against expectations written by hand."""
    expected = json.loads(path.read_text())
    data = path.with_name(path.name.replace("expected.json", f"{syntax}.xml")).read_bytes()
    declared = EINVOICE.model_copy(update={"constants": {"term_days": expected.get("term_days", "")}})
    (row,) = read(declared if "term_days" in expected else EINVOICE, data)

    if "rejected" in expected:
        assert row == Rejected(row=1, field=expected["rejected"][0], rule=expected["rejected"][1])
    else:
        assert isinstance(row, Row)
        assert {key: told(row.claim)[key] for key in expected["claim"]} == expected["claim"]
    if "without_term_days" in expected:
        field, rule = expected["without_term_days"]
        assert read(EINVOICE, data) == [Rejected(row=1, field=field, rule=rule)]


def test_twenty_invoices_are_tested() -> None:
    """Ten documents in two syntaxes; none is left out."""
    assert len(EXPECTED) * len(SYNTAXES) == len(list(VECTORS.glob("*.xml"))) == 20


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_a_patient_was_treated_for_never_passes(syntax: str) -> None:
    """No line text, no doctor, no day of treatment, no bank account, in anything the reader gives."""
    (row,) = read(EINVOICE, (VECTORS / f"Physiotherapeut.{syntax}.xml").read_bytes())
    given = repr(row) + row.model_dump_json()

    words = ("Behandl", "Verordnung", "Heilerin", "Physio", "Hausbesuch", "Terminen", "Tinder", "DE0212", "bitte bis")
    days = ("05.09.2018", "11.09.2018", "30.10.2018", "2018-09", "2018-10-1", "2018-10-2", "2018-10-30")
    assert [word for word in (*words, *days) if word in given] == []


CARD = b"<cac:PaymentMeans><cbc:PaymentMeansCode>48</cbc:PaymentMeansCode></cac:PaymentMeans><cac:TaxTotal>"
CASES = [
    ("credit note", [UBL, credit("G1", "29.87", names="471102")], [(50_000, 50_000)]),
    ("two credit notes", [credit("G1", "29.87", names="471102"), UBL, credit("G2", "500", names="471102")], [(0, 0)]),
    ("negative correction", [UBL, credit("K1", "-29.87", names="471102", kind="384")], [(50_000, 50_000)]),
    ("replacement", [UBL, credit("K1", "529.87", names="471102", kind="384")], [(0, 0), (52_987, 52_987)]),
    ("of nothing", [UBL, credit("G1", "5", names="X")], [(52_987, 52_987), ("(row)", "credit-unmatched")]),
    ("of itself", [credit("G1", "5", names="G1")], [("(row)", "credit-unmatched")]),
    ("UBL CreditNote", [UBL, as_credit_note(credit("G1", "5", names="471102"))], [(52_487, 52_487)]),
    ("card", [UBL.replace(b"<cac:TaxTotal>", CARD, 1)], [("(row)", "collected-by-creditor")]),
    ("unknown type", [UBL.replace(b">380<", b">999<")], [("(row)", "invoice-type")]),
    ("three decimals", [UBL.replace(b">529.87<", b">529.875<")], [("(row)", "amount-decimals")]),
    ("no amount", [UBL.replace(b">529.87<", b"><")], [("(row)", "amount")]),
    ("a bad one among others", [UBL, b"<x", OTHER], [(52_987, 52_987), ("(row)", "xml"), (38_000, 38_000)]),
]  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_documents_of_a_folder_change_each_other(files: list[bytes], expected: list[tuple[object, object]]) -> None:
    """Credit notes and corrections reduce or replace the claim they name, in any order; what names nothing is refused."""
    assert outcome(read(EINVOICE, *files)) == expected


LAUGHS = "".join(f'<!ENTITY l{place} "{f"&l{place - 1};" * 10}">' for place in range(1, 10))
HOSTILE = [
    ("empty", b"", "xml"),
    ("not XML", b"\x00\x01\x02", "xml"),
    ("cut off", UBL[:-50], "xml"),
    ("wrong encoding", UBL.replace(b"UTF-8", b"UTF-16"), "xml"),
    ("broken UTF-8", UBL.replace("ß".encode(), b"\xdf"), "xml"),
    ("another document", b"<html/>", "no-invoice"),
    ("an order", UBL.replace(b":Invoice-2", b":Order-2"), "no-invoice"),
    ("document type", typed(""), "xml-doctype"),
    ("external entity", typed('[<!ENTITY x SYSTEM "file:///etc/passwd">]', b"&x;"), "xml-doctype"),
    ("external DTD", typed('SYSTEM "http://127.0.0.1:1/x.dtd"'), "xml-doctype"),
    ("billion laughs", typed(f'[<!ENTITY l0 "ha">{LAUGHS}]', b"&l9;"), "xml"),
    ("deep", b"<a>" * 100_000, "xml"),
    ("one endless element", b"<a>" + b"x" * (10 << 20) + b"</a>", "xml-too-large"),
    ("PDF that is none", b"%PDF-1.7\n" + bytes(range(256)) * 8, "pdf"),
    ("PDF without invoice", pdf(("note.xml", UBL)), "pdf-without-invoice"),
    ("PDF with two", pdf(("factur-x.xml", CII), ("xrechnung.xml", UBL)), "pdf-without-invoice"),
    ("PDF with password", pdf(("factur-x.xml", CII), password="x"), "pdf-encrypted"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "rule"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_a_file_that_is_no_invoice_is_refused_alone(data: bytes, rule: str) -> None:
    """Entities, depth, size, damage: refused by rule, nothing expanded or fetched, and its neighbour is read."""
    assert outcome(read(EINVOICE, data, OTHER)) == [("(row)", rule), (38_000, 38_000)]


def test_the_invoice_inside_a_pdf_is_the_invoice() -> None:
    """ZUGFeRD: the attached XML alone is read."""
    assert read(EINVOICE, pdf(("factur-x.xml", CII))) == read(EINVOICE, CII)
