"""Rules about time: due, in default, and not yet limited."""

from datetime import date, timedelta
from typing import Final

from gateway.figures.workdays import next_workday
from gateway.rules.default import default_day
from gateway.rules.rule import Release, Rule, Severity, Unknown
from schemas.claim import Claim
from schemas.facts import FactKind
from schemas.mandate import Mandate
from schemas.screening import Known

_LIMITATION_YEARS = 3  # § 195 BGB
_WARNING = timedelta(days=90)


def not_due(claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """Payment may still be made today; a last day that is no working day moves on (§ 193 BGB)."""
    return next_workday(claim.due_date, known.law.days_off) >= today


def deferred(_claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """The creditor has granted more time."""
    until = known.facts.deferred_to
    return until is not None and until >= today


def not_in_default(claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """No branch of § 286 BGB has put the debtor in default by today."""
    found = default_day(claim, known)
    return found is None or found[0] > today


def payment_blocked(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The debtor could not pay, for a reason that is the creditor's."""
    return FactKind.BLOCKED_PAYMENT in known.facts.kinds


def limitation_suspected(claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """The claim may be limited; that is a defence, which the debtor may raise or not (§ 214(1) BGB)."""
    return today > limited_after(claim, known)


def limitation_near(claim: Claim, known: Known, _mandate: Mandate, today: date) -> bool:
    """The claim will be limited within 90 days."""
    last = limited_after(claim, known)
    return today <= last < today + _WARNING


def limited_after(claim: Claim, known: Known) -> date:
    """The last day before limitation (§§ 195, 199(1) BGB): the end of the third year after the one the claim arose in,
    and the days of suspension (§ 209 BGB).

    A claim arises when it is due; without an agreed date, at the contract (§ 271(1) BGB), and so after a deferral, which
    suspends and does not begin anew (§ 205 BGB): in the debtor's favour.
    """
    agreed = known.declarations.payment_date_agreed and known.facts.deferred_to is None
    arose = claim.due_date if agreed else min(claim.contract_date, claim.due_date)
    return date(arose.year + _LIMITATION_YEARS, 12, 31) + timedelta(days=claim.suspended_days)


RULES: Final = (
    Rule(
        "not-due",
        "§§ 271, 193 BGB",
        Severity.HOLD,
        "Die Forderung ist noch nicht fällig: sie wird jede Nacht neu geprüft.",
        "The claim is not due yet: it is judged again each night.",
        not_due,
        ("due_date", "declarations.land"),
        waits=True,
    ),
    Rule(
        "deferred",
        "§§ 205, 271 BGB",
        Severity.HOLD,
        "Die Forderung ist gestundet: nach Ablauf wird sie neu geprüft.",
        "The creditor has deferred the claim: it is judged again when that ends.",
        deferred,
        ("facts.deferral",),
        unknown=Unknown.PASSES,
        waits=True,
    ),
    Rule(
        "not-in-default",
        "§ 286 BGB",
        Severity.HOLD,
        "Der Schuldner ist nicht in Verzug: mahnen, oder die Frist des § 286 Abs. 3 abwarten.",
        "The debtor is not in default: send a Mahnung, or wait for the period of § 286(3).",
        not_in_default,
        ("due_date", "reminders", "invoice_date", "declarations"),
        unknown=Unknown.HOLDS,
    ),
    Rule(
        "payment-blocked",
        "§ 286(4) BGB",
        Severity.HOLD,
        "Die Zahlung scheiterte auf Seiten des Gläubigers: kein Verzug, solange das nicht geklärt ist.",
        "Payment failed on the creditor's side: no default until that is settled.",
        payment_blocked,
        ("facts.blocked-payment",),
        unknown=Unknown.PASSES,
        release=Release.ACTOR,
    ),
    Rule(
        "limitation-suspected",
        "§§ 195, 199, 214 BGB",
        Severity.HOLD,
        "Die Forderung ist vermutlich verjährt: Hemmung prüfen, oder freigeben.",
        "The claim is probably limited: check for suspension, or release it.",
        limitation_suspected,
        ("contract_date", "due_date", "suspended_days"),
        release=Release.TWO_ACTORS,
    ),
    Rule(
        "limitation-near",
        "§§ 195, 199 BGB",
        Severity.NOTE,
        "Die Forderung verjährt in weniger als 90 Tagen.",
        "The claim will be limited within 90 days.",
        limitation_near,
        ("contract_date", "due_date", "suspended_days"),
    ),
)
