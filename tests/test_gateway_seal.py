"""Sealing: frames, padding and manifest, read back by our own hand and by Debian's tools."""

import hashlib
import json
import os
import subprocess
import tracemalloc
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forger import CREDITOR, IDENTITIES, KEY, MANDATE, NOW, canonical, case, ident, identity
from gateway.steps.frames import lines
from gateway.steps.seal import (
    MINIMUM_SEALED_BYTES,
    Envelope,
    Lines,
    PackageWriter,
    Sealed,
    padding_frame,
    padme,
)
from keys.age import unseal
from keys.recipients import X25519Identity
from keys.root import write_private
from keys.sshsig import sign, verify
from schemas.mandate import Mandate
from schemas.package import CASES_NAMESPACE, Addressing, Creditor, Direction, Manifest, PackageType, Part
from tools import tool

MESSAGES = [Lines(canonical(case(one)), canonical(identity(one)), 10050) for one in range(5)]
PACKAGE = ident(1)


def envelope(recipients: dict[Part, tuple[object, ...]] | None = None) -> Envelope:
    hybrid = {Part(part): (key.recipient,) for part, key in IDENTITIES.items()}
    return Envelope(
        addressing=Addressing(
            direction=Direction.TO_AGENCY,
            package_type=PackageType.CASES,
            package_id=PACKAGE,
            sequence=1,
            sender="nordlicht",
            recipient="ostsee",
        ),
        mandate=Mandate.model_validate_json(json.dumps(MANDATE)),
        creditor=Creditor.model_validate_json(json.dumps(CREDITOR)),
        recipients=recipients or hybrid,
        expires_days=14,
    )


def written(outbox: Path, *chunks: list[Lines], sealed_for: Envelope | None = None) -> Sealed:
    writer = PackageWriter(outbox, sealed_for or envelope())
    for chunk in chunks:
        writer.add(chunk)
    return writer.finish(lambda raw: sign(raw, KEY, CASES_NAMESPACE), NOW)


def stream(outbox: Path, part: str) -> bytes:
    content = (outbox / f"{PACKAGE}.{part}.jsonl.zst.age.part").read_bytes()
    return b"".join(unseal(BytesIO(content), [IDENTITIES[part]]))


@given(st.integers(MINIMUM_SEALED_BYTES, 1 << 34))
def test_a_padme_size_tells_little_and_costs_little(size: int) -> None:
    """At most 12 % more, never less; and a Padmé size is its own (PURBs, 2019, section 4)."""
    padded = padme(size)
    exponent = padded.bit_length() - 1

    assert size <= padded <= size * 1.12
    assert padme(padded) == padded
    assert padded % (1 << (exponent - exponent.bit_length())) == 0


@given(st.integers(0, 1 << 21))
def test_the_padding_frame_reaches_a_padme_size(compressed: int) -> None:
    """Whatever was compressed: one skippable frame of zero bytes up to such a size, 64 KiB at least."""
    frame = padding_frame(compressed)
    total = compressed + len(frame)

    assert frame[:4] == (0x184D2A50).to_bytes(4, "little")
    assert int.from_bytes(frame[4:8], "little") == len(frame) - 8
    assert not any(frame[8:])
    assert total == padme(total) >= MINIMUM_SEALED_BYTES
    assert total == padme(max(compressed + 8, MINIMUM_SEALED_BYTES))


def test_every_message_has_one_line_in_each_file_in_order(tmp_path: Path) -> None:
    """Header, messages, end: the same messages in the same order in both files, and the sums at the end."""
    written(tmp_path, MESSAGES[:2], [], MESSAGES[2:])
    cases, identities = (list(lines([stream(tmp_path, part)])) for part in ("cases", "identities"))

    assert cases[1:-1] == [one.case for one in MESSAGES]
    assert identities[1:-1] == [one.identity for one in MESSAGES]
    for part, found in (("cases", cases), ("identities", identities)):
        header = json.loads(found[0])
        assert header == header | {"type": "header", "part": part, "package_id": PACKAGE}
        assert header["mandate"] == header["mandate"] | MANDATE
    assert json.loads(cases[-1]) == {"type": "end", "messages": 5, "principal_open": 5 * 10050}
    assert json.loads(identities[-1]) == {"type": "end", "messages": 5}


