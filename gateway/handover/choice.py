"""Which mandate a claim falls under: its segment selects it.

Exactly one mandate of the source should. If none or several do, the claim is judged under the first one of the source,
told how many select it, and held for that.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from schemas.claim import Claim
from schemas.mandate import Mandate, Segment


class Chosen(NamedTuple):
    """The mandate a claim is judged under, how many select it, and whether its agency may get anything today."""

    mandate: Mandate
    selecting: int
    agency_fit: bool


class Choice:
    """The mandates of one source; `asked` are the ids of those that this run is about."""

    def __init__(self, mandates: Sequence[Mandate], asked: Collection[str], unfit: Collection[str]) -> None:
        self._mandates = tuple(mandates)
        self._asked = frozenset(asked)
        self._unfit = frozenset(unfit)

    @property
    def complete(self) -> bool:
        """Whether the run is about every mandate of the source, so that no claim is left for another run."""
        return self._asked >= {mandate.id for mandate in self._mandates}

    def choose(self, claim: Claim) -> Chosen | None:
        """The mandate a claim is judged under; None if this run is not about it."""
        selecting = [mandate for mandate in self._mandates if selects(mandate.segment, claim)]
        mandate = selecting[0] if len(selecting) == 1 else self._mandates[0]
        if mandate.id not in self._asked or (len(selecting) != 1 and not self.complete):
            return None
        return Chosen(mandate, len(selecting), mandate.agency not in self._unfit)


def selects(segment: Segment, claim: Claim) -> bool:
    """Whether a claim is in a segment."""
    return (
        (segment.debtor_kinds is None or claim.debtor.kind in segment.debtor_kinds)
        and (segment.open_from is None or claim.open >= segment.open_from)
        and (segment.open_below is None or claim.open < segment.open_below)
        and (segment.postcodes is None or claim.debtor.address.postcode.startswith(segment.postcodes))
    )
