"""SFTP servers for tests, on the loopback: OpenSSH's own, and one that misbehaves as it is told."""

import asyncio
import getpass
import logging
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.setup import openssh
from gateway.transport.sftp import Endpoint
from keys.root import write_private
from keys.sshsig import public_line
from tools import tool

LOOPBACK = "127.0.0.1"
HOST_KEY = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
CLIENT_KEY = Ed25519PrivateKey.from_private_bytes(bytes([2]) * 32)
CANARY = "Zyxwvutsrq"


def endpoint(home: Path, port: int, **changes: Any) -> Endpoint:
    """The server as the creditor's configuration names it; its client key lies in `home`."""
    client_key = home / "client_ed25519"
    if not client_key.exists():
        write_private(client_key, openssh(CLIENT_KEY))
    found: dict[str, Any] = {
        "host": LOOPBACK,
        "port": port,
        "user": getpass.getuser(),
        "host_key": public_line(HOST_KEY.public_key()),
        "client_key": client_key,
        "remote_dir": ".",
        "timeout_seconds": 10,
        "deadline_seconds": 30,
    }
    return Endpoint(**found | changes)


_SSHD = """\
ListenAddress {address}
Port {port}
HostKey {home}/host_ed25519
AuthorizedKeysFile {home}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
"""


def _free_port() -> int:
    if os.geteuid() == 0:
        # The one thing sshd insists on when it runs as root: an empty folder to lock its child into.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def _listening(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
                break
            time.sleep(0.02)
        assert process.poll() is None, "sshd does not start with this configuration"
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def openssh_server(home: Path) -> Iterator[int]:
    """Debian's sshd as this user, with its own configuration; its port."""
    port = _free_port()
    write_private(home / "host_ed25519", openssh(HOST_KEY))
    (home / "authorized_keys").write_text(f"{public_line(CLIENT_KEY.public_key())}\n")
    (home / "sshd_config").write_text(_SSHD.format(address=LOOPBACK, port=port, home=home))
    with _listening([tool("sshd"), "-D", "-e", "-f", str(home / "sshd_config")], port):
        yield port


_SHARED: Final = """\
ListenAddress {address}
Port {port}
HostKey /etc/ssh/host_ed25519
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
Include /etc/ssh/sshd_config.d/*.conf
"""
_PRIVATELY: Final = """\
mount --bind "$0/ssh" /etc/ssh; mount --bind "$0/srv" /srv; mount --bind "$0/passwd" /etc/passwd
exec "$1" -D -e -f /etc/ssh/sshd_config
"""


@contextmanager
def shared_server(home: Path, accounts: dict[str, Ed25519PrivateKey], uid: int) -> Iterator[int]:
    """Debian's sshd with deploy/sshd-agency.conf once an account, each with its key and all of one user id; its port.

    Accounts, `/etc/ssh` and `/srv` are the test's own, in a mount namespace: that, and a chroot, take root.
    """
    ssh, port = home / "ssh", _free_port()
    for folder in (ssh / "sshd_config.d", ssh / "inkasso", home / "srv"):
        folder.mkdir(mode=0o755, parents=True)
    passwd = Path("/etc/passwd").read_text()
    deployed = (Path(__file__).parent.parent / "deploy" / "sshd-agency.conf").read_text()
    for name, key in accounts.items():
        passwd += f"{name}:x:{uid}:{uid}::/:/usr/sbin/nologin\n"
        (ssh / "sshd_config.d" / f"inkasso-{name}.conf").write_text(deployed.replace("nordlicht", name))
        (ssh / "inkasso" / name).write_text(f"{public_line(key.public_key())}\n")
        inside = home / "srv" / "sftp" / name / "in"
        (inside / "answers").mkdir(parents=True)
        for folder in (inside, inside / "answers"):
            folder.chmod(0o700)
            os.chown(folder, uid, uid)
    (home / "passwd").write_text(passwd)
    write_private(ssh / "host_ed25519", openssh(HOST_KEY))
    (ssh / "sshd_config").write_text(_SHARED.format(address=LOOPBACK, port=port))
    with _listening([tool("unshare"), "--mount", "sh", "-euc", _PRIVATELY, str(home), tool("sshd")], port):
        yield port


