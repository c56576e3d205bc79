"""What makes an erasure final, and the keys' life at the command line: pending until the last copy is dead, whatever
kills a run.
"""

import io
import re
import shutil
import signal
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.custody.epoch import Standing, standing_of
from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.wiring import open_office
from keys.age import unseal
from keys.escrow import parse_escrow
from keys.keyfile import KeyState, read_keys
from keys.labels import Purpose, bound
from keys.recipients import read_identities
from keys.root import load_root
from keys.vault_tables import WRAPPED
from keys.wrap import WrapError, unwrap
from schemas.entry import ErasureGround
from world import TODAY, Result, World, cli, jsonl, killed, make_world, row

CLAIMS = 12


@pytest.fixture
def held(tmp_path: Path) -> World:
    """A world in which every claim is held, so that no server is needed."""
    world = make_world(tmp_path)
    # An agency whose answers nobody may sign is not asked for any.
    world.creditor.write_text(re.sub(r"\nsigners = .*", "", world.creditor.read_text()))
    world.vet()
    world.drop("export.jsonl", jsonl([row(number, disputed=True) for number in range(CLAIMS)]))
    assert night(world).code == 0
    return world


def night(world: World) -> Result:
    return cli("nightly", "--json", "--config", world.creditor)


def erase_some(world: World, count: int = 3) -> list[str]:
    """Some claims, erased as a request does it."""
    with open_office(load(world.creditor)) as office:
        with office.vault_connection.begin():
            query = text("select id from claim order by id limit :count")
            claims = list(office.vault_connection.execute(query, {"count": count}).scalars())
        erase(office, claims, ErasureGround.REQUEST, None, TODAY)
    return claims


def standing(world: World) -> Standing:
    with open_office(load(world.creditor)) as office:
        return standing_of(office)


def vault_folder(world: World) -> Path:
    return world.home / "backup" / "vault"


def epoch_states(world: World) -> list[KeyState]:
    files = read_keys(world.creditor.parent / "keys")
    return sorted(file.state for file in files if file.purpose is Purpose.EPOCH)


def opens(world: World, copy: Path) -> bool:
    """Whether anybody with every key of today, in the directory and in escrow, opens a key of a vault's copy."""
    directory = world.creditor.parent / "keys"
    root = load_root(directory, None)
    identities = read_identities((world.home / "offline" / "escrow.agekey").read_text())
    escrow = parse_escrow(b"".join(unseal(io.BytesIO((world.home / "offline" / "keys.age").read_bytes()), identities)))
    files = [file for file in (*read_keys(directory), *escrow.keys) if file.wrapped and file.purpose is Purpose.EPOCH]
    with sqlite3.connect(copy) as connection:
        wrapped = connection.execute("select id, wrapped from claim").fetchall()
    for file in files:
        for claim, value in wrapped:
            try:
                unwrap(file.open(root), value, bound(WRAPPED[0].label, claim))
            except WrapError:
                continue
            return True
    return False


def test_an_erasure_is_pending_until_every_older_vault_is_dead(held: World) -> None:
    """After the night the erased keys are in no vault that opens; survivors are read as before; the log says so."""
    assert cli("backup", "--config", held.creditor).code == 0
    (old,) = vault_folder(held).glob("*.db")
    kept = shutil.copy(old, held.home / "kept.db")
    assert opens(held, Path(kept))
    erased = erase_some(held)
    before = standing(held)
    result = night(held)

    assert (before.pending, result.code, result.json["final_erasures"]) == (True, 0, True)
    assert standing(held) == Standing(newest=1, final=1, under_way=False)
    assert not opens(held, Path(kept))
    (new,) = vault_folder(held).glob("*.db")
    assert opens(held, new)
    assert not any(claim.encode() in new.read_bytes() for claim in erased)
    assert epoch_states(held) == [KeyState.ACTIVE, KeyState.DESTROYED]
    assert held.events()[-2:] == ["erasure.completed", "epoch.rotated"]
    assert night(held).json["final_erasures"] is False


