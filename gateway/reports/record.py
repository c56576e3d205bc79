"""The record of processing activities (Art. 30(1) GDPR), generated from the schema's annotations and the configuration.

What ran and what is recorded cannot differ: fields come from the annotations that let them travel, recipients, roles and
places from the agencies' profiles, periods from the retention table. An agency that has cases is a recipient, whether or
not a mandate names it today. No person is in it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, Final

from gateway.documents.norms import quoted
from gateway.documents.render import words
from gateway.figures.tables import load_figures
from gateway.reports.holding import held_fields
from gateway.settings import Agency, Configuration, Entity
from schemas.case import Case, Identity
from schemas.figures import Retention
from schemas.mandate import Language
from schemas.policy import policy
from schemas.vetting import LegalRole

Rows = Iterable[Sequence[str]]
RECORD: Final = "record"
_ROLES: Final = {
    LegalRole.PROCESSOR: "processor",
    LegalRole.CONTROLLER: "controller_role",
    LegalRole.ASSIGNEE: "assignee",
}


def processing_record(
    configuration: Configuration, entity: Entity, language: Language, today: date, with_cases: Collection[str]
) -> dict[str, Any]:
    """The record of one legal entity, as data for `report.typ`. `with_cases`: the agencies that have cases of it."""
    texts = words(RECORD, language)
    sources = {one.id for one in configuration.settings.sources if one.entity == entity.id}
    mandated = {one.agency for one in configuration.settings.mandates if one.source in sources}
    profiles = {one.id: one for one in configuration.settings.agencies}
    recipients = {name: profiles.get(name) for name in sorted({*mandated, *with_cases})}
    agencies = [one for one in recipients.values() if one is not None]
    return {
        "title": texts["title"],
        "language": language.value,
        "as_of": today.isoformat(),
        "introduction": [texts["as_of"].format(today=today.isoformat(), configuration=configuration.digest)],
        "sections": [
            section(texts["controller"], _controller(entity, texts)),
            section(texts["purposes"], ()),
            section(texts["subjects"], ()),
            section(texts["data"], _fields(texts.get("phrases", {}), language)),
            section(texts["held"], _held(texts["held"])),
            section(
                texts["recipients"],
                (
                    (*_recipient(name, one, texts["recipients"]), texts["yes" if name in mandated else "no"])
                    for name, one in recipients.items()
                ),
            ),
            section(texts["periods"], _periods(configuration, texts["periods"], language)),
            section(texts["measures"], _measures(agencies, texts["measures"])),
        ],
    }


def section(texts: dict[str, Any], rows: Rows) -> dict[str, Any]:
    """One section of a report: what its texts say, and the rows of its table."""
    told = [list(row) for row in rows]
    return {
        "title": texts["title"],
        "paragraphs": texts.get("paragraphs", []),
        "head": texts.get("head", []),
        "rows": told,
    }


def _controller(entity: Entity, texts: dict[str, Any]) -> Rows:
    named, privacy = texts["controller"], entity.privacy
    creditor = entity.creditor
    address = f"{creditor.street} {creditor.house_no}, {creditor.postcode} {creditor.city}, {creditor.country}"
    yield named["name"], creditor.name
    yield named["address"], address
    for name in ("contact", "dpo", "authority"):
        yield named[name], texts["not_configured"] if privacy is None else getattr(privacy, name)


def _fields(phrases: dict[str, str], language: Language) -> Rows:
    def said(phrase: str) -> str:
        return phrases.get(phrase, phrase)

    for model in (Case, Identity):
        for name, one in policy(model).items():
            yield name, said(one.why), quoted(one.norm, language), one.source, said(one.coarsening), said(one.kept)


def _held(texts: dict[str, Any]) -> Rows:
    for name, disclosed_as in held_fields():
        yield name, texts["disclosed"].format(fields=", ".join(disclosed_as)) if disclosed_as else texts["only"]
    yield from texts["rows"]


def _recipient(name: str, agency: Agency | None, texts: dict[str, Any]) -> Sequence[str]:
    profile = None if agency is None else agency.profile
    if profile is None:
        return name, texts["gone" if agency is None else "unknown"], "", "", ""
    register, contract = profile.register_entry, profile.contract
    until = "" if contract.until is None else f" - {contract.until.isoformat()}"
    return (
        register.name,
        f"{register.file_number}: {register.scope}",
        texts[_ROLES[profile.role]],
        ", ".join(profile.places),
        f"{contract.reference}, {contract.since.isoformat()}{until}",
    )


def _periods(configuration: Configuration, texts: dict[str, Any], language: Language) -> Rows:
    for row in load_figures(configuration.settings.figures).retention:
        if row.until is None:
            yield (
                texts["kinds"][row.kind.value],
                _length(row, texts),
                texts["from_year_end" if row.from_year_end else "from_day"],
                quoted(row.norm, language),
            )
    yield from texts["rows"]


def _length(row: Retention, texts: dict[str, Any]) -> str:
    """Years and days, whichever there are."""
    parts = ((row.years, "year"), (row.days, "day"))
    told = [f"{count} {texts[unit if count == 1 else f'{unit}s']}" for count, unit in parts if count]
    return ", ".join(told) or f"0 {texts['days']}"


def _measures(agencies: Sequence[Agency], texts: dict[str, Any]) -> Rows:
    yield from texts["rows"]
    for agency in agencies:
        yield (
            texts["post_quantum"].format(agency=agency.id),
            texts["classic" if agency.classic_recipients else "hybrid"],
        )
