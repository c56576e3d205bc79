"""`restore`: whoever was erased stays erased, nothing is sent twice, and what a copy cannot know is held.

The history: claims 0 to 5 on the first day, copied; claims 6 to 9 later, copied a month after; then one claim of each is
erased, the night makes that final, and `gateway.db` is lost.
"""

import json
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from asking import approved, approving, enrol_officer
from gateway.agency.answers import Envelope
from gateway.agency.post import post
from gateway.agency.settings import load_agency
from gateway.demo.template import CREDITOR
from gateway.demo.vetting import ACTOR
from gateway.log.auditing import verify_office
from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.steps.acknowledge import Refusal
from gateway.wiring import open_desk, open_office
from keys.labels import Label, Purpose, bound
from keys.material import Secret
from keys.references import new_id
from keys.wrap import WrapError, unwrap
from schemas.answers import Statement
from schemas.entry import ErasureGround
from schemas.messages import IdentityLine
from schemas.package import PackageType
from world import TODAY, Result, World, cli, jsonl, killed, make_world, row, running_world

CANARY = "Quastenflosser"
MONTH = TODAY + timedelta(days=30)
LOST = MONTH + timedelta(days=1)
ERASED = {2: "first", 8: "later"}
SYMMETRIC = (Purpose.EPOCH, Purpose.INDEX, Purpose.MARKER)


def rows(numbers: range) -> bytes:
    return jsonl([row(one, **({"debtor.last_name": f"{CANARY}{one}"} if one in ERASED else {})) for one in numbers])


@dataclass(frozen=True)
class History:
    """The world after the loss, and where the copies lie: of the first day, of a month later, and the newest vault."""

    world: World
    first: Path
    later: Path
    vaults: tuple[Path, ...]

    @property
    def newest_vault(self) -> Path:
        return self.vaults[-1]


def night(world: World, now: datetime) -> None:
    """Hand over, receive, take the receipts; then the erasures."""
    with world.server():
        assert cli("nightly", "--config", world.creditor, now=now).code == 0
        assert world.receive(now).code == 0
        assert cli("feedback", "--config", world.creditor, now=now).code == 0


def backup(world: World, now: datetime) -> tuple[Path, Path]:
    assert cli("backup", "--config", world.creditor, now=now).code == 0
    kept = []
    for which in ("gateway", "vault"):
        newest = max((world.home / "backup" / which).glob("*.db"))
        folder = world.home / "kept" / which
        folder.mkdir(parents=True, exist_ok=True)
        for path in (newest, newest.with_name(f"{newest.name}.json")):
            shutil.copy(path, folder)
        kept.append(folder / newest.name)
    return kept[0], kept[1]


def erase_for_good(world: World, now: datetime) -> None:
    with open_office(load(world.creditor)) as office:
        with office.vault_connection.begin():
            claims = office.vault.find(CREDITOR, [f"F-{number:06d}" for number in ERASED])
        erase(office, [one.claim_id for one in claims.values()], ErasureGround.REQUEST, None, now)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> History:
    home = tmp_path_factory.mktemp("restore")
    with running_world(home) as world:
        pass
    enrol_officer(world)
    assert cli("key", "export", "--root", home / "root.age", "--config", world.creditor).code == 0
    world.drop("first.jsonl", rows(range(6)))
    night(world, TODAY)
    first, first_vault = backup(world, TODAY)
    world.drop("later.jsonl", rows(range(6, 10)))
    night(world, MONTH)
    later, later_vault = backup(world, MONTH)
    erase_for_good(world, LOST)
    for path in world.inbox.iterdir():
        path.unlink()
    night(world, LOST)
    (newest,) = (world.home / "backup" / "vault").glob("*.db")
    return History(world, first, later, (first_vault, later_vault, newest))


@pytest.fixture
def history(past: History, tmp_path: Path) -> History:
    """The same past, in folders of this test's own."""
    home = tmp_path / "world"
    shutil.copytree(past.world.home, home)

    def moved(path: Path) -> Path:
        return home / path.relative_to(past.world.home)

    return History(World(home, past.world.port), moved(past.first), moved(past.later), tuple(map(moved, past.vaults)))


