"""Sealing: two age files and a signed manifest, written as `.part` until the package exists.

Rules: cases and identities are sealed to different recipients; every message has one line in each file, in the same
order; one zstd frame a chunk, then one skippable frame that brings the compressed stream to the next Padmé size, 64
KiB at least, so that sizes tell little (PURBs, 2019); the manifest names size and SHA-256 of each ciphertext and is
signed last (SSHSIG). Nothing here names a file `final`: that is done after the package has
been committed. No plaintext touches the disk. Memory is bounded by the chunk.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import zstandard

from gateway.store.packages import FileOfPackage
from keys.age import Recipient, Sealer
from keys.recipients import HybridRecipient, X25519Recipient
from keys.root import sync_directory
from schemas.answers import FromAgencyAdapter
from schemas.canonical import digest, encode, encode_model
from schemas.mandate import Mandate
from schemas.messages import IdentityLine, ToAgencyAdapter
from schemas.package import Addressing, Creditor, End, Header, Manifest, Part, SealedFile, Trail

MINIMUM_SEALED_BYTES: Final = 1 << 16
_SKIPPABLE_MAGIC: Final = 0x184D2A50
_SKIPPABLE_HEADER_BYTES: Final = 8

SCHEMA_DIGEST: Final = hashlib.sha256(
    encode(
        [model.model_json_schema() for model in (Header, IdentityLine, End)]
        + [adapter.json_schema() for adapter in (ToAgencyAdapter, FromAgencyAdapter)]
    )
).hexdigest()
"""What the lines of a package may be, in one digest."""

SealTo = HybridRecipient | X25519Recipient
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a package is, for whom, on whose instruction, and who can open which part."""

    addressing: Addressing
    mandate: Mandate | None
    creditor: Creditor | None
    recipients: dict[Part, tuple[SealTo, ...]]
    expires_days: int

    @property
    def post_quantum(self) -> bool:
        """Whether every recipient is hybrid; False is a downgrade the agency's profile asked for."""
        return all(isinstance(one, HybridRecipient) for part in self.recipients.values() for one in part)


@dataclass(frozen=True, slots=True)
class Lines:
    """One message as it is sealed: canonical JSON without line ends. `principal_open` in cents, for the end line.

    An answer has no identity line: its one line stands in `case`.
    """

    case: bytes
    identity: bytes = b""
    principal_open: int = 0


@dataclass(frozen=True, slots=True)
class Sealed:
    """A package that lies in the outbox under `.part` names, durable, and waits for its commit."""

    manifest: Manifest
    manifest_digest: str
    files: tuple[FileOfPackage, ...]


def padme(size: int) -> int:
    """The next Padmé size: at most 12 % more, and O(log log n) bits of size told."""
    exponent = size.bit_length() - 1
    free_bits = max(exponent - exponent.bit_length(), 0)
    mask = (1 << free_bits) - 1
    return (size + mask) & ~mask


def padding_frame(compressed: int) -> bytes:
    """The skippable zstd frame after `compressed` bytes: zero bytes up to the next Padmé size."""
    target = padme(max(compressed + _SKIPPABLE_HEADER_BYTES, MINIMUM_SEALED_BYTES))
    gap = target - compressed - _SKIPPABLE_HEADER_BYTES
    return _SKIPPABLE_MAGIC.to_bytes(4, "little") + gap.to_bytes(4, "little") + bytes(gap)


