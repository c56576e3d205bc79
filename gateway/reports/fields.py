"""The field reference: every field of a case and of an identity, from the annotations that decide what travels.

Because the reference is generated from what runs, the two cannot differ (Art. 5(2), 30 GDPR).
"""

from collections.abc import Iterator

from pydantic import BaseModel

from schemas.case import Case, Identity
from schemas.policy import policy

_HEAD = """\
# What travels, and why

Generated from the annotations of `schemas/case.py` by `inkasso report fields`. A field without an annotation cannot be
declared, and what is not declared cannot leave.
"""


def field_reference() -> str:
    """The reference as Markdown."""
    parts = (("The case: what the agency works on, under a pseudonym", Case), ("The identity: sealed apart", Identity))
    return "\n".join([_HEAD, *(line for title, model in parts for line in _table(title, model))])


def _table(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| field | why | norm | from | coarsened | kept |"
    yield "|---|---|---|---|---|---|"
    for name, travels in policy(model).items():
        yield f"| `{name}` | {travels.why} | {travels.norm} | {travels.source} | {travels.coarsening} | {travels.kept} |"
    yield ""
