"""Rules about the claim in law: due, in default, undisputed, owed by an adult, within the gateway's scope."""

from datetime import date

from gateway.rules.default import default
from gateway.rules.rule import Release, Rule, Severity
from schemas.claim import Claim, DebtorKind, Disputed
from schemas.mandate import Mandate
from schemas.money import EUR
from schemas.screening import Known

ADULT_YEARS = 18


def abroad(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """The debtor does not live in Germany."""
    return claim.debtor.address.country != "DE"


def currency(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """The claim is not in euros."""
    return claim.currency != EUR


def nothing_open(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """Everything has been paid."""
    return claim.open == 0


def not_due(claim: Claim, _known: Known, _mandate: Mandate, today: date) -> bool:
    """Payment may still be made today."""
    return claim.due_date >= today


def not_in_default(claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """No branch of § 286 BGB has put the debtor in default by today."""
    found = default(claim, known.declarations)
    return found is None or found.since > today


def disputed(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """The debtor contests the claim."""
    return claim.disputed is Disputed.YES


def dispute_unknown(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """Nobody knows whether the debtor contests the claim."""
    return claim.disputed is Disputed.UNKNOWN


def minor(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """The debtor was a minor when the contract was made; an unknown birth date does not hold."""
    return claim.debtor.kind is DebtorKind.CONSUMER and is_adult(claim) is False


def is_adult(claim: Claim) -> bool | None:
    """Whether the debtor was of age at the contract (§ 2 BGB); None if the birth date is unknown.

    The day of birth counts (§ 187(2) S. 2 BGB): who was born on 29 February is of age on 1 March of a common year.
    """
    born = claim.debtor.birth_date
    if born is None:
        return None
    contract = claim.contract_date
    return (contract.year - born.year - ADULT_YEARS, contract.month, contract.day) >= (0, born.month, born.day)


def repeated(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The same claim number stands again further down the file."""
    return known.repeated


def changed(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The claim is with an agency, and its row has changed since."""
    return known.handed_over


RULES = (
    Rule(
        "abroad",
        "scope",
        Severity.HOLD,
        "Die Anschrift liegt nicht in Deutschland: außerhalb des Anwendungsbereichs.",
        "The address is not in Germany: outside the scope.",
        abroad,
    ),
    Rule(
        "currency",
        "scope",
        Severity.HOLD,
        "Die Forderung lautet nicht auf Euro: außerhalb des Anwendungsbereichs.",
        "The claim is not in euros: outside the scope.",
        currency,
    ),
    Rule(
        "nothing-open",
        "Art. 5(1)(d), 6(1) GDPR",
        Severity.REFUSE,
        "Es ist nichts mehr offen.",
        "Nothing is open any more.",
        nothing_open,
    ),
    Rule(
        "not-due",
        "§ 271 BGB",
        Severity.HOLD,
        "Die Forderung ist noch nicht fällig: sie wird jede Nacht neu geprüft.",
        "The claim is not due yet: it is judged again each night.",
        not_due,
        waits=True,
    ),
    Rule(
        "not-in-default",
        "§ 286 BGB",
        Severity.HOLD,
        "Der Schuldner ist nicht in Verzug: mahnen, oder die Frist des § 286 Abs. 3 abwarten.",
        "The debtor is not in default: send a Mahnung, or wait for the period of § 286(3).",
        not_in_default,
        waits=True,
    ),
    Rule(
        "disputed",
        "§ 31(2) Nr. 4d BDSG, VV 2300 RVG",
        Severity.HOLD,
        "Der Schuldner bestreitet die Forderung: klären, bevor sie übergeben wird.",
        "The debtor disputes the claim: settle that before it is handed over.",
        disputed,
        Release.TWO_ACTORS,
    ),
    Rule(
        "dispute-unknown",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Die Quelle sagt nicht, ob die Forderung bestritten ist: nachtragen.",
        "The source does not say whether the claim is disputed: record it.",
        dispute_unknown,
        Release.ACTOR,
    ),
    Rule(
        "minor",
        "§§ 107, 108 BGB",
        Severity.HOLD,
        "Der Schuldner war bei Vertragsschluss minderjährig: Genehmigung prüfen.",
        "The debtor was a minor when the contract was made: check for approval.",
        minor,
        Release.TWO_ACTORS,
    ),
    Rule(
        "repeated",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Die Forderungsnummer steht mehrfach in der Datei: Export berichtigen.",
        "The claim number stands more than once in the file: correct the export.",
        repeated,
    ),
    Rule(
        "changed-after-hand-over",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Die Forderung liegt bei einem Inkassounternehmen und hat sich geändert: Änderung dort mitteilen.",
        "The claim is with an agency and has changed: tell the agency about the change.",
        changed,
    ),
)
