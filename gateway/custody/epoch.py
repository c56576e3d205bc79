"""Making erasures final: the survivors get another epoch key, and the old one goes in both places where it lies.

    1  a next epoch key is made, and the escrow copy holds it
    2  every key that the vault still holds is wrapped by it, in one transaction
    3  it becomes active, the old one retired
    4  the vault is copied, and every key in the copy is opened
    5  the escrow copy is written without the old key, then the old key is destroyed in the key directory
    6  an entry says so: from here on every older copy of the vault is dead

Until 6 an erasure is pending. Each step is harmless to repeat, and what is there tells which was reached, so a run that
was killed is finished by the next. Nobody's approval is needed: whoever approved the erasures approved this.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from audit.store import append, entries
from gateway.custody.copies import Copy, Progress, Which, folder_of, make_copy, prove_vault, prune_vaults
from gateway.custody.escrow import escrow_of, write_escrow
from gateway.custody.generation import advance_generation
from gateway.errors import IntegrityError
from gateway.office import Office
from gateway.store.marks import StoreMark, read_mark, set_mark
from keys.keyfile import KeyFile, KeyState, create_key, destroy_key, read_keys, set_state
from keys.labels import Purpose
from keys.references import new_id
from keys.rewrap import rewrap
from keys.ring import Keyring, load_ring
from keys.sqlite import truncate_log
from keys.vault_tables import Mark
from schemas.custody import EpochRotated

_ACTOR: Final = "system:rotation"


@dataclass(frozen=True, slots=True)
class Standing:
    """How final erasures are: the newest record of the erasure journal, and the newest one that is final.

    `under_way`: a rotation was begun and not finished. Until it is, the old key lies in both places, and nothing is final
    that was not before it.
    """

    newest: int
    final: int
    under_way: bool

    @property
    def pending(self) -> bool:
        """Whether copies of the vault may still open what was erased."""
        return self.newest > self.final or self.under_way


def standing_of(office: Office) -> Standing:
    """How final erasures are. Raises keys.journal.JournalError."""
    with office.connection.begin(), office.vault_connection.begin():
        wraps, logged = office.vault.mark(Mark.EPOCH), read_mark(office.connection, StoreMark.EPOCH)
        covered = int(office.vault.mark(Mark.RECORD))
    files = _epoch_keys(office)
    under_way = wraps != logged or any(file.state in {KeyState.NEXT, KeyState.RETIRED} for file in files)
    final = min(covered, _last_rotated(office)) if under_way else covered
    return Standing(office.outside.journal.head().record.number, final, under_way)


def _last_rotated(office: Office) -> int:
    """The record that the newest finished rotation covered; 0 for none."""
    with office.connection.begin():
        return max(
            (one.entry.record for one in entries(office.connection) if isinstance(one.entry, EpochRotated)), default=0
        )


def make_final(office: Office, now: datetime, progress: Progress, *, forced: bool = False) -> EpochRotated | None:
    """Rotates the epoch key if an erasure is pending, or a rotation was not finished; None if there was nothing to do.

    Raises UsageError if escrow or backup are not configured or cannot be written: erasures stay pending. Raises
    IntegrityError if the vault still holds a key that the erasure journal calls destroyed.
    """
    standing = standing_of(office)
    if not standing.pending and not forced:
        return None
    escrow_of(office)
    folder_of(office, Which.VAULT)
    following = _following(office, now)
    _rewrap(office, following, standing, progress)
    _take_over(office, following, now)
    ring = load_ring(office.keys, office.root, ())
    office.vault.use(ring)
    with office.vault_connection.begin():
        covered = int(office.vault.mark(Mark.RECORD))  # not the copy's: it may know of an erasure since the rewrapping
    copy, survivors = _proven_copy(office, ring, now, progress)
    replaced = _destroy_old(office, now)
    entry = EpochRotated(
        id=new_id(),
        time=now,
        actor=_ACTOR,
        copy_digest=copy.sha256,
        key=copy.epoch,
        record=covered,
        replaced=replaced,
        survivors=survivors,
    )
    with office.connection.begin():
        append(office.connection, entry)
        set_mark(office.connection, StoreMark.EPOCH, copy.epoch)
    prune_vaults(office, load_ring(office.keys, office.root, ()), now)
    return entry


def _epoch_keys(office: Office) -> list[KeyFile]:
    return [file for file in read_keys(office.keys) if file.purpose is Purpose.EPOCH]


def _following(office: Office, now: datetime) -> KeyFile:
    """The key that takes over: the one the vault stands under if a run was killed later on, else the next one."""
    files = _epoch_keys(office)
    with office.connection.begin(), office.vault_connection.begin():
        wraps, logged = office.vault.mark(Mark.EPOCH), read_mark(office.connection, StoreMark.EPOCH)
    if wraps != logged:
        return next(file for file in files if file.id == wraps)
    waiting = [file for file in files if file.state is KeyState.NEXT]
    following = (
        waiting[0]
        if waiting
        else create_key(office.keys, office.root, Purpose.EPOCH, now, state=KeyState.NEXT, follows=wraps)
    )
    write_escrow(office, now)
    return following


def _rewrap(office: Office, following: KeyFile, standing: Standing, progress: Progress) -> None:
    ring = load_ring(office.keys, office.root, ())
    with office.vault_connection.begin():
        wraps = office.vault.mark(Mark.EPOCH)
        if wraps == following.id:
            return
        _require_gone(office, standing)
        old, new = ring.by_id(Purpose.EPOCH, wraps), ring.by_id(Purpose.EPOCH, following.id)
        rewrap(office.vault_connection, old, new, lambda keys: progress("keys wrapped anew", keys))
        office.vault.set_mark(Mark.EPOCH, following.id)
        office.vault.set_mark(Mark.RECORD, str(standing.newest))


def _require_gone(office: Office, standing: Standing) -> None:
    """Nothing that the journal calls destroyed may survive. Raises IntegrityError."""
    for record in office.outside.journal.records():
        if record.number > standing.final and office.vault.holds(record.claims, record.scope):
            raise IntegrityError(
                f"the vault still holds a key of record {record.number} of the erasure journal: the erasure was not "
                "carried out; run `inkasso nightly`, which finishes it"
            )


def _take_over(office: Office, following: KeyFile, now: datetime) -> None:
    for file in _epoch_keys(office):
        if file.state is KeyState.ACTIVE and file.id != following.id:
            set_state(office.keys, file, KeyState.RETIRED, now)
    if following.state is KeyState.NEXT:
        set_state(office.keys, following, KeyState.ACTIVE, now)
    truncate_log(office.vault_connection)


def _proven_copy(office: Office, ring: Keyring, now: datetime, progress: Progress) -> tuple[Copy, int]:
    with office.vault_connection.begin():
        survivors = office.vault.count()
    copy = make_copy(office, Which.VAULT, now)
    if prove_vault(folder_of(office, Which.VAULT), copy, ring, progress) != survivors:
        raise IntegrityError("the copy of the vault does not hold every key of the vault: the old epoch key is kept")
    advance_generation(office)
    return copy, survivors


def _destroy_old(office: Office, now: datetime) -> str:
    """Escrow first: a key that is in neither place by accident would be the vault's end, so both were just proven."""
    files = _epoch_keys(office)
    old = [file for file in files if file.state is KeyState.RETIRED]
    write_escrow(office, now, frozenset(file.id for file in old))
    for file in old:
        destroy_key(office.keys, file, now)
    with office.connection.begin():
        return str(read_mark(office.connection, StoreMark.EPOCH))
