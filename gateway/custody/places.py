"""Where a restore works: beside the databases, under names of its own, until both are put in place of today's.

A kill between the two renames leaves databases that are no companions, which no start accepts: `restore` is begun again.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from gateway.settings import Configuration
from keys.root import sync_directory

_BESIDE: Final = ".restoring"
_COMPANIONS: Final = ("-wal", "-shm")


def beside(configuration: Configuration) -> Configuration:
    """The configuration of the databases that are made fit."""
    stores = configuration.settings.stores
    names = {"gateway": f"{stores.gateway}{_BESIDE}", "vault": f"{stores.vault}{_BESIDE}"}
    changed = configuration.settings.model_copy(update={"stores": stores.model_copy(update=names)})
    return Configuration(changed, configuration.home)


def lay_out(configuration: Configuration, gateway: Path, vault: Path) -> None:
    """Copies of the copies, beside the databases; what an earlier restore left there is replaced."""
    remove(configuration)
    for copy, path in zip((gateway, vault), _paths(beside(configuration)), strict=True):
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb") as out:
            with copy.open("rb") as file:
                shutil.copyfileobj(file, out)
            out.flush()
            os.fsync(out.fileno())


def put_in_place(configuration: Configuration) -> None:
    """Both databases of today are replaced."""
    for fit, path in zip(_paths(beside(configuration)), _paths(configuration), strict=True):
        # A write-ahead log of the old database must not meet the new one.
        for suffix in _COMPANIONS:
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
        fit.replace(path)
        sync_directory(path.parent)


def remove(configuration: Configuration) -> None:
    """Nothing is left of a restore that was not carried out."""
    for path in _paths(beside(configuration)):
        for suffix in ("", *_COMPANIONS):
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


def _paths(configuration: Configuration) -> tuple[Path, Path]:
    stores = configuration.settings.stores
    return configuration.path(stores.gateway), configuration.path(stores.vault)
