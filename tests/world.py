"""A small world for tests: a creditor, an agency, and a real SFTP server between them, each in a folder of the test's.

The command line runs in this process, on the day `TODAY`; nothing here knows what a command does. Rows are those of the
preset `erp-de`, all invented; `row(n)` clears unless a test changes it.
"""

import atexit
import io
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.store import entries
from gateway.agency.template import agency_template, creditor_lines
from gateway.cli.main import run
from gateway.demo.safekeeping import add_safekeeping
from gateway.demo.template import AGENCY, CREDITOR, demo_configuration
from gateway.demo.vetting import make_actor, record_check
from gateway.handover.probe import probe_answered
from gateway.office import Office
from gateway.partners.vetting import keys_digest
from gateway.settings import load
from gateway.setup import CLIENT_KEY, CONFIGURATION, add_creditor, agency_signers, init_agency, init_creditor, openssh
from gateway.wiring import creditor_ring, open_office
from keys.references import new_id
from keys.root import write_private
from keys.sqlite import open_store
from keys.sshsig import allowed_signers_line, public_line
from kill_at import TODAY, run_armed
from schemas.package import Direction
from warm import ended, warm_server

Row = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a command left behind: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)


def cli(*arguments: str | Path, now: datetime = TODAY) -> Result:
    """One command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with time_machine.travel(now), redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    return Result(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class World:
    """The folders, and the port the server listens on (also when it is down)."""

    home: Path
    port: int

    @property
    def creditor(self) -> Path:
        """The creditor's configuration file."""
        return self.home / "creditor" / CONFIGURATION

    @property
    def agency(self) -> Path:
        """The agency's configuration file."""
        return self.home / "agency" / CONFIGURATION

    @property
    def inbox(self) -> Path:
        """The inbox of the creditor's one source."""
        return self.home / "creditor" / "inbox"

    @property
    def sftp(self) -> Path:
        """The server's root."""
        return self.home / "sftp"

    def drop(self, name: str, content: bytes) -> Path:
        """A complete export in the inbox."""
        path = self.inbox / name
        path.write_bytes(content)
        os.utime(path, (0, 0))
        return path

    def configure(self, old: str, new: str) -> None:
        """Changes the creditor's configuration; `old` must be there."""
        text = self.creditor.read_text()
        assert old in text
        self.creditor.write_text(text.replace(old, new))

    def vet(self, now: datetime = TODAY) -> None:
        """A check of the agency as it is configured now, and its answer to a probe, for given."""
        with open_office(load(self.creditor)) as office:
            vet(office, AGENCY, self.home / "clerk", now)

    def handover(self, *arguments: str, now: datetime = TODAY) -> Result:
        """`inkasso handover --json` at the creditor."""
        return cli("handover", "--json", *arguments, "--config", self.creditor, now=now)

    def receive(self, now: datetime = TODAY) -> Result:
        """`inkasso agency receive --json` at the agency."""
        return cli("agency", "receive", "--json", "--config", self.agency, now=now)

    def events(self) -> list[str]:
        """The events of the creditor's log, in order; each entry was read back as it was written."""
        with open_store(self.creditor.parent / "gateway.db").connect() as connection:
            return [logged.entry.event for logged in entries(connection)]

    @contextmanager
    def server(self) -> Iterator[None]:
        """The agency's SFTP server, up."""
        keys = self.home / "server"
        with warm_server(self.sftp, keys / "server_ed25519", keys / "authorized_keys", self.port):
            yield


def vet(office: Office, agency: str, folder: Path, now: datetime) -> None:
    """A check of an agency on the day of `now`, and an answer to a probe that was never sent."""
    record_check(office, agency, folder, now.date())
    with office.connection.begin():
        package_id = new_id()
        office.vettings.probe(package_id, agency, keys_digest(office.configuration.agency(agency)), 0, ())
        probe_answered(office, package_id, now)


