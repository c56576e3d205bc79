"""What a person is told: the letters of every kind of request, as data for `letter.typ`.

Rules: a letter says what was done, by which norm, and what the person can do about it; a certificate names groups of
fields and the numbers of claims that are left, and no other contents. The same data and the same day give the same bytes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from gateway.rights.life import Opened
from gateway.rights.wording import Section, Wording, section
from gateway.rules.ordered import rule
from gateway.settings import Configuration
from gateway.store.requests import Notice
from schemas.access import Access, CaseHeld, HeldClaim, Value
from schemas.calendar import day_in_germany
from schemas.codes import NoticeResult, RequestKind
from schemas.mandate import Language
from schemas.request import Outcome

_KINDS = {
    RequestKind.RESTRICTION: "restriction",
    RequestKind.OBJECTION: "objection",
    RequestKind.RECTIFICATION: "rectification",
}


class Destroyed(NamedTuple):
    """An erasure as the log has it."""

    erasure: str
    entry: int
    positions: int
    digest: str
    journal_head: str
    final: bool


class Told(NamedTuple):
    """A notice, and the number of the claim that it is about; none once that was erased."""

    notice: Notice
    number: str | None


class Letters:
    """The letters about one request, in its language, on one day."""

    def __init__(self, configuration: Configuration, opened: Opened, today: date) -> None:
        self._configuration = configuration
        self._entity = configuration.entity(opened.record.entity)
        self._opened = opened
        self._today = today
        self._words = Wording(opened.file.language)
        self._texts = self._words.texts

    def access(self, found: Access) -> dict[str, Any]:
        """The answer of Art. 15 GDPR, (a) to (h) and the copy."""
        texts = self._texts["access"]
        sections = [
            *(self._held(one) for one in found.claims),
            *self._disclosures(found),
            *self._received(found),
            *(section(one["title"], one["paragraphs"]) for one in texts["general"]),
        ]
        return self._letter("access", texts["paragraphs"], sections)

    def decided(self, notices: Sequence[Told]) -> dict[str, Any]:
        """The answer to every other request."""
        file = self._opened.file
        if file.outcome is Outcome.NOTHING_HELD:
            return self._letter("nothing", self._texts["nothing"]["paragraphs"], [])
        told = list(self._told(notices))
        if file.outcome is Outcome.REFUSED and file.refusal is not None:
            texts = self._texts["refusal"]
            reason = texts[file.refusal.value]
            return self._letter("refusal", [one.format(reason=reason) for one in texts["paragraphs"]], told)
        if file.kind is RequestKind.ERASURE:
            texts = self._texts["erasure"]
            marker = section(texts["marker_title"], texts["marker"])
            return self._letter("erasure", texts["paragraphs"], [*self._kept(), marker, *told])
        kind = _KINDS[file.kind]
        return self._letter(kind, self._texts[kind]["paragraphs"], told)

    def extension(self, due: date) -> dict[str, Any]:
        """The notice within the first month that the answer takes longer."""
        texts, reason = self._texts["extension"], self._opened.file.extension
        said = "" if reason is None else texts[reason.value]
        return self._letter(
            "extension", [one.format(due=self._words.day(due), reason=said) for one in texts["paragraphs"]], []
        )

    def lifting(self) -> dict[str, Any]:
        """The notice before a restriction is lifted."""
        return self._letter("lifting", self._texts["lifting"]["paragraphs"], [])

    def certificate(self, erasures: Sequence[Destroyed], notices: Sequence[Told]) -> dict[str, Any]:
        """What was destroyed: groups of fields, positions in the log, whom we told."""
        texts = self._texts["certificate"]
        parts = [*self._kept()]
        for one in erasures:
            rows = [
                (texts["erasure"], one.erasure),
                (texts["entry"], str(one.entry)),
                (texts["count"], str(one.positions)),
                (texts["digest"], one.digest),
                (texts["journal"], one.journal_head),
                (texts["final"], texts["final_yes" if one.final else "final_no"]),
            ]
            parts.append(section(texts["facts"], (), texts["head"], rows))
        return self._letter("certificate", texts["paragraphs"], [*parts, *self._told(notices), self._beyond()])

    def _beyond(self) -> Section:
        """What no erasure here reaches: the operator's own files, and those that a source's exports are moved to."""
        texts = self._texts["beyond"]
        folders = [texts["processed"]] if self._configuration.keeps_exports(self._entity.id) else []
        return section(texts["title"], [texts["exports"], *folders, texts["written"]])

    def _letter(self, kind: str, body: Sequence[str], sections: Sequence[Section]) -> dict[str, Any]:
        title = self._texts[kind]["title"]
        return self._words.letter(self._entity, self._opened, title, body, sections, today=self._today)

    def _held(self, held: HeldClaim) -> Section:
        texts = self._texts["access"]
        note = texts["held_note"].format(
            first=self._words.day(held.first_seen),
            verdict=" ".join([self._words.verdict(held.verdict) + ".", *self._reasons(held.rules)]),
            cases="; ".join(self._case(one) for one in held.cases) or self._texts["none"],
        )
        notes = [note]
        if held.kept_until is not None:
            notes.append(texts["held_until"].format(until=self._words.day(held.kept_until)))
        if held.claim is None:
            return section(texts["held"].format(number=held.claim_no), [*notes, texts["source_gone"]])
        rows = [(self._words.field(name), value) for name, value in self._flat(held.claim.model_dump(mode="json"))]
        return section(texts["held"].format(number=held.claim_no), notes, texts["field_value"], rows)

    def _disclosures(self, found: Access) -> Iterator[Section]:
        texts = self._texts["access"]
        if not found.disclosures:
            yield section(texts["not_disclosed"], [texts["not_disclosed_note"]])
        for one in found.disclosures:
            uploaded = self._texts["none"] if one.uploaded_on is None else self._words.day(one.uploaded_on)
            rows = [
                (*row, self._words.norm(value.norm))
                for row, value in zip(self._rows(one.values), one.values, strict=True)
            ]
            yield section(
                texts["disclosed"].format(date=self._words.day(one.sealed_on), agency=self._name(one.agency)),
                [
                    texts["disclosed_note"].format(
                        type=self._words.type(one.type), number=one.claim_no, package=one.package, uploaded=uploaded
                    )
                ],
                texts["field_why"],
                rows,
                (2, 3, 2),
            )

    def _received(self, found: Access) -> Iterator[Section]:
        texts = self._texts["access"]
        for one in found.received:
            yield section(
                texts["received"].format(date=self._words.day(one.received_on), agency=self._name(one.agency)),
                [texts["received_note"].format(type=self._words.type(one.type), number=one.claim_no)],
                texts["field_value"],
                self._rows(one.values),
            )

    def _rows(self, values: Sequence[Value]) -> list[tuple[str, str]]:
        return [(self._words.field(one.field), self._value(one)) for one in values]

    def _kept(self) -> Iterator[Section]:
        texts = self._texts["erasure"]
        rows = [
            (
                self._texts["groups"][one.group.value],
                str(one.claims),
                texts[one.fate.value].format(until="" if one.until is None else self._words.day(one.until)),
                self._words.norm(one.norm),
            )
            for one in self._opened.file.kept
        ]
        if rows:
            yield section(texts["title"], (), texts["head"], rows, (4, 2, 3, 4))

    def _told(self, notices: Sequence[Told]) -> Iterator[Section]:
        texts = self._texts["notices"]
        rows = [
            (
                self._name(one.agency),
                texts["case"].format(ref=one.case_ref) if number is None else texts["claim"].format(number=number),
                texts[one.type.removeprefix("case.")],
                self._moment(one.made),
                self._answer(one),
            )
            for one, number in notices
        ]
        reach = [texts["erase_reach"]] if self._opened.file.kind is RequestKind.ERASURE else []
        if rows:
            yield section(texts["title"], [texts["answers"], *reach], texts["head"], rows, (3, 4, 3, 2, 3))

    def _answer(self, notice: Notice) -> str:
        texts = self._texts["notices"]
        if notice.result is None:
            return str(texts["waiting"])
        date_of = "" if notice.answered is None else self._moment(notice.answered)
        until = "" if notice.until is None else self._words.day(notice.until)
        ground = "" if notice.ground is None else self._texts["grounds"][notice.ground]
        return str(texts[NoticeResult(notice.result).value].format(date=date_of, until=until, ground=ground))

    def _moment(self, moment: str) -> str:
        return self._words.day(day_in_germany(datetime.fromisoformat(moment)))

    def _name(self, agency: str) -> str:
        known = {one.id: one.profile for one in self._configuration.settings.agencies}
        profile = known.get(agency)
        return agency if profile is None else profile.register_entry.name

    def _value(self, value: Value) -> str:
        if value.value.startswith("["):
            told = [self._words.parts(one) for one in json.loads(value.value) if isinstance(one, dict)]
            return "; ".join(told) or str(self._texts["none"])
        if value.value.startswith("{"):
            return self._words.named(json.loads(value.value))
        return self._words.value(value.field, value.value)

    def _reasons(self, rules: Sequence[str]) -> list[str]:
        found = [rule(name) for name in rules]
        return [one.sentence_de if self._words.language is Language.GERMAN else one.sentence_en for one in found]

    def _case(self, case: CaseHeld) -> str:
        told = [self._words.code(case.standing), *([self._words.code("restricted")] if case.restricted else ())]
        return f"{self._name(case.agency)}: {', '.join(told)}"

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
