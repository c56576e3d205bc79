"""Screening: whether a claim may be handed over today. The same input on the same day always gives the same verdict.

The rules and their order stand in `gateway.rules.ordered`, one file a family:

    plausible   rows that cannot be right             Art. 5(1)(d) GDPR
    scope       debtors in Germany, euros
    owed        paid, credited, returned, withdrawn   Art. 5(1)(d), 6(1) GDPR, §§ 355, 357 BGB
    due         due, in default, not limited          §§ 193, 195, 199, 271, 286 BGB
    dispute     contested, or nobody knows            § 31(2) Nr. 4d BDSG, VV 2300 RVG
    subject     minor, insolvent, dead, heard         §§ 107, 1958 BGB, §§ 87, 89 InsO, Art. 16 to 21 GDPR
    credit      may be a consumer credit              Directive (EU) 2023/2225
    mandated    mandate, vetted agency, minimum, worth    mandate, §§ 10, 16 RDG
    kept        repeated, handed over, expired        Art. 5(1)(d), (e) GDPR
    amounts     fees and rates that are taken out     §§ 280, 288 BGB

A refusal is a value, not an exception; every rule that fires is told, in this order.
"""

from datetime import date
from typing import Final

from gateway.rules.bureau import bureau_eligible
from gateway.rules.costs import costs
from gateway.rules.current import current
from gateway.rules.default import default, history, mahnungen
from gateway.rules.ordered import RULES
from gateway.rules.rule import Release, Rule, Severity
from schemas.claim import Claim, Disputed
from schemas.mandate import Mandate
from schemas.screening import Cleared, Held, Known, Refused, Verdict

EXPIRED: Final = "hold-expired"
_NOTING: Final = tuple(rule for rule in RULES if rule.severity is Severity.NOTE)
_STOPPING: Final = tuple(rule for rule in RULES if rule.severity is not Severity.NOTE)


def screen(row: Claim, known: Known, mandate: Mandate, today: date) -> Verdict:
    """A claim that any rule speaks against is never handed over, unless actors released it from that very rule.

    The verdict is on the claim as it stands today: its row, what the facts feed told since, and what its person contests.
    """
    claim = current(row, known.facts)
    if known.contested:
        claim = claim.model_copy(update={"disputed": Disputed.YES})
    against = [rule for rule in _STOPPING if rule.check(claim, known, mandate, today) and not _released(rule, known)]
    rules = tuple([rule.id for rule in against])
    if rules == (EXPIRED,):
        rules, against = (), []  # nothing else holds the claim any more
    for rule in against:
        if rule.severity is Severity.REFUSE:
            return Refused(claim=claim, rules=rules)
    found = default(claim, known)
    if against or found is None:
        return Held(claim=claim, rules=rules)
    sent = mahnungen(claim, known)
    return Cleared(
        claim=claim,
        default=found,
        notes=tuple([rule.id for rule in _NOTING if rule.check(claim, known, mandate, today)]),
        costs=costs(claim, known),
        history=history(sent, known),
        bureau_eligible=bureau_eligible(claim, sent, known, today),
    )


def _released(rule: Rule, known: Known) -> bool:
    return rule.id in known.released and rule.severity is Severity.HOLD and rule.release is not Release.NEVER
