"""The transport against OpenSSH's sshd, and against a server that cuts, lies, stalls, refuses, or is somebody else."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.setup import openssh
from gateway.steps.deliver import Parcel, ParcelFile, deliver_with_retry
from gateway.transport.exchange import CLASSICAL_EXCHANGE, HYBRID_EXCHANGE
from gateway.transport.sftp import (
    AuthenticationError,
    ContentError,
    DeadlineError,
    Endpoint,
    HostKeyError,
    SftpTransport,
    TransportError,
    UnreachableError,
)
from keys.root import KeyFileError, write_private
from keys.sshsig import public_line
from servers import CANARY, Misbehaviour, endpoint, misbehaving_server, openssh_server, tarpit

NAME = "p.cases.jsonl.zst.age"
CONTENT = hashlib.shake_256(b"content").digest(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes([3]) * 32)
# paramiko asks ahead in a thread of its own, which may still be asking when we have closed the connection.
pytestmark = pytest.mark.filterwarnings("ignore:.*_prefetch_thread:pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The server's folder."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """The file that is sent."""
    path = tmp_path / "local"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def sshd(tmp_path: Path, root: Path) -> Iterator[Endpoint]:
    """OpenSSH's own server."""
    with openssh_server(tmp_path) as port:
        yield endpoint(tmp_path, port, remote_dir=str(root))


def test_a_file_arrives_at_openssh(sshd: Endpoint, root: Path, local: Path) -> None:
    """Uploaded, read back, renamed; asked for again, it is there, and nothing else is."""
    with SftpTransport(sshd) as transport:
        assert transport.digest(NAME, len(CONTENT)) is None
        transport.upload(local, NAME, SHA256)
        found = transport.digest(NAME, len(CONTENT))

        assert transport.key_exchange in {HYBRID_EXCHANGE, CLASSICAL_EXCHANGE}
        assert transport.post_quantum is (transport.key_exchange == HYBRID_EXCHANGE)
    assert found == SHA256
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {NAME: CONTENT}


def test_what_openssh_holds_is_told_as_it_is(sshd: Endpoint, root: Path, local: Path) -> None:
    """An empty, a shorter and a longer file under our name; a left-over `.part`; a folder that is not there."""
    (root / "empty").write_bytes(b"")
    (root / "short").write_bytes(b"x")
    (root / "long").write_bytes(CONTENT + b"x")
    (root / f"{NAME}.part").write_bytes(b"left over, and longer than what follows" * 20_000)
    with SftpTransport(sshd) as transport:
        assert transport.digest("empty", 10) == hashlib.sha256(b"").hexdigest()
        assert transport.digest("short", 10) == hashlib.sha256(b"x").hexdigest()
        with pytest.raises(ContentError, match="longer file"):
            transport.digest("long", len(CONTENT))
        transport.upload(local, NAME, SHA256)
    assert (root / NAME).read_bytes() == CONTENT
    with (
        pytest.raises(TransportError, match="the folder is not there"),
        SftpTransport(replace(sshd, remote_dir="/nowhere")),
    ):
        pass


def test_another_key_of_ours_does_not_get_in(sshd: Endpoint, tmp_path: Path, root: Path) -> None:
    """OpenSSH refuses a client key it does not know, and the message says what to do."""
    write_private(tmp_path / "other", openssh(OTHER))
    with (
        pytest.raises(AuthenticationError, match="hand its"),
        SftpTransport(replace(sshd, client_key=tmp_path / "other")),
    ):
        pass
    (tmp_path / "other").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"), SftpTransport(replace(sshd, client_key=tmp_path / "other")):
        pass
    with (
        pytest.raises(KeyFileError, match="not in the escrow copy"),
        SftpTransport(replace(sshd, client_key=tmp_path / "gone")),
    ):
        pass
    assert list(root.iterdir()) == []


