"""What shops export, and mappings of one's own: presets, joins, value tables, constants."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import InputError, UsageError
from gateway.readers.presets import load_preset, own_mapping, presets
from rows import CSV, csv_bytes, read
from schemas.claim import Claim, Rejected, Row

VECTORS = Path(__file__).parent / "vectors" / "shops"
SHOPS = {
    "shopify_orders.csv": {"preset": "shopify"},
    "woocommerce_orders.json": {"preset": "woocommerce", "json_array": {"constants": {"term_days": "14"}}},
    "shopware_orders.csv": {"preset": "shopware", "csv": {"constants": {"term_days": "14"}}},
}


def told(claim: Claim) -> dict[str, Any]:
    """A claim as the hand-written expectations tell it."""
    debtor = claim.debtor
    return (
        claim.model_dump(mode="json")
        | debtor.model_dump(mode="json")
        | debtor.address.model_dump()
        | {"open": claim.open}
    )


@pytest.mark.parametrize("name", SHOPS)
def test_an_export_is_what_a_person_read_in_it(name: str) -> None:
    """Orders over several rows, terms, refunds, cancellations, partial payments, against expectations by hand."""
    path = VECTORS / name
    mapping = own_mapping(SHOPS[name], "the test").mapping_for(path)
    expected = json.loads(path.with_suffix(".expected.json").read_text())
    found = read(mapping, path.read_bytes())

    assert [row.row for row in found] == [one["row"] for one in expected]
    for row, one in zip(found, expected, strict=True):
        if isinstance(row, Rejected):
            assert [row.field, row.rule] == one["rejected"]
        else:
            assert {key: told(row.claim)[key] for key in one["claim"]} == one["claim"]
    assert not {"Nachbarin", "Wärmepflaster", "23125001", "192.0.2.7"} & set(repr(found).replace("'", " ").split())


@pytest.mark.parametrize(
    ("name", "file"), [("woocommerce", "woocommerce_orders.json"), ("shopware", "shopware_orders.csv")]
)
def test_a_shop_without_due_dates_needs_a_declared_term(name: str, file: str) -> None:
    """Nothing is assumed: until the creditor declares its term, every order is rejected for its due date."""
    path = VECTORS / file
    (first, *_) = read(load_preset(name).mapping_for(path), path.read_bytes())

    assert first == Rejected(row=1, field="due_date", rule="missing")


def test_every_preset_is_valid() -> None:
    """Those that exist load; a name that does not exist is told which do."""
    assert {"datev", "einvoice", "erp-de", "shopify", "shopware", "woocommerce"} <= {
        name for name in presets() if load_preset(name)
    }
    with pytest.raises(UsageError, match=r"there are: .*shopify"):
        load_preset("magento")


JOINED = {
    "mahnung_from_level": 2,
    "csv": {
        "format": "csv",
        "decimal": ",",
        "dates": "DD.MM.YYYY",
        "fields": {
            "claim_no": "Nr", "invoice_no": "Nr", "customer_no": "Kunde", "amount": "Betrag",
            "contract_date": "Datum", "invoice_date": "Datum", "due_date": "Fällig",
        },
        "constants": {"currency": "EUR", "country": "DE"},
        "values": {"debtor_kind": {"Frau": "consumer", "Herr": "consumer", "Firma": "business"}},
        "join": {
            "rows": "orders",
            "file": "customers",
            "on": "Kunde",
            "key": "Nr",
            "fields": {"debtor_kind": "Anrede", "full_name": "Name", "street": "Str", "postcode": "PLZ", "city": "Ort"},
            "left_behind": ["Tel*"],
        },
    },
}  # fmt: skip
ORDER_ROWS = "Nr;Kunde;Datum;Fällig;Betrag\r\n" + "".join(
    f"A{place};{customer};01.02.2026;15.02.2026;10,00\r\n" for place, customer in enumerate((7, 8, 9, 6), start=1)
)
CUSTOMERS = (
    "Nr;Anrede;Name;Str;PLZ;Ort;Telefon;Tel2\r\n7;Frau;Beispiel, Ida;Weg 1;01067;Dresden;1;2\r\n"
    "8;Firma;Ida;Weg 1;01067;Dresden;1;2\r\n9;Frau;A;W;01067;D;;\r\n9;Frau;B;W;01067;D;;\r\n"
)


def test_two_files_become_one_claim() -> None:
    """Orders joined with customers: value tables and constants fill in; no customer, or two, refuse the row."""
    mapping = own_mapping(JOINED, "the test").csv
    assert mapping is not None
    found = read(mapping, ORDER_ROWS.encode(), CUSTOMERS.encode())

    assert [row.claim.debtor.kind for row in found[:2] if isinstance(row, Row)] == ["consumer", "business"]
    assert [row.claim.debtor.last_name for row in found[:1] if isinstance(row, Row)] == ["Beispiel"]
    assert found[2:] == [
        Rejected(row=3, field="(row)", rule="join-ambiguous"),
        Rejected(row=4, field="(row)", rule="join-missing"),
    ]
    with pytest.raises(InputError, match=r"column 5 is unknown|column 5 \(Ort\)|the header lacks"):
        read(mapping, ORDER_ROWS.encode(), CUSTOMERS.replace("PLZ", "Religion").encode())


WRONG = [
    ({"preset": "erp-de", "csv": {"colour": "red"}}, "csv.colour"),
    ({"preset": "erp-de", "csv": {"constants": {"colour": "red"}}}, "canonical fields only"),
    ({"preset": "erp-de", "csv": {"left_behind": ["amount"]}}, "both used and left behind"),
    ({"preset": "erp-de", "csv": {"format": "jsonl"}}, "csv.format must be csv"),
    ({"preset": "nothing"}, "no such preset"),
    ({"csv": {"format": "csv", "decimal": ",", "dates": "YYYY-MM-DD"}}, "debtor is a consumer"),
    (
        {"csv": {"format": "csv", "decimal": ",", "dates": "YYYY-MM-DD", "company_is_business": True}},
        "nothing gives claim_no",
    ),
]


@pytest.mark.parametrize(("table", "said"), WRONG)
def test_a_mapping_that_cannot_be_honoured_stops_the_start(table: dict[str, Any], said: str) -> None:
    """Unknown keys, fields that nothing gives, columns that are used and left behind."""
    with pytest.raises(UsageError, match=said):
        own_mapping(table, "the test")


def test_a_mapping_may_begin_from_a_preset() -> None:
    """Only what differs is said; the rest is the preset's."""
    own = own_mapping({"preset": "erp-de", "csv": {"delimiter": ",", "fields": {"claim_no": "Nr"}}}, "the test").csv
    assert own is not None
    data = csv_bytes({}).replace(b"claim_id", b"Nr").replace(b",", b".").replace(b";", b",").replace(b"1.234.50", b"7")
    data = data.replace(b"0.5,", b"0,").replace(b"2.2026-01-05.letter.2.50", b"")
    (row,) = read(own, data)

    assert isinstance(row, Row)
    assert (row.claim.claim_no, own.decimal, CSV.delimiter) == ("F-1", ",", ";")