def restore(
    history: History, gateway: Path, vault: Path, now: datetime = LOST, names: tuple[str, ...] = (ACTOR, "officer")
) -> Result:
    """The preview written, approved by different keys, and carried out; the first failure if there is one."""
    return approved(history.world, "restore", gateway, vault, keys=names, now=now)


def invoices(world: World) -> list[str]:
    with open_desk(load_agency(world.agency)) as desk:
        return sorted(IdentityLine.model_validate_json(line).invoice_no for _, line in desk.persons.lines())


def forget_lost_log(world: World) -> None:
    """What a person at the agency does once told why another log is shown: the kept checkpoint is put away."""
    for path in (world.home / "agency" / "witness").iterdir():
        path.unlink()


def bring_back_keys(world: World) -> None:
    """The key directory is lost too, and comes back from its escrow copy and the root key's."""
    for path in (world.creditor.parent / "keys").iterdir():
        if path.suffix in {".json", ".key"}:
            path.unlink()
    for file in ("root.age", "offline/keys.age"):
        identity = world.home / "offline" / "escrow.agekey"
        assert cli("key", "import", world.home / file, "--identity", identity, "--config", world.creditor).code == 0


@pytest.mark.parametrize("copy", ["first", "later"])
def test_the_person_stays_gone_and_nothing_is_sent_twice(history: History, copy: str) -> None:
    """A copy a month or a day old, the newest vault and escrow: erased people are nowhere, and the same export again sends
    nothing that the agency has.
    """
    world, gateway = history.world, history.first if copy == "first" else history.later
    before = invoices(world)
    stores = world.creditor.parent
    (stores / "gateway.db").write_bytes(b"lost")
    bring_back_keys(world)
    done = restore(history, gateway, history.newest_vault)

    assert (done.code, done.err) == (0, "")
    folders = (stores, world.home / "backup", world.home / "kept")
    scanned = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert [path.name for path in scanned if CANARY.encode() in path.read_bytes()] == []
    everything = [one for one in range(10) if one not in ERASED]
    world.drop("again.jsonl", jsonl([row(one) for one in everything] + [row(77)]))
    blocked = world.handover(now=LOST)
    assert blocked.code == 1
    assert "ask ostsee for a statement" in blocked.err
    with world.server():
        stated = cli("agency", "statement", CREDITOR, "--config", world.agency, now=LOST + timedelta(hours=1))
        assert stated.code == 0
        assert cli("feedback", "--config", world.creditor, now=LOST + timedelta(hours=2)).code in {0, 4}
        told = world.handover(now=LOST + timedelta(hours=3))
        forget_lost_log(world)
        received = world.receive(LOST + timedelta(hours=4))

    assert (told.code, told.err) == (0, "")
    assert (received.code, received.json["messages"]) == (0, 1)
    assert invoices(world) == sorted([*before, "RE-000077"])
    assert told.json["reasons"].get("unmatched", 0) == (3 if copy == "first" else 0)
    with open_office(load(world.creditor)) as office:
        verdict = verify_office(office, (), with_keys=True)
        with office.vault_connection.begin():
            assert office.vault.find(CREDITOR, [f"F-{one:06d}" for one in ERASED]) == {}
        with office.connection.begin():
            assert office.connection.execute(text("select count(*) from erasure_claim")).scalar() == 0
    assert verdict.fault is None
    assert world.events().count("store.restored") == 1


