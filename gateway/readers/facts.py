"""The facts feed of a source, in one fixed format: CSV (UTF-8, `;`, a header) or JSON Lines, days as YYYY-MM-DD, amounts
with a decimal point.

Each row names one claim, invoice or customer, a kind and a value date; payments and credits an amount, a return of a part
too; an address fact the new address, if it is known. The last row is of kind `complete`, with the day as of which the feed
says all that is known: without it, or with a row that cannot be read, silence is not a no.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import BinaryIO, Final, NamedTuple, NoReturn

from gateway.errors import InputError
from gateway.readers.formats import DateFormat
from gateway.readers.values import RefusedError, clean_text, parse_cents, parse_day
from schemas.claim import Address, Rejected
from schemas.facts import Fact, FactKind

COMPLETE: Final = "complete"
MAXIMUM_LINE: Final = 1 << 16
NUMBERS: Final = ("claim_no", "invoice_no", "customer_no")
_ADDRESS: Final = ("street", "house_no", "postcode", "city", "country")
_FIELDS: Final = frozenset({"kind", "date", "amount", *NUMBERS, *_ADDRESS})
_SUMS: Final = frozenset({FactKind.PAYMENT, FactKind.CREDIT})
_OF_ONE_CLAIM: Final = _SUMS | {FactKind.RETURN, FactKind.WITHDRAWAL}
_Cells = Mapping[str, object]


class Told(NamedTuple):
    """A fact, and what it is told of: which of `NUMBERS`, and the number itself."""

    field: str
    number: str
    fact: Fact


class Complete(NamedTuple):
    """The last row: as of which day the feed says all that is known."""

    as_of: date


def read_facts(stream: BinaryIO, suffix: str) -> Iterator[Told | Complete | Rejected]:
    """Every row of a feed, in order. Raises InputError for a file that is no feed at all."""
    rows = {".csv": _csv, ".jsonl": _jsonl}.get(suffix)
    if rows is None:
        raise InputError("a facts feed is a .csv or a .jsonl file: correct `facts`")
    for row, cells in enumerate(rows(stream), start=1):
        if isinstance(cells, str):
            yield Rejected(row=row, field="(row)", rule=cells)
        else:
            yield _told(row, cells)


def _told(row: int, cells: _Cells) -> Told | Complete | Rejected:
    reading = "(row)"
    try:
        texts = _texts(cells)
        reading = "date"
        on = parse_day(texts["date"], DateFormat.ISO)
        if texts["kind"] == COMPLETE:
            return Complete(on)
        reading = "kind"
        kind = _kind(texts["kind"])
        reading = "claim_no"
        named = _named(kind, texts)
        reading = "amount"
        amount = _amount(kind, texts["amount"])
        reading = "address"
        return Told(named, texts[named], Fact(kind=kind, on=on, amount=amount, address=_address(kind, texts)))
    except RefusedError as refused:
        return Rejected(row=row, field=reading, rule=refused.rule)


def _texts(cells: _Cells) -> dict[str, str]:
    if not cells.keys() <= _FIELDS:
        raise RefusedError("unknown-field")
    return {name: clean_text(cells.get(name)) for name in _FIELDS}


def _named(kind: FactKind, texts: Mapping[str, str]) -> str:
    """Which number names the fact; what is owed for one claim cannot be told of a customer."""
    named = [name for name in NUMBERS if texts[name]]
    if len(named) != 1:
        raise RefusedError("one-number")
    if kind in _OF_ONE_CLAIM and named == ["customer_no"]:
        raise RefusedError("claim-or-invoice-number")
    return named[0]


def _kind(text: str) -> FactKind:
    if text not in set(FactKind):
        raise RefusedError("fact-kind")
    return FactKind(text)


def _amount(kind: FactKind, text: str) -> int | None:
    if not text and kind not in _SUMS:
        return None
    amount = parse_cents(text, ".")
    if amount <= 0 or kind not in _SUMS | {FactKind.RETURN}:
        raise RefusedError("amount")
    return amount


def _address(kind: FactKind, texts: Mapping[str, str]) -> Address | None:
    parts = {name: texts[name] for name in _ADDRESS}
    if not any(parts.values()):
        return None
    if kind is not FactKind.ADDRESS or not all(parts[name] for name in ("street", "postcode", "city", "country")):
        raise RefusedError("address")
    return Address(**parts)


def _csv(stream: BinaryIO) -> Iterator[_Cells | str]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(_bounded(text), delimiter=";", strict=True)
    try:
        names = next(reader, [])
        if not {"kind", "date"} <= set(names) <= _FIELDS or len(names) != len(set(names)):
            raise InputError(
                f"the header of the facts feed is wrong: it may name {', '.join(sorted(_FIELDS))}, each once"
            )
        for values in reader:
            yield dict(zip(names, values, strict=True)) if len(values) == len(names) else "columns"
    except csv.Error:
        raise InputError("the facts feed is not well-formed CSV: correct its export") from None
    finally:
        text.detach()


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MAXIMUM_LINE + 1):
        if len(line) > MAXIMUM_LINE:
            raise InputError("a line of the facts feed is longer than a fact can be: correct its export")
        yield line


def _jsonl(stream: BinaryIO) -> Iterator[_Cells | str]:
    while line := stream.readline(MAXIMUM_LINE + 1):
        if len(line) > MAXIMUM_LINE:
            raise InputError("a line of the facts feed is longer than a fact can be: correct its export")
        try:
            found = json.loads(line.decode(), object_pairs_hook=_once, parse_float=_refuse, parse_constant=_refuse)
        except (ValueError, RecursionError):
            yield "json"
        else:
            yield found if isinstance(found, dict) else "json-object"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_text: str) -> NoReturn:
    raise ValueError
