"""`inkasso report agency`: how the agencies work, for the creditor."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.errors import UsageError
from gateway.reports.agencies import Part, agency_report, rows_of
from gateway.reports.agency_page import as_csv, groups, page, shown, title
from gateway.settings import load
from gateway.wiring import clock, open_office


class _Form(StrEnum):
    HTML = ".html"
    CSV = ".csv"
    JSON = ".json"


def register(app: App) -> None:
    """Adds the report."""
    app["report"].command(agency_figures, name="agency")


def agency_figures(
    *,
    agency: Annotated[str | None, Parameter(help="One agency; all of them if left out.")] = None,
    mandate: Annotated[str | None, Parameter(help="One mandate; all of them if left out.")] = None,
    out: Annotated[Path | None, Parameter(help="Write .html, .csv or .json; never over an existing file.")] = None,
    json: Json = False,
    config: Config,
) -> int:
    """Show how the agencies work: acceptance, times, recovery, fees above the law's ceiling, questions, disputes."""
    form = None if out is None else _form(out)
    with open_office(load(config)) as office, output.progress() as progress:
        parts = agency_report(office, agency, mandate, clock(), progress)
    if out is not None and form is not None:
        output.new_file(out, _written(parts, form).encode())
        output.line(f"{out} is written; the digest of its figures is in the log")
    elif json:
        output.as_json({"figures": rows_of(parts)})
    else:
        for part in parts:
            output.heading(title(part))
            output.table(
                [(f"{name}: {one.name}", f"{shown(one):>16}") for name, found in groups(part) for one in found]
            )
    return 0


def _form(out: Path) -> _Form:
    output.require_new(out)
    if out.suffix not in set(_Form):
        raise UsageError("this report is written as .html, .csv or .json: name the file so")
    return _Form(out.suffix)


def _written(parts: Sequence[Part], form: _Form) -> str:
    match form:
        case _Form.HTML:
            return page(parts)
        case _Form.CSV:
            return as_csv(parts)
        case _Form.JSON:
            return output.json_text({"figures": rows_of(parts)})
