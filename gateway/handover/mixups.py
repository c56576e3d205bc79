"""Persons that may have been mixed up within one file, known from the first pass (Art. 5(1)(d) GDPR): a stranger may get the
letter otherwise.

    identity-conflict   one customer number, but another name or another birth date
    two-customers       the same name and address under several customer numbers, and neither e-mail nor birth date in common
    invoice-repeated    one invoice number under several claim numbers

Names that reading spoilt count for nothing: their own rows are held for that. Of each row eight digests of 8 bytes are kept,
under a key of this run alone.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from gateway.rules.plausible import garbled

_ABSENT: Final = 0
_COMPARED: Final = (
    ("identity-conflict", "customer", ("name",)),
    ("identity-conflict", "customer", ("birth",)),
    ("two-customers", "home", ("customer", "mailbox", "born")),
    ("invoice-repeated", "invoice", ("claim",)),
)
MIXUPS: Final = frozenset(rule for rule, _, _ in _COMPARED)
_COLUMNS: Final = ("row", "customer", "name", "birth", "home", "mailbox", "born", "invoice", "claim")
Look = tuple[int, str, Mapping[str, object]]
"""The number of a row, its claim number, and its cells as they stand in the file."""


class Mixups:
    """Which rows of a file name somebody or something that another row contradicts: first `noting`, then `compare`."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._columns = {name: array("Q") for name in _COLUMNS}
        self._found: dict[int, frozenset[str]] = {}

    def noting(self, looks: Iterable[Look]) -> Iterator[str]:
        """The claim numbers of a first pass, each once its row is noted."""
        for row, claim_no, cells in looks:
            self._note(row, cells)
            yield claim_no

    def compare(self) -> None:
        """Finds the rows that contradict each other; what was noted is let go of."""
        for rule, groups, values in _COMPARED:
            for position in _contradicted(self._columns[groups], [self._columns[value] for value in values]):
                row = self._columns["row"][position]
                self._found[row] = self._found.get(row, frozenset()) | {rule}
        self._columns.clear()

    def of(self, row: int) -> frozenset[str]:
        """The rules that hold a row for what other rows say."""
        return self._found.get(row, frozenset())

    def _note(self, row: int, cells: Mapping[str, object]) -> None:
        texts = {name: _folded(value) for name, value in cells.items() if isinstance(value, str)}
        parts = (texts.get("first_name", ""), texts.get("last_name", ""), texts.get("company_name", ""))
        name = " ".join(filter(None, parts))
        if garbled(name):
            name = ""
        home = [name, *(texts.get(part, "") for part in ("street", "house_no", "postcode"))]
        customer = texts.get("customer_no", "")
        known = {
            "customer": customer,
            "name": name,
            "birth": texts.get("birth_date", ""),
            "home": "\n".join(home) if name and home[1] and home[3] else "",
            "mailbox": texts.get("email") or customer,
            "born": texts.get("birth_date") or customer,
            "invoice": texts.get("invoice_no", ""),
            "claim": texts.get("claim_no", ""),
        }
        self._columns["row"].append(row)
        for column, text in known.items():
            self._columns[column].append(self._digest(text))

    def _digest(self, text: str) -> int:
        if not text:
            return _ABSENT
        encoded = text.encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(encoded, digest_size=8, key=self._key).digest())


def _contradicted(groups: "array[int]", values: Sequence["array[int]"]) -> Iterator[int]:
    """The positions of all members of a group that has several known values in every one of `values`."""
    order = sorted((at for at, group in enumerate(groups) if group != _ABSENT), key=groups.__getitem__)
    for _, found in groupby(order, key=groups.__getitem__):
        members = list(found)
        if len(members) > 1 and all(len({value[at] for at in members} - {_ABSENT}) > 1 for value in values):
            yield from members


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
