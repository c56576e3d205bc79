"""Rules about rows that cannot be right: accuracy (Art. 5(1)(d) GDPR) begins before the law does."""

import unicodedata
from datetime import date
from typing import Final

from gateway.rules.rule import Rule, Severity
from schemas.claim import Claim, DebtorKind
from schemas.mandate import Mandate
from schemas.screening import Known

_ACCURACY = "Art. 5(1)(d) GDPR"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_INVISIBLE = frozenset({"Cc", "Cf"})
_POSTCODE_DIGITS = 5


def due_before_invoice(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """The due date lies before the invoice."""
    return claim.due_date < claim.invoice_date


def date_in_future(claim: Claim, _known: Known, _mandate: Mandate, today: date) -> bool:
    """Contract, birth or a reminder lies in the future: what rests on such a date cannot be relied on."""
    born = claim.debtor.birth_date
    return (
        claim.contract_date > today
        or (born is not None and born > today)
        or any(reminder.sent_on > today for reminder in claim.reminders)
    )


def postcode(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """A German postcode has five digits."""
    code = claim.debtor.address.postcode
    german = claim.debtor.address.country == "DE"
    return german and not (len(code) == _POSTCODE_DIGITS and code.isascii() and code.isdigit())


def blank_name(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """Nobody is named."""
    debtor = claim.debtor
    return not (debtor.last_name if debtor.kind is DebtorKind.CONSUMER else debtor.company_name)


def name_characters(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """A name holds control, zero-width or direction characters."""
    return any(_has_invisible(name) for name in names(claim))


def mojibake(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """A name was decoded with the wrong encoding: UTF-8 read as Windows-1252, or lost letters."""
    return any(_is_mojibake(name) for name in names(claim))


def negative_amount(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """An amount or a payment is below zero."""
    return claim.amount < 0 or claim.paid < 0


def overpaid(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """More was paid than invoiced."""
    return 0 <= claim.amount < claim.paid


def address_missing(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """No letter can arrive: street, postcode or town is missing."""
    address = claim.debtor.address
    return not (address.street and address.postcode and address.city)


def names(claim: Claim) -> tuple[str, ...]:
    """The names of the debtor that are there."""
    debtor = claim.debtor
    return tuple(name for name in (debtor.first_name, debtor.last_name, debtor.company_name) if name)


def garbled(name: str) -> bool:
    """A name that reading spoilt: nobody is called that."""
    return _has_invisible(name) or _is_mojibake(name)


def _has_invisible(name: str) -> bool:
    return not name.isprintable() and any(unicodedata.category(letter) in _INVISIBLE for letter in name)


def _is_mojibake(name: str) -> bool:
    return not name.isascii() and (_REPLACEMENT in name or _double_encoded(name))


def _double_encoded(name: str) -> bool:
    try:
        return name.encode("cp1252").decode() != name
    except UnicodeError:
        return False


RULES: Final = (
    Rule(
        "due-before-invoice",
        _ACCURACY,
        Severity.HOLD,
        "Die Fälligkeit liegt vor dem Rechnungsdatum: Daten in der Quelle berichtigen.",
        "The due date lies before the invoice date: correct the dates at the source.",
        due_before_invoice,
        ("due_date", "invoice_date"),
    ),
    Rule(
        "date-in-future",
        _ACCURACY,
        Severity.HOLD,
        "Vertrag, Geburt oder eine Mahnung liegt in der Zukunft: Datum in der Quelle berichtigen.",
        "Contract, birth or a reminder lies in the future: correct the date at the source.",
        date_in_future,
        ("contract_date", "debtor.birth_date", "reminders"),
    ),
    Rule(
        "postcode",
        _ACCURACY,
        Severity.HOLD,
        "Die deutsche Postleitzahl hat nicht fünf Ziffern: Anschrift berichtigen.",
        "The German postcode does not have five digits: correct the address.",
        postcode,
        ("debtor.address",),
    ),
    Rule(
        "address-missing",
        _ACCURACY,
        Severity.HOLD,
        "Straße, Postleitzahl oder Ort fehlt: Anschrift ergänzen.",
        "Street, postcode or town is missing: add the address.",
        address_missing,
        ("debtor.address",),
    ),
    Rule(
        "blank-name",
        _ACCURACY,
        Severity.HOLD,
        "Der Name des Schuldners fehlt: ergänzen.",
        "The debtor's name is missing: add it.",
        blank_name,
        ("debtor.last_name", "debtor.company_name"),
    ),
    Rule(
        "name-characters",
        _ACCURACY,
        Severity.HOLD,
        "Der Name enthält Steuer- oder unsichtbare Zeichen: berichtigen.",
        "The name holds control or invisible characters: correct it.",
        name_characters,
        ("debtor.first_name", "debtor.last_name", "debtor.company_name"),
    ),
    Rule(
        "mojibake",
        _ACCURACY,
        Severity.HOLD,
        "Der Name ist durch eine falsche Zeichenkodierung entstellt: Export prüfen.",
        "The name was garbled by a wrong character encoding: check the export.",
        mojibake,
        ("debtor.first_name", "debtor.last_name", "debtor.company_name"),
    ),
    Rule(
        "negative-amount",
        _ACCURACY,
        Severity.HOLD,
        "Betrag oder Zahlung ist negativ: Gutschrift oder Vorzeichen prüfen.",
        "The amount or the payment is negative: check for a credit note or a wrong sign.",
        negative_amount,
        ("amount", "paid"),
    ),
    Rule(
        "overpaid",
        _ACCURACY,
        Severity.HOLD,
        "Es wurde mehr gezahlt als berechnet: Konto klären.",
        "More was paid than invoiced: clear the account.",
        overpaid,
        ("amount", "paid", "facts.payment"),
    ),
)
