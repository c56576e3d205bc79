"""All screening rules in the order in which their reasons are told."""

from typing import Final

from gateway.rules import amounts, credit, dispute, due, kept, mandated, owed, plausible, scope, subject
from gateway.rules.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    *plausible.RULES,
    *scope.RULES,
    *owed.RULES,
    *due.RULES,
    *dispute.RULES,
    *subject.RULES,
    *credit.RULES,
    *mandated.RULES,
    *kept.RULES,
    *amounts.RULES,
)
_BY_ID: Final = {one.id: one for one in RULES}


def rule(rule_id: str) -> Rule:
    """The rule with an id. Raises KeyError for an id that no rule has."""
    return _BY_ID[rule_id]
