"""What an owner who drops the triggers can do to a log, and who finds it: the log itself, or only a checkpoint outside."""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.completions import Position
from audit.guards import missing_guards
from audit.log import Log
from audit.merkle import leaf_hashes, root
from audit.store import append
from audit.tiles import TILE_WIDTH
from audit_world import ORIGIN, START, SmallLog, beside_each_other, entry_id, signer_of, small_log, uploaded
from keys.sqlite import open_store
from schemas.approval import Approval, Approved
from schemas.custody import StoreRestored
from schemas.entry import LogKeyRotated

COLUMNS = {
    "entry": "leaf",
    "commitments": '"values"',
    "completion": "positions",
    "tile": "hashes",
    "checkpoint": "note",
}
Tamper = Callable[[SmallLog], None]


@contextmanager
def reopened(original: tuple[Path, dict], tmp_path: Path) -> Iterator[SmallLog]:
    """A copy of the log, with its items."""
    path, items = original
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    with open_store(copy).connect() as connection:
        yield SmallLog(copy, connection, signer_of(1), dict(items))


def fill(log: SmallLog) -> None:
    """300 entries, items in two of them, one of the items erased."""
    first = log.add_items(5)
    log.add(290)
    log.add_items(4)
    log.erase([Position(first, 2)])
    log.add(4)


def run(log: SmallLog, *statements: str) -> None:
    with log.connection.begin():
        for statement in statements:
            log.connection.execute(text(statement))


def without_guards(log: SmallLog) -> None:
    with log.connection.begin():
        for name in triggers(log):
            log.connection.execute(text(f"DROP TRIGGER {name}"))
    log.connection.exec_driver_sql("PRAGMA foreign_keys=0")
    log.connection.commit()


def triggers(log: SmallLog) -> list[str]:
    rows = log.connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    return list(rows.scalars())


def sql(*statements: str) -> Tamper:
    return lambda log: run(log, *statements)


def flip_entry(log: SmallLog) -> None:
    leaf = log.connection.execute(text('SELECT leaf FROM entry WHERE "index" = 7')).scalar_one()
    log.connection.rollback()
    changed = leaf.replace(b"agency", b"agencx")
    with log.connection.begin():
        log.connection.execute(text('UPDATE entry SET leaf = :leaf WHERE "index" = 7'), {"leaf": changed})


def forged_checkpoint(log: SmallLog) -> None:
    """A head over the right entries, signed by somebody else's key of the same name."""
    with log.connection.begin():
        leaves = list(log.connection.execute(text('SELECT leaf FROM entry ORDER BY "index"')).scalars())
        note = sign_checkpoint(Checkpoint(log.signer.key.name, len(leaves), root(leaf_hashes(leaves))), signer_of(9))
        log.connection.execute(text("UPDATE checkpoint SET note = :n WHERE size = :s"), {"n": note, "s": len(leaves)})


def lose_item(log: SmallLog) -> None:
    del log.items[next(iter(log.items))]


def bring_back_item(log: SmallLog) -> None:
    log.items[1, 2] = (b"back", bytes(32))


def swap_item(log: SmallLog) -> None:
    log.items[1, 0], log.items[1, 1] = log.items[1, 1], log.items[1, 0]


def reuse_completion(log: SmallLog) -> None:
    """Another item is destroyed, and the completion of the first is made to name it as well."""
    lose_item(log)
    run(log, "UPDATE completion SET positions = x'000000000000000100000000000000000000000100000002'")


def point_elsewhere(log: SmallLog) -> None:
    lose_item(log)
    run(log, "UPDATE completion SET positions = x'000000000000000100000000'")