@dataclass
class Misbehaviour:
    """What a server does wrong, and what it saw. `cut_after`: bytes written until the line breaks. `stall`: the name of
    the operation that is never answered.
    """

    cut_after: int | None = None
    flip: bool = False
    swallow: bool = False
    size: int | None = None
    stall: str = ""
    drip_seconds: float = 0.0
    endless: bool = False
    refuse: str = ""
    lose_rename: bool = False
    deny_client: bool = False
    mute_subsystem: bool = False
    reset_login: bool = False
    written: int = 0
    authentications: int = 0
    renamed: list[bytes] = field(default_factory=list)
    opened: list[Any] = field(default_factory=list)
    lines: list[Any] = field(default_factory=list)


class _Mute(asyncssh.SSHServerSession):
    def subsystem_requested(self, subsystem: str) -> bool:
        return True


class _Door(asyncssh.SSHServer):
    def __init__(self, behaviour: Misbehaviour) -> None:
        self._behaviour = behaviour

    def connection_made(self, conn: Any) -> None:
        self._behaviour.lines.append(conn)

    def begin_auth(self, username: str) -> bool:
        self._behaviour.authentications += 1
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: Any) -> bool:
        if self._behaviour.stall == "login":
            await asyncio.sleep(3600)
        if self._behaviour.reset_login:
            transport = self._behaviour.lines[-1]._transport
            linger = struct.pack("ii", 1, 0)  # what is closed like that is reset
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        return not self._behaviour.deny_client

    def session_requested(self) -> Any:
        return _Mute() if self._behaviour.mute_subsystem else False


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: Any, root: Path, behaviour: Misbehaviour) -> None:
        super().__init__(channel, chroot=str(root).encode())
        self._behaviour = behaviour
        self._line = channel.get_connection()

    async def _before(self, operation: str) -> None:
        if self._behaviour.stall == operation:
            await asyncio.sleep(3600)
        if self._behaviour.refuse == operation:
            raise asyncssh.SFTPFailure(f"no {operation} for {CANARY}")
        await asyncio.sleep(self._behaviour.drip_seconds)

    async def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        await self._before("open")
        found = super().open(path, pflags, attrs)
        self._behaviour.opened.append(found)
        return found

    async def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
        await self._before("write")
        behaviour = self._behaviour
        behaviour.written += len(data)
        if behaviour.cut_after is not None and behaviour.written > behaviour.cut_after:
            self._line.abort()
        if behaviour.flip:
            data = bytes([data[0] ^ 1]) + data[1:]
        return len(data) if behaviour.swallow else super().write(file_obj, offset, data)

    async def read(self, file_obj: Any, offset: int, size: int) -> Any:
        await self._before("read")
        return bytes(size) if self._behaviour.endless else super().read(file_obj, offset, size)

    async def fstat(self, file_obj: Any) -> Any:
        await self._before("stat")
        found = super().fstat(file_obj)
        if self._behaviour.size is None:
            return found
        return asyncssh.SFTPAttrs(size=self._behaviour.size, permissions=0o100600)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
        await self._before("rename")
        super().posix_rename(oldpath, newpath)
        self._behaviour.renamed.append(newpath)
        if self._behaviour.lose_rename:
            self._line.abort()


@contextmanager
def misbehaving_server(root: Path, behaviour: Misbehaviour, **options: Any) -> Iterator[int]:
    """A server over `root` that misbehaves; its port. `options` are asyncssh's, for its algorithms."""
    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    started: list[tuple[int, Callable[[], None]]] = []
    ready = threading.Event()

    async def serve() -> None:
        stop = asyncio.Event()
        factory = None if behaviour.mute_subsystem else lambda channel: _Files(channel, root, behaviour)
        server = await asyncssh.listen(
            LOOPBACK,
            0,
            server_factory=lambda: _Door(behaviour),
            **{"server_host_keys": [asyncssh.import_private_key(openssh(HOST_KEY))]} | options,
            sftp_factory=factory,
        )
        loop = asyncio.get_running_loop()
        started.append((server.get_port(), lambda: loop.call_soon_threadsafe(stop.set)))
        ready.set()
        await stop.wait()
        server.close()
        for line in behaviour.lines:
            line.abort()
        await asyncio.gather(*(line.wait_closed() for line in behaviour.lines))
        # A turn of the loop for each transport to close its socket.
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    port, stop = started[0]
    try:
        yield port
    finally:
        stop()
        thread.join(10)
        for file in behaviour.opened:
            file.close()


@contextmanager
def tarpit(greeting: bytes | None, *, close: bool) -> Iterator[int]:
    """A port that accepts, says `greeting` and then nothing, or closes."""
    listener = socket.create_server((LOOPBACK, 0))
    accepted: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                accepted.append(connection)
                if greeting:
                    connection.sendall(greeting)
                if close:
                    connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        for connection in accepted:
            connection.close()