def make_world(home: Path) -> World:
    """A creditor and an agency that know each other; the inbox is empty, and the server is down.

    A copy of one world a process, on a port of its own: all of them have the same keys.
    """
    built = _template()
    shutil.copytree(built.home, home, dirs_exist_ok=True)
    world = World(home, _free_port())
    world.configure(f"port = {built.port}\n", f"port = {world.port}\n")
    return world


@cache
def _template() -> World:
    folder = Path(tempfile.mkdtemp(prefix="world-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return build_world(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def build_world(home: Path) -> World:
    """The same with keys of its own, for tests that need two."""
    for folder in ("sftp", "server", "clerk"):
        (home / folder).mkdir(mode=0o700)
    host_key = Ed25519PrivateKey.generate()
    write_private(home / "server" / "server_ed25519", openssh(host_key))
    recipients = init_agency(home / "agency", agency_template(AGENCY, "../sftp"), "", TODAY)
    port = _free_port()
    text = demo_configuration(
        port, public_line(host_key.public_key()), recipients, agency_signers(home / "agency", AGENCY)
    )
    recipient = init_creditor(home / "creditor", text, TODAY, make_actor(home / "clerk"))
    add_safekeeping(home, TODAY)
    signer = creditor_ring(load(home / "creditor" / CONFIGURATION)).signing_key().public_key()
    line = allowed_signers_line(CREDITOR, signer, Direction.TO_AGENCY.namespaces)
    add_creditor(home / "agency", creditor_lines(CREDITOR, recipient), f"{line}\n")
    write_private(home / "server" / "authorized_keys", (home / "creditor" / "keys" / f"{CLIENT_KEY}.pub").read_bytes())
    world = World(home, port)
    world.vet()
    return world


@contextmanager
def running_world(home: Path) -> Iterator[World]:
    """A world whose server is up."""
    with ExitStack() as stack:
        world = make_world(home)
        stack.enter_context(world.server())
        yield world


def killed(world: World, function: str, nth: int, *command: str) -> tuple[int | None, str]:
    """Exit status of a command (a hand-over) that is killed on entry to the nth call of a function, and the function it
    had reached.
    """
    mark = world.home / "mark"
    arguments = [*(command or ("handover", "--json")), *(() if "--config" in command else ("--config", world.creditor))]
    status, printed = ended(run_armed, function, nth, mark, list(map(str, arguments)))
    return status, mark.read_text() if mark.exists() else printed


def row(number: int, **changes: Any) -> Row:
    """A row of `erp-de`'s JSON Lines that clears on TODAY; `changes` replace keys, with dots for nested ones."""
    found: Row = {
        "claim_id": f"F-{number:06d}",
        "customer_no": f"K-{number:06d}",
        "debtor": {
            "kind": "person",
            "salutation": "Frau",
            "first_name": "Ida",
            "last_name": "Beispiel",
            "birth_date": "1980-02-29",
        },
        "address": {"street": "Musterweg", "house_no": "5a", "postcode": "96047", "city": "Bamberg", "country": "DE"},
        "email": f"ida{number}@example.org",
        "phone": "030 23125001",
        "iban": None,
        "contract_no": f"V-{number:06d}",
        "invoice_no": f"RE-{number:06d}",
        "order_date": "2026-01-08",
        "invoice_date": "2026-01-10",
        "due_date": "2026-01-24",
        "amount": "120.50",
        "currency": "EUR",
        "paid_amount": "20.00",
        "dunning_fees": "2.50",
        "interest_rate": "6.27",
        "payment_method": "invoice",
        "disputed": False,
        "reminders": [
            {"level": 1, "sent_on": "2026-02-02", "channel": "email", "fee": "0.00"},
            {"level": 2, "sent_on": "2026-02-20", "channel": "letter", "fee": "2.50"},
        ],
        "lines": [{"sku": "100-A", "text": "Buch", "qty": 1, "unit_price": "120.50", "vat_rate": "7.0"}],
        "note": "",
    }
    for path, value in changes.items():
        *parents, last = path.split(".")
        target = found
        for parent in parents:
            target = target[parent]
        target[last] = value
    return found


def jsonl(rows: list[Row]) -> bytes:
    """Rows as a file of JSON Lines."""
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in rows)
