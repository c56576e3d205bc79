"""Rules about whether the debtor contests the claim. Silence after reminders is not a dispute."""

from datetime import date
from typing import Final

from gateway.rules.rule import Release, Rule, Severity, Unknown
from schemas.claim import Claim, Disputed
from schemas.mandate import Mandate
from schemas.screening import Known


def disputed(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """The debtor contests the claim."""
    return claim.disputed is Disputed.YES


def dispute_unknown(claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Nobody knows whether the debtor contests the claim, and nobody released it even as a disputed one."""
    return claim.disputed is Disputed.UNKNOWN and "disputed" not in known.released


RULES: Final = (
    Rule(
        "disputed",
        "§ 31(2) Nr. 4d BDSG, VV 2300 RVG",
        Severity.HOLD,
        "Der Schuldner bestreitet die Forderung: klären, bevor sie übergeben wird.",
        "The debtor disputes the claim: settle that before it is handed over.",
        disputed,
        ("disputed", "facts.dispute"),
        release=Release.TWO_ACTORS,
    ),
    Rule(
        "dispute-unknown",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Weder Quelle noch Faktenliste sagt, ob die Forderung bestritten ist: nachtragen.",
        "Neither the source nor a facts feed says whether the claim is disputed: record it.",
        dispute_unknown,
        ("disputed", "facts.dispute"),
        unknown=Unknown.HOLDS,
        release=Release.ACTOR,
    ),
)
