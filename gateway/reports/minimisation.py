"""The minimisation report (Art. 5(1)(c), 25 GDPR): of each column a source holds, what becomes of it, and why.

Generated from the mappings that read the sources and the annotations that let fields travel, so it cannot differ from
what runs. Columns are named, values never.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from gateway.documents.norms import quoted
from gateway.documents.render import words
from gateway.readers.mapping import Mapping
from gateway.readers.presets import preset_of
from gateway.reports.holding import fed_by
from gateway.reports.record import section
from gateway.settings import Configuration, Source
from schemas.case import Case, Identity
from schemas.mandate import Language
from schemas.policy import policy

MINIMISATION: Final = "minimisation"
_ADDRESS: Final = ("street", "house_no", "postcode", "city", "country")
_DEBTOR: Final = ("first_name", "last_name", "company_name", "birth_date", "email")
_ORIGIN: Final = (
    dict.fromkeys(_ADDRESS, "debtor.address")
    | {name: f"debtor.{name}" for name in _DEBTOR}
    | {"debtor_kind": "debtor.kind", "full_name": "debtor.last_name", "credited": "amount", "outstanding": "paid"}
    | {"term_days": "due_date", "reminder_level": "reminders", "reminder_date": "reminders", "fees": "reminders"}
    | {"reminder_channel": "reminders"}
)
"""Where a canonical field of a mapping stands in a claim, if not under its own name: what an annotation's source names."""


def minimisation_report(configuration: Configuration, language: Language, today: date) -> dict[str, Any]:
    """The report over all sources, as data for `report.typ`. Raises UsageError for a mapping that is not valid."""
    texts = words(MINIMISATION, language)
    return {
        "title": texts["title"],
        "language": language.value,
        "as_of": today.isoformat(),
        "introduction": [texts["as_of"].format(today=today.isoformat(), configuration=configuration.digest)],
        "sections": [one for source in configuration.settings.sources for one in _source(source, texts, language)],
    }


def _source(source: Source, texts: dict[str, Any], language: Language) -> Iterator[dict[str, Any]]:
    for _, mapping in preset_of(source):
        if isinstance(mapping, Mapping):
            used = [(column, *_fate(field, texts, language)) for field, column in mapping.columns]
            left = [(column, texts["left"], texts["no_reason"]) for column in mapping.left_behind]
            travelling = sum(bool(travelling_as(field)) for field, _ in mapping.columns)
            counts = {"columns": len(used) + len(left), "travelling": travelling}
            staying = counts["columns"] - travelling
            title = texts["source"].format(source=source.id, format=mapping.format.value, staying=staying, **counts)
            yield section({"title": title, "head": texts["head"]}, [*used, *left])


def _fate(field: str, texts: dict[str, Any], language: Language) -> Sequence[str]:
    found = travelling_as(field)
    if not found:
        return texts["judged"], texts["no_reason"]
    norms = dict.fromkeys(norm for model in (Case, Identity) for name, norm in _norms(model) if name in found)
    return texts["travels"].format(fields=", ".join(found)), "; ".join(quoted(norm, language) for norm in norms)


def travelling_as(field: str) -> tuple[str, ...]:
    """The fields of a case or an identity that a canonical field of a mapping feeds; none means that it stays."""
    return fed_by(_ORIGIN.get(field, field), field)


def _norms(model: type[Case] | type[Identity]) -> Iterator[tuple[str, str]]:
    return ((name, travels.norm) for name, travels in policy(model).items())
