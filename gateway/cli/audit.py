"""The audit log's commands: read it, verify it, prove from it, export it, watch one of somebody else."""

import csv
import sys
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter

from audit.offline import check
from audit.shown import Held
from audit.verdict import Verdict
from audit.workers import Workers
from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.cli.sentences import SENTENCES, sentence
from gateway.errors import UsageError
from gateway.log.auditing import stored_log, verify_office
from gateway.log.exporting import export_log
from gateway.log.logbook import Choice, Line, chosen, chosen_readings
from gateway.log.proving import evidence, sample
from gateway.log.watching import create_witness, watch_export
from gateway.outside import first_key
from gateway.settings import Configuration, load
from gateway.wiring import clock, open_office
from schemas.words import counted

Language = Literal["de", "en"]
_VERIFIED: Final = "entries verified"
OfYear = Annotated[int | None, Parameter(help="Instead: the log of readings of this year.")]


def register(app: App) -> None:
    """Adds the audit log's commands."""
    audit = App(name="audit", help="The audit log.")
    audit.command(audit_list, name="list")
    audit.command(audit_verify, name="verify")
    audit.command(audit_export, name="export")
    audit.command(audit_open, name="open")
    audit.command(audit_sample, name="sample")
    audit.command(audit_witness, name="witness")
    app.command(audit)


def audit_list(
    *,
    since: Annotated[date | None, Parameter(help="From this day on (UTC).")] = None,
    until: Annotated[date | None, Parameter(help="Up to and with this day (UTC).")] = None,
    event: Annotated[str | None, Parameter(help="Only this event, for instance package.sealed.")] = None,
    package: Annotated[str | None, Parameter(help="Only entries about this package.")] = None,
    claim: Annotated[str | None, Parameter(help="Only entries about this claim number.")] = None,
    subject: Annotated[str | None, Parameter(help="Only entries about claims of this customer number.")] = None,
    readings: OfYear = None,
    language: Annotated[Language, Parameter(help="Of the sentences: de or en.")] = "en",
    limit: Annotated[int | None, Parameter(help="At most so many, the newest.")] = None,
    json: Json = False,
    csv: Annotated[bool, Parameter(name="--csv", negative="", help="Print CSV.")] = False,
    config: Config,
) -> int:
    """List entries in plain sentences."""
    if event is not None and event not in SENTENCES:
        close = get_close_matches(event, SENTENCES, n=1)
        meant = f"did you mean {close[0]}?" if close else "`inkasso audit list --json` shows the names of what is there"
        raise UsageError(f"no event has that name: {meant}")
    if limit is not None and limit < 1:
        raise UsageError("--limit expects at least 1")
    choice = Choice(since, until, event, package, claim, subject)
    with open_office(load(config)) as office:
        lines = chosen(office, choice) if readings is None else chosen_readings(office, readings, choice, clock())
    lines = lines[-limit:] if limit else lines
    _print_lines(lines, language, json=json, as_csv=csv)
    return 0


def audit_verify(
    path: Path | None = None,
    *,
    key: str | None = None,
    held: Annotated[tuple[Path, ...], Parameter(negative="")] = (),
    quick: Annotated[bool, Parameter(negative="", help="Leave items unopened.")] = False,
    readings: OfYear = None,
    json: Json = False,
    config: Config,
) -> int:
    """Verify an export or evidence (no configuration needed), or the log itself with all keys.

    Parameters
    ----------
    path
        The folder of an export, or the file of an item's evidence; left out for the log itself.
    key
        The log's public key, or a file that holds it.
    held
        A checkpoint that was kept outside; may be repeated.
    """
    if path is not None:
        code, lines, value = check(path, key, held)
    else:
        notes = [Held(_read(one), one.name) for one in held]
        verdict = _verdict(load(config), readings, notes, not quick)
        code, lines, value = (0 if verdict.fault is None else 5), verdict.sentences(), verdict.as_json()
    if json:
        output.as_json(value)
    else:
        for line in lines:
            output.line(line)
    return code