class _HashedFile:
    """A new private file whose size and SHA-256 are known when it is closed."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def close(self) -> None:
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def sha256(self) -> str:
        return self._hash.hexdigest()


class _SealedPart:
    """One sealed file in the making."""

    def __init__(self, path: Path, recipients: Sequence[Recipient]) -> None:
        self.file = _HashedFile(path)
        self._sealer = Sealer(self.file, recipients)
        self._compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
        self._compressed = 0

    def frame(self, lines: Iterable[bytes]) -> None:
        frame = self._compressor.compress(b"".join(line + b"\n" for line in lines))
        self._compressed += len(frame)
        self._sealer.write(frame)

    def finish(self) -> None:
        self._sealer.write(padding_frame(self._compressed))
        self._sealer.finish()
        self.file.close()


class _SealedDocument:
    """The sealed file of a document, padded with zero bytes: its message says how long it is."""

    def __init__(self, path: Path, recipients: Sequence[Recipient], content: bytes) -> None:
        self.file = _HashedFile(path)
        self._sealer = Sealer(self.file, recipients)
        self._sealer.write(content + bytes(padme(max(len(content), MINIMUM_SEALED_BYTES)) - len(content)))

    def finish(self) -> None:
        self._sealer.finish()
        self.file.close()


class PackageWriter:
    """Seals one package, chunk by chunk, into an outbox. Without `finish`, `.part` files stay, to be swept."""

    def __init__(self, outbox: Path, envelope: Envelope) -> None:
        self._outbox = outbox
        self._envelope = envelope
        self._messages = 0
        self._principal_open = 0
        self._document: _SealedDocument | None = None
        self._parts = {
            part: _SealedPart(part_path(outbox, self._name(part)), envelope.recipients[part])
            for part in envelope.addressing.direction.parts
        }
        for part, sealed in self._parts.items():
            sealed.frame([encode_model(self._header(part))])

    def close(self) -> None:
        """Lets go of the files; harmless after `finish`."""
        for sealed in self._files().values():
            sealed.file.close()

    def add(self, chunk: Sequence[Lines]) -> None:
        """Seals the messages of one chunk, one zstd frame a file."""
        if chunk:
            for part, sealed in self._parts.items():
                sealed.frame(lines.identity if part is Part.IDENTITIES else lines.case for lines in chunk)
            self._messages += len(chunk)
            self._principal_open += sum(lines.principal_open for lines in chunk)

    def enclose(self, document: bytes) -> None:
        """Seals the one document of the package, to those who can open identities; its message names it."""
        path = part_path(self._outbox, self._name(Part.DOCUMENTS))
        self._document = _SealedDocument(path, self._envelope.recipients[Part.IDENTITIES], document)

    def finish(self, sign: Sign, now: datetime, trail: Trail | None = None) -> Sealed:
        """Ends both files, writes manifest and signature; all are durable when this returns.

        `trail` is what the manifest shows of the sender's audit log.
        """
        for part, sealed in self._parts.items():
            principal_open = self._principal_open if part is Part.CASES else None
            sealed.frame([encode_model(End(messages=self._messages, principal_open=principal_open))])
            sealed.finish()
        if self._document is not None:
            self._document.finish()
        manifest = self._manifest(now, trail or Trail())
        raw = encode(manifest.model_dump(mode="json"))
        name = f"{self._envelope.addressing.package_id}.manifest.json"
        files = [FileOfPackage(file.name, file.size, file.sha256) for file in manifest.files]
        files += [
            write_private_file(part_path(self._outbox, one), one, content)
            for one, content in ((name, raw), (f"{name}.sig", sign(raw)))
        ]
        sync_directory(self._outbox)
        return Sealed(manifest, hashlib.sha256(raw).hexdigest(), tuple(files))

    def _manifest(self, now: datetime, trail: Trail) -> Manifest:
        files = tuple(
            SealedFile(
                part=part,
                name=self._name(part),
                size=sealed.file.size,
                sha256=sealed.file.sha256(),
                recipients=tuple(one.fingerprint for one in self._recipients(part)),
            )
            for part, sealed in self._files().items()
        )
        return Manifest(
            **self._addressing(),
            **dict(trail),
            created=now,
            expires=now + timedelta(days=self._envelope.expires_days),
            mandate_digest=None if self._envelope.mandate is None else digest(self._envelope.mandate),
            schema_digest=SCHEMA_DIGEST,
            post_quantum=self._envelope.post_quantum,
            files=files,
        )

    def _header(self, part: Part) -> Header:
        mandate, creditor = self._envelope.mandate, self._envelope.creditor
        return Header(**self._addressing(), part=part, mandate=mandate, creditor=creditor)

    def _addressing(self) -> dict[str, Any]:
        return dict(self._envelope.addressing)

    def _files(self) -> dict[Part, _SealedPart | _SealedDocument]:
        return {**self._parts, **({} if self._document is None else {Part.DOCUMENTS: self._document})}

    def _recipients(self, part: Part) -> tuple[SealTo, ...]:
        return self._envelope.recipients[Part.IDENTITIES if part is Part.DOCUMENTS else part]

    def _name(self, part: Part) -> str:
        return part.file_of(self._envelope.addressing.package_id)


def write_private_file(path: Path, name: str, content: bytes) -> FileOfPackage:
    """A new private file, durable when this returns, as a file of a package called `name`."""
    file = _HashedFile(path)
    file.write(content)
    file.close()
    return FileOfPackage(name, file.size, file.sha256())


def part_path(outbox: Path, name: str) -> Path:
    """Where a file of the outbox lies until its package exists."""
    return outbox / f"{name}.part"
