"""E-invoices (EN 16931) as claims: UBL, CII, and CII inside a ZUGFeRD PDF. A folder of invoices is one document.

Read are number, type, dates, currency, the totals and the buyer (BT-1, 2, 3, 5, 9, 25, 44 to 58, 81, 112 to 115);
lines, notes and the text of payment terms are never touched: they hold what people were treated for. Rules:

    credit note (381, 396, a CreditNote)         is taken off the claim it names (BT-25)
    correction (384) below zero                  the same; any other correction replaces the claim it names
    self-billed (389)                            the buyer wrote it, so it is no claim of ours: refused
    card or direct debit (BT-81)                 the creditor collects it, the buyer was not to pay: refused
    names nothing that is there                  refused: a person must look

Skonto is an offer that ends: the whole amount is owed. Without a due date an invoice is due at once (§ 271(1) BGB); if
it has payment terms, which are free text, the mapping must say `term_days`, or the row is refused. A buyer with a VAT
id, a registration or a legal form in the name is a business; everyone else is a consumer, the reading that protects.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.errors import InputError
from gateway.readers.border import Cells
from gateway.readers.document import Document
from gateway.readers.einvoice_parts import Invoice, invoice_of
from gateway.readers.values import Numeric, RefusedError, parse_cents

CREDIT_NOTES: Final = frozenset({"81", "83", "381", "396", "532"})
CORRECTION: Final = "384"
SELF_BILLED: Final = frozenset({"389", "261"})
INVOICES: Final = frozenset(
    (
        "71",
        "80",
        "82",
        "84",
        "102",
        "204",
        "218",
        "219",
        "331",
        "326",
        "380",
        "382",
        "383",
        "385",
        "386",
        "387",
        "388",
        "390",
        "393",
        "394",
        "395",
        "456",
        "457",
        "527",
        "553",
        "575",
        "623",
        "633",
        "751",
        "780",
        "817",
        "870",
        "875",
        "876",
        "877",
        "935",
    )
)
"""Codes of UNTDID 1001 that EN 16931 allows for an invoice."""
_COLLECTED: Final = frozenset({"48", "49", "54", "55", "59"})
_LEGAL_FORM: Final = re.compile(
    r"\b(GmbH|mbH|UG|AG|KGaA|KG|OHG|SE|eG|e\.\s?G\.|e\.\s?K\.|e\.\s?V\.|GbR|PartG|Ltd|Limited|B\.V\.|S\.A\.|Inc)(?!\w)",
    re.IGNORECASE,
)
MAXIMUM_INVOICES: Final = 200_000


@dataclass(slots=True)
class _Books:
    """What the documents of a folder say to each other: credits by the number they name, and what was replaced."""

    credits: dict[str, int] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)


def read_einvoices(document: Document) -> Iterator[Cells | str | None]:
    """One row a file: cells, the rule that refuses it, or None for what was taken off another. Raises InputError."""
    if len(document) > MAXIMUM_INVOICES:
        raise InputError("the folder holds more invoices than are read together: move those that are settled away")
    found: list[Invoice | str] = []
    for place in range(len(document)):
        with document.part(place) as stream:
            found.append(invoice_of(stream))
    numbers = {one.number for one in found if isinstance(one, Invoice)}
    books = _Books()
    judged = [one if isinstance(one, str) else _entered(one, numbers, books) for one in found]
    for invoice, rule in zip(found, judged, strict=True):
        if isinstance(invoice, str) or rule != "":
            yield rule
        else:
            yield _cells(invoice, books)


def _entered(invoice: Invoice, numbers: set[str], books: _Books) -> str | None:
    """Enters a document: the rule that refuses it, None if it only changes another, nothing if it is a claim."""
    if invoice.kind in SELF_BILLED:
        return "self-billed"
    if invoice.means in _COLLECTED:
        return "collected-by-creditor"
    try:
        payable = parse_cents(Numeric(invoice.payable), ".")
    except RefusedError as refused:
        return refused.rule
    is_credit = invoice.kind in CREDIT_NOTES or (invoice.kind == CORRECTION and payable <= 0)
    if not is_credit and invoice.kind != CORRECTION:
        return "" if invoice.kind in INVOICES else "invoice-type"
    return _corrected(invoice, numbers, books, abs(payable) if is_credit else None)


def _corrected(invoice: Invoice, numbers: set[str], books: _Books, credit: int | None) -> str | None:
    if invoice.preceding not in numbers - {invoice.number}:
        return "credit-unmatched"
    if credit is None:
        books.replaced.add(invoice.preceding)
        return ""
    books.credits[invoice.preceding] = books.credits.get(invoice.preceding, 0) + credit
    return None


def _cells(invoice: Invoice, books: _Books) -> Cells:
    number = invoice.number
    is_business = bool(invoice.vat_id or invoice.registration or _LEGAL_FORM.search(invoice.name))
    credited = books.credits.get(number, 0)
    return {
        "claim_no": number,
        "customer_no": invoice.customer_no or number,
        "invoice_no": number,
        "debtor_kind": "business" if is_business else "consumer",
        "company_name": invoice.name if is_business else "",
        "full_name": "" if is_business else invoice.name,
        "street": ", ".join(filter(None, (invoice.street, invoice.street_2))),
        "postcode": invoice.postcode,
        "city": invoice.city,
        "country": invoice.country,
        "email": invoice.email,
        "contract_date": invoice.issued,
        "invoice_date": invoice.issued,
        "due_date": invoice.due or ("" if invoice.has_terms else invoice.issued),
        "amount": Numeric(invoice.total),
        "credited": _amount(credited),
        "cancelled_on": "replaced" if number in books.replaced else "",
        "outstanding": _amount(parse_cents(Numeric(invoice.payable), ".") - credited),
        "currency": invoice.currency,
    }


def _amount(cents: int) -> Numeric:
    return Numeric(f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}")
