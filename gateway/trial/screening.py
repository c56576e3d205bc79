"""Screening a file, storing nothing: by a preset alone, the five-minute reason to want the rest, or as a configured source
would be screened tonight. What the store knows of its claims is left out.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from gateway.errors import InputError, UsageError
from gateway.handover.choice import Choice
from gateway.handover.feed import Feed, feed_of, named
from gateway.handover.inbox import alone, first_pass
from gateway.handover.judge import reasons
from gateway.handover.repeats import Place
from gateway.handover.standing import law_of, standing
from gateway.readers.presets import Preset, load_preset, preset_of
from gateway.readers.reading import read_rows
from gateway.rules.current import current
from gateway.settings import Configuration
from gateway.state import state_of
from gateway.steps.screen import screen
from schemas.claim import Rejected
from schemas.figures import LegalFigures
from schemas.mandate import Channel, ContractKind, Declarations, Mandate, Stage
from schemas.screening import Known, Verdict

_WITHOUT_LIMITS: Final = Mandate(
    id="none", source="file", agency="none", minimum_amount=0, channels=(Channel.LETTER,), stage=Stage.REMINDING
)


class Terms(NamedTuple):
    """What a file is screened by: how it is read, what is known of every claim, which mandates, what the facts feed says;
    `is_declared`: whether a creditor has declared what is known of every claim.
    """

    name: str
    preset: Preset
    standing: Known
    mandates: tuple[Mandate, ...]
    feed: Feed
    today: date
    is_declared: bool


class Screened(NamedTuple):
    """A row and what became of it."""

    row: int
    found: Verdict | Rejected

    @property
    def verdict(self) -> str:
        """`cleared`, `held`, `refused` or `rejected`."""
        return "rejected" if isinstance(self.found, Rejected) else state_of(self.found)

    def as_json(self) -> dict[str, object]:
        """Row, verdict and reasons as plain data, without a value of the row."""
        found = self.found
        told = (f"{found.field}: {found.rule}",) if isinstance(found, Rejected) else reasons(found)
        return {"row": self.row, "verdict": self.verdict, "reasons": list(told)}


def preset_terms(preset: str, facts: Path | None, today: date) -> Terms:
    """A preset, and a mandate without limits. Raises UsageError; InputError for a feed that is not there."""
    if facts is not None and not facts.is_file():
        raise InputError("the facts feed you named does not exist, or is no file: check --facts")
    chosen = load_preset(preset)
    declarations = Declarations(
        declared_by=f"preset {preset}",
        declared_on=today,
        contract_kind=ContractKind.GOODS,
        mahnung_from_level=chosen.mahnung_from_level,
    )
    known = Known(declarations=declarations, law=law_of(declarations, LegalFigures()))
    return Terms(preset, chosen, known, (_WITHOUT_LIMITS,), Feed(preset, facts, today), today, False)


def source_terms(configuration: Configuration, name: str, mandate: str | None, today: date) -> Terms:
    """A configured source with its feed, under all its mandates or one of them. Raises UsageError."""
    if name not in {part.id for part in configuration.settings.sources}:
        raise UsageError("no such source is configured: see [[sources]]")
    source = configuration.source(name)
    mandates = tuple(one for one in configuration.mandates_of(name) if mandate in (None, one.id))
    if mandate is not None and not mandates:
        raise UsageError("the source has no such mandate: see [[mandates]]")
    known = standing(source, configuration.settings.figures)
    feed = feed_of(configuration, source, today)
    return Terms(name, preset_of(source), known, mandates or (_WITHOUT_LIMITS,), feed, today, True)


def screen_file(path: Path, terms: Terms) -> Iterator[Screened]:
    """Judges every row of a file. Raises InputError."""
    file = alone(path, terms.preset)
    key = os.urandom(32)
    seen = first_pass(file, lambda claim_no: hmac.digest(key, claim_no.encode(), hashlib.sha256))
    choice = Choice(terms.mandates, {mandate.id for mandate in terms.mandates}, ())
    plain = terms.standing.model_copy(update={"facts": terms.feed.silent})
    for row in read_rows(file.document(), file.mapping):
        if isinstance(row, Rejected):
            yield Screened(row.row, row)
            continue
        place = seen.repeats.place(row.claim.claim_no)
        if place is Place.LATER:
            yield Screened(row.row, Rejected(row=row.row, field="claim_no", rule="repeated"))
            continue
        facts = terms.feed.of(named(row.claim))
        chosen = choice.choose(current(row.claim, facts))
        if chosen is not None:
            known = plain.model_copy(
                update={
                    "facts": facts,
                    "mandates": chosen.selecting,
                    "repeated": place is Place.FIRST,
                    "mixed_up": seen.mixups.of(row.row),
                }
            )
            yield Screened(row.row, screen(row.claim, known, chosen.mandate, terms.today))
