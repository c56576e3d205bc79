"""The demo: a creditor, an agency, and a real SFTP server between them, each with its own folder.

The first run makes them and invents claims; a later run in the same folder finds everything as it was and goes on. The
figures are those of the run. Only this module creates anything for the demo.
"""

import os
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.store import count
from gateway.agency.settings import load_agency
from gateway.agency.template import agency_template, creditor_lines
from gateway.agency.work import Receipts, receive_all
from gateway.demo.claims import write_csv, write_csv_again
from gateway.demo.facts import write_facts
from gateway.demo.rights import ask, certify, erase_here
from gateway.demo.safekeeping import add_safekeeping
from gateway.demo.server import running_server
from gateway.demo.template import AGENCY, CREDITOR, demo_configuration
from gateway.demo.vetting import make_actor, probe, record_check
from gateway.demo.work import Work, compare, decide, overtake
from gateway.errors import UsageError
from gateway.handover.figures import Figures
from gateway.log.trail import cosigned_size
from gateway.office import Office
from gateway.pipeline import Night, hand_over
from gateway.readers.presets import preset_of
from gateway.reports.screening import report_on
from gateway.settings import Configuration, load
from gateway.setup import CLIENT_KEY, CONFIGURATION, add_creditor, agency_signers, init_agency, init_creditor, openssh
from gateway.trial.screening import source_terms
from gateway.wiring import creditor_ring, open_desk, open_office
from keys.root import write_private
from keys.sshsig import allowed_signers_line, public_line
from schemas.calendar import day_in_germany
from schemas.package import Direction

DEMO_DAY: Final = date(2026, 6, 30)
_HOST_KEY: Final = "server_ed25519"
_AUTHORIZED: Final = "authorized_keys"
_FACTS: Final = "facts.csv"
_CLAIMS: Final = "claims.csv"


class Invented(NamedTuple):
    """How many claims the demo invents, and from which seed."""

    claims: int
    seed: int


class Rights(NamedTuple):
    """Two people asked: what the agency did about the erasure, and what the next export of that person led to."""

    agency: str | None
    handed_over_again: int
    rows_refused: int


@dataclass(frozen=True, slots=True)
class Story:
    """What one run of the demo did."""

    figures: Figures
    receipts: Receipts
    work: Work
    rights: Rights | None
    entries: int
    cosigned: int
    left_behind: tuple[str, ...]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """The figures as plain data, for `--json`."""
        told = self.figures.as_json()
        packages = {
            "sealed": len(self.figures.sealed),
            "uploaded": len(self.figures.uploaded),
            "received": sum(one.package_id in self.figures.uploaded for one in self.receipts.packages),
        }
        return (
            told
            | self.work.as_json()
            | {"rights": None if self.rights is None else self.rights._asdict()}
            | {
                "packages": packages,
                "audit": {"entries": self.entries, "cosigned": self.cosigned},
                "seconds": round(self.seconds, 3),
            }
        )


def tell(
    home: Path, invented: Invented, today: date, clock: Callable[[], datetime], progress: Callable[[str, int], None]
) -> Story:
    """Runs the demo in `home`. Raises UsageError if the folder holds another demo or something else."""
    started, real = time.monotonic(), day_in_germany(clock())
    home = home.absolute()
    _prepare(home, invented, today, clock())
    write_facts(home / "creditor" / _FACTS, invented.claims, invented.seed, today)
    creditor = load(home / "creditor" / CONFIGURATION)
    port = creditor.agency(AGENCY).sftp.port
    keys = home / "server"
    agency = load_agency(home / "agency" / CONFIGURATION)
    with running_server(home / "sftp", keys / _HOST_KEY, keys / _AUTHORIZED, port):
        with open_office(creditor) as office:
            probe(office, AGENCY, agency, today, clock)
            night = Night(creditor.settings.mandates, today, clock(), False, progress)
            figures = hand_over(office, night)
            overtake(office, AGENCY, clock())
        with open_desk(agency) as desk:
            receipts = receive_all(desk, clock(), progress)
            decide(desk, CREDITOR, real, clock())
        with open_office(creditor) as office:
            work = compare(office, AGENCY, CREDITOR, clock)
            with office.connection.begin():
                entries = count(office.connection)
                cosigned = cosigned_size(office, AGENCY, CREDITOR)
            asked = ask(office, home, AGENCY, real, clock)
        with open_desk(agency) as desk:
            receive_all(desk, clock(), progress)
            erase_here(desk, CREDITOR, real, clock())
        rights = None
        if asked is not None:
            with open_office(creditor) as office:
                _export_again(office, asked.claim_no)
                again = hand_over(office, Night(creditor.settings.mandates, today, clock(), False, progress))
                erased = certify(office, home, asked, real, clock())
                rights = Rights(erased, again.handed_over, again.rejections["claim_no: erased"])
    return Story(figures, receipts, work, rights, entries, cosigned, _left_behind(creditor), time.monotonic() - started)


