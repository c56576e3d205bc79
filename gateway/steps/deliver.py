"""Delivering: a sealed package reaches the agency once, however often this runs.

Rules: what leaves is first compared with what was committed; remote names follow from the package id, and what has
arrived is asked for before anything is sent; the files go in their order, the signature last; a remote file of the
same name and another content is never overwritten. Trying again is bounded, and only for a connection that failed.
"""

import hashlib
import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import stamina
from stamina.instrumentation import set_on_retry_hooks

from gateway.errors import IntegrityError, PartnerError
from gateway.transport.sftp import ContentError, UnreachableError

# stamina's default hooks log call arguments; here they are paths, but a log line is not the place for them.
set_on_retry_hooks([])


class ForeignFileError(PartnerError):
    """The server holds another file under a name of this package; nothing was overwritten."""


class LocalFileError(IntegrityError):
    """A file of the outbox is not what was sealed; nothing was sent."""


class Transport(Protocol):
    """What delivery needs of a server."""

    def upload(self, local: Path, name: str, sha256: str) -> None:
        """A file arrives whole under `name`, or not at all."""
        ...

    def digest(self, name: str, size_limit: int) -> str | None:
        """SHA-256 of what lies there under `name`; None if nothing does."""
        ...


@dataclass(frozen=True, slots=True)
class ParcelFile:
    """A sealed file as it was committed: size in bytes, SHA-256 in hex."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """The files of a package, the signature last."""

    package_id: str
    files: tuple[ParcelFile, ...]


def deliver(parcel: Parcel, transport: Transport) -> tuple[str, ...]:
    """Sends what has not arrived yet; the names sent now. Raises ForeignFileError, TransportErrors."""
    sent = []
    for file in parcel.files:
        try:
            found = transport.digest(file.name, file.size)
        except ContentError:
            found = ""
        if found is None:
            transport.upload(file.path, file.name, file.sha256)
            sent.append(file.name)
        elif not hmac.compare_digest(found, file.sha256):
            raise ForeignFileError(
                f"the server holds another file under a name of package {parcel.package_id}: ask the agency who put it "
                "there; nothing was overwritten"
            )
    return tuple(sent)


def deliver_with_retry(
    parcel: Parcel, connect: Callable[[], AbstractContextManager[Transport]], attempts: int
) -> tuple[str, ...]:
    """`deliver` over fresh connections, until it worked or `attempts` were made. Raises LocalFileError before any."""
    check_local(parcel)
    for attempt in stamina.retry_context(on=UnreachableError, attempts=attempts, timeout=None, wait_initial=0.2):
        with attempt, connect() as transport:
            return deliver(parcel, transport)
    raise AssertionError("a retry ends with a result or an error")


def check_local(parcel: Parcel) -> None:
    """The outbox holds what was committed. Raises LocalFileError."""
    for file in parcel.files:
        try:
            with file.path.open("rb") as content:
                same = hmac.compare_digest(hashlib.file_digest(content, "sha256").hexdigest(), file.sha256)
        except OSError:
            same = False
        if not same:
            raise LocalFileError(
                f"a file of package {parcel.package_id} in the outbox is not what was sealed: nothing was sent; "
                "restore the outbox from its disk"
            )
