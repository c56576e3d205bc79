"""The commands about claims: held ones as work, on the terminal or in a spreadsheet."""

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.consent import Consent, carry_out, read_bounded
from gateway.cli.creditor import Config, Json
from gateway.cli.report import In
from gateway.cli.shown import print_claims
from gateway.errors import UsageError
from gateway.handover.release import Asked, release, releasing
from gateway.office import Office
from gateway.reports.asked import asked_claims
from gateway.reports.held import held_table, read_sheet, write_sheet
from gateway.reports.listing import held_claims, vanished_claims
from gateway.reports.showing import show
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.calendar import day_in_germany
from schemas.mandate import Language
from schemas.release import ReleaseReason
from schemas.words import counted

NOTHING_GIVEN = Consent()


def register(app: App) -> None:
    """Adds the commands about claims."""
    claim = App(name="claim", help="Claims.")
    claim.command(claim_list, name="list")
    claim.command(claim_show, name="show")
    claim.command(claim_release, name="release")
    app.command(claim)


def claim_list(
    *,
    held: Annotated[bool, Parameter(negative="", help="Held claims: what `list` shows unless told otherwise.")] = True,
    vanished: Annotated[
        bool, Parameter(negative="", help="Claims at agencies that a full export no longer holds: find out why.")
    ] = False,
    asked: Annotated[
        bool, Parameter(negative="", help="Claims at agencies that ask something, or reported a dispute.")
    ] = False,
    csv: Annotated[Path | None, Parameter(help="Write a spreadsheet to fill in, for `claim release --sheet`.")] = None,
    language: In = "en",
    json: Json = False,
    config: Config,
) -> int:
    """List the held claims with their reasons: claim numbers and rows, no personal data."""
    if vanished:
        return _list_vanished(config, json=json)
    if asked:
        return _list_asked(config, json=json)
    with open_office(load(config)) as office:
        found = held_claims(office, day_in_germany(clock())) if held else []
    if csv is not None:
        output.new_file(csv, write_sheet(found, Language(language)))
        output.line(
            f"{counted(len(found), 'held claim')} in {csv}; fill in `release reason`, then `claim release --sheet {csv}`"
        )
    elif json:
        output.as_json({"held": [claim.as_json() for claim in found]})
    else:
        output.table(held_table(found, Language(language)), indent=0)
    return 0


def _list_vanished(config: Path, *, json: bool) -> int:
    with open_office(load(config)) as office:
        found = vanished_claims(office)
    if json:
        output.as_json({"vanished": [claim._asdict() for claim in found]})
    else:
        output.table([("claim", "source", "agency", "missing since"), *found], indent=0)
    return 0


def _list_asked(config: Path, *, json: bool) -> int:
    with open_office(load(config)) as office:
        found = asked_claims(office)
    if json:
        output.as_json({"asked": [claim._asdict() for claim in found]})
    else:
        output.table([("claim", "source", "agency", "what", "code", "since", "message"), *found], indent=0)
        if found:
            output.line(
                "answer with `claim answer CLAIM --question CODE`, settle with `claim settle CLAIM`, or `claim recall`"
            )
    return 0


def claim_show(
    claim: str,
    *,
    language: In = "en",
    json: Json = False,
    config: Config,
) -> int:
    """Show all that is held of a claim. It is personal data: an entry in the log of readings is made before.

    Parameters
    ----------
    claim
        The claim's number at the source.
    """
    with open_office(load(config)) as office:
        print_claims(show(office, claim, None, Language(language), clock()), as_json=json)
    return 0


def claim_release(
    *claims: str,
    source: Annotated[str | None, Parameter(help="The source of the claims; not needed if there is one.")] = None,
    reason: Annotated[ReleaseReason | None, Parameter(help="Why they may go.")] = None,
    sheet: Annotated[Path | None, Parameter(help="A filled-in sheet of `claim list --held --csv`.")] = None,
    until: Annotated[date, Parameter(help="The last day of the release (YYYY-MM-DD), 90 days ahead at most.")],
    consent: Consent = NOTHING_GIVEN,
    config: Config,
) -> int:
    """Release held claims with a reason; where a rule asks for it, two actors approve. The next night screens them again.

    Parameters
    ----------
    claims
        Claim numbers, or none with --sheet.
    """
    now = clock()
    today = day_in_germany(now)
    with open_office(load(config)) as office:
        asked = _asked(office, claims, source, reason) if sheet is None else _from_sheet(sheet, claims, reason)
        wanted = releasing(office, asked, until, today)
        if carry_out(office, wanted.build, consent, now, lambda given: release(office, wanted, given, now)):
            output.line(f"{counted(len(asked), 'claim')} released until {wanted.until}; the next night screens again")
    return 0


def _asked(
    office: Office, claims: tuple[str, ...], source: str | None, reason: ReleaseReason | None
) -> tuple[Asked, ...]:
    sources = [one.id for one in office.configuration.settings.sources]
    if reason is None or not claims:
        raise UsageError("name the claims and --reason, or a filled-in --sheet")
    if source is None and len(sources) != 1:
        raise UsageError("name the --source of these claims")
    return tuple(Asked(source or sources[0], claim_no, reason) for claim_no in claims)


def _from_sheet(sheet: Path, claims: tuple[str, ...], reason: ReleaseReason | None) -> tuple[Asked, ...]:
    if claims or reason is not None:
        raise UsageError("the sheet says which claims and why: leave out claim numbers and --reason")
    asked = read_sheet(read_bounded(sheet))
    if not asked:
        raise UsageError("no row of the sheet has a `release reason`: fill in that column where a claim may go")
    return asked
