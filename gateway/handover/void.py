"""Voiding: a package that was uploaded, and then was lost, damaged or has expired before its agency took it.

Nobody here knows whether the agency has it. So a void manifest goes out under its number, and what was in it stays where
it is until the agency has answered. One that has not taken it closes the number and says so: then its claims are judged
again, and its messages wait again (`handover.again`). One that had taken it lets its receipt stand, which is on its way:
then the package is delivered, and nothing goes out twice. Either answer may be the first to come, and only the first counts.

Of a number that a restore lost nothing else is known here: what closes it waits for no answer, and what was sent under it
is among the unmatched claims.
"""

import hashlib
import re
from datetime import datetime
from typing import Final, NamedTuple

from audit.store import append
from gateway.errors import UsageError
from gateway.handover.again import cases_again, lost_messages
from gateway.handover.sealing import addressing_of, publish
from gateway.office import Office
from gateway.people.approvals import Build, Given, Preview, actor_of, settle
from gateway.state import UNANSWERED, PackageState
from gateway.steps.names import SIGNATURE_SUFFIX, VOID_SUFFIX
from gateway.steps.seal import part_path, write_private_file
from gateway.store.packages import Addressee, FileOfPackage
from gateway.store.voids import Numbered
from keys.references import new_id
from keys.sshsig import sign
from schemas.canonical import encode_model
from schemas.codes import VoidReason
from schemas.custody import PackageVoided
from schemas.package import VOID_NAMESPACE, PackageType, VoidManifest
from schemas.words import counted

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


class VoidFiles(NamedTuple):
    """A void manifest with its signature as they lie in the outbox, and the digest of its bytes."""

    files: tuple[FileOfPackage, ...]
    manifest_digest: str


class Voiding(NamedTuple):
    """Which package would be voided, why, and how many claims and messages go out again.

    `erased`: how many of its messages cannot, for their claims were erased here since.
    """

    package: Numbered
    reason: VoidReason
    claims: int
    messages: int
    erased: int

    @property
    def build(self) -> Build:
        """The preview."""
        one, to = self.package, self.package.addressee
        lines: tuple[str, ...] = (
            f"package: {one.package_id}, number {one.sequence} of type {to.type}, from {to.entity} to {to.agency}",
            f"reason: {self.reason}",
            f"a void manifest closes its number; if {to.agency} then signs that it has not taken the package,",
            f"{counted(self.claims, 'claim')} and {counted(self.messages, 'message')} go out again under another number",
        )
        if one.state is PackageState.LOST:
            lines += (
                f"A restore lost what was sent under this number: {to.agency} has said that it does not have it.",
            )
        if self.erased:
            erased = f"{counted(self.erased, 'message')} of it cannot, about claims that were erased here since"
            lines += (f"{erased}; what is said of an erasure that a person asked for goes out all the same",)
        return lambda made: Preview("package void", made, lines)


def voiding(
    office: Office, agency: str, package: str, kind: PackageType, reason: VoidReason, *, entity: str | None = None
) -> Voiding:
    """What voiding a package comes to; `package` is its id, or its number among those of `kind`, of an `entity` if several
    count. Raises UsageError.
    """
    with office.connection.begin():
        if _NUMBER.fullmatch(package):
            number = int(package)
            found = office.voids.by_number(agency, kind, number) or office.voids.passed_over(agency, kind, number)
        else:
            found = office.voids.by_id(agency, package)
        found = [one for one in found if entity in {None, one.addressee.entity}]
        if not found:
            raise UsageError(
                f"no package of this id or number was sealed for {agency}: check it, its --type and --entity"
            )
        if len(found) > 1:
            raise UsageError("several entities have sent a package of this number: say which with --entity")
        one = found[0]
        if one.state not in {PackageState.UPLOADED, PackageState.LOST}:
            raise UsageError(_why_not(one.state))
        if office.voids.worked_on(one.package_id):
            raise UsageError(
                "the agency has told of cases of this package, so it has it: ask it to place its receipt again "
                f"(`inkasso agency reseal {one.package_id}`); nothing was done"
            )
        claims, messages = len(cases_again(office, one.package_id)), office.voids.messages_again(one.package_id)
        erased = _erased(office, one)
    if erased and reason is not VoidReason.EXPIRED:
        raise UsageError(
            "a claim was erased here since, and what its agency must be told of it is in the files of this package alone: "
            f"put all files {one.package_id}.* from the outbox on its server again, the .sig last; nothing was done"
        )
    return Voiding(one, reason, claims, messages, erased)


def void(office: Office, voiding: Voiding, given: Given, now: datetime) -> None:
    """Closes the number of a package, from the next hand-over on, with its entry. Raises ApprovalError."""
    one = voiding.package
    written = write_void(office, one.addressee, one.package_id, one.sequence, now)
    with office.connection.begin():
        approved = settle(voiding.build, given, office, now)
        if one.state is PackageState.LOST:
            office.voids.lose(one, now)
            office.packages.withdraw(one.package_id, written.files)
        else:
            office.packages.revoke(one.package_id, written.files)
        entry = PackageVoided(
            id=new_id(),
            time=now,
            actor=actor_of(approved),
            package=one.package_id,
            recipient=one.addressee.agency,
            sequence=one.sequence,
            manifest_digest=written.manifest_digest,
            reason=voiding.reason,
            approved=approved,
        )
        append(office.connection, entry)
    publish(office, written.files)


def write_void(office: Office, addressee: Addressee, package_id: str, sequence: int, now: datetime) -> VoidFiles:
    """Writes the manifest that closes a number, signed, under names that count once its package says so."""
    manifest = VoidManifest(**dict(addressing_of(addressee, package_id, sequence)), created=now)
    raw = encode_model(manifest)
    signature = sign(raw, office.ring.signing_key(), VOID_NAMESPACE)
    name = f"{package_id}{VOID_SUFFIX}"
    files = tuple(_written(office, *one) for one in ((name, raw), (f"{name}{SIGNATURE_SUFFIX}", signature)))
    return VoidFiles(files, hashlib.sha256(raw).hexdigest())


def _erased(office: Office, package: Numbered) -> int:
    """How many messages of a package lie in the outbox alone, for their claims were erased; new cases are not."""
    if package.state is PackageState.LOST:
        return 0
    sealed = office.packages.dates([package.package_id])[package.package_id]
    if package.addressee.type is PackageType.PROBE or sealed.screened_entry is not None:
        return 0
    return lost_messages(office, package.package_id)


def _why_not(state: PackageState) -> str:
    if state in UNANSWERED:
        return "this package is voided already: its agency has not answered yet; nothing was done"
    if state is PackageState.DELIVERED:
        return "the agency has signed a receipt of this package: it has what was in it; nothing was done"
    if state is PackageState.SEALED:
        return "this package has not left: the next hand-over sends it; nothing was done"
    return "the number of this package is closed, and what was in it goes out again already; nothing was done"


def _written(office: Office, name: str, content: bytes) -> FileOfPackage:
    path = part_path(office.outbox, name)
    path.unlink(missing_ok=True)
    return write_private_file(path, name, content)
