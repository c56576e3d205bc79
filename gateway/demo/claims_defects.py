"""The defects of generated claims: what screening and reading are there to catch, one a row."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any, Final

Record = dict[str, Any]


def apply_defect(record: Record, defect: str, random: Random, previous: str | None) -> None:
    """Gives a record its defect, in place; some defects have nothing to spoil in some records."""
    if defect == "duplicate_id":
        record["claim_id"] = previous or record["claim_id"]
    else:
        _DEFECTS[defect](record, random)


def _name_key(record: Record) -> str:
    return "last_name" if "last_name" in record["debtor"] else "company_name"


def _set_name(record: Record, change: Callable[[str], str]) -> None:
    key = _name_key(record)
    record["debtor"][key] = change(record["debtor"][key])


def _bad_email(record: Record, random: Random) -> None:
    record["email"] = random.choice(["k.A.", "mail@", "müller at example.de", "a@b@example.de"])


def _bad_date(record: Record, random: Random) -> None:
    record["due_date"] = random.choice(["0000-00-00", "2026-02-30", "31.12.25", ""])


def _neg_amount(record: Record, _random: Random) -> None:
    record["amount"] = "-" + record["amount"]


def _due_before_invoice(record: Record, _random: Random) -> None:
    record["due_date"] = (date.fromisoformat(record["invoice_date"]) - timedelta(3)).isoformat()


def _overpaid(record: Record, _random: Random) -> None:
    euros, cents = record["amount"].split(".")
    record["paid_amount"] = f"{int(euros) + 1}.{cents}"


def _bad_postcode(record: Record, random: Random) -> None:
    record["address"]["postcode"] = random.choice(["0", "1234", "D-10115", "ABCDE"])


def _blank_name(record: Record, _random: Random) -> None:
    _set_name(record, lambda _: "   ")


def _mojibake(record: Record, _random: Random) -> None:
    _set_name(record, lambda name: (name + " Möß").encode().decode("cp1252", "replace"))


def _padded(record: Record, _random: Random) -> None:
    _set_name(record, lambda name: f"  {name} \u00a0")
    record["email"] = f" {record['email'] or 'x@example.de'} "


def _decimal_comma(record: Record, _random: Random) -> None:
    record["amount"] = record["amount"].replace(".", ",")


def _control_char(record: Record, _random: Random) -> None:
    _set_name(record, lambda name: name + "\x07\u200b")


def _missing_field(record: Record, random: Random) -> None:
    del record[random.choice(["invoice_no", "amount", "customer_no"])]


def _unknown_currency(record: Record, random: Random) -> None:
    record["currency"] = random.choice(["DEM", "€", "eur"])


def _minor_birth(record: Record, _random: Random) -> None:
    if "birth_date" in record["debtor"]:
        record["debtor"]["birth_date"] = "2015-05-05"


def _extra_field(record: Record, _random: Random) -> None:
    record["religion"] = "rk"


def _huge_note(record: Record, _random: Random) -> None:
    record["note"] = "x" * 70_000


_DEFECTS: Final[dict[str, Callable[[Record, Random], None]]] = {
    "bad_email": _bad_email,
    "bad_date": _bad_date,
    "neg_amount": _neg_amount,
    "due_before_invoice": _due_before_invoice,
    "overpaid": _overpaid,
    "bad_postcode": _bad_postcode,
    "blank_name": _blank_name,
    "mojibake": _mojibake,
    "padded": _padded,
    "decimal_comma": _decimal_comma,
    "control_char": _control_char,
    "missing_field": _missing_field,
    "unknown_currency": _unknown_currency,
    "minor_birth": _minor_birth,
    "extra_field": _extra_field,
    "huge_note": _huge_note,
}
