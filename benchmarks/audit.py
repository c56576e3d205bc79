"""The audit log against a floor measured in the same run: one SHA-256 call an entry, or an item, and nothing else.

Append: real tables, triggers, signature and fsync, entries in batches of 1,000. Verification: everything but items'
keys, the best of three, in one process and in one a processor. Peak memory includes the data of the floor, some 60 MiB.
"""

import hashlib
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import Connection

from audit.entry import encode
from audit.guards import set_guards
from audit.log import Log
from audit.note import ED25519, NoteSigner, VerifierKey
from audit.store import AUDIT_METADATA, append, append_all, items_of
from audit.stored import StoredLog
from audit.verdict import Verdict
from audit.verify import verify
from audit.workers import Workers
from keys.sqlite import create_store, open_store
from schemas.entry import ClaimsScreened, Entry, PackageUploaded

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
BATCH = 1_000
ITEMS = 50_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Took(NamedTuple):
    """Seconds: on the clock, and of all processors together, those of child processes that ended too."""

    clock: float
    processors: float


def took(work: Callable[[], object]) -> Took:
    """How long it takes."""
    clock, processors = time.perf_counter(), _processors()
    work()
    return Took(time.perf_counter() - clock, _processors() - processors)


def best(work: Callable[[], object]) -> Took:
    """The least of three: a busy machine only adds."""
    return min(took(work) for _ in range(3))


def _processors() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def floor(leaf: bytes, count: int) -> float:
    """One leaf hash an entry, as any verifier has to make it, in one process; seconds on the clock."""
    leaves = [leaf[:-1] + bytes([number & 0xFF]) for number in range(min(count, 200_000))]

    def work() -> None:
        for one in leaves:
            hashlib.sha256(b"\x00" + one).digest()

    return best(work).clock / len(leaves) * count


def uploaded() -> Entry:
    """An entry without items."""
    return PackageUploaded(
        id="0" * 26,
        time=NOW,
        actor="system:handover",
        package="0" * 26,
        recipient="agency",
        key_exchange="mlkem768x25519-sha256",
        post_quantum=True,
    )


def screened(commitments: list[bytes]) -> Entry:
    """An entry with items."""
    return ClaimsScreened(
        id="0" * 26,
        time=NOW,
        actor="system:handover",
        package="0" * 26,
        source="source",
        mandate_digest="0" * 64,
        configuration_digest="0" * 64,
        rejected=0,
        held=0,
        refused=0,
        cleared=len(commitments),
        items=items_of(commitments),
    )


def new_log(path: Path) -> tuple[Connection, NoteSigner]:
    """An empty log, with its triggers, and a key."""
    key = Ed25519PrivateKey.generate()
    signer = NoteSigner(VerifierKey("bench", ED25519, key.public_key().public_bytes_raw()), key.sign)
    connection = create_store(path, AUDIT_METADATA).connect()
    with connection.begin():
        set_guards(connection)
    return connection, signer


def tell(what: str, spent: Took, least: float) -> None:
    """One line."""
    print(
        f"{what:<40}{COUNT / spent.clock:>12,.0f} /s  {spent.clock / least:>6.2f} x the floor on the clock, "
        f"{spent.processors / least:>6.2f} x of processors"
    )


def measure(folder: Path, name: str, leaf: bytes, fill: Callable[[Connection], None]) -> None:
    """Append so many entries or items, and verify them in one process and with workers."""
    path = folder / f"{name}.db"
    connection, signer = new_log(path)
    least = floor(leaf, COUNT)
    print(f"{f'floor: one SHA-256 call each of {name}':<40}{COUNT / least:>12,.0f} /s")

    def append_to() -> None:
        with Log(connection, signer):
            fill(connection)

    tell(f"append {name}", took(append_to), least)
    connection.close()
    tell(f"verify {name}, one process", best(lambda: in_one(path, signer)), least)
    tell(f"verify {name}, {len(os.sched_getaffinity(0))} workers", best(lambda: with_workers(path, signer)), least)


def entries(connection: Connection) -> None:
    """Entries without items, 1,000 a transaction."""
    one = uploaded()
    for _ in range(COUNT // BATCH):
        with connection.begin():
            append_all(connection, [one] * BATCH)


def items(connection: Connection) -> None:
    """Items, 50,000 an entry and transaction."""
    commitments = [number.to_bytes(32) for number in range(ITEMS)]
    entry = screened(commitments)
    for _ in range(COUNT // ITEMS):
        with connection.begin():
            append(connection, entry, commitments)


def in_one(path: Path, signer: NoteSigner) -> None:
    """One verification; a fault ends the bench."""
    with open_store(path).connect() as connection, connection.begin():
        found(verify(StoredLog(connection), signer.key))


def with_workers(path: Path, signer: NoteSigner) -> None:
    """The same with workers, their start and end included."""
    with Workers() as workers, open_store(path).connect() as connection, connection.begin():
        found(verify(StoredLog(connection), signer.key, look=workers.over(stored_log, path)))


def stored_log(path: Path) -> StoredLog:
    """The log in a worker."""
    return StoredLog(open_store(path).connect())


def found(verdict: Verdict) -> None:
    """Ends the bench for a fault."""
    if verdict.fault is not None:
        raise SystemExit(verdict.established)


def main() -> None:
    """Both, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        for name, leaf, fill in (("entries", encode(uploaded()), entries), ("items", bytes(32), items)):
            measure(Path(folder), name, leaf, fill)
            own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
            print(f"peak memory: {own / 1024:.0f} MiB, and {child / 1024:.0f} MiB a worker")


if __name__ == "__main__":
    main()
