"""What `gateway.db` says of itself: two databases are not one, so each start compares this with what `vault.db` says."""

from enum import StrEnum

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.store.tables import MetaRow
from keys.labels import Purpose
from keys.ring import Keyring


class StoreMark(StrEnum):
    """The marks of a `gateway.db`; see keys.vault.Mark for those of the vault."""

    PAIR = "pair"
    GENERATION = "generation"
    INTENDED = "intended-generation"
    """the generation both are moving to; absent unless a run was killed on the way"""
    INDEX = "index"
    """the id of the newest key of its digests"""
    MARKER = "marker"
    """the id of the newest key of its markers"""
    EPOCH = "epoch"
    """the epoch key whose making is in the log"""
    SIGNING = "package-signing"
    """the signing key whose taking over was logged last"""
    LOG_KEY = "log-signing"
    """the key that signs the log's next checkpoints; absent if it never changed"""
    JOURNAL_KEY = "journal-signing"
    """the key that took over in the erasure journal last; absent if it never changed"""
    ROOT = "root"
    """the root key that took over last"""
    ORIGIN = "origin"
    """the log's origin since the last restore; absent if there was none"""
    RESTORING = "restoring"
    """whose statements a restore still waits for; absent once it is finished"""
    ESCROW = "escrow"
    """when the escrow copy was written, its digest, and the digest of the keys in it"""


def begin_marks(connection: Connection, pair: str, ring: Keyring, root: str) -> None:
    """Ties a new store to a new vault, and puts it under the active keys."""
    keys = {StoreMark.INDEX: Purpose.INDEX, StoreMark.MARKER: Purpose.MARKER, StoreMark.EPOCH: Purpose.EPOCH}
    marks = {StoreMark.PAIR: pair, StoreMark.GENERATION: "1", StoreMark.ROOT: root}
    marks |= {mark: ring.key_id(purpose) for mark, purpose in keys.items()}
    connection.execute(insert(MetaRow), [{"key": key, "value": value} for key, value in marks.items()])


def read_mark(connection: Connection, mark: StoreMark) -> str | None:
    """One mark; None if the store does not bear it."""
    return connection.execute(select(col(MetaRow.value)).where(col(MetaRow.key) == mark)).scalar()


def set_mark(connection: Connection, mark: StoreMark, value: str | None) -> None:
    """Changes a mark, or takes it away."""
    connection.execute(delete(MetaRow).where(col(MetaRow.key) == mark))
    if value is not None:
        connection.execute(insert(MetaRow), [{"key": mark, "value": value}])