def test_openssh_under_another_key_or_name_is_not_ours(sshd: Endpoint, root: Path) -> None:
    """A server whose key is not the pinned one is told nothing, and our key opens our own account alone."""
    with (
        pytest.raises(HostKeyError, match="nothing was sent"),
        SftpTransport(replace(sshd, host_key=public_line(OTHER.public_key()))),
    ):
        pass
    with pytest.raises(AuthenticationError, match="hand its"), SftpTransport(replace(sshd, user="nobody")):
        pass

    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("algorithms", "expected"),
    [({}, HYBRID_EXCHANGE), ({"kex_algs": ["curve25519-sha256@libssh.org"]}, CLASSICAL_EXCHANGE)],
    ids=["modern", "older"],
)
def test_the_negotiated_exchange_is_remembered(
    tmp_path: Path, root: Path, algorithms: dict[str, Any], expected: str
) -> None:
    """A classical exchange is allowed, and told apart from a hybrid one."""
    with (
        misbehaving_server(root, Misbehaviour(), **algorithms) as port,
        SftpTransport(endpoint(tmp_path, port)) as transport,
    ):
        assert transport.key_exchange == expected
        assert transport.post_quantum is (expected == HYBRID_EXCHANGE)


@pytest.mark.parametrize("kind", ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"])
def test_a_pinned_key_of_every_kind_that_may_be_configured_is_honoured(tmp_path: Path, root: Path, kind: str) -> None:
    """Beside Ed25519 the configuration takes ECDSA keys; the server is made to show the pinned kind."""
    key = asyncssh.generate_private_key(kind)
    pinned = " ".join(key.export_public_key().decode().split()[:2])
    own = asyncssh.import_private_key(openssh(OTHER))
    with (
        misbehaving_server(root, Misbehaviour(), server_host_keys=[own, key]) as port,
        SftpTransport(endpoint(tmp_path, port, host_key=pinned)) as transport,
    ):
        assert transport.digest(NAME, 1) is None


@pytest.mark.parametrize(
    "algorithms",
    [
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
        {"kex_algs": ["ecdh-sha2-nistp256", "diffie-hellman-group14-sha256"]},
        {"encryption_algs": ["aes128-cbc", "aes256-cbc", "3des-cbc"]},
        {"encryption_algs": ["aes256-ctr"], "mac_algs": ["hmac-sha1", "hmac-md5"]},
        {"encryption_algs": ["chacha20-poly1305@openssh.com"]},
    ],
    ids=["SHA-1", "no 25519", "CBC", "weak MAC", "Terrapin's cipher"],
)
def test_a_server_with_weak_algorithms_only_learns_nothing(
    tmp_path: Path, root: Path, algorithms: dict[str, Any]
) -> None:
    """No connection is made down to what is weak: not a name, not a key, not a byte of a package is sent."""
    behaviour = Misbehaviour()
    with misbehaving_server(root, behaviour, **algorithms) as port:
        with (
            pytest.raises(HostKeyError, match="no modern algorithm: nothing was sent"),
            SftpTransport(endpoint(tmp_path, port)),
        ):
            pass
        assert behaviour.authentications == 0


def test_a_wrong_host_key_ends_before_a_name_is_shown(tmp_path: Path, root: Path, local: Path) -> None:
    """Zero authentication attempts, zero bytes of a package, one connection: there is no trust on first use."""
    behaviour = Misbehaviour()
    with misbehaving_server(root, behaviour) as port:
        wrong = endpoint(tmp_path, port, host_key=public_line(OTHER.public_key()))
        parcel = Parcel("p", (ParcelFile(NAME, local, len(CONTENT), SHA256),))
        with pytest.raises(HostKeyError, match="another host key than the pinned one: nothing was sent") as caught:
            deliver_with_retry(parcel, lambda: SftpTransport(wrong), 3)

    assert caught.value.exit_code == 4
    assert (behaviour.authentications, behaviour.written) == (0, 0)
    assert list(root.iterdir()) == []


def uploading(tmp_path: Path, root: Path, local: Path, behaviour: Misbehaviour, **changes: Any) -> str:
    """An upload to a server that misbehaves: the kind and the text of its failure, or nothing."""
    with misbehaving_server(root, behaviour) as port:
        try:
            with SftpTransport(endpoint(tmp_path, port, **changes)) as transport:
                transport.upload(local, NAME, SHA256)
        except TransportError as failure:
            assert failure.__context__ is None or failure.__suppress_context__
            return f"{type(failure).__name__}: {failure}"
    return ""


FAULTS: dict[str, tuple[Misbehaviour, tuple[type[TransportError], ...]]] = {
    "cut at once": (Misbehaviour(cut_after=0), (UnreachableError,)),
    "cut in the middle": (Misbehaviour(cut_after=150_000), (UnreachableError,)),
    "cut before the last byte": (Misbehaviour(cut_after=len(CONTENT) - 1), (UnreachableError,)),
    "a flipped byte": (Misbehaviour(flip=True), (ContentError,)),
    "bytes swallowed under a faked size": (Misbehaviour(swallow=True, size=len(CONTENT)), (ContentError, UnreachableError)),
    "a rename refused": (Misbehaviour(refuse="rename"), (TransportError,)),
    "no space": (Misbehaviour(refuse="write"), (TransportError, ContentError)),
    "an open refused": (Misbehaviour(refuse="open"), (TransportError,)),
    "a read refused": (Misbehaviour(refuse="read"), (TransportError,)),
    "an endless file": (Misbehaviour(endless=True), (ContentError,)),
    "an endless file that claims to be large": (Misbehaviour(endless=True, size=1 << 40), (ContentError,)),
    "a client it does not let in": (Misbehaviour(deny_client=True), (AuthenticationError,)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_misbehaving_server_never_gets_a_file_under_its_name(
    tmp_path: Path, root: Path, local: Path, name: str
) -> None:
    """One clear kind of failure, without a word of the server's or of another library; no final name comes to be."""
    behaviour, expected = FAULTS[name]
    told = uploading(tmp_path, root, local, behaviour)

    assert told.split(":")[0] in {kind.__name__ for kind in expected}
    assert CANARY not in told
    assert not (root / NAME).exists()
    assert behaviour.renamed == []


STALLS: dict[str, Misbehaviour] = {
    "the login is never answered": Misbehaviour(stall="login"),
    "writes are never answered": Misbehaviour(stall="write"),
    "opening is never answered": Misbehaviour(stall="open"),
    "reading back is never answered": Misbehaviour(stall="read"),
    "the rename is never answered": Misbehaviour(stall="rename"),
    "the subsystem is mute": Misbehaviour(mute_subsystem=True),
}


@pytest.mark.parametrize("name", STALLS)
def test_every_wait_has_a_timeout(tmp_path: Path, root: Path, local: Path, name: str) -> None:
    """A server that stops answering, at whatever step, costs timeout_seconds and not the night."""
    told = uploading(tmp_path, root, local, STALLS[name], timeout_seconds=1, deadline_seconds=600)

    assert told.startswith("UnreachableError")
    assert not (root / NAME).exists()


def test_a_connection_that_is_reset_during_the_login_is_no_refused_key(tmp_path: Path, root: Path, local: Path) -> None:
    """It is tried again, and nobody is told to hand a key out."""
    assert uploading(tmp_path, root, local, Misbehaviour(reset_login=True)).startswith("UnreachableError")


def test_a_slow_server_meets_the_deadline(tmp_path: Path, root: Path, local: Path) -> None:
    """Each answer comes in time, and the whole does not: the deadline ends it, and the wait for a login as well."""
    told = uploading(tmp_path, root, local, Misbehaviour(drip_seconds=0.5), timeout_seconds=60, deadline_seconds=1)

    login = uploading(tmp_path, root, local, Misbehaviour(stall="login"), timeout_seconds=60, deadline_seconds=1)

    assert told.startswith("DeadlineError")
    assert login.startswith("DeadlineError")
    assert "deadline_seconds" in told
    assert not (root / NAME).exists()


@pytest.mark.parametrize("size", [0, 1, len(CONTENT) - 1])
def test_a_lie_about_a_size_changes_nothing(tmp_path: Path, root: Path, local: Path, size: int) -> None:
    """What was read to the end counts, not what a server says of it."""
    assert uploading(tmp_path, root, local, Misbehaviour(size=size)) == ""
    assert (root / NAME).read_bytes() == CONTENT


def test_a_rename_whose_answer_is_lost_is_not_sent_again(tmp_path: Path, root: Path, local: Path) -> None:
    """The client sees an error and the file is there: asking first finishes the delivery without a second file."""
    behaviour = Misbehaviour(lose_rename=True)
    parcel = Parcel("p", (ParcelFile(NAME, local, len(CONTENT), SHA256),))
    with misbehaving_server(root, behaviour) as port:
        sent = deliver_with_retry(parcel, lambda: SftpTransport(endpoint(tmp_path, port)), 3)

    assert sent == ()
    assert len(behaviour.renamed) == 1
    assert (root / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("pit", "hint"),
    [
        (tarpit(None, close=False), "not as an SSH server"),
        (tarpit(b"HTTP/1.1 400 Bad Request\r\n\r\n", close=True), "not as an SSH server"),
        (tarpit(None, close=True), "not as an SSH server"),
        (tarpit(b"SSH-2.0-Pit\r\n", close=False), "broke the handshake off"),
        (tarpit(b"SSH-2.0-Pit\r\n", close=True), "broke the handshake off"),
    ],
    ids=["silent", "another protocol", "closing", "silent after its name", "closing after its name"],
)
def test_a_port_that_is_no_server_is_unreachable(tmp_path: Path, pit: AbstractContextManager[int], hint: str) -> None:
    """It is tried again, and it is not mistaken for a server with another key."""
    with (
        pit as port,
        pytest.raises(UnreachableError, match=hint),
        SftpTransport(endpoint(tmp_path, port, timeout_seconds=1)),
    ):
        pass


def test_a_port_where_nobody_listens_is_unreachable(tmp_path: Path) -> None:
    """The message says what to check."""
    with tarpit(None, close=True) as port:
        pass
    with (
        pytest.raises(UnreachableError, match="check host, port and firewall"),
        SftpTransport(endpoint(tmp_path, port)),
    ):
        pass


@pytest.mark.parametrize("name", ["", "../x", "a/b", "/etc/x", "A", "a b", "a\n", "a\0", "ä"])
def test_a_remote_name_is_never_a_path(tmp_path: Path, root: Path, local: Path, name: str) -> None:
    """Names are ours: small letters, digits and dots."""
    with misbehaving_server(root, Misbehaviour()) as port, SftpTransport(endpoint(tmp_path, port)) as transport:
        with pytest.raises(ValueError, match="a remote name has"):
            transport.upload(local, name, SHA256)
        with pytest.raises(ValueError, match="a remote name has"):
            transport.digest(name, 1)


def test_only_an_ed25519_key_file_opens_a_connection(tmp_path: Path) -> None:
    """What is no key is refused before anything is dialled, and not repeated."""
    write_private(tmp_path / "no key", CANARY.encode())
    with (
        pytest.raises(KeyFileError, match="not an Ed25519 client key") as caught,
        SftpTransport(endpoint(tmp_path, 1, client_key=tmp_path / "no key")),
    ):
        pass

    assert CANARY not in str(caught.value)


def test_each_fault_has_its_own_kind() -> None:
    """A deadline, another key and a broken line are told apart, and each is the partner's."""
    kinds = {UnreachableError, AuthenticationError, ContentError, DeadlineError, HostKeyError}

    assert all(issubclass(kind, TransportError) and kind.exit_code == 4 for kind in kinds)
    assert not any(issubclass(one, other) for one in kinds for other in kinds if one is not other)
