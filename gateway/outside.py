"""What lies outside both databases: the last checkpoint and the erasure journal, and what they say at a start.

Rules: the checkpoint is written after the commit that made it, and before a package leaves; a database that is smaller
than it, or has another root at its size, is older or another one, and is refused. A vault that was left behind by the
journal would bring erased people back, and is refused too. Both refusals say what an administrator has to do.
"""

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import Connection

from audit.checkpoint import Checkpoint, CheckpointError, open_checkpoint, parse_checkpoint
from audit.durable import replace_durably
from audit.entry import decode
from audit.log import Log, LogError
from audit.note import ED25519, NoteError, NoteSigner, VerifierKey, parse_key
from audit.store import entries, rotations
from gateway.errors import IntegrityError, UsageError
from gateway.store.marks import StoreMark, read_mark
from keys.journal import Journal
from keys.labels import Purpose
from keys.material import Secret
from keys.ring import Keyring
from schemas.entry import LogKeyRotated, StoreCreated
from schemas.readings import ReadingsBegun

CHECKPOINT_NAME: Final = "checkpoint"
JOURNAL_NAME: Final = "erasures"
_OLDER: Final = (
    "gateway.db is older than {outside}, or another one: what was logged, sent or erased since then is missing in it. "
    "Do not go on with it. If this is a backup, run `inkasso restore`; if not, put the newest gateway.db back"
)


class Outside(NamedTuple):
    """The folder of the last checkpoint and of the erasure journal."""

    folder: Path
    journal: Journal

    @property
    def checkpoint(self) -> Path:
        """The last checkpoint, as a note."""
        return self.folder / CHECKPOINT_NAME

    def keep(self, connection: Connection, log: Log) -> None:
        """Writes the newest committed checkpoint outside the database; call it before anything leaves."""
        keep_checkpoint(self.checkpoint, connection, log)


def keep_checkpoint(path: Path, connection: Connection, log: Log) -> None:
    """Writes a log's newest committed checkpoint to a file, durable when this returns."""
    with connection.begin():
        note = log.checkpoint()
    replace_durably(path, note)


def open_journal(folder: Path, ring: Keyring) -> Journal:
    """The erasure journal in a folder, as its keys know it."""
    keys, active = ring.succession(Purpose.JOURNAL_SIGNING)
    return Journal(folder / JOURNAL_NAME, [Ed25519PrivateKey.from_private_bytes(one.reveal()) for one in keys], active)


def log_signer(ring: Keyring, origin: str, key_id: str | None = None) -> NoteSigner:
    """The key that signs checkpoints, as notes know it: the active one, or the one that a log stands under."""
    return _signer(ring.by_id(Purpose.LOG_SIGNING, key_id or ring.key_id(Purpose.LOG_SIGNING)), origin)


def log_signers(ring: Keyring, origin: str) -> list[NoteSigner]:
    """Every key that signs or signed checkpoints and was not destroyed, the active one first."""
    return [_signer(secret, origin) for secret in ring.kept(Purpose.LOG_SIGNING)]


def _signer(secret: Secret, origin: str) -> NoteSigner:
    key = Ed25519PrivateKey.from_private_bytes(secret.reveal())
    return NoteSigner(VerifierKey(origin, ED25519, key.public_key().public_bytes_raw()), key.sign)


def origin_of(connection: Connection) -> str:
    """The log's name: since the last restore, or from its first entry. Raises IntegrityError."""
    since_restore = read_mark(connection, StoreMark.ORIGIN)
    if since_restore is not None:
        return since_restore
    return beginning(connection).origin


def first_key(connection: Connection) -> VerifierKey:
    """The key that a log begins with, as its first entry names it. Raises IntegrityError."""
    return parse_key(beginning(connection).log_key)


def log_keys(connection: Connection) -> list[VerifierKey]:
    """The key that a log begins with, and those that entries name after it; the last one signs the next checkpoint."""
    changed = [decode(leaf) for _, leaf in rotations(connection)]
    return [first_key(connection), *(parse_key(one.log_key) for one in changed if isinstance(one, LogKeyRotated))]


def beginning(connection: Connection) -> StoreCreated | ReadingsBegun:
    """A log's first entry. Raises IntegrityError."""
    first = next(entries(connection), None)
    if first is None or not isinstance(first.entry, StoreCreated | ReadingsBegun):
        raise IntegrityError("the log has no beginning: restore its database from a backup")
    return first.entry


def open_log(connection: Connection, ring: Keyring, outside: Outside) -> Log:
    """The log of a store, which is ours and not older than its checkpoint outside. Raises IntegrityError."""
    with connection.begin():
        log = Log(connection, log_signer(ring, origin_of(connection), read_mark(connection, StoreMark.LOG_KEY)))
        check_checkpoint(log, outside.checkpoint)
        check_signature(log, log_signers(ring, log.origin))
    return log


def check_checkpoint(log: Log, path: Path) -> None:
    """The log is the one whose checkpoint lies outside, and has not become smaller. Raises IntegrityError."""
    held = _held(path)
    try:
        head, committed = log.head(), _text(log.checkpoint())
        same = held.origin == log.origin and held.size <= head.size
        same = same and hmac.compare_digest(log.root_at(held.size), held.root)
        same = same and hmac.compare_digest(committed.root, head.root) and committed.size == head.size
    except (LogError, CheckpointError) as error:
        raise IntegrityError(f"the audit log is damaged: {error}; keep a copy of gateway.db") from None
    if log.unsealed():
        raise IntegrityError(
            "entries stand in the audit log that no checkpoint is over: something else than the gateway wrote them; keep a "
            "copy of the database, and restore it from a backup"
        )
    if not same:
        raise IntegrityError(_OLDER.format(outside=f"its checkpoint in {path}"))


def check_signature(log: Log, signers: Sequence[NoteSigner]) -> None:
    """One of our keys signed the newest checkpoint, and it is over the tree as it is stored. Raises IntegrityError.

    A database can name any key as its first, and hold a checkpoint that nobody signed.
    """
    try:
        head = log.head()
        if any(_is_signed(log.checkpoint(), one.key, head) for one in signers):
            return
    except LogError as error:
        raise IntegrityError(f"the audit log is damaged: {error}; keep a copy of gateway.db") from None
    raise IntegrityError(
        "none of our keys signed the audit log's newest checkpoint: somebody else made it; keep a copy of gateway.db, and "
        "restore it from a backup"
    )


def _is_signed(note: bytes, key: VerifierKey, head: Checkpoint) -> bool:
    try:
        signed = open_checkpoint(note, key)
    except (NoteError, CheckpointError):
        return False
    return signed.size == head.size and hmac.compare_digest(signed.root, head.root)


def last_known(outside: Outside) -> Checkpoint:
    """The checkpoint that lies outside. Raises UsageError, IntegrityError."""
    return _held(outside.checkpoint)


def _held(path: Path) -> Checkpoint:
    try:
        return _text(path.read_bytes())
    except OSError:
        raise UsageError(f"{path} is missing: restore it; it says which gateway.db is the newest") from None
    except CheckpointError:
        raise IntegrityError(f"{path} is not a checkpoint: restore it from a backup") from None


def _text(note: bytes) -> Checkpoint:
    """A note's checkpoint; the signature does not matter here, where only our own two copies are compared."""
    return parse_checkpoint(note.rpartition(b"\n\n")[0] + b"\n")
