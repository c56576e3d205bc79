"""`inkasso feedback`: what the agencies answered is collected, believed, and applied once and in order.

    collect      into quarantine, bounded; names are ours
    believe      signature over raw bytes, addressing, sequence, expiry, digests, schema: `steps.unseal`
    apply        one transaction a package, with its entry: `feedback.apply`
    clean up     quarantine; and once a receipt has come, outbox and server

An agency that fails does not stop the others. A receipt that names another manifest than was sent is an alarm. A receipt
that has not come in time is overdue.
"""

import hmac
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from audit.note import parse_key
from gateway.custody.matching import before, pass_over_delivered, take_statements
from gateway.errors import GatewayError, OverdueError, PartnerError
from gateway.feedback.apply import Applied, apply
from gateway.feedback.collect import (
    MAXIMUM_PACKAGES,
    MAXIMUM_RUN_BYTES,
    bounded,
    collect,
    empty,
    fetch_answers,
)
from gateway.feedback.receipts import ReceiptAlarmError
from gateway.handover.offering import answers_keys
from gateway.log.trail import accept_cosignature
from gateway.office import Office
from gateway.partners.keys import with_keys_in_force
from gateway.settings import Agency
from gateway.state import PackageState
from gateway.steps.names import MANIFEST_SUFFIX, answer_files
from gateway.steps.unseal import (
    Opener,
    PackageError,
    Signed,
    check_addressing,
    check_turn,
    open_messages,
    raw_digest,
    read_manifest,
)
from gateway.store.packages import Addressee
from gateway.transport.sftp import ContentError, SftpTransport
from keys.sshsig import AllowedSigner, parse_public_line
from schemas.calendar import day_in_germany
from schemas.codes import PackageFault
from schemas.package import Addressing, Direction, Manifest, PackageType, Part
from schemas.words import counted


