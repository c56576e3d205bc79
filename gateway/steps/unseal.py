"""Opening a package, at either side: what must hold before one message of it is believed, in this order.

    1  the signature is an allowed signer's, for the namespace of the type, over the raw bytes of the manifest, before
       one of them is parsed; the principal is the manifest's sender
    2  the package is addressed to us, in our direction
    3  it is the next of its sender and type: a repeated or older number is refused, a gap waits
    4  it has not expired
    5  every sealed file is there with the size and SHA-256 the manifest names
    6  the files open with our keys to their last chunk; their frames, headers and ends say what the manifest says
    7  every message has one line in each file, in the same order, and is of a type that the package may hold; the
       document that one names is there, of that size and SHA-256

Left to the caller: to ask for the last number inside the transaction it commits in, to believe nothing before the last
message has been given out, and to apply a message once. No plaintext file exists.
"""

import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, get_args

from pydantic import ValidationError

from gateway.errors import PartnerError
from gateway.steps.enclosed import check_padding, enclosed
from gateway.steps.frames import FrameError, lines
from gateway.steps.hashed import HashedReader
from gateway.steps.names import SIGNATURE_SUFFIX, VOID_SUFFIX
from gateway.steps.plain import open_plain
from keys.age import AgeError, unseal
from keys.recipients import AgeIdentity
from keys.sshsig import AllowedSigner, SignatureError, verify
from schemas.answers import CaseAnswers, FromAgency, PackageReceipt, PackageRefused, Statement, StatementCase
from schemas.base import Strict
from schemas.canonical import encode
from schemas.messages import CaseMessage, CaseNew, CaseRectify, IdentityLine, KeyOffer, OpeningLine, Stop, ToAgency
from schemas.package import (
    VOID_NAMESPACE,
    Addressing,
    Direction,
    End,
    FromAgencyLine,
    Header,
    Manifest,
    PackageType,
    Part,
    ToAgencyLine,
    VoidManifest,
)

MAXIMUM_MANIFEST_BYTES: Final = 1 << 20
MAXIMUM_SIGNATURE_BYTES: Final = 1 << 13
MAXIMUM_SEALED_BYTES: Final = 1 << 30
MAXIMUM_MESSAGES: Final = 60_000  # 50,000 claims are a package, or 50,000 answers and the chunk that was begun
_ANOTHER_KEY: Final = "the signature is by another key"
_ANOTHER_PURPOSE: Final = "the signature is for another purpose"
_MESSAGES: Final = {
    PackageType.CASES: get_args(CaseMessage),
    PackageType.STOPS: get_args(Stop),
    PackageType.PROBE: (CaseNew,),
    PackageType.RECEIPT: (PackageReceipt, PackageRefused),
    PackageType.ANSWERS: (*get_args(CaseAnswers), Statement, StatementCase, KeyOffer),
}

_MANIFEST_NAME: Final = re.compile(r"[0-9a-hjkmnp-tv-z]{26}(\.manifest|\.void)\.json")


class PackageError(PartnerError):
    """A package cannot be believed or is not complete; nothing of it was kept. The message says which obligation
    failed.
    """


class UnopenedError(PackageError):
    """Whole, as it was signed, and still not to be opened with what the recipient has: it never will be."""


class WaitingError(PackageError):
    """An earlier number has not arrived; the package is good for a later run."""


@dataclass(frozen=True, slots=True)
class Opener:
    """Who receives, from which direction, with which keys for each part, and whose signatures are trusted."""

    recipient: str
    direction: Direction
    identities: Mapping[Part, Sequence[AgeIdentity]]
    signers: tuple[AllowedSigner, ...]


class Signed(NamedTuple):
    """A manifest that its sender signed, and the SHA-256 of its raw bytes."""

    manifest: Manifest | VoidManifest
    digest: str


class Line(NamedTuple):
    """A message as it came: parsed, and its raw lines; an answer has no identity line. `document` goes with it, if any."""

    message: ToAgency | FromAgency
    raw: bytes
    identity: bytes
    document: bytes = b""


def announced(folder: Path) -> list[str]:
    """The names of manifests whose signature, which is written last, has arrived; other names are not looked at."""
    found = (path.name.removesuffix(SIGNATURE_SUFFIX) for path in folder.glob(f"*{SIGNATURE_SUFFIX}"))
    return sorted(name for name in found if _MANIFEST_NAME.fullmatch(name))