def rows_of(store: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute(query).fetchall()


def opens(secret: Secret, sealed: bytes, label: bytes) -> bool:
    try:
        unwrap(secret, sealed, label)
    except WrapError:
        return False
    return True


def test_what_was_erased_opens_with_no_key_that_is_left(history: History) -> None:
    """Art. 17: a copy of `gateway.db` from before holds ciphertext, and neither a key of the newest vault nor one of the key
    directory opens it, or the keys of it that old copies of the vault hold. Everybody else's opens with their own.
    """
    current = rows_of(history.newest_vault, "select id from claim")
    sealed = rows_of(history.later, "select claim, package, payload, source from screening")
    erased = {claim for claim, *_ in sealed} - {claim for (claim,) in current}
    with open_office(load(history.world.creditor)) as office, office.vault_connection.begin():
        keys = office.vault.by_id([claim for (claim,) in current])
        ring = [one for purpose in SYMMETRIC for one in office.ring.kept(purpose)]
    secrets = [*ring, *(secret for one in keys.values() for secret in (one.key, one.source) if secret is not None)]
    dead = [
        (bound(label, claim), wrapped)
        for vault in history.vaults[:2]
        for label, table in ((Label.CLAIM_KEY, "claim"), (Label.SOURCE_KEY, "source"))
        for claim, wrapped in rows_of(vault, f"select id, wrapped from {table}")
        if claim in erased
    ]
    gone = [
        (bound(label, claim, package), content)
        for claim, package, *contents in sealed
        for label, content in zip((Label.SCREENING, Label.SOURCE), contents, strict=True)
        if claim in erased
    ]
    own = [
        opens(keys[one].key, payload, bound(Label.SCREENING, one, pack))
        for one, pack, payload, _ in sealed
        if one in keys
    ]

    assert (len(erased), len(gone), len(dead), len(keys)) == (2, 4, 6, 8)
    assert not any(opens(secret, content, label) for secret in secrets for label, content in (*gone, *dead))
    assert len(own) >= 8 and all(own)


def test_a_number_that_still_lies_at_the_server_is_not_used_again(tmp_path: Path) -> None:
    """What was uploaded in the time that is lost, and not yet received, keeps its number: no other package bears it."""
    world = make_world(tmp_path)
    enrol_officer(world)
    world.drop("first.jsonl", rows(range(2)))
    night(world, TODAY)
    gateway, vault = backup(world, TODAY)
    world.drop("later.jsonl", rows(range(2, 4)))
    with world.server():
        assert world.handover(now=MONTH).code == 0
        newest = backup(world, MONTH)[1]
        assert restore(History(world, gateway, gateway, (vault, newest)), gateway, newest).code == 0
        state_anothers_books(world)
        misled = cli("feedback", "--json", "--config", world.creditor, now=LOST)
        blocked = world.handover(now=LOST)
        stated = cli("agency", "statement", CREDITOR, "--config", world.agency, now=LOST + timedelta(hours=1))
        taken = cli("feedback", "--config", world.creditor, now=LOST + timedelta(hours=2))
        world.drop("again.jsonl", rows(range(5)))
        told = world.handover(now=LOST + timedelta(hours=3))
    manifests = [json.loads(path.read_bytes()) for path in world.sftp.glob("*.manifest.json")]

    assert (misled.json["refusals"], blocked.code) == ({Refusal.ANOTHER_CREDITOR: 1}, 1)
    assert (stated.code, taken.code, told.code) == (0, 0, 0)
    assert (told.json["claims"]["handed_over"], told.json["reasons"]) == (1, {"unmatched": 2})
    numbers = sorted(one["sequence"] for one in manifests if one["package_type"] == "cases")
    assert numbers == [1, 2, 3]


def state_anothers_books(world: World) -> None:
    """The agency tells the creditor of the books of another one."""
    sums = dict.fromkeys(("cases", "principal", "credited", "paid_to_creditor", "paid_to_agency"), 0)
    head = Statement(message_id=new_id(), creditor="elsewhere", made=LOST, books="0" * 64, **sums)
    with open_desk(load_agency(world.agency)) as desk:
        with desk.cases_connection.begin():
            desk.answers.queue(Envelope(CREDITOR, PackageType.ANSWERS, None), [head])
        post(desk, LOST)


def files(world: World) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in world.creditor.parent.glob("*.db*")}


