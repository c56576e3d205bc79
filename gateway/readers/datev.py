"""DATEV (EXTF 7xx): postings of all Buchungsstapel, joined with the debtor master, as open items. One document.

An item is a debtor's account and a Belegfeld 1. Debits against revenue make its amount, credits against revenue (credit
notes) reduce it, everything else on the account is payment, or its return. Row numbers are those of the postings, all
files together in order of name; an item stands at its first posting. Rules that refuse an item, because its sum has
two readings:

    unallocated     a posting on the account has no Belegfeld 1, so it may belong to any item of the account
    posting         a posting on the account could not be read
    skonto          a discount was booked, and nothing says whether the amount is before or after it
    carried-forward the item comes from the year before: its invoice is not in these files
    no-invoice      payments only
    insolvent       the master says so (§ 87 InsO)
    dunning-lock    the master says so, and the lock has not ended on the day of the export
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.readers.border import Cells
from gateway.readers.csv_rows import csv_values
from gateway.readers.datev_postings import MASTER, POSTINGS, Heading, Posting, heading, is_locked, posting
from gateway.readers.document import Document
from gateway.readers.mapping import Left
from gateway.readers.mapping import Mapping as Columns
from gateway.readers.tables import FileFaultError, Header
from gateway.readers.values import Dated, Numeric, RefusedError

_MASTER_COLUMNS: Final = (
    ("account", "Konto"),
    ("company", "Name (Adressatentyp Unternehmen)"),
    ("last_name", "Name (Adressatentyp natürl. Person)"),
    ("first_name", "Vorname (Adressatentyp natürl. Person)"),
    ("other", "Name (Adressatentyp keine Angabe)"),
    ("kind", "Adressatentyp"),
    ("street", "Straße"),
    ("postcode", "Postleitzahl"),
    ("city", "Ort"),
    ("country", "Land"),
    ("email", "E-Mail"),
    ("term_days", "Fälligkeit in Tagen (Debitor)"),
    ("insolvent", "Insolvent"),
    ("lock", "Mahnsperre bis"),
)
_KINDS: Final = {"1": "consumer", "2": "business"}
MAXIMUM_POSTINGS: Final = 5_000_000


@dataclass(slots=True)
class _Item:
    """One open item in the making; amounts in cents."""

    first: Posting
    amount: int = 0
    paid: int = 0
    invoice: Posting | None = None
    rule: str | None = None


@dataclass(slots=True)
class _Ledger:
    """Everything on debtors' accounts: items by account and document, rules that spoil a whole account."""

    items: dict[tuple[str, str], _Item] = field(default_factory=dict)
    spoilt: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[str, str] | str | None] = field(default_factory=list)

    def enter(self, found: Posting) -> None:
        """Applies one posting."""
        if not found.document:
            self.spoilt.setdefault(found.account, "unallocated")
            self.rows.append("unallocated")
            return
        key = (found.account, found.document)
        self.rows.append(None if key in self.items else key)
        item = self.items.setdefault(key, _Item(found))
        if found.is_revenue:
            item.amount += found.cents
            item.invoice = item.invoice or (found if found.cents > 0 else None)
        else:
            item.paid -= found.cents
        if found.rule is not None:
            item.rule = found.rule


def read_datev(document: Document, mapping: Columns) -> Iterator[Cells | str | None]:
    """One row a posting: an item's cells, the rule that refuses it, or None. Raises FileFaultError."""
    ledger, master = _Ledger(), dict[str, Mapping[str, object] | None]()
    for place in range(len(document)):
        with document.part(place) as stream, csv_values(stream, mapping) as rows:
            head = heading(next(rows, []), mapping)
            names = next(rows, [])
            if head.category == MASTER:
                _read_master(names, rows, mapping, head, master)
            else:
                _read_postings(names, rows, mapping, head, ledger)
    if not master or not ledger.rows:
        raise FileFaultError(
            "postings and the debtor master are needed: export Buchungsstapel and Debitoren/Kreditoren"
        )
    for row in ledger.rows:
        yield row if row is None or isinstance(row, str) else _cells(row, ledger, master)


def _read_master(
    names: Sequence[str],
    rows: Iterator[list[str]],
    mapping: Columns,
    head: Heading,
    master: dict[str, Mapping[str, object] | None],
) -> None:
    header = Header(names, _MASTER_COLUMNS, (), Left(mapping.left_behind))
    for values in rows:
        cells = header.cells(values)
        if isinstance(cells, str):
            raise FileFaultError("a row of the debtor master is not as wide as its header: export it again")
        account = str(cells["account"])
        cells["rule"] = _rule_of(cells, head)
        master[account] = cells if master.get(account, cells) == cells else None


def _read_postings(
    names: Sequence[str], rows: Iterator[list[str]], mapping: Columns, head: Heading, ledger: _Ledger
) -> None:
    known = [pair for pair in POSTINGS if pair[1] in names or pair[0] not in ("reversal", "due_date")]
    header = Header(names, known, (), Left(mapping.left_behind))
    for values in rows:
        if len(ledger.rows) >= MAXIMUM_POSTINGS:
            raise FileFaultError("there are more postings than are read together: export the months that are open")
        cells = header.cells(values)
        if isinstance(cells, str):
            raise FileFaultError("a posting is not as wide as its header, so its account is unknown: export it again")
        try:
            found = posting(cells, head)
        except RefusedError as refused:
            ledger.rows.append(refused.rule)
            for name in ("account", "other"):
                ledger.spoilt.setdefault(str(cells[name]), "posting")
            continue
        if found is None:
            ledger.rows.append(None)
        else:
            ledger.enter(found)


def _cells(key: tuple[str, str], ledger: _Ledger, master: Mapping[str, Mapping[str, object] | None]) -> Cells | str:
    account, item = key[0], ledger.items[key]
    person = master.get(account)
    if account not in master or person is None:
        return "join-missing" if account not in master else "join-ambiguous"
    rule = ledger.spoilt.get(account) or item.rule or person["rule"]
    if rule is not None or item.invoice is None:
        return str(rule or "no-invoice")
    invoice = item.invoice
    kind = _KINDS.get(str(person["kind"]), "")
    return {
        "claim_no": f"{account}/{key[1]}",
        "customer_no": account,
        "invoice_no": key[1],
        "debtor_kind": kind,
        "first_name": person["first_name"],
        "last_name": person["last_name"] or person["other"],
        "company_name": person["company"],
        **{name: person[name] for name in ("street", "postcode", "city", "country", "email", "term_days")},
        "contract_date": Dated(invoice.day.isoformat()),
        "invoice_date": Dated(invoice.day.isoformat()),
        "due_date": "" if invoice.due is None else Dated(invoice.due.isoformat()),
        "amount": _amount(item.amount),
        "paid": _amount(item.paid),
        "currency": invoice.currency,
    }


def _rule_of(cells: Mapping[str, object], head: Heading) -> str | None:
    """The rule that keeps a debtor's items from being handed over."""
    if cells["insolvent"] == "1":
        return "insolvent"
    return "dunning-lock" if is_locked(str(cells["lock"]).strip(), head) else None


def _amount(cents: int) -> Numeric:
    return Numeric(f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}")
