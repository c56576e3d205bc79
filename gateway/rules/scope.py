"""Rules about the gateway's scope: debtors in Germany, claims in euros."""

from datetime import date
from typing import Final

from gateway.rules.rule import Rule, Severity
from schemas.claim import Claim
from schemas.mandate import Mandate
from schemas.money import EUR
from schemas.screening import Known


def abroad(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """The debtor does not live in Germany."""
    return claim.debtor.address.country != "DE"


def currency(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """The claim is not in euros."""
    return claim.currency != EUR


RULES: Final = (
    Rule(
        "abroad",
        "scope",
        Severity.HOLD,
        "Die Anschrift liegt nicht in Deutschland: außerhalb des Anwendungsbereichs.",
        "The address is not in Germany: outside the scope.",
        abroad,
        ("debtor.address",),
    ),
    Rule(
        "currency",
        "scope",
        Severity.HOLD,
        "Die Forderung lautet nicht auf Euro: außerhalb des Anwendungsbereichs.",
        "The claim is not in euros: outside the scope.",
        currency,
        ("currency",),
    ),
)
