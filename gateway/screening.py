"""Screening a file without any set-up: nothing is stored, nothing is known but the file. The five-minute reason to
want the rest.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from gateway.handover.inbox import alone, first_pass
from gateway.handover.repeats import Place
from gateway.handover.standing import law_of
from gateway.readers.presets import load_preset
from gateway.readers.reading import read_rows
from gateway.state import state_of
from gateway.steps.screen import screen
from schemas.claim import Rejected
from schemas.figures import LegalFigures
from schemas.mandate import Channel, ContractKind, Declarations, Mandate, Stage
from schemas.screening import Cleared, Known


class Judgement(NamedTuple):
    """What screening says of one row: `cleared`, `held`, `refused` or `rejected`, and the rules behind it."""

    row: int
    verdict: str
    reasons: tuple[str, ...]


def screen_file(path: Path, preset: str, today: date) -> Iterator[Judgement]:
    """Judges every row of a file under a mandate without limits. Raises InputError, UsageError."""
    chosen = load_preset(preset)
    file = alone(path, chosen)
    declarations = Declarations(
        declared_by=f"preset {preset}",
        declared_on=today,
        contract_kind=ContractKind.GOODS,
        mahnung_from_level=chosen.mahnung_from_level,
    )
    mandate = Mandate(
        id="none", source="file", agency="none", minimum_amount=0, channels=(Channel.LETTER,), stage=Stage.REMINDING
    )
    law = law_of(declarations, LegalFigures())
    key = os.urandom(32)
    repeats = first_pass(file, lambda claim_no: hmac.digest(key, claim_no.encode(), hashlib.sha256)).repeats
    for row in read_rows(file.document(), file.mapping):
        place = Place.ONLY if isinstance(row, Rejected) else repeats.place(row.claim.claim_no)
        if isinstance(row, Rejected):
            yield Judgement(row.row, "rejected", (f"{row.field}: {row.rule}",))
        elif place is Place.LATER:
            yield Judgement(row.row, "rejected", ("claim_no: repeated",))
        else:
            known = Known(declarations=declarations, law=law, repeated=place is Place.FIRST)
            verdict = screen(row.claim, known, mandate, today)
            rules = () if isinstance(verdict, Cleared) else verdict.rules
            yield Judgement(row.row, state_of(verdict), rules)