def _verdict(configuration: Configuration, readings: int | None, held: list[Held], with_keys: bool) -> Verdict:
    if readings is not None:
        with open_office(configuration) as office, output.progress() as progress:
            return office.readings.verify(readings, held, lambda count: progress(_VERIFIED, count))
    with Workers() as workers, open_office(configuration) as office, output.progress() as progress:
        look = workers.over(stored_log, configuration.path(configuration.settings.stores.gateway))
        return verify_office(office, held, with_keys, lambda count: progress(_VERIFIED, count), look)


def audit_export(folder: Path, *, readings: OfYear = None, config: Config) -> int:
    """Export the log for a stranger: tiles, entries, commitments, completions, checkpoint. A second run adds to it.

    Parameters
    ----------
    folder
        A new folder, or one that holds an earlier export of this log.
    """
    with open_office(load(config)) as office, output.progress() as progress:
        size = export_log(office, readings, folder, clock(), lambda count: progress("exported", count))
    output.line(
        f"{folder} holds {counted(size, 'entry', 'entries')}. On another machine: inkasso-verify {folder} --key KEY "
        f"(the line in {folder}/vkey, compared with what its owner told)"
    )
    return 0


def audit_open(entry: int, item: int, file: Path, *, config: Config) -> int:
    """Write the evidence for one item: its bytes, r, and both paths to a signed checkpoint.

    Parameters
    ----------
    entry
        The entry's index.
    item
        The item's place in it.
    file
        A new file; it holds personal data.
    """
    output.require_new(file)
    with open_office(load(config)) as office:
        found = evidence(office, entry, item, clock())
        with office.connection.begin():
            key = first_key(office.connection)
    output.new_file(file, found)
    output.line(f"{file} holds the evidence. Check: inkasso-verify {file} --key {key}")
    return 0


def audit_sample(*, number: Annotated[int, Parameter(name="--count")] = 20, json: Json = False, config: Config) -> int:
    """Draw items at random; each is opened and compared with what was logged, or explained."""
    if number < 1:
        raise UsageError("--count expects at least 1")
    with open_office(load(config)) as office, office.connection.begin(), office.vault_connection.begin():
        found = sample(office, number)
    if json:
        output.as_json({"sampled": [one._asdict() for one in found]})
    else:
        output.table(
            [("entry", "item", "outcome", "receipt"), *((str(a), str(b), c, d) for a, b, c, d in found)], indent=0
        )
    return 0


def audit_witness(
    export_folder: Path,
    *,
    home: Annotated[Path, Parameter(help="The witness's own folder: its key, and what it keeps.")],
    init: Annotated[bool, Parameter(negative="", help="Make the witness's folder and key first.")] = False,
    key: Annotated[
        str | None, Parameter(help="The log's public key as its owner told it; pinned by the first run.")
    ] = None,
) -> int:
    """Watch somebody's log from an export: verify it, compare it with what was kept, keep and cosign its checkpoint.

    Parameters
    ----------
    export_folder
        The folder of an export.
    """
    if not export_folder.is_dir():
        raise UsageError(f"{export_folder} is no folder: name the folder of an export")
    if init:
        create_witness(home, clock())
    cosigned = watch_export(home, export_folder, key, clock())
    output.line(f"the log continues what was kept; cosigned checkpoint: {cosigned}")
    return 0


def _print_lines(lines: list[Line], language: Language, *, json: bool, as_csv: bool) -> None:
    if json:
        output.as_json({"entries": [{"index": one.position, **one.entry.model_dump(mode="json")} for one in lines]})
        return
    rows: Iterable[tuple[str, ...]] = (
        (str(one.position), one.entry.time.isoformat(), one.entry.actor, one.entry.event, sentence(one.entry, language))
        for one in lines
    )
    if as_csv:
        csv.writer(sys.stdout).writerows([("index", "time", "actor", "event", "sentence"), *rows])
        return
    for row in islice(rows, len(lines)):
        output.line("  ".join((row[0], row[1], row[4])))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise UsageError(f"{path} cannot be read: name a file that holds a checkpoint") from None
