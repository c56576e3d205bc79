"""Rules about whether anything is owed: what was paid, credited, returned, withdrawn, or never ordered."""

from datetime import date, timedelta
from typing import Final

from gateway.rules.rule import Rule, Severity, Unknown
from schemas.claim import Claim
from schemas.facts import FactKind
from schemas.mandate import Mandate
from schemas.screening import Known

_TRANSIT = timedelta(days=14)  # a return takes so long to be booked, §§ 355, 357 BGB


def nothing_open(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """Everything has been paid, credited or returned."""
    return claim.open == 0


def balance_conflict(claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The facts feed knows of payments, but of fewer than the row: one of the two accounts is wrong."""
    return 0 < known.facts.paid < claim.paid


def withdrawn(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The contract was withdrawn from."""
    return FactKind.WITHDRAWAL in known.facts.kinds


def returned(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Everything that was sold has come back."""
    return FactKind.RETURN in known.facts.kinds


def return_in_transit(_claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """Part of the goods is on its way back or has just arrived, so the balance may still change."""
    returned = known.facts.returned_on
    return returned is not None and today <= returned + _TRANSIT


def fraud(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Somebody else ordered in this name."""
    return FactKind.FRAUD in known.facts.kinds


RULES: Final = (
    Rule(
        "nothing-open",
        "Art. 5(1)(d), 6(1) GDPR",
        Severity.REFUSE,
        "Es ist nichts mehr offen.",
        "Nothing is open any more.",
        nothing_open,
        ("amount", "paid", "facts.payment", "facts.credit"),
        unknown=Unknown.PASSES,
    ),
    Rule(
        "balance-conflict",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Zeile und Faktenliste nennen verschiedene Zahlungen: Konto klären.",
        "The row and the facts feed name different payments: clear the account.",
        balance_conflict,
        ("paid", "facts.payment", "facts.credit"),
        unknown=Unknown.PASSES,
    ),
    Rule(
        "withdrawn",
        "Art. 6(1) GDPR, §§ 312g, 355, 357 BGB",
        Severity.REFUSE,
        "Der Vertrag wurde widerrufen: es ist nichts geschuldet.",
        "The contract was withdrawn from: nothing is owed.",
        withdrawn,
        ("facts.withdrawal",),
        unknown=Unknown.PASSES,
    ),
    Rule(
        "returned",
        "Art. 6(1) GDPR, § 357 BGB",
        Severity.REFUSE,
        "Die Ware ist vollständig zurückgegeben: es ist nichts geschuldet.",
        "Everything was returned: nothing is owed.",
        returned,
        ("facts.return",),
        unknown=Unknown.PASSES,
    ),
    Rule(
        "return-in-transit",
        "Art. 5(1)(d) GDPR, § 357 BGB",
        Severity.HOLD,
        "Eine Rücksendung ist unterwegs oder gerade eingegangen: 14 Tage warten.",
        "A return is on its way or has just arrived: wait 14 days.",
        return_in_transit,
        ("facts.return",),
        unknown=Unknown.PASSES,
        waits=True,
    ),
    Rule(
        "fraud",
        "Art. 5(1)(d), 6(1) GDPR",
        Severity.REFUSE,
        "Identitätsdiebstahl ist gemeldet: die genannte Person schuldet nichts.",
        "Identity theft was reported: the person named owes nothing.",
        fraud,
        ("facts.fraud",),
        unknown=Unknown.PASSES,
    ),
)
