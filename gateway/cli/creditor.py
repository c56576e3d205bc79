"""The creditor's commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.reasons import print_feedback, print_figures
from gateway.doctor import examine
from gateway.errors import UsageError
from gateway.handover.figures import Figures
from gateway.night import whole_night
from gateway.office import Office
from gateway.people.roster import read_actor
from gateway.pipeline import Night, hand_over
from gateway.readers.presets import presets
from gateway.reports.screening import report_on
from gateway.settings import Agency, Configuration, load
from gateway.setup import init_creditor
from gateway.template import CREDITOR_TEMPLATE
from gateway.trial.screening import Terms, preset_terms, screen_file, source_terms
from gateway.wiring import clock, open_office
from schemas.calendar import day_in_germany

Config = Annotated[Path, Parameter(parse=False)]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object.")]
Today = Annotated[date | None, Parameter(help="Judge as of this day (YYYY-MM-DD); only with a dry run or a demo.")]
_WITH_THEM: Final = "--facts goes with a preset, --mandate with a source"


def named_agency(configuration: Configuration, name: str) -> Agency:
    """The agency that a person names. Raises UsageError."""
    if name not in {one.id for one in configuration.settings.agencies}:
        raise UsageError("no agency of that name is configured: see [[agencies]]")
    return configuration.agency(name)


class _Run(NamedTuple):
    office: Office
    night: Night


def register(app: App) -> None:
    """Adds the creditor's commands."""
    for function, name in ((init, "init"), (screen, "screen"), (handover, "handover"), (nightly, "nightly")):
        app.command(function, name=name)
    app.command(doctor, name="doctor")


def init(
    home: Path,
    *,
    actor: Annotated[str | None, Parameter(help="The first person who may approve: a handle.")] = None,
    actor_key: Annotated[Path | None, Parameter(help="That person's SSH public key, a .pub file.")] = None,
) -> int:
    """Make a creditor's home: configuration, keys, stores, and the first actor. Never over existing files.

    Parameters
    ----------
    home
        A new or empty folder.
    """
    if (actor is None) != (actor_key is None):
        raise UsageError("--actor and --actor-key go together")
    first = None if actor is None or actor_key is None else read_actor(actor, actor_key)
    recipient = init_creditor(home, CREDITOR_TEMPLATE, clock(), first)
    if first is None:
        output.line("Nobody may approve yet: enrol the first actor with `inkasso actor add` before it is needed.")
    else:
        output.line(f"{first.name} is enrolled and may approve with key {first.key.fingerprint}")
    output.line(f"Agencies seal their answers to {recipient}")
    output.line(f"{home} is ready. Next: edit {home}/inkasso.toml, then `inkasso doctor --config {home}/inkasso.toml`")
    return 0


def screen(
    file: Path,
    *,
    preset: str | None = None,
    source: str | None = None,
    mandate: str | None = None,
    facts: Path | None = None,
    today: Today = None,
    json: Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object a row.")] = False,
    config: Config,
) -> int:
    """Screen a file; nothing is stored or sent. With --preset it needs no set-up.

    Parameters
    ----------
    file
        An export: .csv, .jsonl, .xlsx and what else the preset reads.
    preset
        How the file is read, for instance erp-de.
    source
        Or: as this configured source would be, with its declarations, mandates and facts feed.
    mandate
        Only under this mandate of the source.
    facts
        With --preset: a facts feed.
    """
    day = today or day_in_germany(clock())
    if preset is not None and source is None and mandate is None:
        terms = preset_terms(preset, facts, day)
    elif source is not None and preset is None and facts is None:
        terms = source_terms(load(config), source, mandate, day)
    else:
        raise UsageError(f"say --preset NAME ({', '.join(presets())}), or --source NAME; {_WITH_THEM}")
    if json:
        for screened in screen_file(file, terms):
            output.as_json(screened.as_json())
    else:
        _print_report(file, terms)
    return 0


def _print_report(file: Path, terms: Terms) -> None:
    with output.progress() as progress:
        report = report_on(file, terms, progress)
    for text in report.lines():
        output.line(text)


def handover(
    *,
    source: str | None = None,
    mandate: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Judge and count; store and send nothing.")] = False,
    today: Today = None,
    json: Json = False,
    config: Config,
) -> int:
    """Screen what the inboxes hold, seal what may go, and deliver it.

    Parameters
    ----------
    source
        Only this source.
    mandate
        Only this mandate.
    """
    if today is not None and not dry_run:
        raise UsageError("--today goes with --dry-run: what is handed over is judged as of this day")
    with _night(config, source, mandate, today, dry_run=dry_run) as run:
        figures = hand_over(run.office, run.night)
    if json:
        output.as_json(figures.as_json())
    else:
        print_figures(figures)
    return _told(figures)


def nightly(*, json: Json = False, config: Config) -> int:
    """Everything a night has to do: take answers, send stops, hand over all mandates; then retention and final erasures."""
    with _night(config, None, None, None, dry_run=False) as run:
        worked = whole_night(run.office, run.night)
    if json:
        output.as_json(worked.figures.as_json() | {"feedback": worked.answers.as_json()})
    else:
        print_feedback(worked.answers)
        print_figures(worked.figures)
    return _told(worked.figures)


def doctor(*, json: Json = False, config: Config) -> int:
    """Examine configuration, keys, stores, and each agency's server and host key."""
    findings = examine(load(config), day_in_germany(clock()))
    if json:
        output.as_json({"findings": [finding._asdict() for finding in findings]})
    else:
        output.table(
            [("ok" if found.exit_code == 0 else "FAULT", found.what, found.says) for found in findings], indent=0
        )
    return max(found.exit_code for found in findings)


@contextmanager
def _night(
    config: Path, source: str | None, mandate: str | None, today: date | None, *, dry_run: bool
) -> Iterator[_Run]:
    """One run over the chosen mandates. Raises UsageError."""
    configuration = load(config)
    now = clock()
    with open_office(configuration) as office, output.progress() as progress:
        chosen = configuration.mandates(source, mandate)
        yield _Run(office, Night(chosen, today or day_in_germany(now), now, dry_run, progress))


def _told(figures: Figures) -> int:
    for failure in figures.failures:
        output.complain(str(failure))
    return figures.exit_code
