"""Round trip: a claim that a program wrote in a format is read back as the same claim."""

import csv
import io
import json
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from claims_strategy import claims, german_amount, plain_amount
from gateway.readers.datev_postings import POSTINGS
from gateway.readers.formats import Format
from gateway.readers.presets import load_preset
from gateway.readers.reading import first_looks
from rows import CSV, GOOD, JSONL, KIND, csv_row, document, read
from schemas.claim import Address, Claim, Debtor, DebtorKind, Disputed, Row

VECTORS = Path(__file__).parent / "vectors"
UBL = (VECTORS / "invoices" / "Einfach_DueDate.ubl.xml").read_bytes()
BATCH, MASTER = ((VECTORS / "datev" / f"EXTF_{name}.csv").read_bytes() for name in ("Buchungsstapel", "Stammdaten"))
EINVOICE, DATEV = load_preset("einvoice").einvoice, load_preset("datev").datev
assert EINVOICE is not None
assert DATEV is not None
ARRAY = JSONL.model_copy(update={"format": Format.JSON_ARRAY})
ROUND_TRIP = settings(max_examples=80)


def json_row(claim: Claim) -> dict[str, object]:
    debtor = claim.debtor
    return {
        "claim_id": claim.claim_no,
        "customer_no": claim.customer_no,
        "invoice_no": claim.invoice_no,
        "debtor": {
            "kind": KIND[debtor.kind],
            "first_name": debtor.first_name,
            "last_name": debtor.last_name,
            "company_name": debtor.company_name,
            "birth_date": debtor.birth_date and debtor.birth_date.isoformat(),
        },
        "address": debtor.address.model_dump(),
        "email": debtor.email,
        "order_date": claim.contract_date.isoformat(),
        "invoice_date": claim.invoice_date.isoformat(),
        "due_date": claim.due_date.isoformat(),
        "amount": plain_amount(claim.amount),
        "paid_amount": plain_amount(claim.paid),
        "currency": claim.currency,
        "disputed": {Disputed.YES: True, Disputed.NO: False, Disputed.UNKNOWN: None}[claim.disputed],
        "reminders": [
            {
                "level": one.level,
                "sent_on": one.sent_on.isoformat(),
                "channel": one.channel,
                "fee": plain_amount(one.fee),
            }
            for one in claim.reminders
        ],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "iso-8859-15"])
