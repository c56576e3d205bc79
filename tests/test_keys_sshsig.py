"""SSH signatures against the real ssh-keygen, both ways, and against what an attacker changes."""

import base64
import subprocess
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from keys.root import write_private
from keys.sshsig import (
    SignatureError,
    allowed_signers_line,
    fingerprint,
    load_allowed_signers,
    parse_public_line,
    public_line,
    sign,
    verify,
)
from tools import tool

CASES = "cases@inkasso-gateway"
STOPS = "stops@inkasso-gateway"
MESSAGE = b'{"format":1}\n\x00\xff'
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
SIGNATURE = sign(MESSAGE, KEY, CASES)


def keygen(*arguments: str | Path, message: bytes) -> int:
    return subprocess.run(
        [tool("ssh-keygen"), *map(str, arguments)], input=message, capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize(
    ("namespace", "principal", "message", "accepted"),
    [
        (CASES, "shop.de-1", MESSAGE, True),
        (CASES, "shop.de-1", MESSAGE + b"\n", False),
        (CASES, "other", MESSAGE, False),
        (STOPS, "shop.de-1", MESSAGE, False),
    ],
    ids=("as made", "another message", "another party", "another purpose"),
)
def test_ssh_keygen_agrees_on_what_we_sign(
    tmp_path: Path, namespace: str, principal: str, message: bytes, accepted: bool
) -> None:
    """`ssh-keygen -Y verify` takes our signature and our allowed_signers line, for that purpose and party only."""
    (tmp_path / "allowed_signers").write_text(allowed_signers_line("shop.de-1", PUBLIC, [CASES]) + "\n")
    (tmp_path / "sig").write_bytes(SIGNATURE)
    where = ("-f", tmp_path / "allowed_signers", "-s", tmp_path / "sig")

    assert (keygen("-Y", "verify", "-I", principal, "-n", namespace, *where, message=message) == 0) is accepted


def test_ssh_keygen_finds_our_signature_whole(tmp_path: Path) -> None:
    """`check-novalidate` reads the armor, and the fingerprint it shows is ours."""
    (tmp_path / "sig").write_bytes(SIGNATURE)
    shown = subprocess.run(
        [tool("ssh-keygen"), "-Y", "check-novalidate", "-n", CASES, "-s", str(tmp_path / "sig")],
        input=MESSAGE,
        capture_output=True,
        check=True,
    )

    assert fingerprint(PUBLIC).encode() in shown.stdout


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_we_verify_what_ssh_keygen_signs(tmp_path: Path, size: int) -> None:
    """A signature by `ssh-keygen -Y sign` is verified, its namespace respected, and it equals ours byte for byte."""
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    write_private(tmp_path / "key", private)
    (tmp_path / "message").write_bytes(MESSAGE * size)
    code = keygen("-Y", "sign", "-f", tmp_path / "key", "-n", CASES, tmp_path / "message", message=b"")
    made = (tmp_path / "message.sig").read_bytes()

    assert code == 0
    assert verify(MESSAGE * size, made, PUBLIC, CASES) == MESSAGE * size
    assert made == sign(MESSAGE * size, KEY, CASES)
    with pytest.raises(SignatureError):
        verify(MESSAGE * size, made, PUBLIC, STOPS)


def test_a_signature_with_sha256_is_refused(tmp_path: Path) -> None:
    """One hash, one algorithm: what ssh-keygen may choose beside them is not accepted."""
    write_private(tmp_path / "key", KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    (tmp_path / "message").write_bytes(MESSAGE)
    options = ("-Y", "sign", "-O", "hashalg=sha256", "-f", tmp_path / "key", "-n", CASES)
    code = keygen(*options, tmp_path / "message", message=b"")

    assert code == 0
    with pytest.raises(SignatureError, match="not Ed25519 with SHA-512"):
        verify(MESSAGE, (tmp_path / "message.sig").read_bytes(), PUBLIC, CASES)


def test_public_lines_are_those_of_ssh_keygen(tmp_path: Path) -> None:
    """`ssh-keygen -y` prints the line we print for the same key; a comment behind it is ignored."""
    write_private(tmp_path / "key", KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    shown = subprocess.run(
        [tool("ssh-keygen"), "-y", "-f", str(tmp_path / "key")], capture_output=True, text=True, check=True
    ).stdout

    assert shown.split()[:2] == public_line(PUBLIC).split()
    assert parse_public_line(shown + " somebody@somewhere") == PUBLIC


def test_every_flipped_bit_of_a_signature_is_noticed() -> None:
    """Whatever bit of the armored signature is changed, it is refused: a signature has one spelling."""
    for place in range(8 * len(SIGNATURE)):
        changed = bytearray(SIGNATURE)
        changed[place // 8] ^= 1 << place % 8

        with pytest.raises(SignatureError):
            verify(MESSAGE, bytes(changed), PUBLIC, CASES)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_another_message_is_noticed(signed: bytes, shown: bytes) -> None:
    """The message is returned if it is the signed one; another one is refused."""
    signature = sign(signed, KEY, CASES)

    assert verify(signed, signature, PUBLIC, CASES) == signed
    if shown != signed:
        with pytest.raises(SignatureError):
            verify(shown, signature, PUBLIC, CASES)


@given(st.integers(0, len(SIGNATURE) - 1))
def test_a_cut_off_signature_is_refused(length: int) -> None:
    """No prefix of a signature is one."""
    with pytest.raises(SignatureError):
        verify(MESSAGE, SIGNATURE[:length], PUBLIC, CASES)


def test_another_key_and_what_follows_are_refused() -> None:
    """The key is the caller's, never the signature's; the blob ends where the signature does."""
    blob = base64.b64decode(b"".join(SIGNATURE.splitlines()[1:-1]))
    longer = base64.b64encode(blob + b"\x00")
    with pytest.raises(SignatureError, match="by another key"):
        verify(MESSAGE, SIGNATURE, Ed25519PrivateKey.generate().public_key(), CASES)
    lines = [longer[start : start + 70] for start in range(0, len(longer), 70)]
    armored = b"-----BEGIN SSH SIGNATURE-----\n" + b"\n".join(lines) + b"\n-----END SSH SIGNATURE-----\n"
    with pytest.raises(SignatureError, match="something follows"):
        verify(MESSAGE, armored, PUBLIC, CASES)


LINE = public_line(PUBLIC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"shop {LINE}", [("shop", ())]),
        (f'shop namespaces="{CASES}" {LINE} comment', [("shop", (CASES,))]),
        (
            f'# who\n\nshop namespaces="{CASES},{STOPS}" {LINE}\r\nother {LINE}\n',
            [("shop", (CASES, STOPS)), ("other", ())],
        ),
    ],
    ids=map(str, count()),
)
def test_allowed_signers_are_read(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    """A line is one principal with one key, for all or for named purposes."""
    assert [(one.principal, one.namespaces) for one in load_allowed_signers(text)] == expected
    assert all(one.key == PUBLIC for one in load_allowed_signers(text))


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        "shop",
        f"shop,other {LINE}",
        f"* {LINE}",
        f"sh?p {LINE}",
        f"!shop {LINE}",
        f'"a shop" {LINE}',
        f"shop cert-authority {LINE}",
        f'shop valid-before="20300101" {LINE}',
        f'shop namespaces="" {LINE}',
        f'shop namespaces="{CASES}',
        f'shop namespaces="{CASES},"  {LINE}',
        f'shop namespaces="{CASES}",valid-before="20300101" {LINE}',
        "shop ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==",
        f"shop {LINE[:-4]}",
        "shop ssh-ed25519 !!!!",
        "shop ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x1f" + bytes(31)).decode(),
    ],
    ids=map(str, count()),
)
def test_what_is_not_understood_is_refused_and_not_repeated(line: str) -> None:
    """An option that is not honoured would widen the trust: the file is refused."""
    with pytest.raises(SignatureError) as caught:
        load_allowed_signers(line)

    assert LINE[20:] not in str(caught.value)
