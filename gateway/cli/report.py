"""`inkasso report …`: what the gateway can say about itself, without any person in it."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.creditor import Config
from gateway.errors import UsageError
from gateway.reports.fields import field_reference
from gateway.reports.made import Report, make_report, output_of, the_entity
from gateway.reports.rules import rule_reference
from gateway.settings import load
from gateway.wiring import clock, open_office, today_in_germany
from keys.root import write_private
from schemas.mandate import Language

Out = Annotated[Path, Parameter(help="The file to write, .pdf or .html; never over an existing one.")]
In = Annotated[Literal["de", "en"], Parameter(help="In German or English.")]
EntityName = Annotated[str | None, Parameter(help="The legal entity, if there are several.")]


def register(app: App) -> None:
    """Adds the reports."""
    report = App(name="report", help="Reports.")
    for function, name in ((fields, "fields"), (record, "record"), (minimisation, "minimisation"), (rules, "rules")):
        report.command(function, name=name)
    app.command(report)


def fields() -> int:
    """Print every field that may travel to an agency, with its reason and norm, as Markdown."""
    output.line(field_reference())
    return 0


def rules() -> int:
    """Print every screening rule with its norm, in the order they are told, as Markdown."""
    output.line(rule_reference())
    return 0


def record(*, out: Out, language: In = "de", entity: EntityName = None, config: Config) -> int:
    """Write the record of processing activities (Art. 30 GDPR), generated from what runs."""
    return _write(Report.RECORD, out, Language(language), entity, config)


def minimisation(*, out: Out, language: In = "de", config: Config) -> int:
    """Write which columns of each source travel, which stay, and why (Art. 5(1)(c) GDPR)."""
    return _write(Report.MINIMISATION, out, Language(language), None, config)


def _write(report: Report, out: Path, language: Language, entity: str | None, config: Path) -> int:
    configuration, wanted, now = load(config), output_of(out), clock()
    if out.exists():
        raise UsageError(f"{out} exists already: nothing was changed")
    chosen = the_entity(configuration, entity)
    with open_office(configuration) as office:
        document = make_report(
            office, report, chosen, language=language, wanted=wanted, today=today_in_germany(now), now=now
        )
    write_private(out, document)
    output.line(f"{out} is written; its digest is in the log")
    return 0