def _flipped(history: History) -> tuple[Path, Path]:
    content = bytearray(history.later.read_bytes())
    content[-100] ^= 1
    history.later.write_bytes(content)
    return history.later, history.newest_vault


def _without_record(history: History) -> tuple[Path, Path]:
    history.later.with_name(f"{history.later.name}.json").unlink()
    return history.later, history.newest_vault


@pytest.mark.parametrize(
    ("choose", "code", "words"),
    [
        (lambda history: (history.later, history.vaults[1]), 5, "is dead: it is older than the last rotation"),
        (lambda history: (history.first, history.vaults[0]), 5, "is dead: it is older than the last rotation"),
        (lambda history: (history.later, history.vaults[0]), 2, "is older than that of gateway.db"),
        (lambda history: (history.newest_vault, history.later), 2, "is a copy of the other database"),
        (_flipped, 5, "is not as it was written"),
        (_without_record, 2, "is missing"),
    ],
    ids=["dead vault", "both dead", "older vault", "swapped", "flipped", "no record"],
)
def test_a_copy_that_cannot_be_used_changes_nothing(
    history: History, choose: Callable[[History], tuple[Path, Path]], code: int, words: str
) -> None:
    """Each is refused for its own reason, before anybody approves anything; today's databases stay."""
    before = files(history.world)
    found = restore(history, *choose(history))

    assert (found.code, words in found.err) == (code, True)
    assert CANARY not in found.out + found.err
    assert files(history.world) == before


def test_one_person_restores_nothing(history: History) -> None:
    """Two different keys approve, or nothing happens; a dry run shows what would."""
    before = files(history.world)
    alone = restore(history, history.later, history.newest_vault, names=(ACTOR, ACTOR))
    shown = cli(
        "restore", history.later, history.newest_vault, "--dry-run", "--config", history.world.creditor, now=LOST
    )

    assert (alone.code, "2 actors with different keys, and has 1" in alone.err) == (2, True)
    assert (shown.code, "Both databases of today are replaced" in shown.out) == (0, True)
    assert files(history.world) == before


@pytest.mark.parametrize("which", ["gateway", "vault"])
def test_a_copy_put_in_place_by_hand_is_refused(history: History, which: str) -> None:
    """A start on a database older than what lies outside it, or than its companion, says to restore instead."""
    copy = history.later if which == "gateway" else history.vaults[1]
    stores = history.world.creditor.parent
    for path in stores.glob(f"{which}.db*"):
        path.unlink()
    shutil.copy(copy, stores / f"{which}.db")
    found = history.world.handover(now=LOST)

    assert (found.code, "inkasso restore" in found.err) == (5, True)


STEPS = {
    "approve": ("gateway.custody.restore:settle_by", 1),
    "replay": ("gateway.custody.restore:replay", 1),
    "replayed in the vault": ("gateway.retention.erasing:_complete", 1),
    "hold": ("gateway.custody.restore:write_restoring", 1),
    "place": ("gateway.wiring:put_in_place", 1),
    "between the two": ("gateway.custody.places:sync_directory", 1),
    "outside": ("gateway.outside:Outside.keep", 1),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_restore_that_was_killed_is_begun_again(history: History, step: str) -> None:
    """Before the last step today's databases are as they were; after it no start goes on without the rest."""
    world, before = history.world, files(history.world)
    command = approving(world, "restore", history.first, history.newest_vault, keys=(ACTOR, "officer"))
    assert not isinstance(command, Result)
    function, nth = STEPS[step]
    status, reached = killed(world, function, nth, *map(str, command))

    assert (status, reached) == (-signal.SIGKILL, function)
    untouched = {name: content for name, content in files(world).items() if "restoring" not in name} == before
    assert untouched == (step not in {"between the two", "outside"})
    assert untouched or world.handover(now=LOST).code == 5
    again = cli(*command, "--config", world.creditor)
    assert (again.code, again.err) == (0, "")
    assert world.handover(now=LOST).code == 1
    assert not any("restoring" in name for name in files(world))
    assert world.events().count("store.restored") == 1
