"""The age format against vectors made by others, and against what an attacker changes."""

import hashlib
import io
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.age import (
    CHUNK_BYTES,
    AgeError,
    HeaderError,
    HmacError,
    NoMatchError,
    NotSupportedError,
    PayloadError,
    Sealer,
    unseal,
)
from keys.recipients import HybridIdentity, X25519Identity, parse_identity
from keys.root import write_private
from tools import tool

VECTORS = Path(__file__).parent / "vectors" / "age"
REASONS = {
    "no match": NoMatchError,
    "HMAC failure": HmacError,
    "header failure": HeaderError,
    "payload failure": PayloadError,
}


@dataclass(frozen=True)
class Vector:
    name: str
    headers: dict[str, list[str]]
    file: bytes


def load(path: Path) -> Vector:
    text, _, body = path.read_bytes().partition(b"\n\n")
    headers: dict[str, list[str]] = {}
    for line in text.decode().splitlines():
        key, _, value = line.partition(": ")
        headers.setdefault(key, []).append(value)
    if headers.get("compressed") == ["zlib"]:
        body = zlib.decompress(body)
    return Vector(path.name, headers, body)


ALL = [load(path) for path in sorted(VECTORS.iterdir()) if path.suffix != ".md"]
KEYED = [vector for vector in ALL if "passphrase" not in vector.headers]
PASSPHRASE = [vector for vector in ALL if "passphrase" in vector.headers]


def opened(vector: Vector) -> tuple[bytes, type[AgeError] | None]:
    identities = [parse_identity(text) for text in vector.headers.get("identity", [])]
    plain = b""
    try:
        for chunk in unseal(io.BytesIO(vector.file), identities):
            plain += chunk
    except AgeError as error:
        return plain, type(error)
    return plain, None


def test_all_binary_vectors_are_here() -> None:
    """85 vectors with keys, and those with a passphrase, are run."""
    assert len(KEYED) == 85
    assert len(PASSPHRASE) == 25


@pytest.mark.parametrize("vector", KEYED, ids=lambda vector: vector.name)
def test_vector_gives_the_expected_result(vector: Vector) -> None:
    """Each vector opens, or fails for exactly the reason its authors give; what came out before is what they expect."""
    (expected,) = vector.headers["expect"]
    plain, reason = opened(vector)

    assert reason == REASONS.get(expected)
    if expected in ("success", "payload failure") and "payload" in vector.headers:
        assert hashlib.sha256(plain).hexdigest() == vector.headers["payload"][0]


@pytest.mark.parametrize("vector", PASSPHRASE, ids=lambda vector: vector.name)
def test_passphrase_files_are_not_supported(vector: Vector) -> None:
    """A file for a passphrase is refused as not supported; two vectors do not get as far as being one."""
    earlier = {"scrypt_not_canonical_body": HeaderError, "scrypt_uppercase": NoMatchError}
    _, reason = opened(vector)

    assert reason is earlier.get(vector.name, NotSupportedError)


def sealed(plain: bytes, *identities: HybridIdentity | X25519Identity) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out, [identity.recipient for identity in identities])
    sealer.write(plain)
    sealer.finish()
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
@pytest.mark.parametrize("kind", [HybridIdentity, X25519Identity])
def test_open_gives_back_what_was_sealed(kind: type[HybridIdentity] | type[X25519Identity], size: int) -> None:
    """seal then open is the identity, at every boundary of a chunk, for each of several recipients."""
    first, second = kind.generate(), kind.generate()
    plain = bytes(range(256)) * (size // 256 + 1)
    file = sealed(plain[:size], first, second)

    for identity in (first, second):
        assert b"".join(unseal(io.BytesIO(file), [identity])) == plain[:size]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 7])
def test_debians_age_opens_what_we_seal(tmp_path: Path, size: int) -> None:
    """`age -d -i` of another implementation opens a file of ours for X25519 recipients, for each of them."""
    plain = hashlib.shake_256(b"plain").digest(size)
    identities = X25519Identity.generate(), X25519Identity.generate()
    file = sealed(plain, *identities)
    for number, identity in enumerate(identities):
        write_private(tmp_path / str(number), f"{identity.text()}\n".encode())
        opened_by = subprocess.run(
            [tool("age"), "-d", "-i", str(tmp_path / str(number))], input=file, capture_output=True, check=True
        )

        assert opened_by.stdout == plain


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 7])
def test_we_open_what_debians_age_seals(size: int) -> None:
    """`age -r` of another implementation seals for our recipients; both open it, a third identity does not."""
    plain = hashlib.shake_256(b"plain").digest(size)
    identities = X25519Identity.generate(), X25519Identity.generate()
    recipients = [word for identity in identities for word in ("-r", str(identity.recipient))]
    file = subprocess.run([tool("age"), *recipients], input=plain, capture_output=True, check=True).stdout

    for identity in identities:
        assert b"".join(unseal(io.BytesIO(file), [identity])) == plain
    with pytest.raises(NoMatchError):
        list(unseal(io.BytesIO(file), [X25519Identity.generate(), HybridIdentity.generate()]))


def test_hybrid_and_classic_recipients_never_share_a_file() -> None:
    """A classic recipient would take from the file what the hybrid ones give it."""
    with pytest.raises(ValueError, match="all are hybrid or all are classic"):
        sealed(b"", HybridIdentity.generate(), X25519Identity.generate())
    with pytest.raises(ValueError, match="at least one recipient"):
        sealed(b"")


IDENTITY = HybridIdentity.generate()
FILE = sealed(b"x" * 2000, IDENTITY)


@settings(max_examples=300)
@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    """No altered byte anywhere in a sealed file leads to an accepted one."""
    changed = FILE[:place] + bytes([FILE[place] ^ change]) + FILE[place + 1 :]

    with pytest.raises(AgeError):
        list(unseal(io.BytesIO(changed), [IDENTITY]))


@pytest.mark.parametrize("length", [*range(0, len(FILE), 97), len(FILE) - 1])
def test_a_cut_off_file_is_noticed(length: int) -> None:
    """A file ends only where its last chunk says so; appended bytes are an error too."""
    with pytest.raises(AgeError):
        list(unseal(io.BytesIO(FILE[:length]), [IDENTITY]))
    with pytest.raises(AgeError):
        list(unseal(io.BytesIO(FILE + bytes(1 + length % 3)), [IDENTITY]))


def test_a_header_without_end_is_bounded() -> None:
    """A header that never ends is refused after a bounded number of bytes."""
    endless = io.BytesIO(b"age-encryption.org/v1\n" + b"-> x\n\n" * 1_000_000)

    with pytest.raises(HeaderError):
        list(unseal(endless, [IDENTITY]))
    assert endless.tell() < 1 << 20
