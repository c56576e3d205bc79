"""Sending what is sealed: in order of sequence, one agency after the other, and one dead agency does not hold up another.

What leaves was committed first. Uploading is repeatable; the state changes together with its audit entry, after every
file has been read back. What cannot be sent stays and goes next time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from audit.store import append
from gateway.errors import PartnerError
from gateway.handover.batch import SYSTEM_ACTOR
from gateway.handover.renewal import renew_signatures
from gateway.office import Office
from gateway.settings import Agency
from gateway.state import AFTER_VOID, PackageState
from gateway.steps.deliver import Parcel, ParcelFile, deliver_with_retry
from gateway.store.packages import Outgoing
from gateway.transport.sftp import SftpTransport
from keys.references import new_id
from schemas.entry import PackageUploaded
from schemas.package import PackageType


class Sent(NamedTuple):
    """The packages that arrived in this run, and what stopped the rest."""

    uploaded: tuple[Outgoing, ...]
    failure: PartnerError | None


def send(office: Office, agency: Agency, now: datetime, progress: Callable[[int], None], *, cases: bool = True) -> Sent:
    """Uploads the sealed packages of one agency in order; stops at the first that fails, and says why.

    Without `cases`, those stay in the outbox: an agency that is not fit still gets stops, probes and void manifests.
    """
    office.outside.keep(office.connection, office.log)
    try:
        renew_signatures(office, agency, now)
    except PartnerError as failure:
        return Sent((), failure)
    with office.connection.begin():
        outgoing = [
            one
            for one in office.packages.outgoing(agency.id)
            if cases or one.type is not PackageType.CASES or one.state in AFTER_VOID
        ]
    uploaded: list[Outgoing] = []
    for package in outgoing:
        try:
            _upload(office, agency, package, now)
        except PartnerError as failure:
            return Sent(tuple(uploaded), failure)
        uploaded.append(package)
        progress(package.messages)
    return Sent(tuple(uploaded), None)


def _upload(office: Office, agency: Agency, package: Outgoing, now: datetime) -> None:
    negotiated: list[tuple[str, bool]] = []

    @contextmanager
    def connect() -> Iterator[SftpTransport]:
        with office.connect(agency) as transport:
            negotiated.append((transport.key_exchange, transport.post_quantum))
            yield transport

    if package.state is PackageState.REVOKED and agency.remove_after_receipt:
        _remove_voided(office, agency, package)
    files = tuple(ParcelFile(file.name, office.outbox / file.name, file.size, file.sha256) for file in package.files)
    deliver_with_retry(Parcel(package.package_id, files), connect, agency.attempts)
    key_exchange, post_quantum = negotiated[-1]
    entry = PackageUploaded(
        id=new_id(),
        time=now,
        actor=SYSTEM_ACTOR,
        package=package.package_id,
        recipient=agency.id,
        key_exchange=key_exchange,
        post_quantum=post_quantum,
    )
    with office.connection.begin():
        position = append(office.connection, entry).position
        if package.state in AFTER_VOID:
            office.packages.voided(package.package_id, position)
        else:
            office.packages.uploaded(package.package_id, position, now)


def _remove_voided(office: Office, agency: Agency, package: Outgoing) -> None:
    """What is left of a package that its void manifest is about leaves the server before, the signature first."""
    with office.connection.begin():
        files = office.packages.files(package.package_id)
    with office.connect(agency) as transport:
        for file in reversed([one for one in files if one not in package.files]):
            transport.remove(file.name)
