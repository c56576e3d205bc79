"""`inkasso request …`: what people ask for, from intake to answer.

What names a person is never on the command line: letters, addresses and corrections come from files. Lists show ids,
kinds, states and days.
"""

from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.consent import Consent, carry_out
from gateway.cli.creditor import Config, Json
from gateway.cli.report import EntityName, In
from gateway.cli.request_facts import Id, Subjects, request_address, request_correct, request_identify, tell_pending
from gateway.errors import UsageError
from gateway.people.approvals import Given
from gateway.reports.made import the_entity
from gateway.rights.answering import Answer, answer, extend, lift, lifting, written
from gateway.rights.deciding import approve, deciding, protect
from gateway.rights.intake import read_letter, read_recipient
from gateway.rights.life import PENDING, load_request, open_request
from gateway.rights.listing import listed, pending_beside, shown
from gateway.rights.reopening import reopen
from gateway.settings import load
from gateway.wiring import clock, open_office
from keys.root import write_private
from schemas.calendar import day_in_germany
from schemas.codes import RequestKind, RestrictionGround
from schemas.mandate import Language
from schemas.request import (
    Channel,
    ErasureClaim,
    ExtensionReason,
    RequestFile,
    RequestRefusal,
    RequestState,
)

NOTHING_GIVEN = Consent()
Out = Annotated[Path, Parameter(help="A new folder for the documents.")]


def register(app: App) -> None:
    """Adds the commands about requests."""
    request = App(name="request", help="What people ask for: access, rectification, erasure, restriction, objection.")
    for function, name in (
        (request_open, "open"),
        (request_list, "list"),
        (request_show, "show"),
        (request_identify, "identify"),
        (request_address, "address"),
        (request_correct, "correct"),
        (request_preview, "preview"),
        (request_approve, "approve"),
        (request_answer, "answer"),
        (request_extend, "extend"),
        (request_lift, "lift"),
        (request_reopen, "reopen"),
    ):
        request.command(function, name=name)
    app.command(request)


def request_open(
    kind: RequestKind,
    *,
    channel: Annotated[Channel, Parameter(help="How it came in.")],
    received: Annotated[date, Parameter(help="The day it came in (YYYY-MM-DD): the deadline runs from it.")],
    letter: Annotated[Path | None, Parameter(help="What the person wrote, as .txt or .eml.")] = None,
    recipient: Annotated[Path | None, Parameter(help="A JSON file with `name` and `lines` for the answer.")] = None,
    subject: Subjects = (),
    contested: Annotated[bool, Parameter(negative="", help="The person says that the claim is not owed.")] = False,
    ground: Annotated[RestrictionGround | None, Parameter(help="Of a restriction or objection.")] = None,
    language: In = "de",
    entity: EntityName = None,
    config: Config,
) -> int:
    """Open a request. If it protects the person and --subject is known, nothing of theirs is handed over from now on."""
    configuration, now = load(config), clock()
    file = RequestFile(
        kind=kind,
        channel=channel,
        received=received,
        language=Language(language),
        text="" if letter is None else read_letter(letter),
        recipient=None if recipient is None else read_recipient(recipient),
        contested=contested,
        ground=ground,
    )
    with open_office(configuration) as office, office.connection.begin(), office.vault_connection.begin():
        chosen = the_entity(configuration, entity).id
        opened = open_request(office, chosen, file, subject, today=day_in_germany(now), now=now)
        opened = protect(office, opened, now)
        beside = pending_beside(office, opened)
    output.line(f"{opened.id} is open; the answer is due on {opened.record.due}")
    tell_pending(beside, kind)
    return 0


def request_list(
    *,
    everything: Annotated[bool, Parameter("--all", negative="", help="Answered ones, too.")] = False,
    json: Json = False,
    config: Config,
) -> int:
    """List requests, those due first; exit code 1 if one is overdue."""
    today = day_in_germany(clock())
    with open_office(load(config)) as office:
        rows = listed(office, tuple(RequestState) if everything else PENDING, today)
    if json:
        output.as_json({"requests": [one._asdict() for one in rows]})
    else:
        head = ("request", "kind", "state", "received", "due", "overdue", "notices open")
        output.table([head, *(tuple(map(str, one)) for one in rows)], indent=0)
    return 1 if any(one.overdue == "yes" for one in rows) else 0


