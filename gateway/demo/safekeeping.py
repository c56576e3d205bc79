"""The demo's escrow and backup: a folder for an offline identity that is not offline here, and folders for copies."""

from datetime import datetime
from pathlib import Path

from gateway.custody.escrow import write_escrow
from gateway.settings import load, quoted
from gateway.setup import CONFIGURATION
from gateway.wiring import open_office
from keys.recipients import HybridIdentity
from keys.root import write_private

_TEXT = """
[escrow]
location = "../offline/keys.age"
recipients = [{recipient}]

[backup]
gateway = "../backup/gateway"
vault = "../backup/vault"
"""


def add_safekeeping(home: Path, now: datetime) -> None:
    """Gives the creditor in `home` an escrow copy and a place for backups."""
    for folder in ("offline", "backup", "backup/gateway", "backup/vault"):
        (home / folder).mkdir(mode=0o700)
    identity = HybridIdentity.generate()
    write_private(home / "offline" / "escrow.agekey", f"{identity.text()}\n".encode())
    path = home / "creditor" / CONFIGURATION
    with path.open("a", encoding="utf-8") as file:
        file.write(_TEXT.format(recipient=quoted(str(identity.recipient))))
    with open_office(load(path)) as office:
        write_escrow(office, now, first=True)