def test_the_manifest_is_signed_over_what_lies_there(tmp_path: Path) -> None:
    """Size and digest of each ciphertext, the fingerprints of who can open it, no personal data; nothing is final yet."""
    sealed = written(tmp_path, MESSAGES)
    raw = (tmp_path / f"{PACKAGE}.manifest.json.part").read_bytes()
    signature = (tmp_path / f"{PACKAGE}.manifest.json.sig.part").read_bytes()
    manifest = Manifest.model_validate_json(verify(raw, signature, KEY.public_key(), CASES_NAMESPACE))

    assert manifest == sealed.manifest
    assert sealed.manifest_digest == hashlib.sha256(raw).hexdigest()
    assert [file.name for file in sealed.files][-2:] == [f"{PACKAGE}.manifest.json", f"{PACKAGE}.manifest.json.sig"]
    for file in sealed.files:
        content = (tmp_path / f"{file.name}.part").read_bytes()
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    for named in manifest.files:
        assert named.recipients == (IDENTITIES[named.part].recipient.fingerprint,)
        assert (named.size, named.sha256) in {(file.size, file.sha256) for file in sealed.files}
    assert {path.suffix for path in tmp_path.iterdir()} == {".part"}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_cases_and_identities_are_sealed_apart(tmp_path: Path) -> None:
    """Who can open the one cannot open the other, and no line of either lies in the outbox in clear."""
    written(tmp_path, MESSAGES)
    for part, other in (("cases", "identities"), ("identities", "cases")):
        content = (tmp_path / f"{PACKAGE}.{part}.jsonl.zst.age.part").read_bytes()
        with pytest.raises(ValueError, match="sealed to other recipients"):
            list(unseal(BytesIO(content), [IDENTITIES[other]]))

        assert b"Nordlicht" not in content


@given(st.lists(st.integers(0, 60), max_size=4))
def test_sizes_tell_little(counts: list[int]) -> None:
    """Packages of up to some hundred cases, however they are cut into chunks, have one size."""
    compressed = sum(counts) * 100

    assert len(padding_frame(compressed)) + compressed == MINIMUM_SEALED_BYTES


def test_debians_age_and_zstd_open_a_package_for_classic_recipients(tmp_path: Path) -> None:
    """`age -d | zstd -dc` gives the lines; the downgrade stands in the manifest."""
    keys = {part: X25519Identity.generate() for part in (Part.CASES, Part.IDENTITIES)}
    sealed = written(tmp_path, MESSAGES, sealed_for=envelope({part: (key.recipient,) for part, key in keys.items()}))
    for part, key in keys.items():
        write_private(tmp_path / f"{part}.key", f"{key.text()}\n".encode())
        file = tmp_path / f"{PACKAGE}.{part}.jsonl.zst.age.part"
        opened = subprocess.run(
            [tool("age"), "-d", "-i", str(tmp_path / f"{part}.key"), str(file)], capture_output=True, check=True
        )
        plain = subprocess.run([tool("zstd"), "-dc"], input=opened.stdout, capture_output=True, check=True).stdout
        own = [one.case if part is Part.CASES else one.identity for one in MESSAGES]

        assert plain.split(b"\n")[1:-2] == own
        assert len(opened.stdout) == MINIMUM_SEALED_BYTES
    assert sealed.manifest.post_quantum is False


def test_memory_is_bounded_by_the_chunk(tmp_path: Path) -> None:
    """Ten times the messages do not need more memory."""
    peaks = []
    for count in (3, 30):
        outbox = tmp_path / str(count)
        outbox.mkdir()
        tracemalloc.start()
        writer = PackageWriter(outbox, envelope())
        for number in range(count):
            noise = [os.urandom(300).hex().encode() for _ in range(500)]
            writer.add([Lines(b'{"n":%d,"x":"%s"}' % (number, one), b"{}", 1) for one in noise])
        writer.finish(lambda raw: b"", datetime(2026, 6, 30, tzinfo=UTC))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    size = sum(path.stat().st_size for path in (tmp_path / "30").iterdir())

    assert size > 4 << 20
    assert peaks[1] < peaks[0] * 1.5 + (1 << 20)


def test_a_name_that_exists_is_never_written_over(tmp_path: Path) -> None:
    """A `.part` of an earlier run is swept by its rules; sealing over it, or through a link, is an error."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / f"{PACKAGE}.cases.jsonl.zst.age.part").symlink_to(victim)
    with pytest.raises(FileExistsError):
        PackageWriter(tmp_path, envelope())

    assert victim.read_bytes() == b"mine"


def test_what_was_not_finished_does_not_open(tmp_path: Path) -> None:
    """A killed run leaves files without an end: nobody takes them for a package."""
    writer = PackageWriter(tmp_path, envelope())
    writer.add(MESSAGES * 200)
    writer.close()

    with pytest.raises(ValueError, match="altered or cut off"):
        stream(tmp_path, "cases")
    assert not list(tmp_path.glob("*manifest*"))
