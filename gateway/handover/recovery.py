"""What a start does with what a killed run left: an unfinished batch never happened, a sealed package is given its names.

Order: `.part` files, then the vault's rows, then the package itself, so that a kill in here is repaired by the next
start. A package that was withdrawn in the time that a restore lost is withdrawn again: its void manifest is all that the
outbox has of it.
"""

import hashlib
from datetime import datetime

from gateway.errors import IntegrityError
from gateway.handover.sealing import publish
from gateway.handover.stops import book_withdrawal
from gateway.handover.void import VoidFiles
from gateway.office import Office
from gateway.state import PackageState
from gateway.steps.names import SIGNATURE_SUFFIX, VOID_SUFFIX
from gateway.steps.unseal import Opener, PackageError, read_manifest
from gateway.store.packages import FileOfPackage, Outgoing
from keys.root import sync_directory
from keys.sshsig import AllowedSigner
from schemas.package import VOID_NAMESPACE, Direction


def recover(office: Office, now: datetime) -> int:
    """Makes the stores and the outbox agree; the number of batches that were taken back."""
    with office.connection.begin():
        unfinished = office.packages.in_state(PackageState.OPEN)
        outgoing = office.packages.outgoing()
    for package_id in unfinished:
        take_back(office, package_id)
    for package in outgoing:
        publish(office, package.files)
        whole = all((office.outbox / file.name).exists() for file in package.files)
        if not whole and not _withdrawn_again(office, package, now):
            raise IntegrityError(
                f"the outbox lacks a file of sealed package {package.package_id}: restore the outbox from its disk; "
                "a package that was sealed is never made again under another name"
            )
    return len(unfinished)


def _withdrawn_again(office: Office, package: Outgoing, now: datetime) -> bool:
    name = f"{package.package_id}{VOID_SUFFIX}"
    key = office.ring.signing_key().public_key()
    signers = [AllowedSigner(one.id, (VOID_NAMESPACE,), key) for one in office.configuration.settings.entities]
    try:
        signed = read_manifest(office.outbox, name, Opener(package.agency, Direction.TO_AGENCY, {}, tuple(signers)))
    except PackageError:
        return False
    if package.state is not PackageState.SEALED or signed.manifest.sequence != package.sequence:
        return False
    files = tuple(_file(office, one) for one in (name, f"{name}{SIGNATURE_SUFFIX}"))
    book_withdrawal(office, package, VoidFiles(files, signed.digest), now)
    return True


def _file(office: Office, name: str) -> FileOfPackage:
    content = (office.outbox / name).read_bytes()
    return FileOfPackage(name, len(content), hashlib.sha256(content).hexdigest())


def take_back(office: Office, package_id: str) -> None:
    """Removes every trace of an open package: it never happened."""
    for part in office.outbox.glob(f"{package_id}.*.part"):
        part.unlink()
    sync_directory(office.outbox)
    with office.vault_connection.begin():
        office.vault.sweep(package_id)
    with office.connection.begin():
        office.packages.remove(package_id)
