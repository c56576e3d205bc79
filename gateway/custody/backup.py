"""`backup`: copies of both databases of one generation, proven, and of what lies outside them, newest over older.

The vault is copied first: a claim that is in it and not in the copy of `gateway.db` is held after a restore, and the other
way round it would be a claim without key.
"""

from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from audit.durable import replace_durably
from audit.store import append
from gateway.custody.copies import Copy, Progress, Which, folder_of, make_copy, prove_vault, prune_vaults, require_whole
from gateway.custody.generation import advance_generation
from gateway.errors import IntegrityError
from gateway.office import Office
from gateway.outside import CHECKPOINT_NAME, JOURNAL_NAME
from keys.references import new_id
from keys.ring import load_ring
from schemas.custody import StoresCopied

_ACTOR: Final = "system:backup"


class BackedUp(NamedTuple):
    """The two copies, how many keys the vault's opens, and how many older copies of the vault were removed."""

    gateway: Copy
    vault: Copy
    keys: int
    removed: int


def back_up(office: Office, now: datetime, progress: Progress) -> BackedUp:
    """Copies both databases and proves that the copies open. Raises UsageError, IntegrityError, StoreError."""
    folders = {which: folder_of(office, which) for which in Which}
    ring = load_ring(office.keys, office.root, ())
    vault, gateway = make_copy(office, Which.VAULT, now), make_copy(office, Which.GATEWAY, now)
    keys = prove_vault(folders[Which.VAULT], vault, ring, progress)
    with office.vault_connection.begin():
        if keys != office.vault.count():
            raise IntegrityError("the copy of the vault does not hold every key of the vault: do not rely on it")
    require_whole(folders[Which.GATEWAY], gateway)
    entry = StoresCopied(
        id=new_id(),
        time=now,
        actor=_ACTOR,
        generation=gateway.generation,
        copy_of_gateway=gateway.sha256,
        copy_of_vault=vault.sha256,
    )
    with office.connection.begin():
        append(office.connection, entry)
    advance_generation(office)
    for folder in folders.values():
        copy_outside(office, folder)
    return BackedUp(gateway, vault, keys, prune_vaults(office, ring, now))


def copy_outside(office: Office, folder: Path) -> None:
    """The erasure journal and the last checkpoint beside the copies: only the newest of either is of use."""
    office.outside.keep(office.connection, office.log)
    for name in (JOURNAL_NAME, CHECKPOINT_NAME):
        replace_durably(folder / name, (office.outside.folder / name).read_bytes())