def read_manifest(folder: Path, name: str, opener: Opener) -> Signed:
    """Obligation 1. Raises PackageError."""
    raw = _read(folder / name, MAXIMUM_MANIFEST_BYTES)
    signature = _read(folder / f"{name}{SIGNATURE_SUFFIX}", MAXIMUM_SIGNATURE_BYTES)
    package_id, suffix = name[:26], name[26:]
    void = suffix == VOID_SUFFIX
    namespaces = (VOID_NAMESPACE,) if void else tuple(one.namespace for one in opener.direction.types)
    namespace, principals = _signed_by(raw, signature, package_id, namespaces, opener.signers)
    try:
        manifest = (VoidManifest if void else Manifest).model_validate_json(raw)
    except ValidationError:
        raise PackageError(f"package {package_id}: the signed manifest is not of this format version") from None
    # The principal is the manifest's sender: a trusted party cannot sign for another one.
    if manifest.sender not in principals or manifest.package_id != package_id:
        raise PackageError(f"package {package_id}: the manifest is signed by another party, or bears another id")
    if not void and manifest.package_type.namespace != namespace:
        raise PackageError(f"package {package_id}: the manifest is signed as another type of package")
    return Signed(manifest, hashlib.sha256(raw).hexdigest())


def raw_digest(folder: Path, name: str) -> str:
    """The SHA-256 of a manifest that is not believed: to know it again, and for nothing else. Raises PackageError."""
    return hashlib.sha256(_read(folder / name, MAXIMUM_MANIFEST_BYTES)).hexdigest()


def check_addressing(manifest: Addressing, opener: Opener) -> None:
    """Obligation 2. Raises PackageError."""
    if manifest.recipient != opener.recipient or manifest.direction is not opener.direction:
        raise PackageError(f"package {manifest.package_id} is addressed to another party")


def check_turn(manifest: Manifest | VoidManifest, last: int, now: datetime) -> None:
    """Obligations 3 and 4; `last` is the highest number from this sender of this type. Raises PackageError."""
    name = f"package {manifest.package_id}"
    if manifest.sequence <= last:
        raise PackageError(f"{name} repeats number {manifest.sequence}, which has been received")
    if manifest.sequence > last + 1:
        raise WaitingError(f"{name} has number {manifest.sequence}, but {last + 1} has not arrived: it waits")
    if isinstance(manifest, Manifest) and manifest.expires <= now:
        raise PackageError(f"{name} has expired: ask its sender to void it and send again")


def open_messages(folder: Path, manifest: Manifest, opener: Opener) -> Iterator[Line]:
    """Obligations 5 to 7: the messages, in order. Raises PackageError, at the latest after the last message."""
    paths = _check_files(folder, manifest)
    try:
        yield from _messages(paths, manifest, opener)
    except OSError:
        raise PackageError(f"package {manifest.package_id} does not open: a file of it went away") from None
    except (AgeError, FrameError, ValidationError) as error:
        reason = str(error) if isinstance(error, AgeError | FrameError) else "a line is not what its schema allows"
        raise UnopenedError(f"package {manifest.package_id} does not open: {reason}") from None


def _signed_by(
    raw: bytes, signature: bytes, package_id: str, namespaces: Sequence[str], signers: Sequence[AllowedSigner]
) -> tuple[str, set[str]]:
    """The namespace of the signature, and in whose name it was made: one key may sign for several entities."""
    principals: dict[str, set[str]] = {}
    reasons = set()
    for signer in signers:
        for namespace in namespaces:
            if signer.namespaces and namespace not in signer.namespaces:
                continue
            try:
                verify(raw, signature, signer.key, namespace)
            except SignatureError as error:
                reasons.add(str(error))
            else:
                principals.setdefault(namespace, set()).add(signer.principal)
    if principals:
        return next(iter(principals.items()))
    # A foreign key is said only if the purpose was right; a signature that does not fit is said before both.
    telling = reasons - {_ANOTHER_KEY, _ANOTHER_PURPOSE}
    stranger = _ANOTHER_KEY in reasons or not reasons
    reason = min(telling, default="no allowed signer made its signature" if stranger else _ANOTHER_PURPOSE)
    raise PackageError(f"package {package_id}: {reason}; ask its sender what was sent")


