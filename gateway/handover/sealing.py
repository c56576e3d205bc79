"""What surrounds a package that is sealed: who can open which part, how the outbox knows it, and its final names."""

from collections.abc import Sequence

from gateway.office import Office
from gateway.settings import Agency
from gateway.state import PackageState
from gateway.steps.seal import Sealed, SealTo, part_path
from gateway.store.packages import Addressee, FileOfPackage, Outgoing
from keys.recipients import parse_recipient
from keys.root import sync_directory
from schemas.package import Addressing, Direction, Part


def addressing_of(addressee: Addressee, package_id: str, sequence: int) -> Addressing:
    """How a package to an agency is addressed."""
    return Addressing(
        direction=Direction.TO_AGENCY,
        package_type=addressee.type,
        package_id=package_id,
        sequence=sequence,
        sender=addressee.entity,
        recipient=addressee.agency,
    )


def outgoing_of(sealed: Sealed, messages: int) -> Outgoing:
    """A package that was just sealed, as the outbox knows it."""
    manifest = sealed.manifest
    return Outgoing(
        manifest.package_id,
        manifest.recipient,
        manifest.package_type,
        manifest.sequence,
        messages,
        PackageState.SEALED,
        sealed.files,
    )


def envelope_recipients(agency: Agency) -> dict[Part, tuple[SealTo, ...]]:
    """Who can open which part of a package to an agency."""
    return {
        Part.CASES: tuple(map(parse_recipient, agency.cases_recipients)),
        Part.IDENTITIES: tuple(map(parse_recipient, agency.identities_recipients)),
    }


def publish(office: Office, files: Sequence[FileOfPackage]) -> None:
    """Gives the files of a sealed package their final names; harmless to repeat."""
    for file in files:
        part = part_path(office.outbox, file.name)
        if part.exists():
            part.rename(office.outbox / file.name)
    sync_directory(office.outbox)
