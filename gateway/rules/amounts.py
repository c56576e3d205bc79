"""Rules about what a source adds to the principal: it is taken out of the claim and counted, and holds nothing."""

from datetime import date
from typing import Final

from gateway.figures.interest import lawful_rate
from gateway.figures.tables import NotCoveredError
from gateway.rules.costs import removed
from gateway.rules.rule import Rule, Severity, Unknown
from schemas.claim import Claim
from schemas.mandate import Mandate
from schemas.screening import Known


def fees_removed(claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The source claims more for its reminders than the debtor owes."""
    return removed(claim, known) > 0


def rate_replaced(claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """The source names another rate than the lawful one of today; points over the base rate travel instead."""
    if claim.interest_rate is None:
        return False
    try:
        return claim.interest_rate != lawful_rate(known.law.figures, claim.debtor.kind, today)
    except NotCoveredError:
        return True


RULES: Final = (
    Rule(
        "fees-removed",
        "§§ 280, 286, 288(5) BGB, BGH VIII ZR 95/18",
        Severity.NOTE,
        "Mahnkosten über dem Zulässigen wurden aus der Forderung genommen.",
        "Reminder fees above what is lawful were taken out of the claim.",
        fees_removed,
        ("fees", "reminders", "declarations.letter_cost"),
    ),
    Rule(
        "rate-replaced",
        "§ 288(1), (2) BGB",
        Severity.NOTE,
        "Ein anderer als der gesetzliche Zinssatz wurde durch diesen ersetzt.",
        "A rate other than the lawful one was replaced by it.",
        rate_replaced,
        ("interest_rate",),
        unknown=Unknown.PASSES,
    ),
)
