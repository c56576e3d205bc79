"""The agency's commands for its daily work: export, reply, statement, status."""

import json as json_text
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.agency.codes import interfaces
from gateway.agency.export import as_csv
from gateway.agency.export import export as of_creditor
from gateway.agency.post import post
from gateway.agency.post import reseal as seal_again
from gateway.agency.refuse import refuse as refuse_package
from gateway.agency.reply import MAXIMUM_BYTES, take_replies
from gateway.agency.settings import load_agency
from gateway.agency.statement import Settled, books, state
from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.errors import UsageError
from gateway.wiring import clock, open_desk
from schemas.calendar import day_in_germany
from schemas.words import counted

_GROUP = "At the agency"


def register(app: App) -> None:
    """Adds the commands."""
    for function in (export, reply, statement, status, refuse, reseal):
        app["agency"].command(function, name=function.__name__, group=_GROUP)


def export(
    creditor: str,
    *,
    joined: Annotated[
        bool, Parameter(negative="", help="Names and addresses too; only where letters are written.")
    ] = False,
    csv: Annotated[bool, Parameter(name="--csv", negative="", help="CSV instead of JSON Lines.")] = False,
    documents: Annotated[
        Path | None, Parameter(help="Also write the creditor's documents into this existing folder; they name people.")
    ] = None,
    config: Config,
) -> int:
    """Print the cases of one creditor for our own system.

    Parameters
    ----------
    creditor
        Whose cases: never those of two creditors at once.
    """
    with open_desk(load_agency(config)) as desk, desk.cases_connection.begin(), desk.identities_connection.begin():
        if documents is not None and not documents.is_dir():
            raise UsageError(f"{documents} is not a folder: make it first")
        rows, released = of_creditor(desk, creditor, clock(), joined=joined, with_documents=documents is not None)
        if documents is not None:
            _write(documents, released)
    if csv:
        output.line(as_csv(rows, joined=joined).removesuffix("\n"))
        return 0
    for row in rows:
        output.line(json_text.dumps(row, ensure_ascii=False, sort_keys=True))
    return 0


def _write(folder: Path, found: Iterable[tuple[str, bytes]]) -> None:
    for name, content in found:
        if not (folder / name).exists():
            output.new_file(folder / name, content)


def reply(
    file: Path,
    *,
    codes: Annotated[
        str | None, Parameter(help="The interface whose codes the file has, for instance riverty.")
    ] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Check every row; keep and send nothing.")] = False,
    config: Config,
) -> int:
    """Take our answers from a file, JSON or CSV, as a whole or not at all, and place them for the creditors.

    Parameters
    ----------
    file
        Rows as docs/kit.md describes them.
    """
    if codes is not None and codes not in interfaces():
        raise UsageError(f"no codes of that interface are mapped; of these: {', '.join(interfaces())}")
    try:
        with file.open("rb") as opened:
            content = opened.read(MAXIMUM_BYTES + 1)
    except OSError:
        raise UsageError(f"{file} cannot be read: name a file that exists") from None
    now = clock()
    with open_desk(load_agency(config)) as desk:
        count = take_replies(desk, content, day_in_germany(now), interface=codes, dry_run=dry_run)
        sent = [] if dry_run else post(desk, now)
    done = "checked and good" if dry_run else f"taken, {counted(len(sent), 'package')} placed"
    output.line(f"{counted(count, 'answer')} {done}")
    return 0


def statement(
    creditor: str,
    *,
    remitted: Annotated[int, Parameter(help="What we passed on, in cents.")] = 0,
    fees: Annotated[int, Parameter(help="What we charge the creditor, in cents, without VAT.")] = 0,
    vat: Annotated[int, Parameter(help="The VAT on that, in cents.")] = 0,
    config: Config,
) -> int:
    """Place our books of one creditor for it, so that it can put them beside its own.

    Parameters
    ----------
    creditor
        Whose books.
    """
    now = clock()
    with open_desk(load_agency(config)) as desk:
        made = state(desk, creditor, Settled(remitted, fees, vat), now)
        post(desk, now)
    output.line(f"{counted(made.cases, 'case')}; books {made.books}")
    return 0


def status(*, json: Json = False, config: Config) -> int:
    """Count the cases of each creditor by where they stand."""
    with open_desk(load_agency(config)) as desk, desk.cases_connection.begin():
        found: dict[str, dict[str, int]] = {}
        for creditor in desk.creditors:
            counts = found.setdefault(creditor, {})
            for line in books(desk, creditor).values():
                counts[line.standing] = counts.get(line.standing, 0) + 1
    if json:
        output.as_json({"creditors": found})
    elif not any(found.values()):
        output.line("no cases yet")
    else:
        output.table(
            [
                (creditor, standing, f"{count:,}")
                for creditor, counts in found.items()
                for standing, count in counts.items()
            ],
            indent=0,
        )
    return 0


def refuse(package: str, *, config: Config) -> int:
    """Say that a package cannot be opened and never will be taken; its creditor then sends what was in it again.

    Parameters
    ----------
    package
        The package's id, as `receive` says it.
    """
    now = clock()
    with open_desk(load_agency(config)) as desk:
        fault = refuse_package(desk, package, now)
        post(desk, now)
    output.line(f"{package} is refused ({fault}): its number is closed, and its creditor sends what was in it again")
    return 0


def reseal(package: str, *, config: Config) -> int:
    """Seal a package of our answers again, which its creditor cannot open, or which is lost or expired; under its number.

    Parameters
    ----------
    package
        The package's id, as the creditor's `feedback` says it; or that of a package of the creditor's, for its receipt.
    """
    with open_desk(load_agency(config)) as desk:
        sent = seal_again(desk, package, clock())
    output.line(f"{sent.package_id} takes the place of {package}, with number {sent.sequence}")
    return 0
