"""Rules about consumer credit: payment so late, or in parts, that it may be one (Directive (EU) 2023/2225)."""

from datetime import date
from typing import Final

from gateway.figures.tables import covering
from gateway.rules.rule import Release, Rule, Severity, Unknown
from schemas.claim import Claim, DebtorKind
from schemas.mandate import Handling, Mandate
from schemas.screening import Known


def credit_noted(claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The term may make this a consumer credit, and the source has not said what that means."""
    return known.declarations.consumer_credit is Handling.NOTE and _may_be_credit(claim, known)


def credit_held(claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The term may make this a consumer credit, and the source wants to look."""
    return known.declarations.consumer_credit is Handling.HOLD and _may_be_credit(claim, known)


def instalments_noted(claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Paid by instalments, and the source has not said what that means."""
    return known.declarations.instalments is Handling.NOTE and _by_instalments(claim)


def instalments_held(claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Paid by instalments, and the source wants to look."""
    return known.declarations.instalments is Handling.HOLD and _by_instalments(claim)


def _may_be_credit(claim: Claim, known: Known) -> bool:
    term = covering(known.law.figures.credit_terms, claim.contract_date)
    if term is None or claim.debtor.kind is DebtorKind.BUSINESS:
        return False
    days = term.large_seller_days if known.declarations.large_online_seller else term.days
    return (claim.due_date - claim.invoice_date).days > days


def _by_instalments(claim: Claim) -> bool:
    return claim.by_instalments and claim.debtor.kind is DebtorKind.CONSUMER


RULES: Final = (
    Rule(
        "credit-possible",
        "Directive (EU) 2023/2225",
        Severity.NOTE,
        "Das Zahlungsziel könnte ein Verbraucherdarlehen begründen: prüfen und in der Quelle erklären.",
        "The payment term may make this a consumer credit: look, and declare it for the source.",
        credit_noted,
        ("due_date", "invoice_date", "contract_date", "declarations.consumer_credit"),
    ),
    Rule(
        "credit-held",
        "Directive (EU) 2023/2225, § 690(1) Nr. 3 ZPO",
        Severity.HOLD,
        "Das Zahlungsziel könnte ein Verbraucherdarlehen begründen: prüfen.",
        "The payment term may make this a consumer credit: look at the contract.",
        credit_held,
        ("due_date", "invoice_date", "contract_date", "declarations.consumer_credit"),
        release=Release.ACTOR,
    ),
    Rule(
        "instalments-possible",
        "Directive (EU) 2023/2225",
        Severity.NOTE,
        "Ratenzahlung könnte ein Verbraucherdarlehen sein: prüfen und in der Quelle erklären.",
        "Payment by instalments may be a consumer credit: look, and declare it for the source.",
        instalments_noted,
        ("by_instalments", "declarations.instalments"),
        unknown=Unknown.PASSES,
    ),
    Rule(
        "instalments-held",
        "Directive (EU) 2023/2225, § 690(1) Nr. 3 ZPO",
        Severity.HOLD,
        "Ratenzahlung könnte ein Verbraucherdarlehen sein: prüfen.",
        "Payment by instalments may be a consumer credit: look at the contract.",
        instalments_held,
        ("by_instalments", "declarations.instalments"),
        unknown=Unknown.PASSES,
        release=Release.ACTOR,
    ),
)
