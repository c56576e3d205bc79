"""Receiving: what must hold before one message of a package is believed, in this order.

    1  the signature is the named sender's, over the raw bytes of the manifest, before one of them is parsed
    2  the package is addressed to us, in this direction, and has not expired
    3  it is the next of its sender and type: a repeated or older number is refused, a gap waits
    4  every sealed file is there with the size and SHA-256 the manifest names
    5  both files open with our keys to their last chunk; their frames, headers and ends say what the manifest says
    6  every message has one line in each file, in the same order, and no case or message came before

Only then are the two stores committed, identities first. No plaintext file exists. Receipts are the agency issue's; the
caller deletes nothing from the server.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from gateway.agency.frames import FrameError, lines
from gateway.agency.hashed import HashedReader
from gateway.agency.store import Arrived, CasesStore, IdentitiesStore
from gateway.errors import PartnerError
from keys.age import AgeError, Identity, unseal
from keys.sshsig import AllowedSigner, SignatureError, verify
from schemas.canonical import digest
from schemas.messages import CaseNew, IdentityLine
from schemas.package import CASES_NAMESPACE, Direction, End, Header, Manifest, Part, ToAgencyLine

CHUNK: Final = 4_000
_MAXIMUM_MANIFEST_BYTES: Final = 1 << 20
_MAXIMUM_SIGNATURE_BYTES: Final = 1 << 13
_MAXIMUM_SEALED_BYTES: Final = 1 << 30
_PACKAGE_ID: Final = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
MANIFEST_SUFFIX: Final = ".manifest.json"


class PackageError(PartnerError):
    """A package cannot be believed or is not complete; nothing of it was kept. The message says which obligation
    failed.
    """


@dataclass(frozen=True, slots=True)
class Reception:
    """What the agency receives with: its id, its keys for each part, whose signatures it trusts, and its stores."""

    recipient: str
    identities: dict[Part, Sequence[Identity]]
    signers: tuple[AllowedSigner, ...]
    cases: CasesStore
    persons: IdentitiesStore


@dataclass(frozen=True, slots=True)
class Received:
    """A package that has arrived whole."""

    package_id: str
    sender: str
    sequence: int
    messages: int


def announced(server: Path) -> list[str]:
    """The ids of packages whose signature, which is written last, has arrived; other names are not looked at."""
    suffix = f"{MANIFEST_SUFFIX}.sig"
    names = (path.name.removesuffix(suffix) for path in server.glob(f"*{suffix}"))
    return sorted(name for name in names if _PACKAGE_ID.fullmatch(name))


def read_manifest(server: Path, package_id: str, signers: Sequence[AllowedSigner]) -> tuple[Manifest, str]:
    """Obligation 1: the manifest, and its SHA-256. Raises PackageError."""
    raw = _read(server / f"{package_id}{MANIFEST_SUFFIX}", _MAXIMUM_MANIFEST_BYTES)
    signature = _read(server / f"{package_id}{MANIFEST_SUFFIX}.sig", _MAXIMUM_SIGNATURE_BYTES)
    principals = _signed_by(raw, signature, signers)
    if not principals:
        raise PackageError(f"package {package_id}: no allowed signer made its signature; ask the creditor what it sent")
    try:
        manifest = Manifest.model_validate_json(raw)
    except ValidationError:
        raise PackageError(f"package {package_id}: the signed manifest is not of this format version") from None
    # The principal is the manifest's sender: a trusted party cannot sign for another one.
    if manifest.sender not in principals or manifest.package_id != package_id:
        raise PackageError(f"package {package_id}: the manifest is signed by another party, or bears another id")
    return manifest, hashlib.sha256(raw).hexdigest()


def _signed_by(raw: bytes, signature: bytes, signers: Sequence[AllowedSigner]) -> set[str]:
    """The principals in whose name the signature was made: one key may sign for several entities of a creditor."""
    principals = set()
    for signer in signers:
        if not signer.namespaces or CASES_NAMESPACE in signer.namespaces:
            with suppress(SignatureError):
                verify(raw, signature, signer.key, CASES_NAMESPACE)
                principals.add(signer.principal)
    return principals


def receive(server: Path, manifest: Manifest, manifest_digest: str, reception: Reception, now: datetime) -> Received:
    """Obligations 2 to 6, then the stores; the caller commits identities, then cases. Raises PackageError."""
    _check_addressing(manifest, reception, now)
    paths = _check_files(server, manifest)
    count = 0
    try:
        for chunk in _chunks(_messages(paths, manifest, reception)):
            if _repeated(chunk) or reception.cases.known(chunk):
                raise PackageError(f"package {manifest.package_id}: a case or message was handed over before")
            reception.persons.add(manifest.package_id, chunk)
            reception.cases.add(manifest.package_id, chunk)
            count += len(chunk)
    except (AgeError, FrameError, ValidationError) as error:
        reason = str(error) if isinstance(error, AgeError | FrameError) else "a line is not what its schema allows"
        raise PackageError(f"package {manifest.package_id} does not open: {reason}") from None
    reception.cases.receive(manifest, manifest_digest, count, now)
    return Received(manifest.package_id, manifest.sender, manifest.sequence, count)


def _check_addressing(manifest: Manifest, reception: Reception, now: datetime) -> None:
    name = f"package {manifest.package_id}"
    if manifest.recipient != reception.recipient or manifest.direction is not Direction.TO_AGENCY:
        raise PackageError(f"{name} is addressed to another party")
    if manifest.expires <= now:
        raise PackageError(f"{name} has expired: ask the creditor to void it and send again")
    last = reception.cases.last_sequence(manifest.sender, manifest.package_type)
    if manifest.sequence <= last:
        raise PackageError(f"{name} repeats number {manifest.sequence}, which has been received")
    if manifest.sequence > last + 1:
        raise PackageError(f"{name} has number {manifest.sequence}, but {last + 1} has not arrived: it waits")


def _check_files(server: Path, manifest: Manifest) -> dict[Part, Path]:
    paths = {}
    for file in manifest.files:
        path = server / f"{manifest.package_id}.{file.part}.jsonl.zst.age"
        if file.name != path.name or file.part in paths:
            raise PackageError(f"package {manifest.package_id}: the manifest names a file that is not its own")
        if path.is_symlink() or not path.is_file() or path.stat().st_size != min(file.size, _MAXIMUM_SEALED_BYTES):
            raise PackageError(f"package {manifest.package_id}: the {file.part} file is missing or has another size")
        with path.open("rb") as sealed:
            if not hmac.compare_digest(hashlib.file_digest(sealed, "sha256").hexdigest(), file.sha256):
                raise PackageError(f"package {manifest.package_id}: the {file.part} file has another content")
        paths[file.part] = path
    if set(paths) != set(Direction.TO_AGENCY.parts):
        raise PackageError(f"package {manifest.package_id}: the manifest does not name both files")
    return paths


def _messages(paths: dict[Part, Path], manifest: Manifest, reception: Reception) -> Iterator[Arrived]:
    """The messages between headers and ends, once both headers fit the manifest."""
    with paths[Part.CASES].open("rb") as cases_file, paths[Part.IDENTITIES].open("rb") as identities_file:
        opened = {Part.CASES: HashedReader(cases_file), Part.IDENTITIES: HashedReader(identities_file)}
        cases, identities = (lines(unseal(file, reception.identities[part])) for part, file in opened.items())
        for part, stream in ((Part.CASES, cases), (Part.IDENTITIES, identities)):
            _check_header(Header.model_validate_json(next(stream, b"")), part, manifest)
        count, principal_open = 0, 0
        for raw_case in cases:
            case = ToAgencyLine.validate_json(raw_case)
            raw_identity = next(identities, b"")
            if isinstance(case, End):
                found = End.model_validate_json(raw_identity)
                if (case.messages, found.messages, case.principal_open) != (count, count, principal_open):
                    raise FrameError("the counts at the end are not those of the messages")
                break
            if not isinstance(case, CaseNew):
                raise FrameError("a second header")
            if IdentityLine.model_validate_json(raw_identity).message_id != case.message_id:
                raise FrameError("the two files do not hold the same messages in the same order")
            count, principal_open = count + 1, principal_open + case.principal_open
            yield Arrived(case.message_id, case.case_ref, raw_case, raw_identity)
        else:
            raise FrameError("the cases file has no end line")
        if any(next(stream, None) is not None for stream in (cases, identities)):
            raise FrameError("lines follow the end line")
        if not all(hmac.compare_digest(opened[file.part].sha256(), file.sha256) for file in manifest.files):
            raise FrameError("a file was given another content while it was opened")


def _check_header(header: Header, part: Part, manifest: Manifest) -> None:
    same = all(
        getattr(header, name) == getattr(manifest, name)
        for name in ("direction", "package_type", "package_id", "sequence", "sender", "recipient")
    )
    mandate_digest = None if header.mandate is None else digest(header.mandate)
    if header.part is not part or not same or mandate_digest != manifest.mandate_digest:
        raise FrameError("the header line is another package's")


def _repeated(chunk: Sequence[Arrived]) -> bool:
    return len({one.case_ref for one in chunk}) < len(chunk) or len({one.message_id for one in chunk}) < len(chunk)


def _read(path: Path, limit: int) -> bytes:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > limit:
        raise PackageError("a manifest or signature is missing, no plain file, or larger than any of ours")
    return path.read_bytes()


def _chunks(messages: Iterator[Arrived]) -> Iterator[list[Arrived]]:
    while chunk := list(islice(messages, CHUNK)):
        yield chunk
