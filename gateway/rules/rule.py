"""What a screening rule is: one question with its norm, and the sentences a clerk reads."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.claim import Claim
from schemas.mandate import Mandate
from schemas.screening import Known


class Severity(StrEnum):
    """`note`: told and counted, stops nothing. `hold`: a person must look. `refuse`: it may not be handed over at all."""

    NOTE = "note"
    HOLD = "hold"
    REFUSE = "refuse"


class Release(StrEnum):
    """Who may release a claim that a rule holds, with a reason: nobody (source, time or facts must change), an actor,
    or two actors with different keys.
    """

    NEVER = "never"
    ACTOR = "actor"
    TWO_ACTORS = "two-actors"


class Unknown(StrEnum):
    """What it means for a rule that a fact is not known: `never` (the row always says), `passes`, `holds`."""

    NEVER = "never"
    PASSES = "passes"
    HOLDS = "holds"


Check = Callable[[Claim, Known, Mandate, date], bool]
"""True if the rule speaks against handing the claim over today."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. The sentences say what is the matter and what to do, and hold no value.

    `needs`: the fields and facts it looks at. `waits`: time alone may end the hold, so it never expires.
    """

    id: str
    norm: str
    severity: Severity
    sentence_de: str
    sentence_en: str
    check: Check
    needs: tuple[str, ...]
    unknown: Unknown = Unknown.NEVER
    release: Release = Release.NEVER
    waits: bool = False
