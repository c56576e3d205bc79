"""The agency's run: every announced package, stops first, in order of its sender's sequence, each whole or not at all.

Afterwards every package is answered by a signed receipt, for the creditor to collect.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from gateway.agency.answers import SentPackage
from gateway.agency.desk import Desk
from gateway.agency.post import post
from gateway.agency.receive import Received, answer_void, receive
from gateway.agency.witnessing import standing_alarms, watch
from gateway.errors import GatewayError, IntegrityError, PartnerError
from gateway.steps.unseal import PackageError, Signed, announced, raw_digest, read_manifest
from schemas.package import PackageType, VoidManifest

MAXIMUM_PACKAGES: Final = 10_000  # two a night for thirteen years, if a creditor never removes what has a receipt


class _Arrived(NamedTuple):
    folder: Path
    signed: Signed


@dataclass(slots=True)
class Receipts:
    """What one run received and answered, and what it could not."""

    packages: list[Received] = field(default_factory=list)
    failures: list[GatewayError] = field(default_factory=list)
    sent: list[SentPackage] = field(default_factory=list)
    unanswered: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The figures as plain data, for `--json`."""
        return {
            "packages": {"received": len(self.packages), "sent": len(self.sent)},
            "messages": sum(one.messages for one in self.packages),
            "failures": [str(failure) for failure in self.failures],
        }


def receive_all(desk: Desk, now: datetime, progress: Callable[[str, int], None]) -> Receipts:
    """Receives what has arrived, and answers it; a package that cannot be believed does not stop the others."""
    receipts = Receipts()
    receipts.failures += standing_alarms(desk.witness)
    for found in _ordered(_believed(desk, receipts)):
        try:
            received = _receive(desk, found, now)
        except PackageError as failure:
            receipts.failures.append(failure)
            continue
        if received is not None:
            receipts.packages.append(received)
            _watch(desk, found, receipts)
            progress("received", received.messages)
    receipts.sent = post(desk, now)
    with desk.cases_connection.begin():
        receipts.unanswered = tuple(sorted({one.creditor for one in desk.answers.envelopes()}))
    return receipts


def _watch(desk: Desk, found: _Arrived, receipts: Receipts) -> None:
    """Looks at the creditor's log before anything is answered; an alarm is a failure of the run, not of the package."""
    manifest = found.signed.manifest
    if isinstance(manifest, VoidManifest):
        return
    try:
        watch(desk.witness, manifest)
    except (IntegrityError, PartnerError) as failure:
        receipts.failures.append(failure)


def _believed(desk: Desk, receipts: Receipts) -> list[_Arrived]:
    found = []
    for folder in desk.folders:
        names = announced(folder)
        if len(names) > MAXIMUM_PACKAGES:
            receipts.failures.append(
                PackageError(
                    f"{folder} announces more than {MAXIMUM_PACKAGES:,} packages, and only so many are looked at"
                )
            )
        for name in names[:MAXIMUM_PACKAGES]:
            try:
                found.append(_Arrived(folder, read_manifest(folder, name, desk.opener)))
            except PackageError as failure:
                if not _known(desk, folder, name):
                    receipts.failures.append(failure)
    return found


def _known(desk: Desk, folder: Path, name: str) -> bool:
    """Whether these very bytes were believed before: they stay so when their key is retired."""
    with desk.cases_connection.begin():
        known = desk.cases.package(name[:26])
    try:
        return known is not None and hmac.compare_digest(known.manifest_digest, raw_digest(folder, name))
    except PackageError:
        return False


def _ordered(arrived: list[_Arrived]) -> list[_Arrived]:
    def place(one: _Arrived) -> tuple[bool, str, int, bool]:
        manifest = one.signed.manifest
        # Where a package and its void manifest both lie, its sender no longer wants it taken.
        is_void = isinstance(manifest, VoidManifest)
        return (manifest.package_type is not PackageType.STOPS, manifest.sender, manifest.sequence, not is_void)

    return sorted(arrived, key=place)


def _receive(desk: Desk, found: _Arrived, now: datetime) -> Received | None:
    """One package in one go: identities are committed first, cases last; None if it arrived on an earlier run.

    A void manifest of a package that has arrived before changes nothing: its receipt stands, and tells the sender so. A
    package whose number was closed before is never taken, and the sender has been told that; one that closes it once more,
    with another void manifest, has lost the answer in a restore.
    """
    manifest = found.signed.manifest
    with desk.cases_connection.begin(), desk.identities_connection.begin() as identities:
        known = desk.cases.package(manifest.package_id)
        if known is not None and known.manifest_digest == found.signed.digest:
            return None
        if known is not None:
            is_void = isinstance(manifest, VoidManifest)
            if known.sender != manifest.sender or (known.messages and not is_void):
                raise PackageError(f"package {manifest.package_id} was received with another manifest")
            if is_void and not known.messages:
                desk.cases.close_again(manifest.package_id, found.signed.digest)
                answer_void(desk, found.signed)
            return None
        desk.persons.sweep(manifest.package_id)
        received = receive(found.folder, found.signed, desk, now)
        identities.commit()
    return received