def _check_files(folder: Path, manifest: Manifest) -> dict[Part, Path]:
    paths = {}
    for file in manifest.files:
        path = folder / file.part.file_of(manifest.package_id)
        if file.name != path.name or file.part in paths:
            raise PackageError(f"package {manifest.package_id}: the manifest names a file that is not its own")
        try:
            with open_plain(path) as sealed:
                size = os.fstat(sealed.fileno()).st_size
                sha256 = hashlib.file_digest(sealed, "sha256").hexdigest() if size == file.size else ""
        except OSError:
            size = -1
        if size != min(file.size, MAXIMUM_SEALED_BYTES):
            raise PackageError(f"package {manifest.package_id}: the {file.part} file is missing or has another size")
        if not hmac.compare_digest(sha256, file.sha256):
            raise PackageError(f"package {manifest.package_id}: the {file.part} file has another content")
        paths[file.part] = path
    beside = {Part.DOCUMENTS} if manifest.package_type is PackageType.CASES else set()
    if set(paths) - beside != set(manifest.direction.parts):
        raise PackageError(f"package {manifest.package_id}: the manifest does not name all files of its direction")
    return paths


def _messages(paths: dict[Part, Path], manifest: Manifest, opener: Opener) -> Iterator[Line]:
    """The messages between headers and ends, once every header fits the manifest."""
    adapter = ToAgencyLine if manifest.direction is Direction.TO_AGENCY else FromAgencyLine
    with ExitStack() as stack:
        opened = {part: HashedReader(stack.enter_context(open_plain(path))) for part, path in paths.items()}
        streams = []
        for part in manifest.direction.parts:
            streams.append(lines(unseal(opened[part], opener.identities[part])))
            _check_header(next(streams[-1], b""), part, manifest)
        first, *others = streams
        document = _document(opened, opener)
        principal_open = 0
        for count, raw in enumerate(first):
            if count > MAXIMUM_MESSAGES:
                raise FrameError("more messages than any package holds")
            message = adapter.validate_json(raw)
            beside = [next(other, b"") for other in others]
            if isinstance(message, End):
                ends = [End.model_validate_json(end) for end in beside]
                _check_end(message, ends, count, principal_open, manifest.direction)
                break
            if not isinstance(message, _MESSAGES[manifest.package_type]):
                raise FrameError("a line of a type that this package may not hold")
            if beside:
                _check_identity(message, beside[0])
            principal_open += message.principal_open if isinstance(message, CaseNew) else 0
            yield Line(message, raw, b"".join(beside), enclosed(message, document))
        else:
            raise FrameError("a sealed file has no end line")
        if any(next(stream, None) is not None for stream in streams):
            raise FrameError("lines follow the end line")
        check_padding(document or ())
        if not all(hmac.compare_digest(opened[file.part].sha256(), file.sha256) for file in manifest.files):
            raise FrameError("a file was given another content while it was opened")


def _document(opened: dict[Part, HashedReader], opener: Opener) -> Iterator[bytes] | None:
    if Part.DOCUMENTS not in opened:
        return None
    return unseal(opened[Part.DOCUMENTS], opener.identities[Part.IDENTITIES])


def _check_end(end: End, others: Sequence[End], count: int, principal_open: int, direction: Direction) -> None:
    expected = principal_open if direction is Direction.TO_AGENCY else None
    if any(one.messages != count for one in (end, *others)) or end.principal_open != expected:
        raise FrameError("the counts at the end are not those of the messages")


def _check_identity(message: Strict, raw: bytes) -> None:
    """The identity line is the message's, and says of people exactly what the type allows."""
    line: IdentityLine | OpeningLine
    if isinstance(message, CaseNew) or (isinstance(message, CaseRectify) and b'"invoice_no"' in raw):
        line = IdentityLine.model_validate_json(raw)
    else:
        line = OpeningLine.model_validate_json(raw)
    if line.message_id != getattr(message, "message_id", None):
        raise FrameError("the two files do not hold the same messages in the same order")


def _check_header(raw: bytes, part: Part, manifest: Manifest) -> None:
    header = Header.model_validate_json(raw)
    same = all(getattr(header, name) == getattr(manifest, name) for name in Addressing.model_fields)
    # Over what was sent: a sender of another version may leave out what has a default here.
    mandate = None if header.mandate is None else hashlib.sha256(encode(json.loads(raw)["mandate"])).hexdigest()
    if header.part is not part or not same or mandate != manifest.mandate_digest:
        raise FrameError("the header line is another package's")


def _read(path: Path, limit: int) -> bytes:
    try:
        with open_plain(path) as file:
            content = file.read(limit + 1)
    except OSError:
        content = None
    if content is None or len(content) > limit:
        raise PackageError("a manifest or signature is missing, no plain file, or larger than any of ours")
    return content
