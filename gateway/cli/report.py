"""`inkasso report …`: what the gateway can say about itself, without any person in it."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.consent import Consent, carry_out, read_bounded
from gateway.cli.creditor import Config
from gateway.cli.feedback import register_reports
from gateway.documents.render import render
from gateway.partners.mandates import countersign
from gateway.partners.mandates import sign as sign_mandate
from gateway.reports.fields import field_reference
from gateway.reports.made import Report, make_report, output_of, the_entity
from gateway.reports.mandate import mandate_page, page_to_sign
from gateway.reports.rules import rule_reference
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.calendar import day_in_germany
from schemas.mandate import Language

NOTHING_GIVEN = Consent()
Out = Annotated[Path, Parameter(help="The file to write, .pdf or .html; never over an existing one.")]
In = Annotated[Literal["de", "en"], Parameter(help="In German or English.")]
EntityName = Annotated[str | None, Parameter(help="The legal entity, if there are several.")]


def register(app: App) -> None:
    """Adds the reports."""
    report = App(name="report", help="Reports.")
    for function in (fields, record, minimisation, rules, mandate):
        report.command(function, name=function.__name__)
    register_reports(report)
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


def mandate(
    name: str,
    *,
    out: Annotated[Path | None, Parameter(help="Write the page to this .pdf or .html, to be signed by hand.")] = None,
    countersignature: Annotated[Path | None, Parameter(help="The agency's signature, to be put on record.")] = None,
    sign: Annotated[bool, Parameter(negative="", help="Sign the page with your key.")] = False,
    consent: Consent = NOTHING_GIVEN,
    language: In = "de",
    config: Config,
) -> int:
    """Show a mandate as one page that a person signs and the agency countersigns, or put a signature on record.

    Parameters
    ----------
    name
        The mandate's id.
    """
    now, configuration, chosen = clock(), load(config), Language(language)
    (found,) = configuration.mandates(None, name)
    page = page_to_sign(configuration, found, chosen)
    if out is not None:
        data = mandate_page(configuration, found, chosen, day_in_germany(now))
        output.new_file(out, render("report", data, output_of(out)))
        output.line(f"{out} is the page of mandate {name}, version {found.version}")
        return 0
    with open_office(configuration) as office:
        if countersignature is not None:
            countersign(office, found, read_bounded(countersignature), now)
            output.line(f"the agency's signature on mandate {name}, version {found.version}, is on record")
        elif not sign:
            output.line("\n".join(page(now).lines))
        elif carry_out(office, page, consent, now, lambda given: sign_mandate(office, found, page, given, now)):
            output.line(f"mandate {name}, version {found.version}, is signed")
    return 0


def _write(report: Report, out: Path, language: Language, entity: str | None, config: Path) -> int:
    configuration, wanted, now = load(config), output_of(out), clock()
    output.require_new(out)
    chosen = the_entity(configuration, entity)
    with open_office(configuration) as office:
        document = make_report(
            office, report, chosen, language=language, wanted=wanted, today=day_in_germany(now), now=now
        )
    output.new_file(out, document)
    output.line(f"{out} is written; its digest is in the log")
    return 0
