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
    repeated                 Art. 5(1)(d) GDPR
    changed-after-hand-over  Art. 5(1)(d) GDPR
    request-open             Art. 16, 17, 18, 21 GDPR
    below-minimum            mandate

A refusal is a value, not an exception; every rule that fires is told, in this order.
"""

from datetime import date

from gateway.rules.default import default
from gateway.rules.ordered import RULES
from gateway.rules.rule import Release, Rule, Severity
from schemas.claim import Claim
from schemas.mandate import Mandate
from schemas.screening import Cleared, Held, Known, Refused, Verdict


def screen(claim: Claim, known: Known, mandate: Mandate, today: date) -> Verdict:
    """A claim that any rule speaks against is never handed over, unless actors released it from that very rule."""
    fired = [rule for rule in RULES if rule.check(claim, known, mandate, today)]
    against = [rule for rule in fired if rule.severity is not Severity.NOTE and not _released(rule, known)]
    rules = tuple(rule.id for rule in against)
    if any(rule.severity is Severity.REFUSE for rule in against):
        return Refused(claim=claim, rules=rules)
    found = default(claim, known.declarations)
    if against or found is None:
        return Held(claim=claim, rules=rules)
    notes = tuple(rule.id for rule in fired if rule.severity is Severity.NOTE)
    return Cleared(claim=claim, default=found, notes=notes)


def _released(rule: Rule, known: Known) -> bool:
    return rule.id in known.released and rule.severity is Severity.HOLD and rule.release is not Release.NEVER
