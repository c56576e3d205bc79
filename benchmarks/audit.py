"""The audit log against a floor measured in the same run: one SHA-256 call an entry, or an item, and nothing else.

Append: real tables, triggers, signature and fsync, batches of 1,000. Verification: everything but items' keys. Peak
memory of the whole run is told at the end; it grows with what is printed here as `alive`, the data of the floor.
"""

import hashlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import Connection

from audit.entry import encode
from audit.guards import set_guards
from audit.log import Log
from audit.note import ED25519, NoteSigner, VerifierKey
from audit.store import AUDIT_METADATA, append, append_all, items_of
from audit.stored import StoredLog
from audit.verify import verify
from keys.sqlite import create_store
from schemas.entry import ClaimsScreened, Entry, PackageUploaded

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
BATCH = 1_000
ITEMS = 50_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """How long it takes; in CPU time where no disk is waited for, so that a busy machine changes little."""
    started = clock()
    work()
    return clock() - started


def floor(leaf: bytes, count: int) -> float:
    """One leaf hash an entry, as any verifier has to make it."""
    leaves = [leaf[:-1] + bytes([number & 0xFF]) for number in range(min(count, 200_000))]

    def work() -> None:
        for one in leaves:
            hashlib.sha256(b"\x00" + one).digest()

    return min(seconds(work) for _ in range(3)) / len(leaves) * count


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


def tell(what: str, took: float, least: float, count: int) -> None:
    """One line."""
    print(f"{what:<44}{count / took:>12,.0f} /s   {took / least:>6.2f} x the floor")


def entries(folder: Path) -> None:
    """Append and verify entries."""
    connection, signer = new_log(folder / "entries.db")
    one = uploaded()
    least = floor(encode(one), COUNT)
    print(f"floor: one SHA-256 call an entry              {COUNT / least:>12,.0f} /s")

    def fill() -> None:
        with Log(connection, signer):
            for _ in range(COUNT // BATCH):
                with connection.begin():
                    append_all(connection, [one] * BATCH)

    tell("append entries, batches of 1,000", seconds(fill, time.perf_counter), least, COUNT)
    with connection.begin():
        took = min(seconds(lambda: check(connection, signer)) for _ in range(3))
    tell("verify entries", took, least, COUNT)
    connection.close()


def items(folder: Path) -> None:
    """Append and verify items."""
    connection, signer = new_log(folder / "items.db")
    least = floor(bytes(32), COUNT)
    print(f"floor: one SHA-256 call an item               {COUNT / least:>12,.0f} /s")
    commitments = [number.to_bytes(32) for number in range(ITEMS)]
    entry = screened(commitments)

    def fill() -> None:
        with Log(connection, signer):
            for _ in range(COUNT // ITEMS):
                with connection.begin():
                    append(connection, entry, commitments)

    tell("append items, 50,000 an entry", seconds(fill, time.perf_counter), least, COUNT)
    with connection.begin():
        took = min(seconds(lambda: check(connection, signer)) for _ in range(3))
    tell("verify items", took, least, COUNT)
    connection.close()


def check(connection: Connection, signer: NoteSigner) -> None:
    """One verification; a fault ends the bench."""
    verdict = verify(StoredLog(connection), signer.key)
    if verdict.fault is not None:
        raise SystemExit(verdict.established)


def main() -> None:
    """Both, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        entries(Path(folder))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        items(Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory: {before / 1024:.0f} MiB after entries, {peak / 1024:.0f} MiB after items")


if __name__ == "__main__":
    main()
