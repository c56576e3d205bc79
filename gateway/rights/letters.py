"""What a person is told: the letters of every kind of request, as data for `letter.typ`.

Rules: a letter says what was done, by which norm, and what the person can do about it; a certificate names groups of
fields and the numbers of claims that are left, and no other contents. The same data and the same day give the same bytes.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from gateway.rights.copied import Copied
from gateway.rights.life import Opened
from gateway.rights.remaining import Remains
from gateway.rights.wording import Section, Wording, agency_name, section
from gateway.settings import Configuration
from gateway.store.requests import Notice
from schemas.access import Access, LostTime
from schemas.calendar import day_in_germany
from schemas.codes import NoticeResult, RequestKind
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
        body = [one.format(day=self._words.day(self._today)) for one in texts["paragraphs"]]
        body += [] if found.claims else [texts["no_claims"]]
        general = [section(one["title"], one["paragraphs"]) for one in texts["general"]]
        sections = [*Copied(self._configuration, self._words).sections(found), *general]
        return self._letter("access", [*body, *self._lost(found.lost), *self._contested()], sections)

    def decided(self, notices: Sequence[Told], remains: Remains, lost: Sequence[LostTime]) -> dict[str, Any]:
        """The answer to every other request."""
        file, told = self._opened.file, list(self._told(notices))
        if file.outcome is Outcome.NOTHING_HELD:
            body = [one.format(day=self._words.day(self._today)) for one in self._texts["nothing"]["paragraphs"]]
            return self._letter("nothing", [*body, *self._lost(lost)], told)
        if file.outcome is Outcome.REFUSED and file.refusal is not None:
            texts = self._texts["refusal"]
            body = [one.format(reason=texts[file.refusal.value]) for one in texts["paragraphs"]]
            return self._letter("refusal", [*body, *self._contested()], told)
        if file.kind is RequestKind.ERASURE:
            body = [*self._texts["erasure"]["paragraphs"], *self._contested()]
            return self._letter("erasure", body, [*self._kept(), *self._remains(remains), *told])
        kind = _KINDS[file.kind]
        return self._letter(kind, [*self._texts[kind]["paragraphs"], *self._contested()], told)

    def _contested(self) -> list[str]:
        """What was contested is examined by itself, whatever was decided of the request it came with (Art. 18 GDPR)."""
        lasts = self._opened.file.contested and self._opened.record.stops
        return [self._texts["contested"]["paragraph"]] if lasts else []

    def extension(self, due: date) -> dict[str, Any]:
        """The notice within the first month that the answer takes longer."""
        texts, reason = self._texts["extension"], self._opened.file.extension
        said = "" if reason is None else texts[reason.value]
        return self._letter(
            "extension", [one.format(due=self._words.day(due), reason=said) for one in texts["paragraphs"]], []
        )

    def lifting(self, *, held: bool) -> dict[str, Any]:
        """The notice before a restriction is lifted; `held`: whether claims are left that go on."""
        texts = self._texts["lifting"]
        return self._letter("lifting", [*texts["paragraphs"], *([texts["goes_on"]] if held else [])], [])

    def certificate(self, erasures: Sequence[Destroyed], notices: Sequence[Told], remains: Remains) -> dict[str, Any]:
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
        return self._letter(
            "certificate", texts["paragraphs"], [*parts, *self._remains(remains), *self._told(notices), self._beyond()]
        )

    def _remains(self, remains: Remains) -> Iterator[Section]:
        """What an erasure does not end: markers, if there are any, and the request's own file."""
        texts, words = self._texts["remains"], self._words
        rows = [(str(one.markers), words.norm(one.norm), words.day(one.until)) for one in remains.markers]
        if rows:
            yield section(texts["marker_title"], texts["marker"], texts["head"], rows, (2, 4, 2))
        names = {"until": words.day(remains.file_until), "norm": words.norm(remains.file_norm)}
        yield section(texts["file_title"], [one.format(**names) for one in texts["file"]])

    def _beyond(self) -> Section:
        """What no erasure here reaches: the operator's own files, and those that a source's exports are moved to."""
        texts = self._texts["beyond"]
        folders = [texts["processed"]] if self._configuration.keeps_exports(self._entity.id) else []
        return section(texts["title"], [texts["exports"], *folders, texts["written"]])

    def _lost(self, lost: Sequence[LostTime]) -> list[str]:
        text = self._texts["lost"]["paragraph"]
        return [text.format(since=self._words.day(one.since), until=self._words.day(one.until)) for one in lost]

    def _letter(self, kind: str, body: Sequence[str], sections: Sequence[Section]) -> dict[str, Any]:
        title = self._texts[kind]["title"]
        return self._words.letter(self._entity, self._opened, title, body, sections, today=self._today)

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
                agency_name(self._configuration, one.agency),
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
