"""Refusing a package as a whole: it is its creditor's, it is the next, and it will never open.

A key whose day has passed, or an expiry that has, leaves a package that nobody can receive, and those behind it wait for
its number. A person of the agency says so: the number is closed here in the transaction that queues the answer, so that
the package is never taken afterwards, and the creditor may send what was in it again.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from gateway.agency.answers import Envelope
from gateway.agency.desk import Desk
from gateway.errors import UsageError
from gateway.steps.names import MANIFEST_SUFFIX, SIGNATURE_SUFFIX
from gateway.steps.unseal import Signed, UnopenedError, check_addressing, check_turn, open_messages, read_manifest
from keys.references import new_id
from schemas.answers import PackageRefused
from schemas.codes import PackageFault
from schemas.package import Manifest, PackageType


def refuse(desk: Desk, package_id: str, now: datetime) -> PackageFault:
    """Why it is refused. Raises UsageError for a package that is not here, or opens; PackageError for one that is not
    believed or not whole: that may pass, and a refusal does not.
    """
    folder, signed, manifest = _found(desk, package_id)
    check_addressing(manifest, desk.opener)
    with desk.cases_connection.begin():
        if desk.cases.package(package_id) is not None:
            raise UsageError("this package has been received or refused already: nothing was done")
        check_turn(manifest, desk.cases.last_sequence(manifest.sender, manifest.package_type), manifest.created)
        fault = _fault(desk, folder, manifest, now)
        if fault is None:
            raise UsageError("this package opens: `inkasso agency receive` takes it; nothing was done")
        desk.cases.receive(manifest, signed.digest, 0, now)
        answer = PackageRefused(message_id=new_id(), package_id=package_id, manifest_digest=signed.digest, fault=fault)
        desk.answers.queue(Envelope(manifest.sender, PackageType.RECEIPT, package_id), [answer])
    return fault


def _found(desk: Desk, package_id: str) -> tuple[Path, Signed, Manifest]:
    name = f"{package_id}{MANIFEST_SUFFIX}"
    for folder in _folders(desk, f"{name}{SIGNATURE_SUFFIX}"):
        signed = read_manifest(folder, name, desk.opener)
        if isinstance(signed.manifest, Manifest):
            return folder, signed, signed.manifest
    raise UsageError("no package of that id lies on the server: copy it from what `inkasso agency receive` says")


def _folders(desk: Desk, name: str) -> Iterator[Path]:
    return (folder for folder in desk.folders if name in {path.name for path in folder.iterdir()})


def _fault(desk: Desk, folder: Path, manifest: Manifest, now: datetime) -> PackageFault | None:
    if manifest.expires <= now:
        return PackageFault.EXPIRED
    try:
        for _ in open_messages(folder, manifest, desk.opener):
            pass
    except UnopenedError:
        return PackageFault.UNOPENED
    return None
