"""Verification beside each other: the same verdict as one process has, and a worker that dies is told."""

import os
import shutil
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.completions import Position
from audit.export import export
from audit.log import Log
from audit.offline import FAULT, USAGE, check
from audit.stored import StoredLog
from audit.tiles import TILE_WIDTH
from audit.workers import Workers, WorkersError
from audit_world import SmallLog, beside_each_other, signer_of, small_log
from keys.sqlite import open_store

Items = dict[tuple[int, int], tuple[bytes, bytes]]
HEADS = (1, 2, 255, 256, 257, 511, 512, 700, 768, 1_000)


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Items, list[bytes]]:
    """Entries in transactions that end within tiles and on their edges, items in some, one of them erased."""
    path = tmp_path_factory.mktemp("log") / "log.db"
    with small_log(path) as log:
        heads = [log.checkpoint()]
        for before, size in pairwise(HEADS):
            log.add(size - before)
            heads.append(log.checkpoint())
        first = log.add_items(5)
        log.add(300)
        log.add_items(400)
        log.erase([Position(first, 2)])
        return path, dict(log.items), heads


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.stretch.STRETCH", TILE_WIDTH)


def in_one(path: Path, items: Items, *held: bytes):
    with open_store(path).connect() as connection:
        return SmallLog(path, connection, signer_of(1), items).verify(*held)


def test_many_stretches_have_the_verdict_of_one(
    monkeypatch: pytest.MonkeyPatch, long_log: tuple[Path, Items, list[bytes]]
) -> None:
    """Cut short or not, in one process or in several; every earlier head is one the log had."""
    path, items, heads = long_log
    cut, beside = in_one(path, items, *heads), beside_each_other(path, items, *heads)
    monkeypatch.setattr("audit.stretch.STRETCH", 16 * TILE_WIDTH)

    assert cut.fault is None
    assert cut.items == (405, 404, 0, 1, True)
    assert [held.size for held in cut.held] == list(HEADS)
    assert cut == beside == in_one(path, items, *heads)


@pytest.mark.parametrize("index", [0, 254, 255, 256, 511, 900, 1_000, 1_299])
def test_the_first_fault_is_the_same(long_log: tuple[Path, Items, list[bytes]], tmp_path: Path, index: int) -> None:
    """Wherever an entry was changed, several processes name the fault and the place that one names."""
    path, items, _ = long_log
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    with open_store(copy).connect() as connection:
        connection.execute(text("DROP TRIGGER log_entry_update"))
        changed = connection.execute(
            text("UPDATE entry SET leaf = CAST(replace(leaf, '000', '001') AS BLOB) WHERE \"index\" IN (:one, :other)"),
            {"one": index, "other": 1_302},
        )
        connection.commit()

    alone = in_one(copy, items)
    assert changed.rowcount == 2
    assert alone.fault is not None
    assert alone.entries <= index
    assert beside_each_other(copy, items) == alone


def dying(_path: Path) -> StoredLog:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_a_worker_that_is_killed_establishes_nothing(
    monkeypatch: pytest.MonkeyPatch, long_log: tuple[Path, Items, list[bytes]], tmp_path: Path
) -> None:
    """No verdict, but a sentence: neither that the log holds nor that it does not."""
    path, items, _ = long_log
    with Workers() as workers, open_store(path).connect() as connection:
        with pytest.raises(WorkersError, match="nothing was established"):
            SmallLog(path, connection, signer_of(1), items).verify(look=workers.over(dying, path))
        export(connection, Log(connection, signer_of(1)), signer_of(1).key, tmp_path / "out")

    def killed(*_: object, **__: object) -> None:
        raise WorkersError

    monkeypatch.setattr("audit.offline.verify", killed)
    code, lines, _ = check(tmp_path / "out", None, [])

    assert code == USAGE != FAULT
    assert "nothing was established" in lines[0]


_PARENT = """
import os, time
from audit.workers import Workers
with Workers() as workers:
    print(*workers._pool._processes, flush=True)
    time.sleep(60)
"""


def test_no_worker_outlives_a_parent_that_is_killed() -> None:
    """Nobody is left that keeps a pipe open for whoever reads from it."""
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = [Path(f"/proc/{number}/status") for number in parent.stdout.readline().split()]
        alive = [status.exists() for status in workers]
        parent.kill()
        left = parent.stdout.read()  # ends when the last of them has ended

    assert alive and all(alive)
    assert left == ""


def test_processes_that_cannot_be_started_establish_nothing(
    monkeypatch: pytest.MonkeyPatch, long_log: tuple[Path, Items, list[bytes]], tmp_path: Path
) -> None:
    """Too many processes is a matter of this machine, and says nothing of the log."""
    path, _, _ = long_log
    with open_store(path).connect() as connection:
        export(connection, Log(connection, signer_of(1)), signer_of(1).key, tmp_path / "out")

    def refused() -> int:
        raise BlockingIOError

    monkeypatch.setattr("os.fork", refused)
    code, lines, _ = check(tmp_path / "out", None, [])

    assert code == USAGE
    assert "could not be started" in lines[0]


@pytest.mark.parametrize("name", ["04", "0", "٤", "4.part", "-1"])
def test_a_file_that_does_not_belong_in_an_export_is_a_fault(
    long_log: tuple[Path, Items, list[bytes]], tmp_path: Path, name: str
) -> None:
    """A number has one spelling: a second file of the same entry would be looked at twice."""
    path, _, _ = long_log
    with open_store(path).connect() as connection:
        export(connection, Log(connection, signer_of(1)), signer_of(1).key, tmp_path / "out")
    (known, *_) = (tmp_path / "out" / "commitments").iterdir()
    shutil.copy(known, known.with_name(name if name != "04" else f"0{known.name}"))
    code, lines, _ = check(tmp_path / "out", None, [])

    assert code == FAULT
    assert lines[0].startswith("FAULT")
