"""What a start does with what a killed run left: an unfinished batch never happened, a sealed package is given its names.

Order: `.part` files, then the vault's rows, then the package itself, so that a kill in here is repaired by the next
start.
"""

from gateway.errors import IntegrityError
from gateway.handover.sealing import publish
from gateway.office import Office
from gateway.state import PackageState
from keys.root import sync_directory


def recover(office: Office) -> int:
    """Makes the stores and the outbox agree; the number of batches that were taken back."""
    with office.connection.begin():
        unfinished = office.packages.in_state(PackageState.OPEN)
        outgoing = office.packages.outgoing()
    for package_id in unfinished:
        take_back(office, package_id)
    for package in outgoing:
        publish(office, package.files)
        if not all((office.outbox / file.name).exists() for file in package.files):
            raise IntegrityError(
                f"the outbox lacks a file of sealed package {package.package_id}: restore the outbox from its disk; "
                "a package that was sealed is never made again under another name"
            )
    return len(unfinished)


def take_back(office: Office, package_id: str) -> None:
    """Removes every trace of an open package: it never happened."""
    for part in office.outbox.glob(f"{package_id}.*.part"):
        part.unlink()
    sync_directory(office.outbox)
    with office.vault_connection.begin():
        office.vault.sweep(package_id)
    with office.connection.begin():
        office.packages.remove(package_id)
