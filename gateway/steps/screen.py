"""Screening: whether a claim may be handed over today. The same input on the same day always gives the same verdict.

    due-before-invoice       Art. 5(1)(d) GDPR
    postcode                 Art. 5(1)(d) GDPR
    blank-name               Art. 5(1)(d) GDPR
    name-characters          Art. 5(1)(d) GDPR
    mojibake                 Art. 5(1)(d) GDPR
    negative-amount          Art. 5(1)(d) GDPR
    overpaid                 Art. 5(1)(d) GDPR
    abroad                   scope
    currency                 scope
    nothing-open             Art. 5(1)(d), 6(1) GDPR   (refuses)
    not-due                  § 271 BGB
    not-in-default           § 286 BGB
    disputed                 § 31(2) Nr. 4d BDSG, VV 2300 RVG
    dispute-unknown          Art. 5(1)(d) GDPR
    minor                    §§ 107, 108 BGB
    below-minimum            mandate
    repeated                 Art. 5(1)(d) GDPR
    changed-after-hand-over  Art. 5(1)(d) GDPR

A refusal is a value, not an exception; every rule that fires is told, in this order.
"""

from datetime import date

from gateway.rules.default import default
from gateway.rules.ordered import RULES
from gateway.rules.rule import Severity
from schemas.claim import Claim
from schemas.mandate import Mandate
from schemas.screening import Cleared, Held, Known, Refused, Verdict


def screen(claim: Claim, known: Known, mandate: Mandate, today: date) -> Verdict:
    """A claim that any rule speaks against is never handed over."""
    fired = [rule for rule in RULES if rule.check(claim, known, mandate, today)]
    rules = tuple(rule.id for rule in fired)
    if any(rule.severity is Severity.REFUSE for rule in fired):
        return Refused(claim=claim, rules=rules)
    found = default(claim, known.declarations)
    if fired or found is None:
        return Held(claim=claim, rules=rules)
    return Cleared(claim=claim, default=found)
