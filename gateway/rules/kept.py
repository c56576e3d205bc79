"""Rules about what the store knows of a claim: repeated, with an agency already or perhaps, held for too long."""

from datetime import date, timedelta
from typing import Final

from gateway.rules.rule import Release, Rule, Severity
from schemas.claim import Claim
from schemas.mandate import Mandate
from schemas.screening import Known


def repeated(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The same claim number stands again further down the file."""
    return known.repeated


def invoice_repeated(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The same invoice stands in the file under another claim number."""
    return "invoice-repeated" in known.mixed_up


def identity_conflict(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Another row of the file gives this customer number another name or birth date."""
    return "identity-conflict" in known.mixed_up


def two_customers(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Somebody else of this name at this address is a customer, too."""
    return "two-customers" in known.mixed_up


def changed(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The claim is with an agency, and its row has changed since."""
    return known.handed_over


def unmatched(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The claim may have been handed over in the time that a restore lost."""
    return known.unmatched


def expired(_claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """A person has had to look for longer than a hold lasts, and nobody has."""
    since = known.held_since
    return since is not None and today > since + timedelta(days=known.hold_days)


RULES: Final = (
    Rule(
        "repeated",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Die Forderungsnummer steht mehrfach in der Datei: Export berichtigen.",
        "The claim number stands more than once in the file: correct the export.",
        repeated,
        ("claim_no",),
    ),
    Rule(
        "invoice-repeated",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Die Rechnung steht unter mehreren Forderungsnummern in der Datei: nur eine darf übergeben werden.",
        "The invoice stands in the file under several claim numbers: only one may be handed over.",
        invoice_repeated,
        ("invoice_no", "claim_no"),
        release=Release.ACTOR,
    ),
    Rule(
        "identity-conflict",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Zur Kundennummer stehen verschiedene Namen oder Geburtsdaten in der Datei: klären, wer schuldet.",
        "The customer number has several names or birth dates in the file: find out who owes.",
        identity_conflict,
        ("customer_no", "debtor"),
        release=Release.ACTOR,
    ),
    Rule(
        "two-customers",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Unter diesem Namen und dieser Anschrift gibt es mehrere Kunden: Verwechslung ausschließen.",
        "Several customers have this name and address: rule out that they are mixed up.",
        two_customers,
        ("customer_no", "debtor"),
        release=Release.ACTOR,
    ),
    Rule(
        "changed-after-hand-over",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Die Forderung liegt bei einem Inkassounternehmen und hat sich geändert: Änderung dort mitteilen.",
        "The claim is with an agency and has changed: tell the agency about the change.",
        changed,
        ("claim_no",),
    ),
    Rule(
        "unmatched",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Seit einer Wiederherstellung ist unklar, ob die Forderung schon übergeben wurde: beim Inkassounternehmen klären.",
        "Since a restore it is unclear whether the claim was handed over already: ask the agency.",
        unmatched,
        ("claim_no",),
        release=Release.TWO_ACTORS,
    ),
    Rule(
        "hold-expired",
        "Art. 5(1)(e) GDPR",
        Severity.REFUSE,
        "Die Prüffrist ist verstrichen, ohne dass jemand entschieden hat.",
        "The hold has expired before anybody decided.",
        expired,
        ("hold_days",),
    ),
)
