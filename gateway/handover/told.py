"""What is told of a claim beside its row, as one digest: what a release was given on, and is bound to.

A second dispute, payment or request makes another digest than the first alone, so a release never covers what came later.
Whether a feed is fresh is no part of it.
"""

from collections.abc import Iterable

from gateway.office import Office
from keys.labels import Label
from schemas.facts import Fact


def told_digest(office: Office, claim_id: str, facts: Iterable[Fact], requests: Iterable[str]) -> bytes:
    """The keyed digest of every fact that names a claim and every request that stops it; in no order."""
    lines = sorted(fact.model_dump_json() for fact in facts)
    return office.digest(Label.TOLD, claim_id, *lines, *sorted(requests))
