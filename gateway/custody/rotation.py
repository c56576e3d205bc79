"""The life of the other purpose keys: a next one is made, takes over, and the retired one may be destroyed.

    index, marker     stacked, see `custody.stacking`: a kill between the two databases leaves both readable
    log-signing       the entry that names the next key is signed by the one before it; the log names the key it stands under
    package-signing   made next, so that its line can be given to the agencies and confirmed; takes over when told to
    journal-signing   takes over with a line of the erasure journal that it signs, over all lines before it
    epoch, root       `custody.epoch`, after erasures; `custody.root`

Every step is harmless to repeat: a rotation that was killed is finished by giving the same command again. A retired index or
marker key is never destroyed, because digests stand on it, nor one that signed the journal, whose old lines it proves; any
other retired signing key signs nothing, and may be.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.note import NoteSigner
from audit.store import append
from gateway.custody.epoch import standing_of
from gateway.custody.escrow import escrow_of, successor, write_escrow
from gateway.custody.stacking import stack_store, stack_vault
from gateway.errors import UsageError
from gateway.office import Office
from gateway.outside import log_signer, open_journal
from gateway.people.approvals import Given, Preview, actor_of, settle
from gateway.settings import Configuration
from gateway.store.digests import DIGESTS
from gateway.store.marks import StoreMark, read_mark, set_mark
from keys.keyfile import KeyFile, KeyState, create_key, destroy_key, read_keys, set_state
from keys.labels import Purpose
from keys.references import new_id
from keys.ring import load_ring
from keys.sqlite import truncate_log
from keys.sshsig import allowed_signers_line
from keys.vault_tables import VAULT_DIGESTS, Mark
from schemas.approval import Approved
from schemas.custody import KeyDestroyed, KeyRotated
from schemas.entry import LogKeyRotated
from schemas.package import Direction

ROTATED: Final = (
    Purpose.INDEX,
    Purpose.MARKER,
    Purpose.PACKAGE_SIGNING,
    Purpose.LOG_SIGNING,
    Purpose.JOURNAL_SIGNING,
)
"""The keys that are rotated by hand; `gateway.db` says under the same names which one took over last."""
_DESTROYERS: Final = 2


def public_key(office: Office, file: KeyFile) -> Ed25519PublicKey:
    """The public half of a signing key."""
    return Ed25519PrivateKey.from_private_bytes(file.open(office.root).reveal()).public_key()


def next_key(office: Office, purpose: Purpose, now: datetime) -> KeyFile:
    """The key of a purpose that waits for its turn; made, and put into escrow, if there is none. Raises UsageError."""
    escrow_of(office)
    waiting = _of(office, purpose, KeyState.NEXT)
    if waiting:
        return waiting[0]
    follows = office.ring.key_id(purpose)
    made = create_key(office.keys, office.root, purpose, now, state=KeyState.NEXT, follows=follows)
    write_escrow(office, now)
    return made


def unfinished(office: Office) -> str | None:
    """A purpose whose rotation was killed on its way; a key that only waits is not."""
    with office.connection.begin(), office.vault_connection.begin():
        took_over = [(purpose, read_mark(office.connection, StoreMark(purpose))) for purpose in ROTATED]
        took_over += [(purpose, office.vault.mark(Mark(purpose))) for purpose in VAULT_DIGESTS]
        following_root = successor(office)
    if following_root is not None:
        return StoreMark.ROOT
    return next((purpose for purpose, key in took_over if key not in {None, _active(office, purpose)}), None)


def signer_lines(configuration: Configuration, key: Ed25519PublicKey) -> list[str]:
    """A signing key as agencies must know it: a line for their allowed_signers, one an entity."""
    entities = configuration.settings.entities
    return [allowed_signers_line(one.id, key, Direction.TO_AGENCY.namespaces) for one in entities]


def take_over_preview(purpose: Purpose, following: KeyFile) -> Callable[[datetime], Preview]:
    """The preview of a rotation."""
    lines = (f"let {purpose} key {following.id} take over", "The one before it signs and wraps nothing any more.")
    return lambda made: Preview("key rotate", made, lines)


def take_over(office: Office, purpose: Purpose, given: Given, now: datetime) -> None:
    """The next key of a purpose takes over, approved by one actor. Raises UsageError, ApprovalError."""
    (following,) = _of(office, purpose, KeyState.NEXT)
    mark = StoreMark(purpose)
    with office.connection.begin():
        if read_mark(office.connection, mark) != following.id:
            approved = settle(take_over_preview(purpose, following), given, office, now)
            _log_rotation(office, following, approved, now)
            if purpose in DIGESTS:
                stack_store(office, purpose, following.id)
            else:
                set_mark(office.connection, mark, following.id)
    _follow(office, purpose, following, now)
    for file in _of(office, purpose, KeyState.ACTIVE):
        set_state(office.keys, file, KeyState.RETIRED, now)
    set_state(office.keys, following, KeyState.ACTIVE, now)
    for connection in (office.connection, office.vault_connection):
        truncate_log(connection)


def destruction(file: KeyFile) -> Callable[[datetime], Preview]:
    """The preview of a destruction."""
    lines = (
        f"destroy {file.purpose} key {file.id}, made {file.created:%Y-%m-%d}",
        "It is gone in the key directory and in the escrow copy. What it alone opens is dead for ever.",
    )
    return lambda made: Preview("key destroy", made, lines)


def retired_key(office: Office, key_id: str) -> KeyFile:
    """A key that may be destroyed. Raises UsageError."""
    found = next((file for file in read_keys(office.keys) if file.id == key_id), None)
    if found is None:
        raise UsageError("the key directory holds no key of that id: see `inkasso key list`")
    if found.state is not KeyState.RETIRED:
        raise UsageError(f"that key is {found.state}: only a retired key can be destroyed")
    if found.purpose not in {Purpose.PACKAGE_SIGNING, Purpose.LOG_SIGNING}:
        raise UsageError(
            "stored digests stand on a retired index or marker key, a retired journal-signing key proves old lines of the "
            "erasure journal, and `inkasso nightly` destroys an epoch key once its successor is proven: only a retired "
            "package-signing or log-signing key can be destroyed by hand"
        )
    return found


def destroy(office: Office, key_id: str, given: Given, now: datetime) -> None:
    """A retired key is gone for good, approved by two actors. Raises UsageError, ApprovalError."""
    escrow_of(office)
    file = retired_key(office, key_id)
    if file.purpose is Purpose.LOG_SIGNING:
        office.readings.follow(now)
    with office.connection.begin():
        approved = settle(destruction(file), given, office, now, _DESTROYERS)
        entry = KeyDestroyed(
            id=new_id(), time=now, actor=actor_of(approved), purpose=file.purpose, key=file.id, approved=approved
        )
        append(office.connection, entry)
    write_escrow(office, now, frozenset({file.id}))
    destroy_key(office.keys, file, now)


def _active(office: Office, purpose: Purpose) -> str | None:
    return next((file.id for file in _of(office, purpose, KeyState.ACTIVE)), None)


def _of(office: Office, purpose: Purpose, state: KeyState) -> list[KeyFile]:
    return [file for file in read_keys(office.keys) if file.purpose is purpose and file.state is state]


def _follow(office: Office, purpose: Purpose, following: KeyFile, now: datetime) -> None:
    """What lies outside `gateway.db` goes over to the key; harmless to repeat."""
    match purpose:
        case Purpose.INDEX | Purpose.MARKER:
            with office.vault_connection.begin():
                stack_vault(office, purpose, following.id)
        case Purpose.LOG_SIGNING:
            office.log.sign_with(_log_signer(office, following))
        case Purpose.JOURNAL_SIGNING:
            _hand_journal_over(office, following, now)


def _hand_journal_over(office: Office, following: KeyFile, now: datetime) -> None:
    """The line names no claim: where all erasures were final, they still are."""
    standing = standing_of(office)
    ring = load_ring(office.keys, office.root, ())
    head = open_journal(office.outside.folder, ring).take_over(following.id, now)
    if not standing.pending:
        with office.vault_connection.begin():
            office.vault.set_mark(Mark.RECORD, str(head.record.number))


def _log_rotation(office: Office, following: KeyFile, approved: Approved, now: datetime) -> None:
    entry = KeyRotated(
        id=new_id(),
        time=now,
        actor=actor_of(approved),
        purpose=following.purpose,
        key=following.id,
        replaced=following.follows or "",
        approved=approved,
    )
    append(office.connection, entry)
    if following.purpose is Purpose.LOG_SIGNING:
        log_key = str(_log_signer(office, following).key)
        append(office.connection, LogKeyRotated(id=new_id(), time=now, actor=actor_of(approved), log_key=log_key))


def _log_signer(office: Office, following: KeyFile) -> NoteSigner:
    return log_signer(load_ring(office.keys, office.root, ()), office.log.origin, following.id)
