"""How values read in a letter: amounts, dates and codes in the language of the letter, and the frame of every letter."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from gateway.documents.norms import quoted
from gateway.documents.render import words
from gateway.errors import UsageError
from gateway.rights.life import Opened, privacy_of
from gateway.settings import Configuration, Entity
from schemas.mandate import Language
from schemas.request import Authority, Representation, RequestFile

LETTERS: Final = "letters"
_AMOUNTS: Final = frozenset({
    "amount", "paid", "fees", "principal", "payments", "principal_open", "interest_base", "fee", "costs", "interest",
    "credited", "paid_to_creditor", "paid_to_agency",
})  # fmt: skip
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_YES_OR_NO: Final = {"true": "yes", "false": "no", "yes": "yes", "no": "no"}
_CODES: Final = frozenset({
    "kind", "debtor_kind", "disputed", "verdict", "standing", "default_ground", "contract_kind", "result", "ground",
    "refusal", "question", "answer", "reason", "status", "code", "closed", "paid_to", "request", "fault",
    "tone", "language", "stage", "channel", "channels",
})  # fmt: skip
_BY_LAW: Final = frozenset({Authority.PARENT, Authority.GUARDIAN})
Section = dict[str, Any]


class Wording:
    """The texts of all letters in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.texts = words(LETTERS, language)

    def day(self, day: date) -> str:
        """A date as it is written."""
        if self.language is Language.GERMAN:
            return f"{day.day:02}.{day.month:02}.{day.year}"
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"

    def field(self, name: str) -> str:
        """What a field is called."""
        return str(self.texts["fields"].get(name, name.replace("_", " ")))

    def value(self, name: str, value: str) -> str:
        """A stored value as it reads."""
        if name in _AMOUNTS and value.lstrip("-").isdigit():
            return self.money(int(value))
        if value in _YES_OR_NO:
            return str(self.texts[_YES_OR_NO[value]])
        if name in _CODES:
            return self.code(value)
        try:
            return self.day(date.fromisoformat(value)) if len(value) == 10 else value
        except ValueError:
            return value

    def code(self, code: str) -> str:
        """A code as it reads."""
        return str(self.texts["codes"].get(code, code.replace("-", " ")))

    def verdict(self, verdict: str) -> str:
        """What our own checks have said, which is not what an agency's word of the same name says."""
        return str(self.texts["verdicts"][verdict])

    def norm(self, norm: str) -> str:
        """A norm as it is quoted."""
        return quoted(norm, self.language)

    def type(self, name: str) -> str:
        """A message's type as it reads."""
        return str(self.texts["types"].get(name, name))

    def parts(self, parts: Mapping[str, Any]) -> str:
        """A reminder, a cost or another small record on one line: its day, what it was, its amount."""
        return ", ".join(self.value(name, str(value)) for name, value in parts.items() if name != "level")

    def named(self, parts: Mapping[str, Any]) -> str:
        """A record of which only some fields are set, each with its name."""
        told = []
        for name, value in parts.items():
            if isinstance(value, list):
                told.append(f"{self.field(name)}: {', '.join(self.value(name, str(one)) for one in value)}")
            elif value is not None:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                told.append(f"{self.field(name)}: {self.value(name, text)}")
        return "; ".join(told)

    def money(self, cents: int) -> str:
        """An amount in euros."""
        text = f"{abs(cents) // 100:,}.{abs(cents) % 100:02}"
        if self.language is Language.GERMAN:
            text = text.translate(str.maketrans(".,", ",."))
        return f"{'-' if cents < 0 else ''}{text} EUR"

    def representative(self, one: Representation) -> str:
        """Who acts for a person, by what right, and when the proof was seen."""
        authority = self.texts["asked"]["authorities"][one.authority.value]
        return str(self.texts["asked"]["representative"]).format(
            name=one.name, authority=authority, seen=self.day(one.seen_on)
        )

    def letter(
        self,
        entity: Entity,
        opened: Opened,
        title: str,
        body: Sequence[str],
        sections: Iterable[Section],
        *,
        today: date,
    ) -> dict[str, Any]:
        """A letter's data for `letter.typ`. Raises UsageError if nobody knows where it goes."""
        recipient, privacy, creditor = opened.file.recipient, privacy_of(entity), entity.creditor
        if recipient is None:
            raise UsageError(
                "nobody said where the answer goes: `request open --recipient FILE`, or identify the person"
            )
        names = {"dpo": privacy.dpo, "contact": privacy.contact, "authority": privacy.authority}
        reference = self.texts["reference"].format(received=self.day(opened.record.received), request=opened.id)
        return {
            "title": title,
            "language": self.language.value,
            "date": today.isoformat(),
            "sender": [creditor.name, f"{creditor.street} {creditor.house_no}", f"{creditor.postcode} {creditor.city}"],
            "recipient": [recipient.name, *(one for one in (self._attention(opened.file),) if one), *recipient.lines],
            "place_date": self.texts["place_date"].format(city=creditor.city, date=self.day(today)),
            "paragraphs": [reference, *self._acting(opened.file), self.texts["greeting"], *body],
            "sections": list(sections),
            "closing": [line.format(controller=creditor.name, **names) for line in self.texts["closing"]],
        }

    def _attention(self, file: RequestFile) -> str:
        """The line that names who takes the letter for the person: a parent or guardian does so by law (§ 131 BGB); who was
        given authority does where the request said where the answer goes, and not at the person's own address.
        """
        acting = None if file.identified is None else file.identified.representation
        if acting is None or file.recipient is None or acting.name == file.recipient.name:
            return ""
        if acting.authority not in _BY_LAW and file.looked_up:
            return ""
        return str(self.texts["attention"]).format(name=acting.name)

    def _acting(self, file: RequestFile) -> list[str]:
        acting = None if file.identified is None else file.identified.representation
        return [] if acting is None else [self.texts["acting"].format(who=self.representative(acting))]


def agency_name(configuration: Configuration, agency: str) -> str:
    """An agency as the register calls it; by its id once it is in the configuration no more."""
    known = {one.id: one.profile for one in configuration.settings.agencies}
    profile = known.get(agency)
    return agency if profile is None else profile.register_entry.name


def section(
    title: str,
    paragraphs: Sequence[str] = (),
    head: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
    widths: Sequence[int] = (2, 3),
) -> Section:
    """A part of a letter; a table if it has rows."""
    return {
        "title": title,
        "paragraphs": list(paragraphs),
        "head": list(head),
        "rows": [list(row) for row in rows],
        "widths": list(widths),
    }