STEPS = {
    "next key": "gateway.custody.epoch:create_key",
    "escrow": "gateway.custody.epoch:write_escrow",
    "rewrap": "gateway.custody.epoch:rewrap",
    "retire": "gateway.custody.epoch:set_state",
    "activate": "gateway.custody.epoch:set_state",
    "copy": "gateway.custody.copies:copy_store",
    "prove": "gateway.custody.epoch:prove_vault",
    "generation of the vault": "gateway.custody.generation:_arrive",
    "escrow without the old key": "gateway.custody.epoch:write_escrow",
    "destroy": "gateway.custody.epoch:destroy_key",
    "entry": "gateway.custody.epoch:append",
    "prune": "gateway.custody.epoch:prune_vaults",
}
SECOND = {"activate", "escrow without the old key"}


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_in_any_step_of_a_rotation_is_finished_by_the_next_night(step: str, held: World) -> None:
    """No key of a survivor is lost, the erasure is not called final too early, and one more night makes it so."""
    assert cli("backup", "--config", held.creditor).code == 0
    kept = shutil.copy(next(vault_folder(held).glob("*.db")), held.home / "kept.db")
    erase_some(held)
    nth = 2 if step in SECOND else 1
    status, reached = killed(held, STEPS[step], nth, "nightly")

    assert (status, reached) == (-signal.SIGKILL, STEPS[step])
    between = held.events().count("epoch.rotated")
    dead = not opens(held, Path(kept))
    again = night(held)

    assert between == (step == "prune")
    assert dead or between == 0
    assert (again.code, again.json["failures"]) == (0, [])
    assert standing(held) == Standing(newest=1, final=1, under_way=False)
    assert not opens(held, Path(kept))
    assert held.events().count("epoch.rotated") == 1
    assert epoch_states(held) == [KeyState.ACTIVE, KeyState.DESTROYED]
    listed = cli("claim", "list", "--json", "--config", held.creditor)
    assert len(listed.json["held"]) == CLAIMS - 3


def blobs(path: Path, query: str) -> list[bytes]:
    with sqlite3.connect(path) as connection:
        return [blob for (blob,) in connection.execute(query)]


def test_no_byte_of_what_was_erased_or_wrapped_before_is_left(held: World) -> None:
    """Neither ciphertexts of erased claims nor keys as the old epoch key wrapped them: in databases, write-ahead logs,
    free pages, key directory, escrow and every copy made since (Art. 17 GDPR).
    """
    stores = held.creditor.parent
    wrapped = blobs(stores / "vault.db", "select wrapped from claim")
    indexes = blobs(stores / "vault.db", "select number from claim order by id limit 3")
    (epoch,) = (file.wrapped or "" for file in read_keys(stores / "keys") if file.purpose is Purpose.EPOCH)
    first = blobs(stores / "gateway.db", "select payload from screening order by claim limit 3")
    erase_some(held)
    assert night(held).json["final_erasures"] is True
    assert cli("backup", "--config", held.creditor).code == 0
    scanned = [path for folder in (stores, held.home / "backup", held.home / "offline") for path in folder.rglob("*")]
    gone = [*wrapped, *indexes, *first, epoch.encode()]

    assert (len(wrapped), len(first)) == (CLAIMS, 3)
    for path in scanned:
        content = path.read_bytes() if path.is_file() else b""
        assert not any(one in content for one in gone), path.name


def test_a_copy_of_the_vault_ends_with_its_age(held: World) -> None:
    """Thirty days at most: an older copy is removed by the next backup, one of `gateway.db` stays."""
    first, later = (
        cli("backup", "--json", "--config", held.creditor, now=TODAY + timedelta(days=days)).json for days in (0, 31)
    )

    assert (first["removed"], later["removed"]) == (0, 1)
    assert [path.name for path in vault_folder(held).glob("*.db")] == ["vault-000000002.db"]
    assert len(list((held.home / "backup" / "gateway").glob("*.db"))) == 2


@pytest.mark.parametrize("missing", ["[escrow]", "[backup]", "folder"])
def test_what_cannot_be_made_final_stays_pending_and_says_so(held: World, missing: str) -> None:
    """The erasure is done, the night is not well (exit code 2), and the next one makes it final."""
    erase_some(held)
    if missing == "folder":
        vault_folder(held).rename(held.home / "elsewhere")
    else:
        text_before = held.creditor.read_text()
        start = text_before.index(missing)
        end = text_before.find("\n[", start)
        held.creditor.write_text(text_before[:start] + (text_before[end:] if end > 0 else ""))
    found = night(held)
    if missing == "folder":
        (held.home / "elsewhere").rename(vault_folder(held))
    else:
        held.creditor.write_text(text_before)

    assert (found.code, found.json["final_erasures"], len(found.json["failures"])) == (2, False, 1)
    assert standing(held).pending
    assert night(held).json["final_erasures"] is True
