"""Copies of the two databases: `gateway-000000012.db`, `vault-000000012.db`, each with a record beside it.

Rules: a copy is consistent, has no free pages, and bears its name only once it is whole; its record says of which
installation and generation it is, and which keys open it. Nothing of a copy is trusted before its digest is checked, and
a vault's copy counts only once every key in it has been opened. Copies of a vault end with their age, or when their epoch
key is destroyed.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError
from sqlalchemy.engine import Connection

from gateway.errors import IntegrityError, UsageError
from gateway.office import Office
from gateway.settings import Backup
from gateway.store.marks import StoreMark, read_mark
from keys.keyfile import KeyId
from keys.labels import Purpose
from keys.rewrap import open_all
from keys.ring import Keyring
from keys.root import read_private, replace_private, sync_directory
from keys.sqlite import copy_store, open_copy
from keys.vault_tables import Mark
from keys.wrap import WrapError
from schemas.base import Instant, Strict
from schemas.canonical import encode_model
from schemas.identifiers import Digest

_PIECE: Final = 1 << 20
Progress = Callable[[str, int], None]


class Which(StrEnum):
    """One of the two databases."""

    GATEWAY = "gateway"
    VAULT = "vault"


class Copy(Strict):
    """What is known of a copy. `epoch` opens the vault of that time; `record` is the newest in the erasure journal then."""

    format: Literal["inkasso-gateway copy 1"] = "inkasso-gateway copy 1"
    which: Which
    pair: KeyId
    generation: Annotated[int, Field(ge=1)]
    made: Instant
    sha256: Digest
    size: Annotated[int, Field(ge=1)]
    epoch: KeyId
    record: Annotated[int, Field(ge=0)]

    @property
    def name(self) -> str:
        """The copy's file."""
        return f"{self.which}-{self.generation:09}.db"


def backup_of(office: Office) -> Backup:
    """The configured backup. Raises UsageError."""
    if office.configuration.settings.backup is None:
        raise UsageError("no backup is configured: configure [backup] (docs/backup.md)")
    return office.configuration.settings.backup


def folder_of(office: Office, which: Which) -> Path:
    """Where copies of a database lie. Raises UsageError."""
    backup = backup_of(office)
    folder = office.configuration.path(backup.gateway if which is Which.GATEWAY else backup.vault)
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: mount its disk, or make it; a backup makes no folders")
    return folder


def make_copy(office: Office, which: Which, now: datetime) -> Copy:
    """A copy of a database as it is now. Raises UsageError, keys.sqlite.StoreError."""
    folder = folder_of(office, which)
    connection = office.connection if which is Which.GATEWAY else office.vault_connection
    with office.connection.begin(), office.vault_connection.begin():
        pair, generation = office.vault.mark(Mark.PAIR), read_mark(office.connection, StoreMark.GENERATION)
        epoch = office.vault.mark(Mark.EPOCH)
    part = folder / f"{which}.part"
    part.unlink(missing_ok=True)
    copy_store(connection, part)
    sha256, size = _digest(part)
    made = Copy(
        which=which,
        pair=pair,
        generation=int(generation or 0),
        made=now,
        sha256=sha256,
        size=size,
        epoch=epoch,
        record=office.outside.journal.head().record.number,
    )
    replace_private(folder / f"{made.name}.json", encode_model(made) + b"\n")
    part.rename(folder / made.name)
    sync_directory(folder)
    return made


def copies(folder: Path) -> Iterator[Copy]:
    """The copies of a folder, oldest first. Raises UsageError for a record that is none."""
    for path in sorted(folder.glob("*.db.json")):
        yield read_copy(path)


def read_copy(path: Path) -> Copy:
    """The record of a copy. Raises UsageError."""
    if not path.is_file():
        raise UsageError(f"{path} is missing: name a copy as `inkasso backup` made it, with its record beside it")
    try:
        found = Copy.model_validate_json(read_private(path))
    except ValidationError:
        raise UsageError(f"{path} is not the record of a copy of this version") from None
    if path.name != f"{found.name}.json":
        raise UsageError(f"{path} bears the name of another copy")
    return found


def require_whole(folder: Path, copy: Copy) -> Path:
    """A copy that is as it was written. Raises IntegrityError, UsageError."""
    path = folder / copy.name
    if not path.is_file():
        raise UsageError(f"{path} is missing, only its record is there: name another copy")
    if not hmac.compare_digest(_digest(path)[0], copy.sha256):
        raise IntegrityError(f"{path} is not as it was written: name another copy, and examine its disk")
    with open_copy(path).connect() as connection:
        require_sound(connection, path)
    return path


def prove_vault(folder: Path, copy: Copy, ring: Keyring, progress: Progress) -> int:
    """Opens every key of a vault's copy; how many it holds. Raises IntegrityError, KeyFileError."""
    path = require_whole(folder, copy)
    epoch = ring.by_id(Purpose.EPOCH, copy.epoch)
    try:
        with open_copy(path).connect() as connection, connection.begin():
            return open_all(connection, epoch, lambda keys: progress("keys of the copy opened", keys))
    except WrapError:
        raise IntegrityError(
            f"{path} holds a key that does not open: examine its disk, and do not rely on it"
        ) from None


def require_sound(connection: Connection, path: Path) -> None:
    """A database whose pages fit together. Raises IntegrityError."""
    if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
        raise IntegrityError(f"{path} is damaged: name another copy, and examine its disk")


def prune_vaults(office: Office, ring: Keyring, now: datetime) -> int:
    """Removes copies of the vault that are too old, or dead; how many."""
    folder, oldest = folder_of(office, Which.VAULT), now - timedelta(days=backup_of(office).vault_days)
    gone = [copy for copy in copies(folder) if copy.made < oldest or ring.is_destroyed(copy.epoch)]
    for copy in gone:
        (folder / copy.name).unlink(missing_ok=True)
        (folder / f"{copy.name}.json").unlink()
    sync_directory(folder)
    return len(gone)


def _digest(path: Path) -> tuple[str, int]:
    sha256 = hashlib.sha256()
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        while piece := file.read(_PIECE):
            sha256.update(piece)
        return sha256.hexdigest(), file.tell()
