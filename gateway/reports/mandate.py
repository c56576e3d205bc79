"""A mandate on one page: the instruction in words, for a person to sign and the agency to countersign."""

from datetime import date, datetime
from typing import Any, Final

from gateway.documents.render import words
from gateway.people.approvals import Build, Preview
from gateway.reports.record import section
from gateway.settings import Configuration
from schemas.canonical import digest
from schemas.mandate import ContactHours, Instruction, Language, Mandate, Segment
from schemas.money import euros

MANDATE: Final = "mandate"


def mandate_page(configuration: Configuration, mandate: Mandate, language: Language, today: date) -> dict[str, Any]:
    """The page, as data for `report.typ`."""
    texts = words(MANDATE, language)
    rows = mandate_rows(configuration, mandate, language)
    return {
        "title": texts["title"].format(mandate=mandate.id, version=mandate.version),
        "language": language.value,
        "as_of": today.isoformat(),
        "introduction": [texts["introduction"].format(digest=digest(mandate))],
        "sections": [section(texts["instruction"], rows), section(texts["signatures"], _places(texts))],
    }


def page_to_sign(configuration: Configuration, mandate: Mandate, language: Language) -> Build:
    """The same page as a preview, for a signature with an actor's key."""
    texts = words(MANDATE, language)
    title = texts["title"].format(mandate=mandate.id, version=mandate.version)
    lines = (title, *(f"{what}: {how}" for what, how in mandate_rows(configuration, mandate, language)))
    signed = (*lines, texts["introduction"].format(digest=digest(mandate)))

    def build(made: datetime) -> Preview:
        return Preview("mandate sign", made, signed)

    return build


def mandate_rows(configuration: Configuration, mandate: Mandate, language: Language) -> list[tuple[str, str]]:
    """Each point of a mandate and what it says."""
    texts = words(MANDATE, language)
    labels, codes, none = texts["labels"], texts["codes"], texts["none"]
    creditor = configuration.entity(configuration.source(mandate.source).entity).creditor
    profile = configuration.agency(mandate.agency).profile
    agency = f"{profile.register_entry.name} ({mandate.agency})" if profile else mandate.agency
    instalments = mandate.instalments
    found = {
        "creditor": f"{creditor.name}, {creditor.street} {creditor.house_no}, {creditor.postcode} {creditor.city}",
        "agency": f"{agency}, {codes[profile.role]}" if profile else agency,
        "type": codes[mandate.type],
        "claims": _segment(mandate, mandate.segment, texts),
        "tone": codes[mandate.tone],
        "language": codes[mandate.language],
        "channels": _codes(mandate.channels, texts),
        "forbidden": _codes(mandate.forbidden_channels, texts),
        "hours": _hours(mandate.contact_hours, texts),
        "stage": codes[mandate.stage],
        "instalments": texts["instalments"].format(
            months=instalments.maximum_months, rate=_euros(instalments.minimum_rate, texts)
        )
        if instalments
        else none,
        "discount": texts["discount"].format(percent=mandate.discount_percent)
        if mandate.discount_percent
        else texts["no_discount"],
        "special_care": _instruction(mandate.special_care, texts),
        "ask": ", ".join(filter(None, mandate.ask.model_dump().values())) if mandate.ask else none,
    }
    return [(labels[name], found[name]) for name in found]


def _segment(mandate: Mandate, segment: Segment, texts: dict[str, Any]) -> str:
    said = texts["segment"]
    least = _euros(mandate.minimum_amount, texts)
    parts = [said["source"].format(source=mandate.source), said["minimum"].format(amount=least)]
    if segment.debtor_kinds is not None:
        parts.append(_codes(segment.debtor_kinds, texts))
    if segment.open_from is not None:
        parts.append(said["open_from"].format(amount=_euros(segment.open_from, texts)))
    if segment.open_below is not None:
        parts.append(said["open_below"].format(amount=_euros(segment.open_below, texts)))
    if segment.postcodes is not None:
        parts.append(said["postcodes"].format(postcodes=", ".join(segment.postcodes)))
    return "; ".join(parts)


def _euros(cents: int, texts: dict[str, Any]) -> str:
    return euros(cents).translate(str.maketrans(",.", texts["marks"]))


def _hours(hours: ContactHours, texts: dict[str, Any]) -> str:
    said: str = texts["hours"].format(days=_codes(hours.days, texts), since=hours.since, until=hours.until)
    return said


def _instruction(instruction: Instruction, texts: dict[str, Any]) -> str:
    codes = texts["codes"]
    parts = [codes[one] for one in (instruction.tone, instruction.language, instruction.stage) if one is not None]
    if instruction.channels is not None:
        parts.append(_codes(instruction.channels, texts))
    if instruction.ask_first:
        parts.append(texts["ask_first"])
    return "; ".join(parts) or texts["none"]


def _codes(codes: tuple[str, ...], texts: dict[str, Any]) -> str:
    return ", ".join(texts["codes"][one] for one in codes) or texts["none"]


def _places(texts: dict[str, Any]) -> list[tuple[str, ...]]:
    room = "\u00a0" * 50  # to write into by hand
    return [(party, room, room, "") for party in texts["parties"]]
