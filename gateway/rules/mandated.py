"""Rules about the mandate: what the creditor gives to an agency, and what it keeps."""

from datetime import date
from typing import Final

from gateway.rules.rule import Release, Rule, Severity, Unknown
from gateway.rules.worth import worth_of
from schemas.claim import Claim
from schemas.mandate import Mandate
from schemas.screening import Known


def no_mandate(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """No mandate's segment selects the claim: nobody is instructed to collect it."""
    return known.mandates == 0


def two_mandates(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Several mandates select the claim, and it can be with one agency at a time only."""
    return known.mandates > 1


def agency_unfit(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The agency has not been vetted, or its check no longer covers it."""
    return not known.agency_fit


def below_minimum(claim: Claim, _known: Known, mandate: Mandate, _today: date) -> bool:
    """Less is open than the mandate takes."""
    return 0 < claim.open < mandate.minimum_amount


def not_worth_it(claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """What is to be expected does not reach what the creditor asks for."""
    found = worth_of(claim, known, today)
    return found is not None and found.expected < found.asked


RULES: Final = (
    Rule(
        "no-mandate",
        "mandate",
        Severity.HOLD,
        "Kein Mandat wählt die Forderung aus: Segmente der Mandate ergänzen.",
        "No mandate selects the claim: extend the segments of the mandates.",
        no_mandate,
        ("segment",),
        waits=True,
    ),
    Rule(
        "two-mandates",
        "mandate",
        Severity.HOLD,
        "Mehrere Mandate wählen die Forderung aus: Segmente überschneidungsfrei fassen.",
        "Several mandates select the claim: make their segments distinct.",
        two_mandates,
        ("segment",),
        waits=True,
    ),
    Rule(
        "agency-unfit",
        "§§ 10, 11, 16 RDG, Art. 28(1) GDPR",
        Severity.HOLD,
        "Das Inkassounternehmen ist nicht (mehr) geprüft: `inkasso agency check`.",
        "The agency has not been vetted, or its check is out of date: `inkasso agency check`.",
        agency_unfit,
        ("agency",),
        waits=True,
    ),
    Rule(
        "below-minimum",
        "mandate",
        Severity.HOLD,
        "Der offene Betrag liegt unter dem Mindestbetrag des Mandats.",
        "The open amount is below the mandate's minimum.",
        below_minimum,
        ("amount", "paid"),
        release=Release.ACTOR,
    ),
    Rule(
        "not-worth-it",
        "creditor's thresholds, § 13e RDG",
        Severity.HOLD,
        "Der zu erwartende Ertrag liegt unter der Schwelle des Gläubigers: ausbuchen, oder freigeben.",
        "What is to be expected is below the creditor's threshold: write it off, or release it.",
        not_worth_it,
        ("amount", "paid", "due_date", "worth"),
        unknown=Unknown.PASSES,
        release=Release.ACTOR,
    ),
)
