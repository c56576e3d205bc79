"""Posting answers: what is queued is sealed to its creditor and placed where the creditor collects it.

The same order as at the creditor: `.part` files, durable; then one transaction in which the package exists; then the
names, the signature last. A killed run leaves `.part` files of no package, which the next one removes, or a package
without its names, which the next one names. One package of answers a creditor, of receipts a package that is answered.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from audit.witness import WitnessError
from gateway.agency.answers import Envelope, SentPackage
from gateway.agency.desk import Correspondent, Desk
from gateway.errors import UsageError
from gateway.steps.names import MANIFEST_SUFFIX, SIGNATURE_SUFFIX, answer_files
from gateway.steps.seal import Envelope as Sealing
from gateway.steps.seal import Lines, PackageWriter, part_path
from keys.references import new_id
from keys.root import replace_private, sync_directory
from keys.sshsig import sign
from schemas.package import Addressing, Direction, Manifest, PackageType, Part, Trail

_CHUNK: Final = 4_000
_MAXIMUM_ANSWERS: Final = 50_000
_EXPIRES_DAYS: Final = 90
_PART_SUFFIX: Final = ".part"


def post(desk: Desk, now: datetime) -> list[SentPackage]:
    """Seals and places everything that waits. Raises UsageError if a folder for answers is missing."""
    recover(desk)
    with desk.cases_connection.begin():
        envelopes = desk.answers.envelopes()
    return [
        _seal(desk, envelope, desk.creditors[envelope.creditor], now)
        for envelope in envelopes
        if envelope.creditor in desk.creditors
    ]


def sign_again(desk: Desk) -> None:
    """Signs what has not been collected with the key that took over: the old one's day may pass before it is."""
    for correspondent in desk.creditors.values():
        for manifest in sorted(correspondent.answers.glob(f"*{MANIFEST_SUFFIX}")):
            signature = manifest.with_name(f"{manifest.name}{SIGNATURE_SUFFIX}")
            raw = manifest.read_bytes()
            kind = Manifest.model_validate_json(raw).package_type
            replace_private(signature, sign(raw, desk.ring.signing_key(), kind.namespace))


def reseal(desk: Desk, package_id: str, now: datetime) -> SentPackage:
    """The answers of a package that its creditor cannot open or that has expired, under the same number and a new id.

    Harmless if the creditor has applied it: it refuses the number then. Raises UsageError for one that is not ours.
    """
    recover(desk)
    with desk.cases_connection.begin():
        old = desk.answers.sent_package(package_id)
        if old is None or old.creditor not in desk.creditors:
            raise UsageError("no package of answers of that id was sealed here: the creditor's `feedback` names it")
        lines = desk.answers.sealed_in(package_id)
        if not lines:
            raise UsageError("what this package said was erased with its cases: there is nothing to seal again")
        correspondent = desk.creditors[old.creditor]
        writer, new = _writer(desk, Envelope(old.creditor, old.type, None), correspondent, old.sequence)
        writer.add([Lines(line) for line in lines])
        sealed = writer.finish(_signing(desk, old.type), now)
        sent = old._replace(package_id=new, manifest_digest=sealed.manifest_digest)
        desk.answers.seal_again(package_id, sent, now)
    _place(desk, new, correspondent)
    for name in reversed(answer_files(package_id)):
        (correspondent.answers / name).unlink(missing_ok=True)
    return sent


def recover(desk: Desk) -> None:
    """Names what a killed run has sealed, and removes what it has not."""
    with desk.cases_connection.begin():
        unplaced = desk.answers.unplaced()
    for package_id, creditor in unplaced:
        _place(desk, package_id, desk.creditors[creditor])
    for correspondent in desk.creditors.values():
        for part in correspondent.answers.glob(f"*{_PART_SUFFIX}"):
            part.unlink()


def _seal(desk: Desk, envelope: Envelope, correspondent: Correspondent, now: datetime) -> SentPackage:
    if not correspondent.answers.is_dir():
        raise UsageError(
            f"the folder {correspondent.answers} is missing: make it, so that {envelope.creditor} can collect"
        )
    with desk.cases_connection.begin():
        sequence = desk.answers.next_sequence(envelope)
        writer, package_id = _writer(desk, envelope, correspondent, sequence)
        last = count = 0
        while count < _MAXIMUM_ANSWERS and (page := desk.answers.queued(envelope, last, _CHUNK)):
            last, count = page[-1][0], count + len(page)
            writer.add([Lines(line) for _, line in page])
        sealed = writer.finish(_signing(desk, envelope.type), now, Trail(cosigned=_cosigned(desk, envelope)))
        sent = SentPackage(package_id, envelope.creditor, envelope.type, sequence, sealed.manifest_digest)
        desk.answers.seal(envelope, sent, last, now)
    _place(desk, package_id, correspondent)
    return sent


def _writer(desk: Desk, envelope: Envelope, correspondent: Correspondent, sequence: int) -> tuple[PackageWriter, str]:
    addressing = Addressing(
        direction=Direction.TO_CREDITOR,
        package_type=envelope.type,
        package_id=new_id(),
        sequence=sequence,
        sender=desk.opener.recipient,
        recipient=envelope.creditor,
    )
    sealing = Sealing(addressing, None, None, {Part.ANSWERS: correspondent.recipients}, _EXPIRES_DAYS)
    return PackageWriter(correspondent.answers, sealing), addressing.package_id


def _signing(desk: Desk, kind: PackageType) -> Callable[[bytes], bytes]:
    return partial(sign, key=desk.ring.signing_key(), namespace=kind.namespace)


def _cosigned(desk: Desk, envelope: Envelope) -> str | None:
    """Receipts bring a creditor the newest checkpoint of its log that we cosigned."""
    if envelope.type is not PackageType.RECEIPT:
        return None
    try:
        return desk.witness.cosigned(envelope.creditor).decode()
    except WitnessError:
        return None


def _place(desk: Desk, package_id: str, correspondent: Correspondent) -> None:
    for name in answer_files(package_id):
        part = part_path(correspondent.answers, name)
        if part.exists():
            part.rename(correspondent.answers / name)
    sync_directory(correspondent.answers)
    with desk.cases_connection.begin():
        desk.answers.place(package_id)
