"""The root key: from the service manager's credential directory, or from a file that only its owner can read.

Rules: a file of another owner, or that others may read, is refused; so is a symbolic link. Nothing is created but by
`create_root`, and that never overwrites; `replace_private` and `overwrite_private` are for files that exist.
"""

import os
import stat
from pathlib import Path
from typing import Final

from keys.labels import Label, keyed_digest
from keys.material import SECRET_BYTES, Secret
from schemas.identifiers import crockford

ROOT_KEY_NAME: Final = "root.key"
NEXT_ROOT_NAME: Final = "root.key.next"
_ID_BYTES: Final = 16
_HEX_CHARACTERS: Final = 2 * SECRET_BYTES


class KeyFileError(Exception):
    """A key cannot be used: missing, wrong owner or mode, or not a key. The message says which file and what to do."""


def read_private(path: Path) -> bytes:
    """The content of a key file. Raises KeyFileError if it is missing, a link, of another owner, or readable by others.

    At most 64 KiB are read: no key is larger.
    """
    try:
        # O_NONBLOCK: a named pipe under the name of a key would make the start wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyFileError(f"{path} is missing: restore it from its escrow copy; only `init` makes new keys") from None
    except OSError:
        raise KeyFileError(f"{path} cannot be opened: it must be a plain file that this user may read") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise KeyFileError(f"{path} must be a file of the user who runs this: chown it")
        if found.st_mode & 0o077:
            raise KeyFileError(f"{path} may be read by others: chmod 600 it, and replace the key if they could read it")
        return os.read(descriptor, 65536)
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes) -> None:
    """A new key file, mode 0600, durable when this returns. Raises FileExistsError rather than overwrite."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    sync_directory(path.parent)


def replace_private(path: Path, content: bytes) -> None:
    """A key file under the same name, the old one or the new one whatever happens; durable when this returns."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    write_private(part, content)
    part.rename(path)
    sync_directory(path.parent)


def overwrite_private(path: Path, content: bytes) -> None:
    """Like `replace_private`; then what lay under the name is overwritten with zeros."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        replace_private(path, content)
        os.pwrite(descriptor, bytes(size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Names given in a directory are durable when this returns."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def create_root(directory: Path) -> None:
    """A new root key in `directory`. Raises FileExistsError if there is one."""
    write_private(directory / ROOT_KEY_NAME, root_text(Secret.generate()))


def remove_private(path: Path) -> None:
    """A key file is gone, and its bytes are overwritten; harmless if there is none."""
    if path.exists():
        overwrite_private(path, b"")
        path.unlink()
        sync_directory(path.parent)


def load_root(directory: Path, credentials: Path | None) -> Secret:
    """The root key; a credential directory (systemd's LoadCredential) goes before the key directory.

    Raises KeyFileError.
    """
    path = (credentials or directory) / ROOT_KEY_NAME
    found = parse_root(read_private(path))
    if found is None:
        raise KeyFileError(f"{path} is not a root key: 64 hex digits are expected")
    return found


def next_root(directory: Path) -> Secret | None:
    """The root key that waits to take over; None if none does. Raises KeyFileError."""
    path = directory / NEXT_ROOT_NAME
    if not path.exists():
        return None
    found = parse_root(read_private(path))
    if found is None:
        raise KeyFileError(f"{path} is not a root key: remove it, and begin the rotation again")
    return found


def root_id(root: Secret) -> str:
    """The id of a root key: a keyed digest of a label, so that it tells keys apart, and nothing of them."""
    return crockford(int.from_bytes(keyed_digest(root, Label.ROOT_ID)[:_ID_BYTES]), 26).lower()


def root_text(root: Secret) -> bytes:
    """A root key as its file holds it."""
    return root.reveal().hex().encode() + b"\n"


def parse_root(content: bytes) -> Secret | None:
    """The root key of a file's content; None if it is none."""
    text = content.strip()
    try:
        return Secret(bytes.fromhex(text.decode("ascii"))) if len(text) == _HEX_CHARACTERS else None
    except ValueError:
        return None
