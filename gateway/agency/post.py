"""Posting answers: what is queued is sealed to its creditor and placed where the creditor collects it.

The same order as at the creditor: `.part` files, durable; then one transaction in which the package exists; then the
names, the signature last. A killed run leaves `.part` files of no package, which the next one removes, or a package
without its names, which the next one names. One package of answers a creditor, of receipts a package that is answered.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from audit.witness import WitnessError
from gateway.agency.answers import Envelope, SentPackage, Unplaced
from gateway.agency.desk import Desk
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
    return [_seal(desk, envelope, now) for envelope in envelopes if envelope.creditor in desk.creditors]


def sign_again(desk: Desk) -> None:
    """Signs what has not been collected with the key that took over: the old one's day may pass before it is."""
    for correspondent in desk.creditors.values():
        for manifest in sorted(correspondent.answers.glob(f"*{MANIFEST_SUFFIX}")):
            signature = manifest.with_name(f"{manifest.name}{SIGNATURE_SUFFIX}")
            raw = manifest.read_bytes()
            kind = Manifest.model_validate_json(raw).package_type
            replace_private(signature, sign(raw, desk.ring.signing_key(), kind.namespace))


def reseal(desk: Desk, package_id: str, now: datetime) -> SentPackage:
    """The answers of a package that its creditor cannot open, or that is lost or expired: the same number, a new id.

    `package_id` may also be that of a package of the creditor's: then its receipt is sealed again. What was erased since is
    left out, and be it everything: the creditor waits for the number.
    Harmless if the creditor has applied it: it refuses the number then. Raises UsageError for one that is not ours.
    """
    recover(desk)
    with desk.cases_connection.begin():
        old = desk.answers.sent_package(package_id)
        if old is None or old.creditor not in desk.creditors:
            raise UsageError("no package of answers of that id was sealed here: the creditor's `feedback` names it")
        lines = desk.answers.sealed_in(old.package_id)
        sent = _write(desk, Envelope(old.creditor, old.type, None), old.sequence, [lines], now)
        desk.answers.seal_again(old.package_id, sent, now)
    _place(desk, Unplaced(sent.package_id, sent.creditor, old.package_id))
    return sent


def recover(desk: Desk) -> None:
    """Names what a killed run has sealed, and removes what it has not."""
    with desk.cases_connection.begin():
        unplaced = desk.answers.unplaced()
    for one in unplaced:
        if one.creditor in desk.creditors:
            _place(desk, one)
    for correspondent in desk.creditors.values():
        for part in correspondent.answers.glob(f"*{_PART_SUFFIX}"):
            part.unlink()


def _seal(desk: Desk, envelope: Envelope, now: datetime) -> SentPackage:
    last = 0

    def pages() -> Iterator[list[bytes]]:
        nonlocal last
        count = 0
        while count < _MAXIMUM_ANSWERS and (page := desk.answers.queued(envelope, last, _CHUNK)):
            last, count = page[-1][0], count + len(page)
            yield [line for _, line in page]

    with desk.cases_connection.begin():
        sent = _write(desk, envelope, desk.answers.next_sequence(envelope), pages(), now)
        desk.answers.seal(envelope, sent, last, now)
    _place(desk, Unplaced(sent.package_id, sent.creditor, None))
    return sent


def _write(
    desk: Desk, envelope: Envelope, sequence: int, pages: Iterable[Sequence[bytes]], now: datetime
) -> SentPackage:
    """The files of a package, durable as `.part`. Raises UsageError if there is no folder for them."""
    correspondent = desk.creditors[envelope.creditor]
    if not correspondent.answers.is_dir():
        raise UsageError(
            f"the folder {correspondent.answers} is missing: make it, so that {envelope.creditor} can collect"
        )
    addressing = Addressing(
        direction=Direction.TO_CREDITOR,
        package_type=envelope.type,
        package_id=new_id(),
        sequence=sequence,
        sender=desk.opener.recipient,
        recipient=envelope.creditor,
    )
    sealing = Sealing(addressing, None, None, {Part.ANSWERS: correspondent.recipients}, _EXPIRES_DAYS)
    writer = PackageWriter(correspondent.answers, sealing)
    for page in pages:
        writer.add([Lines(line) for line in page])
    signing = partial(sign, key=desk.ring.signing_key(), namespace=envelope.type.namespace)
    sealed = writer.finish(signing, now, Trail(cosigned=_cosigned(desk, envelope)))
    return SentPackage(addressing.package_id, envelope.creditor, envelope.type, sequence, sealed.manifest_digest)


def _cosigned(desk: Desk, envelope: Envelope) -> str | None:
    """Receipts bring a creditor the newest checkpoint of its log that we cosigned."""
    if envelope.type is not PackageType.RECEIPT:
        return None
    try:
        return desk.witness.cosigned(envelope.creditor).decode()
    except WitnessError:
        return None


def _place(desk: Desk, package: Unplaced) -> None:
    """Gives a package its names; the one whose place it takes loses them first, for both bear one number."""
    folder = desk.creditors[package.creditor].answers
    if package.replaces is not None:
        for name in reversed(answer_files(package.replaces)):
            (folder / name).unlink(missing_ok=True)
    for name in answer_files(package.package_id):
        part = part_path(folder, name)
        if part.exists():
            part.rename(folder / name)
    sync_directory(folder)
    with desk.cases_connection.begin():
        desk.answers.place(package.package_id)