INSIDE: dict[str, Tamper] = {
    "an entry is changed": flip_entry,
    "an entry is deleted": sql('DELETE FROM entry WHERE "index" = 100'),
    "the first entry is deleted": sql('DELETE FROM entry WHERE "index" = 0'),
    "an entry is doubled": sql('INSERT INTO entry SELECT 299, leaf FROM entry WHERE "index" = 8'),
    "two entries are swapped": sql(
        'UPDATE entry SET "index" = -1 WHERE "index" = 10',
        'UPDATE entry SET "index" = 10 WHERE "index" = 11',
        'UPDATE entry SET "index" = 11 WHERE "index" = -1',
    ),
    "an entry is put before the first": sql('INSERT INTO entry SELECT -1, leaf FROM entry WHERE "index" = 8'),
    "entries are renumbered": sql(
        'DELETE FROM entry WHERE "index" = 50',
        'UPDATE entry SET "index" = -"index" WHERE "index" > 50',
        'UPDATE entry SET "index" = -"index" - 1 WHERE "index" < 0',
    ),
    "the end is cut off": sql('DELETE FROM entry WHERE "index" > 290'),
    "a leaf is stored as text": sql('UPDATE entry SET leaf = CAST(leaf AS TEXT) WHERE "index" = 9'),
    "a tile is replaced": sql("UPDATE tile SET hashes = zeroblob(8192)"),
    "a tile is added": sql("INSERT INTO tile SELECT level, number + 9, hashes FROM tile"),
    "a tile is deleted": sql("DELETE FROM tile"),
    "the checkpoint is deleted": sql("DELETE FROM checkpoint WHERE size = (SELECT MAX(size) FROM checkpoint)"),
    "the checkpoint is another one": sql(
        "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 1)"
        " WHERE size = (SELECT MAX(size) FROM checkpoint)"
    ),
    "the checkpoint is signed by another key": forged_checkpoint,
    "a tile is stored as text": sql("UPDATE tile SET hashes = CAST(hashes AS TEXT)"),
    "commitments are stored as text": sql('UPDATE commitments SET "values" = CAST("values" AS TEXT)'),
    "a checkpoint is stored as text": sql("UPDATE checkpoint SET note = CAST(note AS TEXT)"),
    "a completion is stored as text": sql("UPDATE completion SET positions = CAST(positions AS TEXT)"),
    "commitments are changed": sql('UPDATE commitments SET "values" = zeroblob(160) WHERE entry = 1'),
    "commitments are deleted": sql("DELETE FROM commitments WHERE entry = 1"),
    "commitments lie beside another entry": sql("UPDATE commitments SET entry = 2 WHERE entry = 1"),
    "an item is gone without a completion": lose_item,
    "an erased item is there": bring_back_item,
    "two items are swapped": swap_item,
    "a completion is deleted": sql("DELETE FROM completion"),
    "a completion names one item more": reuse_completion,
    "a completion names another item": point_elsewhere,
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    path = tmp_path_factory.mktemp("log") / "log.db"
    with small_log(path) as log:
        fill(log)
        assert log.verify().fault is None
        items = dict(log.items)
    return path, items


@pytest.mark.parametrize("name", INSIDE)
def test_the_log_itself_shows_what_was_done_to_it(original: tuple[Path, dict], tmp_path: Path, name: str) -> None:
    """Without triggers, and without anything from outside: the verdict is a fault."""
    with reopened(original, tmp_path) as log:
        without_guards(log)
        INSIDE[name](log)
        verdict, path, items = log.verify(), log.path, dict(log.items)

    assert verdict.fault is not None
    assert verdict.established.startswith("FAULT")
    assert beside_each_other(path, items) == verdict


def test_an_old_backup_is_found_only_from_outside(original: tuple[Path, dict], tmp_path: Path) -> None:
    """A database put back is in itself consistent; the checkpoint the agency kept says that entries are missing."""
    with reopened(original, tmp_path) as log:
        shutil.copy(log.path, tmp_path / "backup.db")
        log.add(3)
        kept = log.checkpoint()
    with reopened((tmp_path / "backup.db", original[1]), tmp_path) as log:
        inside, outside = log.verify(), log.verify(kept)

    assert inside.fault is None
    assert "internally consistent only" in inside.established
    assert outside.fault is not None
    assert "smaller" in outside.fault.rule


def test_a_log_rebuilt_and_signed_anew_is_found_only_from_outside(tmp_path: Path) -> None:
    """The owner has the key, so all of it is consistent; the checkpoint from before does not fit it."""
    with small_log(tmp_path / "one.db") as log:
        log.add(20)
        kept = log.checkpoint()
        honest = log.verify(kept)
    with small_log(tmp_path / "two.db") as log:
        log.add_items(2)
        log.add(30)
        inside, outside = log.verify(), log.verify(kept)

    assert honest.established == "append-only since checkpoint 21 held by the agency"
    assert inside.fault is None
    assert outside.fault is not None
    assert "rewritten" in outside.fault.rule


@pytest.mark.parametrize(
    "statement",
    [
        *(f"UPDATE {table} SET {column} = {column}" for table, column in COLUMNS.items()),
        *(f"DELETE FROM {table}" for table in COLUMNS),
        'INSERT OR REPLACE INTO entry SELECT "index", leaf FROM entry WHERE "index" = 5',
        'INSERT OR REPLACE INTO entry SELECT MAX("index"), leaf FROM entry',
        'INSERT INTO entry SELECT MAX("index") + 2, leaf FROM entry',
        'INSERT OR REPLACE INTO commitments SELECT entry, "values" FROM commitments',
        "INSERT OR REPLACE INTO completion SELECT entry, positions FROM completion",
        "INSERT OR REPLACE INTO tile SELECT level, number, hashes FROM tile",
        "INSERT INTO tile SELECT level, number + 2, hashes FROM tile",
        "INSERT OR REPLACE INTO checkpoint SELECT size, note FROM checkpoint",
        "INSERT INTO checkpoint SELECT MAX(size) + 1, note FROM checkpoint",
    ],
)
def test_triggers_stop_what_is_done_by_mistake(original: tuple[Path, dict], tmp_path: Path, statement: str) -> None:
    """Update, delete, replace, gaps and reordering abort; nothing changed."""
    with reopened(original, tmp_path) as log:
        with pytest.raises(IntegrityError, match="only grows"):
            run(log, statement)

        assert log.verify().fault is None
        with log.connection.begin():
            assert missing_guards(log.connection) == []


def test_a_dropped_trigger_is_named(original: tuple[Path, dict], tmp_path: Path) -> None:
    """`doctor` says which one is missing."""
    with reopened(original, tmp_path) as log:
        run(log, "DROP TRIGGER log_tile_delete")
        with log.connection.begin():
            assert missing_guards(log.connection) == ["log_tile_delete"]


@pytest.mark.parametrize(("table", "column"), COLUMNS.items())
def test_no_byte_of_a_log_changes_unseen(original: tuple[Path, dict], tmp_path: Path, table: str, column: str) -> None:
    """A changed byte in any row is seen; here 40 places a table, drawn at random."""
    chance = random.Random(table)
    with reopened(original, tmp_path) as log:
        without_guards(log)
        rows = log.connection.execute(text(f"SELECT rowid, {column} FROM {table}")).all()
        log.connection.rollback()
        statement = text(f"UPDATE {table} SET {column} = :value WHERE rowid = :row")
        unseen = []
        for _ in range(40):
            row, value = chance.choice(rows)
            changed = bytearray(value)
            changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
            with log.connection.begin():
                log.connection.execute(statement, {"value": bytes(changed), "row": row})
            if log.verify().fault is None:
                unseen.append(row)
            with log.connection.begin():
                log.connection.execute(statement, {"value": value, "row": row})

        assert unseen == []
        assert log.verify().fault is None


def test_a_new_key_counts_only_if_the_old_one_signed_for_it(tmp_path: Path) -> None:
    """The checkpoint over the entry that names the new key is the old key's; the next ones are the new key's."""
    second = signer_of(2)
    with small_log(tmp_path / "log.db") as log:
        log.add(3)
        rotated = LogKeyRotated(id=entry_id(4), time=START, actor="system:test", log_key=str(second.key))
        with Log(log.connection, log.signer) as grown:
            with log.connection.begin():
                append(log.connection, rotated)
            grown.sign_with(second)
            with log.connection.begin():
                append(log.connection, uploaded(5))
        honest = log.verify()
        log.signer = second
        log.add(1)
        later = log.verify(key=signer_of(1).key)
        usurped = log.verify(key=signer_of(3).key)
        log.signer = signer_of(1)
        log.add(1)
        gone_back = log.verify()

    assert (honest.fault, later.fault) == (None, None)
    assert usurped.fault is not None
    assert gone_back.fault is not None


@pytest.mark.parametrize("together", [True, False])
def test_time_never_goes_back_even_for_who_signs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, together: bool
) -> None:
    """An owner who logs an entry as older than the one before it is found out by the order of time alone, also between
    two stretches of a long log.
    """
    monkeypatch.setattr("audit.store.entry_time", lambda clock, _previous: clock)
    monkeypatch.setattr("audit.stretch.STRETCH", TILE_WIDTH)
    with small_log(tmp_path / "log.db") as log:
        log.add(TILE_WIDTH - 2 if together else TILE_WIDTH - 1)

        assert log.verify().fault is None

        with Log(log.connection, log.signer), log.connection.begin():
            append(log.connection, uploaded(2))
        fault = log.verify().fault

    assert fault is not None
    assert "older than the one before it" in fault.rule


