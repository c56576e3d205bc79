"""All screening rules in the order in which their reasons are told."""

from typing import Final

from gateway.rules import lawful, mandated, plausible, subject
from gateway.rules.rule import Rule

RULES: Final[tuple[Rule, ...]] = plausible.RULES + lawful.RULES + subject.RULES + mandated.RULES
_BY_ID: Final = {one.id: one for one in RULES}


def rule(rule_id: str) -> Rule:
    """The rule with an id. Raises KeyError for an id that no rule has."""
    return _BY_ID[rule_id]
