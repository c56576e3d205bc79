"""The creditor's commands after the hand-over: feedback, and recalling a case."""

from functools import partial
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.consent import Consent, carry_out
from gateway.cli.creditor import Config, Json, named_agency
from gateway.cli.reasons import print_feedback
from gateway.errors import OverdueError, UsageError
from gateway.feedback.books import reconcile, sums
from gateway.feedback.run import collect_all
from gateway.handover.settling import settle_dispute, settling
from gateway.handover.stops import recall, recalling
from gateway.office import Office
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.codes import DisputeEnd, RecallReason
from schemas.words import counted

NOTHING_GIVEN = Consent()


def register(app: App) -> None:
    """Adds the commands."""
    app.command(feedback, name="feedback")
    app["claim"].command(claim_recall, name="recall")
    app["claim"].command(claim_settle, name="settle")


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
    dry_run: Annotated[bool, Parameter(negative="", help="Say what would be recalled; keep and send nothing.")] = False,
    consent: Consent = NOTHING_GIVEN,
    config: Config,
) -> int:
    """Recall a case: the stop goes out with the next `handover` or `nightly`, before any new case.

    Nobody has to approve it; whoever does is named in the log.

    Parameters
    ----------
    claim_no
        The claim's number.
    """
    now = clock()
    with open_office(load(config)) as office:
        found = recalling(office, entity_of(office, source), claim_no, reason)
        act = partial(recall, office, found, now=now)
        if consent == NOTHING_GIVEN and not dry_run:
            act(None)
        elif not carry_out(office, found.build, consent, now, act, dry_run=dry_run):
            return 0
    output.line(
        f"recalled from {found.case.agency}: the stop goes out with the next `inkasso handover` or `inkasso nightly`"
    )
    return 0


def claim_settle(
    claim_no: str,
    *,
    end: Annotated[DisputeEnd, Parameter(help="How it was settled; where the debtor was right, recall the claim.")],
    source: Annotated[str | None, Parameter(help="The source of the claim; not needed if there is one.")] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Say what would change; keep and send nothing.")] = False,
    consent: Consent = NOTHING_GIVEN,
    config: Config,
) -> int:
    """Settle a dispute that an agency reported, with your approval; what else restricts the case goes on doing so.

    Parameters
    ----------
    claim_no
        The claim's number.
    """
    now = clock()
    with open_office(load(config)) as office:
        found = settling(office, entity_of(office, source), claim_no, end)
        act = partial(settle_dispute, office, found, now=now)
        if not carry_out(office, found.build, consent, now, act, dry_run=dry_run):
            return 0
    stays = "stays restricted for another reason" if found.restricted else "is worked again after the next hand-over"
    output.line(f"settled: the case at {found.case.agency} {stays}")
    return 0


def entity_of(office: Office, source: str | None) -> str:
    """The legal entity of a source, or of the only one. Raises UsageError."""
    found = [one.entity for one in office.configuration.settings.sources if source in (None, one.id)]
    if len(found) != 1:
        raise UsageError("name the --source of this claim")
    return found[0]


def _agency_of(office: Office, agency: str | None) -> str:
    """The agency of that id, or the only one. Raises UsageError."""
    agencies = office.configuration.settings.agencies
    if agency is None and len(agencies) != 1:
        raise UsageError("name the --agency")
    return named_agency(office.configuration, agency or agencies[0].id).id


def reconcile_books(
    *,
    agency: Annotated[str | None, Parameter(help="Whose books beside ours; not needed if there is one.")] = None,
    entity: Annotated[str | None, Parameter(help="The legal entity, if there are several.")] = None,
    json: Json = False,
    config: Config,
) -> int:
    """Put both sides' books side by side; equal to the cent, we sign what the agency signed (1 if they differ)."""
    with open_office(load(config)) as office:
        entities = office.configuration.settings.entities
        if entity is None and len(entities) != 1:
            raise UsageError("name the --entity")
        agency = _agency_of(office, agency)
        found = reconcile(office, agency, entity or entities[0].id, clock())
    if json:
        output.as_json(found.as_json())
    else:
        ours, theirs = sums(found.ours), sums(found.theirs)
        rows = [(name.replace("_", " "), f"{ours[name]:,}", f"{theirs[name]:,}") for name in ours]
        output.table([("in cents", "our books", f"{agency}'s"), *rows], indent=0)
        if found.erased_here:
            cases = counted(found.erased_here, "case")
            output.line(f"erased here, kept by {agency}, and taken as it states them: {cases}")
        for one in found.differences:
            output.line(f"differs: {one.case_ref}  {one.field}  {one.ours} / {one.theirs}")
        output.line("the books differ" if found.digest is None else f"equal; both sides sign {found.digest}")
    return 0 if found.digest is not None else OverdueError.exit_code
