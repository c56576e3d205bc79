"""The copy in an access letter (Art. 15(1)(c), (3) GDPR): claims, disclosures, answers and requests, section by section."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gateway.rights.wording import Section, Wording, agency_name, section
from gateway.rules.ordered import rule
from gateway.settings import Configuration
from schemas.access import Access, CaseHeld, HeldClaim, RequestHeld, Value
from schemas.mandate import Language
from schemas.request import Correction

_SHORT: Final = 600
"""Characters of a text that a letter repeats; a longer one is in `data.json` alone."""


class Copied:
    """The sections of one access letter, in its language."""

    def __init__(self, configuration: Configuration, words: Wording) -> None:
        self._configuration = configuration
        self._words = words

    def sections(self, found: Access) -> list[Section]:
        """What is held, what was disclosed, what agencies told, and what the person asked for."""
        return [
            *(self._held(one) for one in found.claims),
            *self._disclosures(found),
            *self._received(found),
            *(self._asked(one) for one in found.requests),
        ]

    def _held(self, held: HeldClaim) -> Section:
        texts = self._words.texts["access"]
        note = texts["held_note"].format(
            first=self._words.day(held.first_seen),
            verdict=" ".join([self._words.verdict(held.verdict) + ".", *self._reasons(held.rules)]),
            cases="; ".join(self._case(one) for one in held.cases) or self._words.texts["none"],
        )
        notes = [note]
        if held.kept_until is not None:
            notes.append(texts["held_until"].format(until=self._words.day(held.kept_until)))
        if held.claim is None:
            return section(texts["held"].format(number=held.claim_no), [*notes, texts["source_gone"]])
        rows = [(self._words.field(name), value) for name, value in self._flat(held.claim.model_dump(mode="json"))]
        return section(texts["held"].format(number=held.claim_no), notes, texts["field_value"], rows)

    def _disclosures(self, found: Access) -> Iterator[Section]:
        texts = self._words.texts["access"]
        if not found.disclosures:
            yield section(texts["not_disclosed"], [texts["not_disclosed_note"]])
        for one in found.disclosures:
            day = None if one.uploaded_on is None else self._words.day(one.uploaded_on)
            uploaded = texts["not_sent"] if day is None else texts["on_server"].format(day=day)
            rows = [
                (*row, self._words.norm(value.norm))
                for row, value in zip(self._rows(one.values), one.values, strict=True)
            ]
            yield section(
                texts["disclosed"].format(
                    date=self._words.day(one.sealed_on), agency=agency_name(self._configuration, one.agency)
                ),
                [
                    texts["disclosed_note"].format(
                        type=self._words.type(one.type), number=one.claim_no, package=one.package, uploaded=uploaded
                    ),
                    *([texts["not_taken"]] if one.not_taken else []),
                ],
                texts["field_why"],
                rows,
                (2, 3, 2),
            )

    def _received(self, found: Access) -> Iterator[Section]:
        texts = self._words.texts["access"]
        for one in found.received:
            yield section(
                texts["received"].format(
                    date=self._words.day(one.received_on), agency=agency_name(self._configuration, one.agency)
                ),
                [texts["received_note"].format(type=self._words.type(one.type), number=one.claim_no)],
                texts["field_value"],
                self._rows(one.values),
            )

    def _rows(self, values: Sequence[Value]) -> list[tuple[str, str]]:
        return [(self._words.field(one.field), self._value(one)) for one in values]

    def _value(self, value: Value) -> str:
        if value.value.startswith("["):
            told = [self._words.parts(one) for one in json.loads(value.value) if isinstance(one, dict)]
            return "; ".join(told) or str(self._words.texts["none"])
        if value.value.startswith("{"):
            return self._words.named(json.loads(value.value))
        return self._words.value(value.field, value.value)

    def _reasons(self, rules: Sequence[str]) -> list[str]:
        found = [rule(name) for name in rules]
        return [one.sentence_de if self._words.language is Language.GERMAN else one.sentence_en for one in found]

    def _case(self, case: CaseHeld) -> str:
        told = [self._words.code(case.standing), *([self._words.code("restricted")] if case.restricted else ())]
        return f"{agency_name(self._configuration, case.agency)}: {', '.join(told)}"

    def _flat(self, model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Every field that says something, with its value as it reads."""
        for name, value in model.items():
            if isinstance(value, dict):
                yield from self._flat(value)
            elif isinstance(value, list):
                if value:
                    yield name, "; ".join(self._words.parts(one) for one in value)
            elif value is not None:
                yield name, self._words.value(name, str(value).lower() if isinstance(value, bool) else str(value))

    def _asked(self, held: RequestHeld) -> Section:
        texts = self._words.texts["asked"]
        kind = texts["kinds"][held.kind.value]
        notes = [] if held.established else [texts["not_established"]]
        title = texts["title"].format(received=self._words.day(held.received), kind=kind)
        return section(title, notes, self._words.texts["access"]["field_value"], list(self._told_of(held)))

    def _told_of(self, held: RequestHeld) -> Iterator[tuple[str, str]]:
        texts = self._words.texts["asked"]
        yield texts["reference"], held.request
        yield texts["channel"], texts["channels"][held.channel.value]
        if held.identified is not None:
            proof = texts["proofs"][held.identified.proof.value]
            yield texts["identified"], f"{proof}, {self._words.day(held.identified.on)}"
            if held.identified.representation is not None:
                yield texts["represented"], self._words.representative(held.identified.representation)
        if held.text:
            yield texts["text"], held.text if len(held.text) <= _SHORT else texts["in_data"]
        if held.correction is not None:
            yield texts["correction"], self._correction(held.correction)
        for one in held.corrected:
            wrong = "; ".join(map(self._correction, one.wrong)) or self._words.texts["none"]
            yield texts["corrected"], texts["instead"].format(right=self._correction(one.right), wrong=wrong)
        yield texts["outcome"], texts["outcomes"]["open" if held.outcome is None else held.outcome.value]
        if held.refusal is not None:
            yield texts["refusal"], self._words.texts["refusal"][held.refusal.value]

    def _correction(self, correction: Correction) -> str:
        parts = [one.model_dump(mode="json") for one in (correction.name, correction.address) if one is not None]
        return "; ".join(self._words.named(one) for one in parts)
