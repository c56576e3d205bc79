"""`inkasso subject …`: the people behind claims, by random ids.

Clues come from a file, or are typed in where nobody else sees them: what names a person is never on the command line.
"""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.cli.report import EntityName, In
from gateway.cli.shown import print_claims
from gateway.errors import UsageError
from gateway.reports.made import the_entity
from gateway.reports.showing import show
from gateway.rights.finding import Clue, find
from gateway.rights.intake import read_clues
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.mandate import Language


def register(app: App) -> None:
    """Adds the commands about subjects."""
    subject = App(name="subject", help="The people behind claims.")
    subject.command(subject_find, name="find")
    subject.command(subject_show, name="show")
    app.command(subject)


def subject_find(
    *,
    clues: Annotated[
        Path | None, Parameter(help="A JSON file with what the letter says; asked for if left out.")
    ] = None,
    entity: EntityName = None,
    json: Json = False,
    config: Config,
) -> int:
    """Find whom a letter may mean: by number, reference, e-mail, or surname and postcode. Prints ids, no names."""
    configuration = load(config)
    clue = _asked() if clues is None else read_clues(clues)
    with open_office(configuration) as office:
        found = find(office, the_entity(configuration, entity).id, clue)
    if json:
        output.as_json({"candidates": [one._asdict() for one in found]})
    elif not found:
        output.line("nothing is held under any of these: that is an answer, too (`request identify` without --subject)")
    else:
        rows = [
            (one.subject, str(one.clues), str(one.claims), ", ".join(one.with_agencies), ", ".join(one.standings))
            for one in found
        ]
        output.table([("subject", "clues", "claims", "agencies", "cases"), *rows], indent=0)
        if len(found) > 1:
            output.line(
                f"{len(found)} people fit: a person chooses, nobody guesses; one more clue puts the right one first"
            )
    return 0


def subject_show(
    customer: str,
    *,
    language: In = "en",
    json: Json = False,
    config: Config,
) -> int:
    """Show all that is held of a customer's claims. It is personal data: an entry in the log of readings is made before.

    Parameters
    ----------
    customer
        The customer number at the source.
    """
    with open_office(load(config)) as office:
        print_claims(show(office, None, customer, Language(language), clock()), as_json=json)
    return 0


def _asked() -> Clue:
    """Clues as they are typed in: on a terminal alone, so that no history keeps them."""
    if not sys.stdin.isatty():
        raise UsageError("name a file with --clues: what names a person does not belong on a command line")
    return Clue(**{name: output.ask(f"{name.replace('_', ' ')}: ") or None for name in Clue._fields})
