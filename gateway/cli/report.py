"""`inkasso report …`: what the gateway can say about itself, without any person in it."""

from cyclopts import App

from gateway.cli import output
from gateway.reports.fields import field_reference


def register(app: App) -> None:
    """Adds the reports."""
    report = App(name="report", help="Reports.")
    report.command(fields, name="fields")
    app.command(report)


def fields() -> int:
    """Print every field that may travel to an agency, with its reason and norm, as Markdown."""
    output.line(field_reference())
    return 0