@dataclass(slots=True)
class Feedback:
    """What one run collected and applied: answers by type, refusals by reason, packages that are delivered now, and
    those whose number is closed now, so that what was in them goes out again.
    """

    packages: int = 0
    foreign_names: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    delivered: list[str] = field(default_factory=list)
    voided: list[str] = field(default_factory=list)
    failures: list[GatewayError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0, or that of the gravest failure."""
        return max((failure.exit_code for failure in [*self.failures, *self.refused]), default=0)

    @property
    def refused(self) -> list[PartnerError]:
        """Refused answers are the agency's fault: one sentence for each reason."""
        return [
            PartnerError(f"{counted(count, 'answer')} of agencies refused: {reason}")
            for reason, count in self.refusals.most_common()
        ]

    def add(self, applied: Applied, agency: str) -> None:
        """Counts one package of an agency."""
        self.packages += 1
        self.answers.update(applied.answers)
        self.refusals.update(applied.refusals)
        self.delivered.extend(applied.delivered)
        for one, fault in sorted(applied.refused.items()):
            if fault is PackageFault.VOIDED:
                self.voided.append(one)
            else:
                again = "what was in it goes out again with the next hand-over"
                self.failures.append(PartnerError(f"{agency} could not open package {one}: {again}"))

    def as_json(self) -> dict[str, object]:
        """The figures as plain data, for `--json`."""
        return {
            "packages": {"applied": self.packages, "delivered": len(self.delivered)},
            "voided": len(self.voided),
            "answers": dict(self.answers.most_common()),
            "refusals": dict(self.refusals.most_common()),
            "foreign_names": self.foreign_names,
            "failures": [str(failure) for failure in self.failures],
        }


def collect_all(office: Office, now: datetime) -> Feedback:
    """Takes in what all agencies have answered. Faults of single agencies and packages are in the result."""
    feedback = Feedback()
    for agency in office.configuration.settings.agencies:
        if agency.signers:
            try:
                with office.connect(agency) as transport:
                    _take(office, agency, transport, feedback, now)
            except PartnerError as failure:
                feedback.failures.append(failure)
        _raise_overdue(office, agency, feedback, now)
    office.outside.keep(office.connection, office.log)
    return feedback


def _take(office: Office, agency: Agency, transport: SftpTransport, feedback: Feedback, now: datetime) -> None:
    feedback.failures.extend(pass_over_delivered(office, agency, transport, now))
    found = collect(transport, office.quarantine)
    feedback.foreign_names += found.foreign_names
    feedback.failures.extend(found.failures)
    opened = taken = 0
    for signed in _believed(office, agency, found.packages, feedback, day_in_germany(now)):
        package_id, applied = signed.manifest.package_id, None
        if opened == MAXIMUM_PACKAGES or taken > MAXIMUM_RUN_BYTES:
            feedback.failures.append(
                PackageError(f"{agency.id} offers more than {counted(opened, 'package')}: run this again")
            )
            break
        try:
            if _expected(office, agency, signed, now) is not None:
                opened += 1
                fetch_answers(transport, office.quarantine, package_id)
                applied = _apply(office, agency, signed, now)
        except (PackageError, ContentError, ReceiptAlarmError) as failure:
            feedback.failures.append(failure)
            if agency.remove_after_receipt and _is_spent(office, agency, signed.manifest):
                _clean_up(office, transport, package_id, ())
            continue
        finally:
            (office.quarantine / Part.ANSWERS.file_of(package_id)).unlink(missing_ok=True)
        if applied is not None:
            taken += applied.size
            feedback.add(applied, agency.id)
            _take_cosignature(office, agency, signed, feedback)
        if agency.remove_after_receipt:
            _clean_up(office, transport, package_id, () if applied is None else (*applied.delivered, *applied.refused))
    empty(office.quarantine)


def _believed(office: Office, agency: Agency, packages: list[str], feedback: Feedback, today: date) -> list[Signed]:
    found, opener = [], _opener(office, agency, "", today)
    for package_id in packages:
        try:
            found.append(read_manifest(office.quarantine, f"{package_id}{MANIFEST_SUFFIX}", opener))
        except PackageError as failure:
            if not _known(office, package_id):
                feedback.failures.append(failure)
    return sorted(
        found,
        key=lambda one: (
            one.manifest.recipient,
            one.manifest.package_type is not PackageType.RECEIPT,
            one.manifest.sequence,
        ),
    )


def _known(office: Office, package_id: str) -> bool:
    """Whether these very bytes were believed before: they stay so when their key is retired."""
    with office.connection.begin():
        known = office.inbound.digest(package_id)
    try:
        digest = raw_digest(office.quarantine, f"{package_id}{MANIFEST_SUFFIX}")
    except PackageError:
        return False
    return known is not None and hmac.compare_digest(known, digest)


def _expected(office: Office, agency: Agency, signed: Signed, now: datetime) -> Manifest | None:
    """The manifest of a package whose turn it is; None if it was applied on an earlier run. Raises PackageError."""
    with office.connection.begin():
        return _in_turn(office, agency, signed, now)


def _in_turn(office: Office, agency: Agency, signed: Signed, now: datetime) -> Manifest | None:
    manifest = signed.manifest
    if manifest.sender != agency.id or manifest.direction is not Direction.TO_CREDITOR:
        raise PackageError(f"package {manifest.package_id} is addressed to another party")
    if manifest.recipient not in {one.id for one in office.configuration.settings.entities}:
        raise PackageError(f"package {manifest.package_id} is addressed to another party")
    if not isinstance(manifest, Manifest):
        raise PackageError(f"package {manifest.package_id} closes a number, which an agency never does")
    known = office.inbound.digest(manifest.package_id)
    if known == signed.digest:
        return None
    if known is not None:
        raise PackageError(f"package {manifest.package_id} was applied with another manifest")
    check_turn(manifest, before(office, manifest), now)
    return manifest


def _is_spent(office: Office, agency: Agency, manifest: Addressing) -> bool:
    """Whether another package of this number was applied: this one never will be, and is said once."""
    with office.connection.begin():
        addressee = Addressee(agency.id, manifest.recipient, manifest.package_type)
        return manifest.sender == agency.id and office.inbound.has(addressee, manifest.sequence)


def _apply(office: Office, agency: Agency, signed: Signed, now: datetime) -> Applied | None:
    """One package in one transaction; None if it was applied on an earlier run. Raises PackageError, ReceiptAlarmError."""
    opener = _opener(office, agency, signed.manifest.recipient, day_in_germany(now))
    with office.connection.begin(), office.vault_connection.begin():
        manifest = _in_turn(office, agency, signed, now)
        if manifest is None:
            return None
        check_addressing(manifest, opener)
        lines = list(bounded(open_messages(office.quarantine, manifest, opener), manifest.package_id))
        applied = apply(office, signed, lines, now)
        take_statements(office, manifest, [line.message for line in lines], now)
        return applied


def _take_cosignature(office: Office, agency: Agency, signed: Signed, feedback: Feedback) -> None:
    """A cosignature that is not good is a fault of the agency's, and keeps no answer of its package from counting."""
    manifest = signed.manifest
    if agency.cosigner is None or not isinstance(manifest, Manifest) or manifest.cosigned is None:
        return
    try:
        with office.connection.begin():
            key = parse_key(agency.cosigner)
            accept_cosignature(office, agency.id, manifest.recipient, manifest.cosigned.encode(), key)
    except PartnerError as failure:
        feedback.failures.append(failure)


def _opener(office: Office, agency: Agency, entity: str, today: date) -> Opener:
    namespaces = Direction.TO_CREDITOR.namespaces
    signers = with_keys_in_force(office, agency, today).signers
    with office.connection.begin():
        identities = answers_keys(office, agency.id, today)
    return Opener(
        recipient=entity,
        direction=Direction.TO_CREDITOR,
        identities={Part.ANSWERS: identities},
        signers=tuple(AllowedSigner(agency.id, namespaces, parse_public_line(line)) for line in signers),
    )


def _clean_up(office: Office, transport: SftpTransport, package_id: str, delivered: tuple[str, ...]) -> None:
    """Answers that were applied leave the server, the signature first; so does what the agency has, or never will."""
    for name in reversed(answer_files(package_id)):
        transport.remove(name, answer=True)
    for sent in delivered:
        with office.connection.begin():
            files = office.packages.files(sent)
        for file in reversed(files):
            transport.remove(file.name)
            (office.outbox / file.name).unlink(missing_ok=True)


def _raise_overdue(office: Office, agency: Agency, feedback: Feedback, now: datetime) -> None:
    latest = (now - timedelta(days=agency.receipt_days)).isoformat()
    with office.connection.begin():
        waiting = office.packages.unanswered(agency.id)
    late = [one for one in waiting if one.uploaded is not None and one.uploaded < latest]
    voided = [one.package_id for one in late if one.state is PackageState.CLOSING]
    others = [one.package_id for one in late if one.state is not PackageState.CLOSING]
    if others:
        feedback.failures.append(
            OverdueError(
                f"{agency.id} has not answered {counted(len(others), 'package')} within {agency.receipt_days} days of the "
                f"upload, the oldest is {others[0]}: ask whether it has arrived; if not, `inkasso package void` sends it "
                "again"
            )
        )
    if voided:
        feedback.failures.append(
            OverdueError(
                f"{agency.id} has not answered {counted(len(voided), 'void manifest')}, the oldest is of {voided[0]}: if it "
                "finds nothing to answer, it has the package, and places its receipt again with `inkasso agency reseal "
                f"{voided[0]}`"
            )
        )
