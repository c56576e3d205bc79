"""Persons that may have been mixed up within one file, known from the first pass (Art. 5(1)(d) GDPR): a stranger may get the
letter otherwise.

    identity-conflict   one customer number, but another name or another birth date
    two-customers       the same name and address under several customer numbers, and neither e-mail nor birth date in common
    invoice-repeated    one invoice number under several claim numbers

Names that reading spoilt count for nothing: their own rows are held for that. Of each row eight 8-byte hashes are kept until
they are compared: Python's own, keyed at random for each process, and never stored.
"""

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
_PLAIN: Final = ("customer_no", "birth_date", "email", "invoice_no", "claim_no")
_NAMES: Final = ("first_name", "last_name", "company_name")
_HOME: Final = ("street", "house_no", "postcode")
_COLUMNS: Final = ("row", "customer", "name", "birth", "home", "mailbox", "born", "invoice", "claim")
Look = tuple[int, str, Mapping[str, object]]
"""The number of a row, its claim number, and its cells as they stand in the file."""


class Mixups:
    """Which rows of a file name somebody or something that another row contradicts: first `noting`, then `compare`."""

    def __init__(self) -> None:
        self._columns = {name: array("q") for name in _COLUMNS}
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
        customer, birth, email, invoice, claim = (_folded(cells.get(name)) for name in _PLAIN)
        name = " ".join([_folded(cells.get(part)) for part in _NAMES]).strip()
        if garbled(name):
            name = ""
        home = ""
        if name:
            street, house_no, postcode = (_folded(cells.get(part)) for part in _HOME)
            home = f"{name}\n{street}\n{house_no}\n{postcode}" if street and postcode else ""
        noted = (customer, name, birth, home, email or customer, birth or customer, invoice, claim)
        columns = self._columns
        columns["row"].append(row)
        for column, text in zip(_COLUMNS[1:], noted, strict=True):
            columns[column].append(hash(text) if text else _ABSENT)


def _contradicted(groups: "array[int]", values: Sequence["array[int]"]) -> Iterator[int]:
    """The positions of all members of a group that has several known values in every one of `values`."""
    order = sorted((at for at, group in enumerate(groups) if group != _ABSENT), key=groups.__getitem__)
    for _, found in groupby(order, key=groups.__getitem__):
        members = list(found)
        if len(members) > 1 and all(len({value[at] for at in members} - {_ABSENT}) > 1 for value in values):
            yield from members


def _folded(value: object) -> str:
    return value.strip().casefold() if isinstance(value, str) else ""