@given(claims=st.lists(claims(), max_size=5), delimiter=st.sampled_from(";,\t|"), end=st.sampled_from(["\n", "\r\n"]))
@ROUND_TRIP
def test_csv_in_any_dialect_gives_the_claims_back(encoding: str, claims: list[Claim], delimiter: str, end: str) -> None:
    """Whatever delimiter, line end and encoding the mapping names."""
    mapping = CSV.model_copy(update={"encoding": encoding, "delimiter": delimiter})
    out = io.StringIO()
    writer = csv.DictWriter(out, tuple(GOOD), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    kept = [claim for claim in claims if _fits(claim, encoding)]
    writer.writerows(map(csv_row, kept))
    data = out.getvalue().encode(encoding)

    assert read(mapping, data) == [Row(row=place, claim=claim) for place, claim in enumerate(kept, start=1)]
    assert [number for _, number, _ in first_looks(document(data), mapping)] == [claim.claim_no for claim in kept]


def _fits(claim: Claim, encoding: str) -> bool:
    try:
        claim.model_dump_json().encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@given(claims=st.lists(claims(), min_size=1, max_size=5), ascii_only=st.booleans())
@ROUND_TRIP
def test_json_gives_the_claims_back(claims: list[Claim], ascii_only: bool) -> None:
    """Line by line or as one array, with and without ASCII escapes, packed or indented."""
    rows = list(map(json_row, claims))
    lines = b"".join(json.dumps(row, ensure_ascii=ascii_only).encode() + b"\n" for row in rows)
    array = json.dumps(rows, ensure_ascii=ascii_only, indent=1 if ascii_only else None).encode()
    wrapped = json.dumps({"orders": rows}).encode()
    expected = [Row(row=place, claim=claim) for place, claim in enumerate(claims, start=1)]

    assert read(JSONL, lines) == expected
    assert read(ARRAY, array) == expected
    assert read(ARRAY.model_copy(update={"records": "orders"}), wrapped) == expected


PLAIN = st.characters(codec="cp1252", exclude_categories=("Cc", "Cf"))


def plain(most: int) -> st.SearchStrategy[str]:
    """Text that DATEV's encoding and XML can both hold."""
    drawn = st.text(PLAIN, min_size=1, max_size=most) | st.sampled_from(["<&>", "a;b", 'Gasthof "Post"', "=1+1", "0"])
    return drawn.map(lambda text: unicodedata.normalize("NFC", text).strip()).filter(bool)


ITEM = st.fixed_dictionaries(
    {name: plain(36) for name in ("number", "name", "street", "postcode", "city")}
    | {
        "amount": st.integers(1, 10**9),
        "paid": st.integers(0, 10**9),
        "day": st.dates(date(2018, 2, 1), date(2018, 2, 28)),
    }
)


def expected_claim(item: dict[str, Any], claim_no: str, customer_no: str, due: date) -> Claim:
    """A firm's item as a claim."""
    address = {name: item[name] for name in ("street", "postcode", "city")}
    return Claim(
        claim_no=claim_no,
        customer_no=customer_no,
        invoice_no=item["number"],
        debtor=Debtor(
            kind=DebtorKind.BUSINESS,
            company_name=f"{item['name']} GmbH",
            address=Address(**address, house_no="", country="DE"),
        ),
        contract_date=item["day"],
        invoice_date=item["day"],
        due_date=due,
        amount=item["amount"],
        paid=item["paid"],
        currency="EUR",
        disputed=Disputed.UNKNOWN,
    )


@given(item=ITEM)
@ROUND_TRIP
def test_an_e_invoice_gives_the_claim_back(item: dict[str, Any]) -> None:
    """Whatever stands in the buyer's name and address."""
    root = etree.fromstring(UBL)
    buyer = "{*}AccountingCustomerParty/{*}Party/{*}"
    places = {
        "{*}ID": item["number"],
        "{*}IssueDate": item["day"].isoformat(),
        f"{buyer}PartyLegalEntity/{{*}}RegistrationName": f"{item['name']} GmbH",
        f"{buyer}PostalAddress/{{*}}StreetName": item["street"],
        f"{buyer}PostalAddress/{{*}}PostalZone": item["postcode"],
        f"{buyer}PostalAddress/{{*}}CityName": item["city"],
        "{*}LegalMonetaryTotal/{*}TaxInclusiveAmount": plain_amount(item["amount"]),
        "{*}LegalMonetaryTotal/{*}PayableAmount": plain_amount(item["amount"] - item["paid"]),
    }
    for path, text in places.items():
        element = root.find(path)
        assert element is not None
        element.text = text
    expected = expected_claim(item, item["number"], "GE2020211", date(2019, 3, 5))

    assert read(EINVOICE, etree.tostring(root, encoding="UTF-8")) == [Row(row=1, claim=expected)]


@given(item=ITEM)
@ROUND_TRIP
def test_datev_gives_the_item_back(item: dict[str, Any]) -> None:
    """Whatever stands in the master and in Belegfeld 1."""
    names, person = [line.decode("cp1252").split(";") for line in MASTER.split(b"\r\n")[1:3]]
    row = dict(zip(names, person, strict=True)) | {"Name (Adressatentyp natürl. Person)": "", "Adressatentyp": "2"}
    row |= {"Name (Adressatentyp Unternehmen)": f"{item['name']} GmbH", "Vorname (Adressatentyp natürl. Person)": ""}
    row |= {"Straße": item["street"], "Postleitzahl": item["postcode"], "Ort": item["city"], "E-Mail": "", "Land": ""}
    day, due = f"{item['day']:%d%m}", "150318"
    debit = {"amount": item["amount"], "side": "S", "account": "10000", "other": "8400", "day": day, "due": due}
    credit = debit | {"amount": item["paid"], "side": "H", "other": "1200"}
    postings = [one | {"document": item["number"]} for one in (debit, credit)]
    rows = [[_cell(one.get(field, "")) for field, _ in POSTINGS] for one in postings]
    files = [
        written(BATCH, [column for _, column in POSTINGS], rows),
        written(MASTER, names, [[value.strip('"') if value in person else value for value in row.values()]]),
    ]
    expected = expected_claim(item, f"10000/{item['number']}", "10000", date(2018, 3, 15))

    assert read(DATEV, *files) == [Row(row=1, claim=expected)]


def _cell(value: object) -> object:
    return german_amount(value).replace(".", "") if isinstance(value, int) else value


def written(like: bytes, names: list[str], rows: list[list[Any]]) -> bytes:
    """A DATEV file with the heading of another."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([names, *rows])
    return like.split(b"\r\n")[0] + b"\r\n" + out.getvalue().encode("cp1252")
