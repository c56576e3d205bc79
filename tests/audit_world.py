"""A small log for tests: real tables, triggers and signatures, entries of two kinds, items with openings."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import Connection

from audit.completions import Position, encode_positions, positions_digest
from audit.guards import set_guards
from audit.items import commitment
from audit.log import Log
from audit.note import ED25519, NoteSigner, VerifierKey
from audit.shown import Held, Opened
from audit.store import AUDIT_METADATA, append, count, items_of
from audit.stored import StoredLog
from audit.stretch import Look
from audit.verdict import Verdict
from audit.verify import verify
from audit.workers import Workers
from keys.sqlite import create_store, open_store
from schemas.entry import (
    ClaimsScreened,
    ErasureCompleted,
    ErasureGround,
    ErasureIntended,
    PackageUploaded,
    StoreCreated,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
ORIGIN = "inkasso-gateway/test"
_PARENT = os.getpid()


def signer_of(seed: int, origin: str = ORIGIN) -> NoteSigner:
    """A signer whose key is the same in every run."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return NoteSigner(VerifierKey(origin, ED25519, key.public_key().public_bytes_raw()), key.sign)


def entry_id(number: int) -> str:
    return f"{number:026d}"


def uploaded(number: int) -> PackageUploaded:
    return PackageUploaded(
        id=entry_id(number),
        time=START + timedelta(seconds=number),
        actor="system:test",
        package=entry_id(number),
        recipient="agency",
        key_exchange="mlkem768x25519-sha256",
        post_quantum=True,
    )


@dataclass
class SmallLog:
    """A log and its items: `items` maps entry and place to bytes and r; what is taken out of it is missing."""

    path: Path
    connection: Connection
    signer: NoteSigner
    items: dict[tuple[int, int], tuple[bytes, bytes]] = field(default_factory=dict)

    def add(self, number: int) -> None:
        """So many entries without items, in one transaction."""
        with Log(self.connection, self.signer), self.connection.begin():
            for _ in range(number):
                self._append(uploaded)

    def add_items(self, number: int) -> int:
        """One entry with so many items; its index."""
        pairs = [(f"item {place} of {len(self.items)}".encode(), bytes([place % 251]) * 32) for place in range(number)]
        commitments = [commitment(opening, item) for item, opening in pairs]

        def screened(number: int) -> ClaimsScreened:
            return ClaimsScreened(
                id=entry_id(number),
                time=START + timedelta(seconds=number),
                actor="system:test",
                package=entry_id(number),
                source="source",
                mandate_digest="0" * 64,
                configuration_digest="1" * 64,
                rejected=0,
                held=len(commitments),
                refused=0,
                cleared=0,
                items=items_of(commitments),
            )

        with Log(self.connection, self.signer), self.connection.begin():
            index = self._append(screened, commitments)
        self.items |= {(index, place): pair for place, pair in enumerate(pairs)}
        return index

    def erase(self, positions: Sequence[Position]) -> int:
        """Destroys items the lawful way; the index of the completion."""
        encoded = encode_positions(positions)
        with Log(self.connection, self.signer), self.connection.begin():
            self._append(
                lambda number: ErasureIntended(
                    id=entry_id(number),
                    time=START + timedelta(seconds=number),
                    actor="system:test",
                    erasure=entry_id(number),
                    ground=ErasureGround.REQUEST,
                    claims=1,
                )
            )
            completed = self._append(
                lambda number: ErasureCompleted(
                    id=entry_id(number),
                    time=START + timedelta(seconds=number),
                    actor="system:test",
                    erasure=entry_id(number),
                    ground=ErasureGround.REQUEST,
                    count=len(positions),
                    digest=positions_digest(encoded),
                    journal_head=hashlib.sha256(b"").hexdigest(),
                ),
                completion=encoded,
            )
        for position in positions:
            del self.items[position]
        return completed

    def kept(self, entry: int) -> list[int]:
        return sorted(place for found, place in self.items if found == entry)

    def opened(self, entry: int) -> Iterator[Opened]:
        for place in self.kept(entry):
            yield Opened(place, *self.items[entry, place])

    def verify(self, *held: bytes, key: VerifierKey | None = None, look: Look | None = None) -> Verdict:
        """The verdict, with keys and with what is there."""
        evidence = StoredLog(self.connection, self.kept, self.opened)
        with self.connection.begin():
            return verify(evidence, key or self.signer.key, [Held(note, "the agency") for note in held], look=look)

    def checkpoint(self) -> bytes:
        with self.connection.begin():
            return Log(self.connection, self.signer).checkpoint()

    def _append(self, make, commitments: Sequence[bytes] = (), completion: bytes | None = None) -> int:
        number = count(self.connection)
        return append(self.connection, make(number), commitments, completion).position


@contextmanager
def small_log(path: Path, signer: NoteSigner | None = None) -> Iterator[SmallLog]:
    """A new log with its first entry."""
    signer = signer or signer_of(1)
    with create_store(path, AUDIT_METADATA).connect() as connection:
        with connection.begin():
            set_guards(connection)
        with Log(connection, signer), connection.begin():
            append(
                connection,
                StoreCreated(
                    id=entry_id(0),
                    time=START,
                    actor="system:init",
                    pair="0" * 64,
                    origin=signer.key.name,
                    log_key=str(signer.key),
                ),
            )
        yield SmallLog(path, connection, signer)


def elsewhere(path: Path) -> StoredLog:
    """The log opened in a worker, and nowhere else."""
    assert os.getpid() != _PARENT
    return StoredLog(open_store(path).connect())


def beside_each_other(path: Path, items: dict[tuple[int, int], tuple[bytes, bytes]], *held: bytes) -> Verdict:
    """The verdict of several processes."""
    with Workers() as workers, open_store(path).connect() as connection:
        return SmallLog(path, connection, signer_of(1), items).verify(*held, look=workers.over(elsewhere, path))
