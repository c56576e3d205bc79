"""The creditor's commands after the hand-over: feedback, and recalling a case."""

from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.errors import OverdueError, UsageError
from gateway.feedback.books import reconcile, sums
from gateway.feedback.run import Feedback, collect_all
from gateway.handover.stops import recall
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.codes import RecallReason


def register(app: App) -> None:
    """Adds the commands."""
    app.command(feedback, name="feedback")
    app["claim"].command(claim_recall, name="recall")


def register_reports(report: App) -> None:
    """Adds the reports on the work of agencies."""
    report.command(reconcile_books, name="reconcile")


def feedback(*, json: Json = False, config: Config) -> int:
    """Collect what the agencies have answered, verify it, and apply it once."""
    with open_office(load(config)) as office:
        found = collect_all(office, clock())
    if json:
        output.as_json(found.as_json())
    else:
        print_feedback(found)
    for failure in found.failures:
        output.complain(str(failure))
    return found.exit_code


def claim_recall(
    claim_no: str,
    *,
    reason: Annotated[RecallReason, Parameter(help="Why it must not be worked any further.")],
    source: Annotated[str | None, Parameter(help="The source of the claim; not needed if there is one.")] = None,
    config: Config,
) -> int:
    """Recall a case: the stop goes out with the next `handover` or `nightly`, before any new case.

    Parameters
    ----------
    claim_no
        The claim's number.
    """
    with open_office(load(config)) as office:
        sources = office.configuration.settings.sources
        if source is None and len(sources) != 1:
            raise UsageError("name the --source of this claim")
        entity = office.configuration.source(source or sources[0].id).entity
        case = recall(office, entity, claim_no, reason, clock())
    output.line(f"recalled from {case.agency}: the stop goes out with the next `inkasso handover` or `inkasso nightly`")
    return 0


def reconcile_books(
    *,
    agency: Annotated[str, Parameter(help="Whose books beside ours.")],
    entity: Annotated[str | None, Parameter(help="The legal entity, if there are several.")] = None,
    json: Json = False,
    config: Config,
) -> int:
    """Put both sides' books side by side; equal to the cent, we sign what the agency signed (1 if they differ)."""
    with open_office(load(config)) as office:
        entities = office.configuration.settings.entities
        if entity is None and len(entities) != 1:
            raise UsageError("name the --entity")
        if agency not in {one.id for one in office.configuration.settings.agencies}:
            raise UsageError("no agency of this id is configured")
        found = reconcile(office, agency, entity or entities[0].id, clock())
    if json:
        output.as_json(found.as_json())
    else:
        ours, theirs = sums(found.ours), sums(found.theirs)
        rows = [(name.replace("_", " "), f"{ours[name]:,}", f"{theirs[name]:,}") for name in ours]
        output.table([("in cents", "our books", f"{agency}'s"), *rows], indent=0)
        for one in found.differences:
            output.line(f"differs: {one.case_ref}  {one.field}  {one.ours} / {one.theirs}")
        output.line("the books differ" if found.digest is None else f"equal; both sides sign {found.digest}")
    return 0 if found.digest is not None else OverdueError.exit_code


def print_feedback(found: Feedback) -> None:
    """The figures as a table."""
    output.table([("packages of answers applied", f"{found.packages:,}"), ("delivered", f"{len(found.delivered):,}")])
    if found.answers:
        output.heading("Answers")
        output.table([(kind, f"{count:,}") for kind, count in found.answers.most_common()])
    if found.refusals:
        output.heading("Refused, and why")
        output.table([(reason, f"{count:,}") for reason, count in found.refusals.most_common()])
    if found.foreign_names:
        output.line(f"{found.foreign_names:,} files in folders of answers bear no name of ours: not looked at")