def request_show(
    request: Id,
    *,
    letter: Annotated[
        Path | None, Parameter(help="A new file for what the person wrote: an entry in the log of readings.")
    ] = None,
    json: Json = False,
    config: Config,
) -> int:
    """Show a request without what names a person: its steps, its decision, and each notice with its answer."""
    if letter is not None:
        output.require_new(letter)
    with open_office(load(config)) as office:
        opened = load_request(office, request)
        found = shown(office, opened)
        if letter is not None:
            output.new_file(letter, written(office, opened, clock()))
    if json:
        output.as_json(found.as_json())
    else:
        output.table(found.head, indent=0)
        output.table(found.steps)
        if found.notices:
            output.table(found.notices)
    return 0


def request_preview(
    request: Id,
    *,
    refuse: Annotated[RequestRefusal | None, Parameter(help="Refuse it, for this reason.")] = None,
    ground: Annotated[ErasureClaim | None, Parameter(help="Of an erasure (Art. 17(1)).")] = None,
    config: Config,
) -> int:
    """Show what `approve` would do: disclosed, or erased now / restricted until / kept because, each with its norm."""
    now = clock()
    with open_office(load(config)) as office:
        found = deciding(office, load_request(office, request), refuse, ground, day_in_germany(now))
    output.line(found.build(now).text().decode())
    return 0


def request_approve(
    request: Id,
    *,
    refuse: Annotated[RequestRefusal | None, Parameter(help="Refuse it, for this reason.")] = None,
    ground: Annotated[ErasureClaim | None, Parameter(help="Of an erasure (Art. 17(1)).")] = None,
    consent: Consent = NOTHING_GIVEN,
    config: Config,
) -> int:
    """Decide and carry out; two people approve what destroys or refuses."""
    now = clock()
    today = day_in_germany(now)
    with open_office(load(config)) as office:
        found = deciding(office, load_request(office, request), refuse, ground, today)

        def act(given: Given) -> None:
            approve(office, found, given, today, now)

        if carry_out(office, found.build, consent, now, act):
            output.line(f"{request}: {found.outcome}; next: `inkasso request answer {request} --out FOLDER`")
    return 0


def request_answer(request: Id, *, out: Out, config: Config) -> int:
    """Write the answer: a letter as PDF/A, an access answer also as JSON (Art. 15, 20), an erasure with its certificate."""
    now = clock()
    output.require_new(out)
    with open_office(load(config)) as office:
        found = answer(office, load_request(office, request), day_in_germany(now), now)
    _write(out, found)
    return 0


def request_extend(
    request: Id,
    *,
    reason: Annotated[ExtensionReason, Parameter(help="Why it takes longer.")],
    out: Out,
    config: Config,
) -> int:
    """Take up to two months longer, once, and write the notice that says why (Art. 12(3))."""
    now = clock()
    output.require_new(out)
    with open_office(load(config)) as office:
        letter = extend(office, load_request(office, request), reason, day_in_germany(now), now)
    _write(out, Answer(letter), "notice")
    return 0


def request_lift(request: Id, *, out: Out, consent: Consent = NOTHING_GIVEN, config: Config) -> int:
    """End a restriction, and write the notice that goes to the person before (Art. 18(3))."""
    now = clock()
    output.require_new(out)
    with open_office(load(config)) as office:
        opened = load_request(office, request)
        carry_out(
            office,
            lifting(opened),
            consent,
            now,
            lambda given: _write(out, Answer(lift(office, opened, given, day_in_germany(now), now)), "notice"),
        )
    return 0


def request_reopen(
    request: Id,
    *,
    received: Annotated[date, Parameter(help="The day the person came back (YYYY-MM-DD).")],
    config: Config,
) -> int:
    """Open an answered request again, with its history and a new deadline."""
    with open_office(load(config)) as office:
        opened = reopen(office, load_request(office, request), received, clock())
    output.line(f"{request} is open again; the answer is due on {opened.record.due}")
    return 0


def _write(folder: Path, found: Answer, what: str = "answer") -> None:
    try:
        folder.mkdir(mode=0o700)
        for name, content in found.files.items():
            write_private(folder / name, content)
    except OSError:
        raise UsageError(f"{folder} cannot be made: name a new folder with --out") from None
    digests = "its digest is" if len(found.files) == 1 else "its digests are"
    output.line(f"{folder} holds the {what}; {digests} in the log")
