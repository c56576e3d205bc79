"""The reference of screening rules, from the rules themselves: what runs and what is documented cannot differ."""

from gateway.rules.ordered import RULES

_HEAD = """\
| rule | severity | norm | what it says | looks at | unknown | release |
|---|---|---|---|---|---|---|"""


def rule_reference() -> str:
    """The table of all rules in their order, as Markdown."""
    rows = [
        f"| `{one.id}` | {one.severity} | {one.norm} | {one.sentence_en} | {', '.join(one.needs)} | {one.unknown} "
        f"| {one.release} |"
        for one in RULES
    ]
    return "\n".join([_HEAD, *rows])
