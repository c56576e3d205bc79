"""Erasure: the log verifies before, between and after; what was erased is found nowhere, and a kill changes nothing."""

import json
import shutil
import signal
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.log.auditing import open_items, verify_office
from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.store.tables import PackageRow
from gateway.wiring import open_office
from schemas.entry import ErasureGround
from world import TODAY, World, cli, jsonl, killed, make_world, row, running_world

CANARY = "Zyxwvutkanarie"


def rows(*numbers: int) -> bytes:
    found = [row(one, **{"debtor.last_name": f"{CANARY}{one}"}) for one in numbers]
    return b"".join(json.dumps(one).encode() + b"\n" for one in found)


def handed_over(world: World) -> list[str]:
    """Three claims on their way; the random id of each, by claim number."""
    world.drop("one.jsonl", rows(1, 2, 3))
    assert world.handover().code == 0
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        numbers = [f"F-{one:06d}" for one in (1, 2, 3)]
        found = office.vault.find("nordlicht", numbers)
        return [found[number].claim_id for number in numbers]


def fault(world: World, with_keys: bool = True) -> object:
    with open_office(load(world.creditor)) as office:
        verdict = verify_office(office, [], with_keys)
    return verdict.fault or (verdict.items.erased, verdict.items.opened, verdict.items.not_opened)


def secrets_of(world: World, claim: str) -> list[bytes]:
    """What must be gone: the vault's wrapped key, each ciphertext, the item's bytes and r, and the claim's id."""
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        kept = list(office.items.of_claims([claim]))
        opened = list(open_items(office, kept))
        wrapped = office.vault_connection.exec_driver_sql("SELECT wrapped FROM claim WHERE id = ?", (claim,)).scalar()
        key = office.vault.by_id([claim])[claim].key.reveal()
    found = [one.payload for one in kept] + [one.item for one in opened] + [one.opening for one in opened]
    return [*found, bytes(wrapped), key, CANARY.encode()]


def residue(world: World, secrets: list[bytes]) -> list[str]:
    """The files of the creditor in which one of the secrets lies, in any encoding they were kept in."""
    found = []
    for path in world.creditor.parent.rglob("*"):
        if path.is_file() and path.parent.name not in {"inbox", "keys"}:
            content = path.read_bytes()
            found += [path.name for one in secrets if one in content]
    return found


def test_an_erased_claim_is_found_nowhere_and_the_log_verifies(tmp_path: Path) -> None:
    """Databases, write-ahead logs, free pages and an export hold neither item, key, r nor name; two claims are as before."""
    with running_world(tmp_path) as world:
        claims = handed_over(world)
        secrets = secrets_of(world, claims[1])
        before = fault(world)
        with open_office(load(world.creditor)) as office:
            erase(office, [claims[1]], ErasureGround.REQUEST, None, TODAY)
        after = fault(world)
        assert cli("audit", "export", tmp_path / "creditor" / "out", "--config", world.creditor).code == 0

    assert before == (0, 6, 0)
    assert after == (2, 4, 0)
    assert residue(world, secrets) == []
    assert world.events()[-2:] == ["erasure.intended", "erasure.completed"]


STEPS = {
    "journal": ("keys.journal:Journal.append", 1),
    "vault": ("keys.vault:Vault.destroy", 1),
    "vault's log": ("gateway.retention.erasing:truncate_log", 1),
    "complete": ("gateway.retention.erasing:_complete", 1),
    "store's log": ("gateway.retention.erasing:truncate_log", 2),
    "outside": ("gateway.outside:keep_checkpoint", 1),
}


@pytest.mark.parametrize("step", STEPS)
def test_an_erasure_that_was_killed_is_finished_by_the_next_start(tmp_path: Path, step: str) -> None:
    """Intent, journal, vault, completion: killed with SIGKILL before any of them, it is finished once, and only once."""
    world = make_world(tmp_path)
    world.drop("one.jsonl", jsonl([row(1, amount="20.00"), row(2, disputed=True)]))
    assert world.handover().json["claims"]["refused"] == 1
    with open_office(load(world.creditor)) as office, office.connection.begin():
        office.connection.execute(update(PackageRow).values(created="2026-03-01T00:00:00+00:00"))
    function, nth = STEPS[step]

    assert killed(world, function, nth, "retention") == (-signal.SIGKILL, function)
    assert fault(world) == (1, 1, 0)
    assert world.events().count("erasure.completed") == 1
    with open_office(load(world.creditor)) as office:
        assert [len(one.claims) for one in office.outside.journal.records()][1:] == [1]


@pytest.mark.parametrize("store", ["gateway.db", "vault.db"])
def test_a_store_older_than_the_journal_is_refused(tmp_path: Path, store: str) -> None:
    """A backup from before an erasure would bring a person back: exit 5, and words for an administrator."""
    with running_world(tmp_path) as world:
        claims = handed_over(world)
        home = world.creditor.parent
        shutil.copy(home / store, tmp_path / "older.db")
        with open_office(load(world.creditor)) as office:
            erase(office, [claims[0]], ErasureGround.REQUEST, None, TODAY)
        for path in home.glob(f"{store}*"):
            path.unlink()
        shutil.copy(tmp_path / "older.db", home / store)
        found = world.handover()

    assert found.code == 5
    assert "older" in found.err
    assert "restore" in found.err
