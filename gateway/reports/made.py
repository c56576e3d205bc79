"""Making a report: the document, and the entry that says from which configuration it was made (Art. 5(2) GDPR)."""

import hashlib
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from audit.store import append
from gateway.documents.render import Output, render
from gateway.errors import UsageError
from gateway.office import Office
from gateway.reports.minimisation import minimisation_report
from gateway.reports.record import processing_record
from gateway.settings import Configuration, Entity
from keys.references import new_id
from schemas.entry import ReportMade
from schemas.mandate import Language

_ACTOR = "system:report"


class Report(StrEnum):
    """What can be made of configuration and schema alone."""

    RECORD = "record"
    MINIMISATION = "minimisation"


def output_of(path: Path) -> Output:
    """What a file's name asks for. Raises UsageError for a suffix that is neither .pdf nor .html."""
    try:
        return Output(path.suffix.removeprefix("."))
    except ValueError:
        raise UsageError("a report is written as .pdf or .html: name the file so") from None


def the_entity(configuration: Configuration, name: str | None) -> Entity:
    """The legal entity a record is of; the only one, if none is named. Raises UsageError."""
    found = [one for one in configuration.settings.entities if name in (None, one.id)]
    if len(found) != 1:
        raise UsageError("no legal entity of this name, or several: name one with --entity")
    return found[0]


def make_report(
    office: Office, report: Report, entity: Entity, *, language: Language, wanted: Output, today: date, now: datetime
) -> bytes:
    """The document; its digest is in the log when this returns."""
    configuration = office.configuration
    if report is Report.RECORD:
        with office.connection.begin():
            with_cases = {agency for agency, of in office.cases.agencies() if of == entity.id}
        data = processing_record(configuration, entity, language, today, with_cases)
    else:
        data = minimisation_report(configuration, language, today)
    document = render("report", data, wanted)
    entry = ReportMade(
        id=new_id(),
        time=now,
        actor=_ACTOR,
        report=report.value,
        configuration_digest=configuration.digest,
        document_digest=hashlib.sha256(document).hexdigest(),
    )
    with office.connection.begin():
        append(office.connection, entry)
    return document
