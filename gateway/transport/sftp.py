"""SFTP to one agency: paramiko behind a few verbs, so that nothing else of this project knows a network.

Rules: the host key is pinned and compared before anything of ours is sent, a name included; Ed25519 client key from
a file, no agent, no password; modern algorithms only; a timeout on every wait and a deadline around the whole; an
upload is read back and hashed before its rename, because the library's own check compares sizes only. Remote names
are ours. No error carries the text of another library.
"""

import hashlib
import hmac
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import paramiko
from paramiko.sftp_client import SFTPClient
from paramiko.ssh_exception import IncompatiblePeer

from gateway.errors import PartnerError
from gateway.transport.client_key import client_key
from gateway.transport.exchange import CLASSICAL_EXCHANGE, HYBRID_EXCHANGE, RecordingTransport

_CIPHERS: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr")
_MACS: Final = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
ANSWERS_FOLDER: Final = "answers"
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_READ_BYTES: Final = 1 << 15
_PART_SUFFIX: Final = ".part"
_NAME_LETTERS: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyz.")

_T = TypeVar("_T")


class TransportError(PartnerError):
    """The agency's server did not do what was asked; nothing was lost, and the package goes next time."""


class HostKeyError(TransportError):
    """The server has another host key than the pinned one; nothing was sent."""


class UnreachableError(TransportError):
    """The server does not answer, or the connection broke."""


class AuthenticationError(TransportError):
    """The server does not accept our client key."""


class DeadlineError(TransportError):
    """The whole took longer than the agency's profile allows."""


class ContentError(TransportError):
    """What was read back is not what was sent."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An agency's server. `host_key` is the pinned public key, `ssh-ed25519 AAAA…`; times in seconds."""

    host: str
    port: int
    user: str
    host_key: str
    client_key: Path
    remote_dir: str
    timeout_seconds: int
    deadline_seconds: int


