"""The demo's actor, and how its agency comes to be trusted: an invented check, said to be, and a real probe.

A real creditor does this with `init --actor`, `agency check`, `agency probe` and `feedback`.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.agency.settings import AgencyConfiguration
from gateway.agency.work import receive_all
from gateway.feedback.run import collect_all
from gateway.handover.outbox import send
from gateway.handover.probe import seal_probe
from gateway.office import Office
from gateway.partners.vetting import check, keys_digest
from gateway.people.approvals import Given
from gateway.people.roster import read_actor
from gateway.people.signers import file_key
from gateway.setup import openssh
from gateway.store.roster import Actor
from gateway.wiring import open_desk
from keys.root import write_private
from keys.sshsig import public_line
from schemas.calendar import GERMANY
from schemas.vetting import Confirmation, Findings, Registration

ACTOR: Final = "demo-clerk"


def make_actor(folder: Path) -> Actor:
    """An invented person whose key lies in `folder`."""
    make_key(folder, ACTOR)
    return read_actor(ACTOR, folder / f"{ACTOR}.pub")


def make_key(folder: Path, name: str) -> None:
    """A new key of an invented person, private and public."""
    key = Ed25519PrivateKey.generate()
    write_private(folder / name, openssh(key))
    write_private(folder / f"{name}.pub", f"{public_line(key.public_key())}\n".encode())


def record_check(office: Office, agency: str, folder: Path, today: date) -> None:
    """An invented check of an agency, made on the morning of `today`."""
    findings = Findings(registration=Registration.VALID, keys_confirmed=Confirmation.TELEPHONE)
    given = Given(signers=(file_key(folder / ACTOR),))
    check(office, office.configuration.agency(agency), findings, given, datetime.combine(today, time(9), GERMANY))


def probe(office: Office, agency: str, desk: AgencyConfiguration, today: date, clock: Callable[[], datetime]) -> None:
    """Unless the agency has answered one: a probe goes out, the agency opens and answers it, and its receipt is believed."""
    profile = office.configuration.agency(agency)
    with office.connection.begin():
        if office.vettings.answered(agency, keys_digest(profile)):
            return
    seal_probe(office, profile, today, clock())
    send(office, profile, clock(), lambda _messages: None, cases=False)
    with open_desk(desk) as opened:
        receive_all(opened, clock(), lambda _what, _count: None)
    collect_all(office, clock())