@pytest.mark.parametrize("seed", [1, 9])
def test_a_log_that_goes_on_after_a_restore_says_under_whose_key(tmp_path: Path, seed: int) -> None:
    """Who can write the log and holds no key of it can put the entry of a restore at its end, and go on under their own:
    the verdict claims nothing of what follows. Under the same key, the log is its owner's.
    """
    after = signer_of(seed, "inkasso-gateway/after")
    nothing = "0" * 64
    armored = f"-----BEGIN SSH SIGNATURE-----\n{'A' * 200}\n-----END SSH SIGNATURE-----\n"
    approval = Approval(key=f"SHA256:{'A' * 43}", signature=armored)
    restored = StoreRestored(
        id=entry_id(9),
        time=START + timedelta(days=1),
        actor="system:test",
        approved=Approved(preview_digest=nothing, approvals=(approval,)),
        copy_of_gateway=nothing,
        copy_of_vault=nothing,
        log_key=str(after.key),
        lost_origin=ORIGIN,
        lost_root=nothing,
        lost_size=4,
        origin=after.key.name,
        record=0,
    )
    with small_log(tmp_path / "log.db") as log:
        log.add(3)
        kept = log.checkpoint()
        with Log(log.connection, after), log.connection.begin():
            append(log.connection, restored)
        verdict = log.verify(kept)

    assert verdict.fault is None
    assert verdict.restored == ((4, after.key.name, seed == 1),)
    assert ("none before it vouches for" in verdict.established) == (seed == 9)
    assert ("under the same key" in " ".join(verdict.sentences())) == (seed == 1)
