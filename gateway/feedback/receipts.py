"""Receipts: an agency's answers to single messages of one package, and what makes that package delivered.

A receipt counts by the digest of the manifest it names. A package has arrived once one message of it is answered that was
in it; whoever names the package alone has opened nothing. A package that an agency refuses as a whole, before it answered
anything of it or told of one of its cases, goes out again under another number (`handover.again`).
"""

import hmac
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from audit.store import append
from gateway.custody.matching import restored_since
from gateway.errors import IntegrityError
from gateway.feedback.known import Known
from gateway.handover.again import go_again, lost_messages
from gateway.handover.probe import probe_answered
from gateway.office import Office
from gateway.rights.incoming import is_of_erased
from gateway.rights.untold import tell_again
from gateway.state import UNANSWERED, PackageState
from gateway.steps.acknowledge import Refusal
from gateway.steps.unseal import Signed, WaitingError
from gateway.store.cases import CaseRecord
from gateway.traces import by_agency_ref
from keys.references import new_id
from schemas.answers import FromAgency, PackageReceipt, PackageRefused
from schemas.codes import PackageFault
from schemas.entry import PackageDelivered
from schemas.entry import PackageRefused as RefusedEntry
from schemas.package import Manifest, PackageType

ACTOR: Final = "system:feedback"


class ReceiptAlarmError(IntegrityError):
    """An agency signed a receipt for a package that is not what was sent; nothing of it was applied."""


def check_receipts(office: Office, manifest: Manifest, known: Known, answers: Sequence[FromAgency]) -> None:
    """Raises ReceiptAlarmError for another manifest than was sent; WaitingError if the upload is not booked yet."""
    strange = set()
    for receipt in answers:
        if not isinstance(receipt, PackageReceipt | PackageRefused) or receipt.package_id not in known.packages:
            continue
        sent = known.packages[receipt.package_id]
        expected = sent.void_digest if _is_void(receipt) else sent.manifest_digest
        if expected is None or not hmac.compare_digest(receipt.manifest_digest, expected):
            if not _is_void(receipt):
                raise ReceiptAlarmError(
                    f"{manifest.sender} signed a receipt for package {sent.package_id} with another manifest than was "
                    "sent: stop sending to it, and find out who changed what"
                )
            strange.add(sent.package_id)
        if sent.state is PackageState.SEALED:
            raise WaitingError(f"a receipt of {manifest.sender} waits: the upload of its package is not yet booked")
    _check_voided(office, manifest, strange)


def _check_voided(office: Office, manifest: Manifest, packages: Collection[str]) -> None:
    """Packages that an agency closed by void manifests nobody here knows. Raises ReceiptAlarmError.

    A restore may have lost a void manifest of what was sealed before it: then the agency alone knows that we signed it.
    """
    sealed = office.packages.dates(packages)
    newest = max(sealed, key=lambda one: sealed[one].sealed_entry, default=None)
    if newest is not None and not restored_since(office, sealed[newest].sealed_entry):
        raise ReceiptAlarmError(
            f"{manifest.sender} signed that package {newest} was voided, by a void manifest that was never made here: "
            "stop sending to it, and find out who changed what"
        )


def _is_void(receipt: PackageReceipt | PackageRefused) -> bool:
    return isinstance(receipt, PackageRefused) and receipt.fault is PackageFault.VOIDED


def answered_case(office: Office, receipt: PackageReceipt, known: Known) -> CaseRecord | Refusal | None:
    """The case that a receipt is about; none if it is about another message; a refusal if that was never in the package."""
    sent = None if receipt.package_id in known.refused else known.packages.get(receipt.package_id)
    case, message = known.by_message.get(receipt.about), known.sent.get(receipt.about)
    if sent is not None and sent.type is PackageType.PROBE:
        probed = receipt.about in office.vettings.probe_messages(sent.package_id)
        return None if probed else Refusal.UNKNOWN_MESSAGE
    package = case.package if case is not None else message.package if message is not None else None
    if sent is not None and package is None and is_of_erased(office, receipt):
        return None
    if sent is None or package != receipt.package_id:
        return Refusal.UNKNOWN_MESSAGE
    return case


def trace(office: Office, case: CaseRecord, receipt: PackageReceipt) -> None:
    """The agency's file number leads to its claim from here on; only the one with which it took the case does."""
    if receipt.agency_ref is not None:
        found = by_agency_ref(case.agency, receipt.agency_ref)
        office.vault.trace(case.entity, {case.claim: (found,)}, receipt.package_id)


def refuse(office: Office, refused: PackageRefused, known: Known, signed: Signed, now: datetime) -> Refusal | None:
    """An uploaded package that its agency has not taken and never will: what was in it goes out again. With its entry."""
    package_id = refused.package_id
    sent = known.packages.get(package_id)
    if _is_void(refused) and office.voids.never_left(signed.manifest.sender, package_id):
        return None  # what was in it has gone out again since it was withdrawn
    if sent is not None and _is_void(refused) and sent.state is PackageState.REFUSED:
        return None  # the same was said before
    if sent is None or sent.state not in UNANSWERED:
        return Refusal.UNKNOWN_MESSAGE
    if package_id in known.answered | known.refused.keys() or office.voids.worked_on(package_id):
        return Refusal.STANDING
    known.refused[package_id] = refused.fault
    entry = RefusedEntry(
        id=new_id(),
        time=now,
        actor=ACTOR,
        package=package_id,
        recipient=signed.manifest.sender,
        fault=refused.fault,
        receipt=signed.manifest.package_id,
        receipt_digest=signed.digest,
        claims=go_again(office, package_id),
    )
    if sent.type is PackageType.STOPS and lost_messages(office, package_id):
        tell_again(office, signed.manifest.sender, sent.entity, now)
    office.packages.refused(package_id)
    append(office.connection, entry)
    return None


def deliver(office: Office, signed: Signed, known: Known, now: datetime) -> tuple[str, ...]:
    """The packages that are delivered now, of those of which a message was answered, each with its entry."""
    delivered = tuple(sorted(name for name in known.answered if known.packages[name].state in UNANSWERED))
    for package_id in delivered:
        office.packages.delivered(package_id, now)
        entry = PackageDelivered(
            id=new_id(),
            time=now,
            actor=ACTOR,
            package=package_id,
            manifest_digest=known.packages[package_id].manifest_digest,
            receipt=signed.manifest.package_id,
            receipt_digest=signed.digest,
        )
        append(office.connection, entry)
        if known.packages[package_id].type is PackageType.PROBE:
            probe_answered(office, package_id, now)
    return delivered
