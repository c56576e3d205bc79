"""Invented facts about the invented claims: what the ticket, parcel and accounting systems of a shop would tell.

Few claims have one; which and what follows from seed and position. The feed is complete, and of the day it is asked for.
"""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from gateway.demo.claims import Record, records
from gateway.readers.facts import COMPLETE

_ONE_IN: Final = 25
_KINDS: Final = (
    "payment", "dispute", "return", "withdrawal", "credit", "deferral", "payment", "dispute", "insolvency", "address",
    "death", "fraud",
)  # fmt: skip
_COLUMNS: Final = ("kind", "claim_no", "customer_no", "date", "amount")
_OF_THE_CUSTOMER: Final = frozenset({"insolvency", "address", "death", "fraud"})


def write_facts(path: Path, count: int, seed: int, today: date) -> None:
    """A complete feed of `today`, renamed into place."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(_facts(count, seed, today))
        writer.writerow((COMPLETE, "", "", today.isoformat(), ""))
    part.replace(path)


def _facts(count: int, seed: int, today: date) -> Iterator[tuple[str, ...]]:
    for index, (record, defect) in enumerate(records(count, seed)):
        if index % _ONE_IN == seed % _ONE_IN and defect is None:
            yield _fact(_KINDS[index // _ONE_IN % len(_KINDS)], record, today)


def _fact(kind: str, record: Record, today: date) -> tuple[str, ...]:
    # What was told happened last week; a deferral runs until next week.
    day = today + timedelta(days=7 if kind == "deferral" else -7)
    amount = record["amount"] if kind in {"payment", "credit"} else ""
    of_customer = kind in _OF_THE_CUSTOMER
    claim_no, customer_no = ("", record["customer_no"]) if of_customer else (record["claim_id"], "")
    return kind, claim_no, customer_no, day.isoformat(), amount
