"""Two creditors on one agency's server, as deploy/sshd-agency.conf sets it up: each has one folder, and nothing else."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paramiko.sftp_client import SFTPClient

from gateway.setup import openssh
from gateway.transport.client_key import client_key
from gateway.transport.sftp import AuthenticationError, Endpoint, HostKeyError, SftpTransport
from keys.root import write_private
from keys.sshsig import public_line
from servers import CANARY, LOOPBACK, endpoint, shared_server

KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    for number, name in enumerate(("nordlicht", "suedlicht"), 4)
}
KIT = 20_815  # the user id of both accounts, and of the kit that reads what they write
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="sshd shuts nobody into a folder but as root")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def port(home: Path) -> Iterator[int]:
    """The server, on which the other creditor has a package."""
    for name, key in KEYS.items():
        write_private(home / name, openssh(key))
    with shared_server(home, KEYS, KIT) as found:
        for folder in ("in", "in/answers"):
            (home / "srv" / "sftp" / "suedlicht" / folder / "secret").write_text(CANARY)
        yield found


def login(home: Path, port: int, user: str, key: str, **changes: Any) -> Endpoint:
    return endpoint(home, port, user=user, client_key=home / key, remote_dir="in", **changes)


@contextmanager
def session(port: int, user: str, key: Path) -> Iterator[tuple[paramiko.Transport, SFTPClient]]:
    """A client that is bound by none of our rules."""
    transport = paramiko.Transport((LOOPBACK, port))
    try:
        transport.connect(username=user, pkey=client_key(key))
        sftp = SFTPClient.from_transport(transport)
        assert sftp is not None
        yield transport, sftp
    finally:
        transport.close()


def test_each_creditor_has_its_own_folder_and_the_kit_reads_it(home: Path, port: int, tmp_path: Path) -> None:
    """What a creditor uploads lies in its own folder, the kit's and nobody else's to read."""
    (tmp_path / "file").write_bytes(b"sealed")
    digest = hashlib.sha256(b"sealed").hexdigest()
    for name in KEYS:
        with SftpTransport(login(home, port, name, name)) as transport:
            transport.upload(tmp_path / "file", f"of.{name}", digest)
            (home / "srv" / "sftp" / name / "in" / "answers" / "receipt").write_bytes(b"answer")
            assert transport.fetch("receipt", tmp_path / name, 100)
    found = {path.relative_to(home / "srv" / "sftp"): path.stat() for path in (home / "srv").rglob("of.*")}

    assert sorted(map(str, found)) == ["nordlicht/in/of.nordlicht", "suedlicht/in/of.suedlicht"]
    assert {(one.st_uid, stat.S_IMODE(one.st_mode)) for one in found.values()} == {(KIT, 0o600)}


@pytest.mark.parametrize(
    ("key", "user"),
    [("suedlicht", "nordlicht"), *(("nordlicht", user) for user in ("suedlicht", "root", "nobody", "elsewhere"))],
)
def test_a_creditors_key_logs_in_as_nobody_else(home: Path, port: int, key: str, user: str) -> None:
    """Neither as the other creditor nor as anybody of the machine."""
    with (
        pytest.raises(AuthenticationError, match="does not accept our client key"),
        SftpTransport(login(home, port, user, key)),
    ):
        pass


def test_another_servers_host_key_is_refused(home: Path, port: int) -> None:
    """Whoever answers in the agency's place is told nothing."""
    other = public_line(KEYS["suedlicht"].public_key())
    with (
        pytest.raises(HostKeyError, match="nothing was sent"),
        SftpTransport(login(home, port, "nordlicht", "nordlicht", host_key=other)),
    ):
        pass


WAYS_OUT = ("/srv/sftp/suedlicht/in/secret", "../../suedlicht/in/secret", "/../suedlicht/in/secret", "/etc/passwd")


def test_a_creditor_sees_and_writes_nothing_outside_its_folder(home: Path, port: int) -> None:
    """By no path and by no link: the root of what it sees holds its one folder, and belongs to root."""
    with session(port, "nordlicht", home / "nordlicht") as (_, sftp):
        assert sftp.listdir("/") == sftp.listdir("/../..") == ["in"]
        for number, path in enumerate(WAYS_OUT):
            sftp.symlink(path, f"in/link{number}")
            for way in (path, f"in/{path}", f"in/link{number}"):
                with pytest.raises(FileNotFoundError):
                    sftp.open(way, "rb")
                with pytest.raises(FileNotFoundError):
                    sftp.open(way, "wb")
        with pytest.raises(PermissionError):
            sftp.open("/new", "wb")

    assert (home / "srv" / "sftp" / "suedlicht" / "in" / "secret").read_text() == CANARY


@pytest.mark.parametrize("command", ["cat /srv/sftp/suedlicht/in/secret", "/bin/sh", "scp -f /in/x"])
def test_a_creditor_runs_nothing(home: Path, port: int, command: str) -> None:
    """Whatever command is asked for, the server says what it is for."""
    with session(port, "nordlicht", home / "nordlicht") as (transport, _):
        channel = transport.open_session()
        channel.exec_command(command)
        channel.settimeout(10)

        assert channel.recv(100) == b"This service allows sftp connections only.\n"


def test_a_creditor_gets_no_terminal_and_no_tunnel(home: Path, port: int) -> None:
    """The server is no way to another one."""
    with session(port, "nordlicht", home / "nordlicht") as (transport, _):
        channel = transport.open_session()
        with pytest.raises(paramiko.SSHException):
            channel.get_pty()
        with pytest.raises(paramiko.SSHException, match="prohibited"):
            transport.open_channel("direct-tcpip", (LOOPBACK, port), (LOOPBACK, 1))
        with pytest.raises(paramiko.SSHException):
            transport.request_port_forward(LOOPBACK, 0)
