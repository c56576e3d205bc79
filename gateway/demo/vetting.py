"""The demo's actor and the demo's check of its agency: invented, and said to be.

A real creditor does this with `init --actor`, `agency check` and `agency probe`.
"""

from datetime import date, datetime, time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.actors import read_actor
from gateway.approvals import Given
from gateway.office import Office
from gateway.probe import probe_answered
from gateway.setup import openssh
from gateway.signers import file_key
from gateway.store.roster import Actor
from gateway.vetting import check, keys_digest
from keys.references import new_id
from keys.root import write_private
from keys.sshsig import public_line
from schemas.vetting import Confirmation, Findings, Registration

ACTOR: Final = "demo-clerk"
_BERLIN: Final = ZoneInfo("Europe/Berlin")


def make_actor(folder: Path) -> Actor:
    """An invented person whose key lies in `folder`."""
    key = Ed25519PrivateKey.generate()
    write_private(folder / ACTOR, openssh(key))
    write_private(folder / f"{ACTOR}.pub", f"{public_line(key.public_key())}\n".encode())
    return read_actor(ACTOR, folder / f"{ACTOR}.pub")


def vet(office: Office, agency: str, folder: Path, today: date, now: datetime) -> None:
    """Records an invented check of an agency, made on `today`, and takes its answer to a probe for given."""
    profile = office.configuration.agency(agency)
    findings = Findings(registration=Registration.VALID, keys_confirmed=Confirmation.TELEPHONE)
    morning = datetime.combine(today, time(9), _BERLIN)
    check(office, profile, findings, Given(signers=(file_key(folder / ACTOR),)), morning)
    with office.connection.begin():
        package_id = new_id()
        office.vettings.probe(package_id, agency, keys_digest(profile), 0)
        probe_answered(office, package_id, now)
