"""Rules about the mandate: what the creditor gives to an agency, and what it keeps."""

from datetime import date
from typing import Final

from gateway.rules.rule import Release, Rule, Severity
from schemas.claim import Claim
from schemas.mandate import Mandate
from schemas.screening import Known


def below_minimum(claim: Claim, _known: Known, mandate: Mandate, _today: date) -> bool:
    """Less is open than the mandate takes."""
    return 0 < claim.open < mandate.minimum_amount


RULES: Final = (
    Rule(
        "below-minimum",
        "mandate",
        Severity.HOLD,
        "Der offene Betrag liegt unter dem Mindestbetrag des Mandats.",
        "The open amount is below the mandate's minimum.",
        below_minimum,
        Release.ACTOR,
    ),
)