class SftpTransport:
    """A connection as a context manager. Raises TransportErrors; keys.root.KeyFileError for an unusable client key."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._name = f"the server of {endpoint.host}, port {endpoint.port}"
        self._expired = False
        self._answered = threading.Event()
        self.key_exchange = ""

    @property
    def post_quantum(self) -> bool:
        """Whether the negotiated key exchange resists a quantum computer; if not, it is reported."""
        return self.key_exchange == HYBRID_EXCHANGE

    def __enter__(self) -> Self:
        our_key = client_key(self._endpoint.client_key)
        self._transport = self._connect()
        self._watchdog = threading.Timer(self._endpoint.deadline_seconds, self._expire)
        self._watchdog.daemon = True
        self._watchdog.start()
        try:
            self._negotiate()
            self._authenticate(our_key)
            self._sftp = self._do(self._open_sftp)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def upload(self, local: Path, name: str, sha256: str) -> None:
        """A file arrives whole under `name`, or not at all. Raises ContentError if it arrives altered."""
        part = _own(name) + _PART_SUFFIX
        size = local.stat().st_size
        self._do(lambda: self._sftp.put(str(local), part, confirm=False))
        found = self.digest(part, size, checked=True)
        if found is None or not hmac.compare_digest(found, sha256):
            raise ContentError(f"{self._name} holds other bytes than were sent; the file has no name there yet")
        self._do(lambda: self._sftp.posix_rename(part, name))

    def digest(self, name: str, size_limit: int, *, checked: bool = False) -> str | None:
        """SHA-256 of a remote file, read to the end; None if there is none. At most `size_limit` bytes are read.

        Raises ContentError for a file that is longer.
        """
        remote = name if checked else _own(name)

        def read() -> str | None:
            try:
                file = self._sftp.open(remote, "rb", bufsize=_READ_BYTES)
            except FileNotFoundError:
                return None
            with file:
                file.prefetch(min(file.stat().st_size or 0, size_limit + 1))
                hashed, count = hashlib.sha256(), 0
                while piece := file.read(_READ_BYTES):
                    hashed.update(piece)
                    count += len(piece)
                    if count > size_limit:
                        raise ContentError(f"{self._name} holds a longer file than was sent")
            return hashed.hexdigest()

        return self._do(read)

    def listing(self, limit: int, *, delivered: bool = False) -> list[str]:
        """At most `limit` names of answers, or of what we delivered, as the server gives them: data, never a path."""
        folder = "." if delivered else ANSWERS_FOLDER

        def names() -> list[str]:
            try:
                return [found.filename for found in islice(self._sftp.listdir_iter(folder), limit)]
            except FileNotFoundError:
                return []

        return self._do(names)

    def fetch(self, name: str, local: Path, size_limit: int, *, delivered: bool = False) -> bool:
        """An answer's file, or one we delivered, becomes a new private file of ours; False if there is none.

        Raises ContentError if it is longer.
        """
        remote = _own(name) if delivered else f"{ANSWERS_FOLDER}/{_own(name)}"

        def read() -> bool:
            try:
                file = self._sftp.open(remote, "rb", bufsize=_READ_BYTES)
            except FileNotFoundError:
                return False
            with file, os.fdopen(os.open(local, _NEW_FILE, 0o600), "wb") as kept:
                file.prefetch(min(file.stat().st_size or 0, size_limit + 1))
                while piece := file.read(_READ_BYTES):
                    if kept.tell() + len(piece) > size_limit:
                        raise ContentError(f"{self._name} offers a longer file than any answer; it was let go")
                    kept.write(piece)
            return True

        return self._do(read)

    def remove(self, name: str, *, answer: bool = False) -> None:
        """A file of ours, or an answer that was applied, is gone afterwards."""
        remote = f"{ANSWERS_FOLDER}/{_own(name)}" if answer else _own(name)

        def delete() -> None:
            with suppress(FileNotFoundError):
                self._sftp.remove(remote)

        self._do(delete)

    def _connect(self) -> RecordingTransport:
        endpoint = self._endpoint
        try:
            plain = socket.create_connection((endpoint.host, endpoint.port), timeout=endpoint.timeout_seconds)
        except OSError:
            raise UnreachableError(
                f"{self._name} cannot be reached: check host, port and firewall; what is sealed goes next time"
            ) from None
        transport = RecordingTransport(plain)
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = endpoint.timeout_seconds
        options = transport.get_security_options()
        options.kex = (HYBRID_EXCHANGE, CLASSICAL_EXCHANGE)
        options.ciphers, options.digests = _CIPHERS, _MACS
        options.key_types = (endpoint.host_key.split()[0],)
        return transport

    def _negotiate(self) -> None:
        """The key exchange and the pinned key, before a name or key of ours is shown."""
        try:
            self._transport.start_client(timeout=self._endpoint.timeout_seconds)
            # A handshake that only took too long shows here: start_client then returns as if all were well.
            found = self._transport.get_remote_server_key()
        except IncompatiblePeer:
            raise self._failure(
                HostKeyError(
                    f"{self._name} shows no host key of the pinned kind, or speaks no modern algorithm: nothing was "
                    "sent; ask the agency, and confirm a new key out of band"
                )
            ) from None
        except (paramiko.SSHException, EOFError, OSError):
            if self._transport.remote_version:
                raise self._failure(
                    UnreachableError(f"{self._name} broke the handshake off; it is tried again")
                ) from None
            raise self._failure(
                UnreachableError(f"{self._name} answers, but not as an SSH server: check host and port")
            ) from None
        if not hmac.compare_digest(f"{found.get_name()} {found.get_base64()}", self._endpoint.host_key):
            raise HostKeyError(
                f"{self._name} has another host key than the pinned one: nothing was sent; ask the agency, and confirm "
                "a new key out of band"
            )
        self.key_exchange = self._transport.negotiated

    def _authenticate(self, client_key: paramiko.PKey) -> None:
        # Whoever leaves the wait to paramiko cannot tell silence from a refusal.
        try:
            self._transport.auth_publickey(self._endpoint.user, client_key, self._answered)
        except (paramiko.SSHException, EOFError, OSError):
            raise self._failure(UnreachableError(f"{self._name} broke the connection off; it is tried again")) from None
        if not self._answered.wait(self._endpoint.timeout_seconds) or self._expired:
            raise self._failure(UnreachableError(f"{self._name} does not answer to our login; it is tried again"))
        if not self._transport.is_authenticated():
            if isinstance(self._transport.get_exception(), OSError):
                raise self._failure(UnreachableError(f"{self._name} broke the connection off; it is tried again"))
            raise AuthenticationError(f"{self._name} does not accept our client key: hand its .pub file to the agency")

    def _open_sftp(self) -> SFTPClient:
        # paramiko waits without bound for the subsystem and its greeting; closing the connection ends that wait.
        hurry = threading.Timer(self._endpoint.timeout_seconds, self._transport.close)
        hurry.daemon = True
        hurry.start()
        try:
            sftp = SFTPClient.from_transport(self._transport)
        finally:
            hurry.cancel()
        if sftp is None:
            raise TransportError(f"{self._name} offers no SFTP")
        channel = sftp.get_channel()
        if channel is not None:
            channel.settimeout(self._endpoint.timeout_seconds)
        sftp.chdir(self._endpoint.remote_dir)
        return sftp

    def _do(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except (EOFError, TimeoutError, ConnectionError, paramiko.SSHException):
            broken = UnreachableError(f"{self._name} broke the connection off; what is sealed goes next time")
            raise self._failure(broken) from None
        except FileNotFoundError:
            raise TransportError(f"{self._name}: the folder is not there: check remote_dir, or have it made") from None
        except OSError:
            if self._expired or not self._transport.is_active():
                broken = UnreachableError(f"{self._name} broke the connection off; what is sealed goes next time")
                raise self._failure(broken) from None
            raise TransportError(f"{self._name} refused a file: check folder, rights and space there") from None

    def _failure(self, failure: TransportError) -> TransportError:
        if self._expired:
            return DeadlineError(f"{self._name} took longer than deadline_seconds; what is sealed goes next time")
        return failure

    def _expire(self) -> None:
        self._expired = True
        self._transport.close()
        self._answered.set()

    def _close(self) -> None:
        self._watchdog.cancel()
        with suppress(Exception):
            self._transport.close()


def _own(name: str) -> str:
    if not name or not _NAME_LETTERS.issuperset(name):
        raise ValueError("a remote name has small letters, digits and dots only")
    return name
