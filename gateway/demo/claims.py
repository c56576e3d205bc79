"""Invented overdue claims as a German ERP would export them: same seed, same bytes; the first k of n are the k of k.

JSON Lines are nested, with decimal points and ISO dates; CSV is flat, with `;`, decimal commas and DD.MM.YYYY. Two
rows of a hundred carry one defect each. Probabilities are the only floats of this project; no amount is one.
"""

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from gateway.demo import claims_tables as tables
from gateway.demo.claims_defects import apply_defect

BASE: Final = date(2026, 6, 30)
DIRTY_SHARE: Final = 0.02
_POOL: Final = 5_000
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

Record = dict[str, Any]


def records(count: int, seed: int) -> Iterator[tuple[Record, str | None]]:
    """Claims with the name of their defect, if they have one."""
    random = Random(f"claims-{seed}")
    pool: list[Record] = []
    number, previous = 10_000_000, None
    for index in range(count):
        if pool and random.random() < 0.3:
            customer = random.choice(pool)
        else:
            number += 1 + random.randrange(7)
            customer = _customer(random, number)
            if len(pool) < _POOL:
                pool.append(customer)
            else:
                pool[random.randrange(_POOL)] = customer
        record = _claim(random, seed, index, customer)
        defect = None
        if random.random() < DIRTY_SHARE:
            defect = random.choice(tables.DEFECTS)
            apply_defect(record, defect, random, previous)
        previous = record["claim_id"]
        yield record, defect


def write_jsonl(path: Path, count: int, seed: int) -> None:
    """A file of JSON Lines."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for record, _ in records(count, seed):
            file.write(_JSON.encode(record) + "\n")


def write_csv(path: Path, count: int, seed: int) -> None:
    """A CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(tables.CSV_COLUMNS)
        for record, _ in records(count, seed):
            writer.writerow(_flat(record))


def write_csv_again(path: Path, claim_no: str, again: Path) -> None:
    """The header and one claim of a CSV file, as a file of its own; a note may hold line ends."""
    with path.open(encoding="utf-8", newline="") as file, again.open("w", encoding="utf-8", newline="") as out:
        reader = csv.reader(file, delimiter=";")
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(next(reader))
        writer.writerows(row for row in reader if claim_no in row)


def money(cents: int) -> str:
    """Cents with a decimal point."""
    return f"{cents // 100}.{cents % 100:02d}" if cents >= 0 else "-" + money(-cents)


def _customer(random: Random, number: int) -> Record:
    choice, chance = random.choice, random.random
    if chance() < 0.03:
        last = choice(tables.LAST_NAMES_OF_SEVERAL_WORDS)
    else:
        last = choice(tables.LAST_NAMES) + ("-" + choice(tables.LAST_NAMES) if chance() < 0.05 else "")
    female = chance() < 0.5
    first = choice(tables.FIRST_NAMES_F if female else tables.FIRST_NAMES_M)
    debtor = _company(random, last) if chance() < 0.08 else _person(random, female, first, last)
    postcode, city = choice(tables.CITIES)
    address = {
        "street": choice(tables.STREETS),
        "house_no": f"{random.randrange(1, 180)}{choice(['', '', '', 'a', 'b', ' 1/2'])}",
        "postcode": postcode,
        "city": city,
        "country": "DE",
    }
    email = None
    if chance() < 0.92:
        email = f"{_ascii(first)}.{_ascii(last)}{random.randrange(1000)}@{choice(tables.DOMAINS)}"
    template = choice(tables.PHONES)
    phone = template.format(random.randrange(10 if ":02d" in template else 1000)) if chance() < 0.7 else None
    iban = None
    if chance() < 0.4:
        account = f"99999999{random.randrange(10**10):010d}"
        iban = f"DE{98 - int(account + '131400') % 97:02d}{account}"
    return {
        "customer_no": f"K{number:08d}",
        "debtor": debtor,
        "address": address,
        "email": email,
        "phone": phone,
        "iban": iban,
    }


def _company(random: Random, last: str) -> Record:
    name = f"{random.choice(tables.TRADES)} {last} {random.choice(tables.LEGAL_FORMS)}"
    return {
        "kind": "company",
        "company_name": name,
        "legal_form": name.split(last + " ")[1],
        "register_no": f"HR{random.choice('AB')} {random.randrange(100, 250000)}",
    }