def _export_again(office: Office, claim_no: str) -> None:
    """The next night's export holds the erased claim again: its row of the first one, in a file of its own."""
    inbox = office.configuration.path(office.configuration.settings.sources[0].inbox)
    again = inbox / "claims-next-night.csv"
    write_csv_again(inbox / _CLAIMS, claim_no, again)
    os.utime(again, (0, 0))


def write_report(home: Path, today: date, progress: Callable[[str, int], None]) -> Path:
    """The one-page screening report on the invented claims, as the creditor's head of accounting would get it."""
    creditor = load(home / "creditor" / CONFIGURATION)
    terms = source_terms(creditor, creditor.settings.sources[0].id, None, today)
    report = report_on(home / "creditor" / "inbox" / _CLAIMS, terms, progress)
    path = home / "screening.txt"
    path.write_text("\n".join(report.lines()) + "\n")
    return path


def _left_behind(creditor: Configuration) -> tuple[str, ...]:
    mapping = preset_of(creditor.settings.sources[0]).csv
    return ("customer number, claim number, birth date", *(mapping.left_behind if mapping else ()))


def _prepare(home: Path, invented: Invented, today: date, now: datetime) -> None:
    """Makes the demo's folders, or recognises them. A run that was killed in here is begun anew."""
    marker, stamp = home / "demo.txt", f"claims {invented.claims}, seed {invented.seed}\n"
    if marker.is_file():
        if marker.read_text() != stamp:
            raise UsageError(f"{home} holds a demo with other --claims or --seed: choose another --dir, or remove it")
        return
    unfinished = home / "unfinished.txt"
    if home.exists() and not home.is_dir():
        raise UsageError(f"{home} is a file: choose another --dir; nothing was changed")
    if home.exists() and any(home.iterdir()):
        if not unfinished.is_file():
            raise UsageError(f"{home} is not empty, and not a demo: choose another --dir; nothing was changed")
        shutil.rmtree(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished.write_text("this folder is being made by `inkasso demo`\n")
    _make(home, invented, today, now)
    marker.write_text(stamp)
    unfinished.unlink()


def _make(home: Path, invented: Invented, today: date, now: datetime) -> None:
    for folder in ("sftp", "server", "clerk"):
        (home / folder).mkdir(mode=0o700)
    host_key = Ed25519PrivateKey.generate()
    write_private(home / "server" / _HOST_KEY, openssh(host_key))
    # Each side's configuration names keys of the other: the agency comes first, and learns of the creditor afterwards.
    recipients = init_agency(home / "agency", agency_template(AGENCY, "../sftp"), "", now)
    signers = agency_signers(home / "agency", AGENCY)
    text = demo_configuration(_free_port(), public_line(host_key.public_key()), recipients, signers, _FACTS)
    recipient = init_creditor(home / "creditor", text, now, make_actor(home / "clerk"))
    add_safekeeping(home, now)
    creditor = load(home / "creditor" / CONFIGURATION)
    key = creditor_ring(creditor).signing_key().public_key()
    allowed = allowed_signers_line(CREDITOR, key, Direction.TO_AGENCY.namespaces)
    add_creditor(home / "agency", creditor_lines(CREDITOR, recipient), f"{allowed}\n")
    client = (home / "creditor" / "keys" / f"{CLIENT_KEY}.pub").read_bytes()
    write_private(home / "server" / _AUTHORIZED, client)
    with open_office(creditor) as office:
        record_check(office, AGENCY, home / "clerk", today)
    write_csv(home / "creditor" / "inbox" / _CLAIMS, invented.claims, invented.seed)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
