"""The agency's run: every announced package, in order of its sender's sequence, each received whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection

from gateway.agency.receive import PackageError, Received, Reception, announced, read_manifest, receive
from schemas.package import Manifest


@dataclass(frozen=True, slots=True)
class Desk:
    """The agency's side of the gateway, ready to work."""

    server: Path
    reception: Reception
    cases: Connection
    identities: Connection


@dataclass(slots=True)
class Receipts:
    """What one run received, and what it could not."""

    packages: list[Received] = field(default_factory=list)
    failures: list[PackageError] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The figures as plain data, for `--json`."""
        return {
            "packages": {"received": len(self.packages)},
            "messages": sum(one.messages for one in self.packages),
            "failures": [str(failure) for failure in self.failures],
        }


def receive_all(desk: Desk, now: datetime, progress: Callable[[str, int], None]) -> Receipts:
    """Receives what has arrived; a package that cannot be believed does not stop the others."""
    receipts = Receipts()
    manifests: list[tuple[Manifest, str]] = []
    for package_id in announced(desk.server):
        try:
            manifests.append(read_manifest(desk.server, package_id, desk.reception.signers))
        except PackageError as failure:
            receipts.failures.append(failure)
    for manifest, digest in sorted(manifests, key=lambda one: (one[0].sender, one[0].sequence)):
        try:
            received = _receive(desk, manifest, digest, now)
        except PackageError as failure:
            receipts.failures.append(failure)
            continue
        if received is not None:
            receipts.packages.append(received)
            progress("received", received.messages)
    return receipts


def _receive(desk: Desk, manifest: Manifest, digest: str, now: datetime) -> Received | None:
    """One package in one go: identities are committed first, cases last; None if it arrived on an earlier run."""
    with desk.cases.begin(), desk.identities.begin() as identities:
        known = desk.reception.cases.manifest_digest(manifest.package_id)
        if known == digest:
            return None
        if known is not None:
            raise PackageError(f"package {manifest.package_id} was received with another manifest")
        desk.reception.persons.sweep(manifest.package_id)
        received = receive(desk.server, manifest, digest, desk.reception, now)
        identities.commit()
    return received