def _person(random: Random, female: bool, first: str, last: str) -> Record:
    is_known = random.random() < 0.85
    born = date(1940, 1, 1) + timedelta(int(random.random() * 24800)) if is_known else None
    return {
        "kind": "person",
        "salutation": "Frau" if female else "Herr",
        "first_name": first,
        "last_name": last,
        "birth_date": born.isoformat() if born else None,
    }


def _claim(random: Random, seed: int, index: int, customer: Record) -> Record:
    choice, chance, below = random.choice, random.random, random.randrange
    invoice = BASE - timedelta(35 + int(chance() ** 2 * 900))
    due = invoice + timedelta(choice([7, 14, 14, 30]))
    lines, total = _lines(random)
    reminders, fees = _reminders(random, due)
    debtor = customer["debtor"]
    name = debtor.get("last_name") or debtor["company_name"]
    return {
        "claim_id": f"F{seed:02d}-{index:09d}",
        **customer,
        "debtor": dict(debtor),
        "address": dict(customer["address"]),
        "contract_no": f"V-{below(10**7):07d}" if chance() < 0.6 else None,
        "invoice_no": f"RE{invoice.year}-{below(10**7):07d}",
        "order_date": (invoice - timedelta(1 + index % 4)).isoformat(),
        "invoice_date": invoice.isoformat(),
        "due_date": due.isoformat(),
        "amount": money(total),
        "currency": "EUR",
        "paid_amount": money(int(total * chance() * 0.8) if chance() < 0.2 else 0),
        "dunning_fees": money(fees),
        "interest_rate": choice(["6.27", "10.27"]),
        "payment_method": choice(["invoice", "invoice", "direct_debit", "card", "instalment"]),
        "disputed": chance() < 0.02,
        "reminders": reminders,
        "lines": lines,
        "note": choice(tables.NOTES).format(
            l=name, p=customer["phone"] or "unbekannt", e=customer["email"] or "unbekannt"
        ),
    }


def _lines(random: Random) -> tuple[list[Record], int]:
    lines, total = [], 0
    for _ in range(1 + min(7, int(random.expovariate(0.7)))):
        quantity, price = random.choice([1, 1, 1, 2, 3]), random.randrange(299, 24999)
        total += quantity * price
        lines.append(
            {
                "sku": f"{random.randrange(100000, 999999)}-{random.choice('ABCX')}",
                "text": random.choice(tables.GOODS),
                "qty": quantity,
                "unit_price": money(price),
                "vat_rate": random.choice(["19.0", "19.0", "7.0"]),
            }
        )
    return lines, total


def _reminders(random: Random, due: date) -> tuple[list[Record], int]:
    reminders, fees, day = [], 0, due
    for level in range(1, 1 + random.choice([0, 1, 2, 2, 3, 3])):
        day += timedelta(10 + random.randrange(8))
        if day > BASE:
            break
        fee = (0, 0, 250, 500)[level]
        fees += fee
        channel = random.choice(["email", "letter", "letter", "sms"])
        reminders.append({"level": level, "sent_on": day.isoformat(), "channel": channel, "fee": money(fee)})
    return reminders, fees


def _flat(record: Record) -> list[str]:
    values = {key: value for key, value in record.items() if not isinstance(value, dict | list)}
    values |= record["address"] | {key: value for key, value in record["debtor"].items() if key != "kind"}
    values["debtor_kind"] = record["debtor"]["kind"]
    for key in ("amount", "paid_amount", "dunning_fees", "interest_rate"):
        values[key] = (values.get(key) or "").replace(".", ",")
    for key in ("order_date", "invoice_date", "due_date", "birth_date"):
        values[key] = _german_day(values.get(key) or "")
    values["disputed"] = "J" if record["disputed"] else "N"
    values["reminders"] = _joined(record["reminders"], ("level", "sent_on", "channel", "fee"))
    values["lines"] = _joined(record["lines"], ("sku", "qty", "unit_price", "vat_rate", "text"))
    return ["" if values.get(key) is None else str(values[key]) for key in tables.CSV_COLUMNS]


def _german_day(text: str) -> str:
    parts = text.split("-")
    return ".".join(reversed(parts)) if len(parts) == 3 else text


def _joined(found: list[Record], keys: tuple[str, ...]) -> str:
    return "|".join(",".join(str(one[key]) for key in keys) for one in found)


def _ascii(text: str) -> str:
    plain = text.translate(tables.TRANSLITERATION).lower().replace(" ", "-").replace("’", "")
    kept = "".join(letter for letter in plain if letter.isascii() and (letter.isalnum() or letter == "-"))
    return kept or "x"
