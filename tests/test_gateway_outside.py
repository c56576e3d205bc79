"""A start looks at the log and at its checkpoint outside, and goes on only with what fits."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.log import Log
from audit.store import append, count
from audit_world import signer_of, uploaded
from keys.references import new_id
from keys.sqlite import open_store
from schemas.entry import StoreCreated
from world import TODAY, World, cli, jsonl, make_world, row


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = make_world(tmp_path_factory.mktemp("outside"))
    world.drop("one.jsonl", jsonl([row(1, disputed=True)]))
    assert world.handover().code == 0
    return world


@pytest.fixture
def world(template: World, tmp_path: Path) -> World:
    shutil.copytree(template.home, tmp_path / "home")
    return World(tmp_path / "home", template.port)


def verified(world: World) -> int:
    return cli("audit", "verify", "--config", world.creditor).code


def test_a_checkpoint_file_that_a_kill_left_behind_is_no_fault(world: World) -> None:
    """Commit, then file: a file from before the last commit is of the same log, and the next run brings it forward."""
    file = world.creditor.parent / "journal" / "checkpoint"
    stale = file.read_bytes()
    world.drop("two.jsonl", jsonl([row(1, disputed=True), row(2, disputed=True)]))
    assert world.handover(now=TODAY + timedelta(days=1)).code == 0
    newest = file.read_bytes()
    file.write_bytes(stale)

    assert stale != newest
    assert verified(world) == 0


@pytest.mark.parametrize(("content", "code"), [(b"no checkpoint", 5), (None, 2)])
def test_a_checkpoint_file_that_is_none_stops_the_start(world: World, content: bytes | None, code: int) -> None:
    """Damaged or gone: without it nobody knows which database is the newest."""
    file = world.creditor.parent / "journal" / "checkpoint"
    file.unlink()
    if content is not None:
        file.write_bytes(content)

    assert verified(world) == code


def test_an_entry_that_was_written_past_the_log_stops_the_start(world: World) -> None:
    """A second connection commits an entry without a checkpoint: it is told, and not signed for by the next commit."""
    with open_store(world.creditor.parent / "gateway.db").connect() as connection, connection.begin():
        append(connection, uploaded(count(connection)).model_copy(update={"time": TODAY}))
    found = world.handover()

    assert found.code == 5
    assert "no checkpoint is over" in found.err


def test_a_log_that_somebody_else_made_and_signed_is_not_ours(world: World) -> None:
    """Whoever owns the disk, but not the key, rewrites database and file: consistent, but the key is none of ours."""
    with open_store(world.creditor.parent / "gateway.db").connect() as connection:
        with connection.begin():
            for name in (
                connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            ):
                connection.execute(text(f"DROP TRIGGER {name}"))
            leaf = connection.execute(text('SELECT leaf FROM entry WHERE "index" = 0')).scalar_one()
            for table in ("tile", "checkpoint", "commitments", "completion", "rotation", "entry"):
                connection.execute(text(f"DELETE FROM {table}"))
        first = StoreCreated.model_validate_json(leaf)
        forger = signer_of(9, first.origin)
        with Log(connection, forger) as log:
            with connection.begin():
                append(connection, first.model_copy(update={"log_key": str(forger.key), "id": new_id()}))
            with connection.begin():
                (world.creditor.parent / "journal" / "checkpoint").write_bytes(log.checkpoint())
    found = cli("audit", "verify", "--quick", "--config", world.creditor)

    assert found.code == 5
    assert "none of our keys" in found.err
