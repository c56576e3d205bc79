"""What goes wrong at night: each fault has its exit code, one clear line that says what to do, and nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.setup import openssh
from world import Result, World, cli, jsonl, make_world, row, running_world

CANARY = "Quastenflosser"
EXPORT = jsonl([row(1, **{"debtor.last_name": CANARY}), row(2)])


@pytest.fixture
def fresh(world: World) -> World:
    """A world with two claims that clear, one of them a canary's."""
    world.drop("export.jsonl", EXPORT)
    return world


def lines(result: Result) -> list[str]:
    """What was complained of; no value of a claim is ever part of it."""
    assert CANARY not in result.out + result.err
    return result.err.splitlines()


def delivered(world: World) -> list[Path]:
    """The files that lie at the server, finished or not."""
    return [path for path in world.sftp.rglob("*") if path.is_file()]


def assert_repaired(world: World) -> None:
    """The next run hands over what the fault had held up, once."""
    again = world.handover()
    received = world.receive()

    assert lines(again) == []
    assert again.code == 0
    assert received.json == {"packages": {"received": 1, "sent": 1}, "messages": 2, "failures": []}
    assert world.handover().json["claims"]["handed_over"] == 0
    assert world.receive().json["packages"] == {"received": 0, "sent": 0}


def test_an_unreachable_server_holds_up_and_loses_nothing(tmp_path: Path) -> None:
    """A dead agency is a partner's fault (4); the sealed package stays, and goes next time."""
    with running_world(tmp_path) as world:
        world.drop("export.jsonl", EXPORT)
    found = world.handover()

    assert found.code == 4
    assert found.json["claims"] | {"unchanged": 0} == {
        "read": 2, "rejected": 0, "held": 0, "refused": 0, "cleared": 2, "changed": 0, "handed_over": 0, "unchanged": 0,
    }  # fmt: skip
    (line,) = lines(found)
    assert "cannot be reached" in line
    assert "goes next time" in line
    with world.server():
        again = world.handover()
        assert again.code == 0
        assert again.json["packages"]["uploaded"] == 1
        assert world.receive().json["messages"] == 2
        assert world.handover().json["packages"]["uploaded"] == 0


def test_another_host_key_gets_not_one_byte(tmp_path: Path) -> None:
    """A server that is not the pinned one is a partner's fault (4), before a byte of a package leaves."""
    world = make_world(tmp_path)
    world.drop("export.jsonl", EXPORT)
    host_key = tmp_path / "server" / "server_ed25519"
    pinned = host_key.read_bytes()
    host_key.write_bytes(openssh(Ed25519PrivateKey.generate()))
    with world.server():
        found = world.handover()
    lying_there = delivered(world)

    assert found.code == 4
    (line,) = lines(found)
    assert "another host key" in line
    assert "confirm a new key out of band" in line
    assert lying_there == []
    host_key.write_bytes(pinned)
    with world.server():
        assert world.handover().json["packages"]["uploaded"] == 1
        assert world.receive().json["messages"] == 2


def readable_by_others(world: World) -> Callable[[], object]:
    key = world.home / "creditor" / "keys" / "root.key"
    key.chmod(0o644)
    return lambda: key.chmod(0o600)


def missing(world: World) -> Callable[[], object]:
    key = world.home / "creditor" / "keys" / "root.key"
    away = key.rename(world.home / "away")
    return lambda: away.rename(key)


def a_link(world: World) -> Callable[[], object]:
    key = world.home / "creditor" / "keys" / "root.key"
    away = key.rename(world.home / "away")
    key.symlink_to(away)
    return lambda: away.rename(key)


def another_root(world: World) -> Callable[[], object]:
    key = world.home / "creditor" / "keys" / "root.key"
    content = key.read_bytes()
    key.write_bytes(b"0" * 64 + b"\n")
    return lambda: key.write_bytes(content)


def client_key_of_another_kind(world: World) -> Callable[[], object]:
    key = world.home / "creditor" / "keys" / "sftp_ed25519"
    content = key.read_bytes()
    key.write_bytes(b"not a key\n")
    return lambda: key.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (readable_by_others, "chmod 600"),
        (missing, "restore it from its escrow copy"),
        (a_link, "must be a plain file"),
        (another_root, "belongs to another root key"),
    ],
)
def test_a_key_that_cannot_be_used_refuses_to_start(
    fresh: World, spoil: Callable[[World], Callable[[], object]], says: str
) -> None:
    """A missing, foreign or exposed key is the operator's matter (2); nothing was done without it."""
    mend = spoil(fresh)
    found = fresh.handover()

    assert (found.code, found.out) == (2, "")
    (line,) = lines(found)
    assert says in line
    assert delivered(fresh) == []
    mend()
    assert_repaired(fresh)


def test_an_unusable_client_key_leaves_the_package_in_the_outbox(fresh: World) -> None:
    """Sealing needs no network key: what was sealed stays, and goes when the key is mended."""
    mend = client_key_of_another_kind(fresh)
    found = fresh.handover()

    assert found.code == 2
    assert any("is not an Ed25519 client key" in line for line in lines(found))
    mend()
    assert fresh.handover().json["packages"]["uploaded"] == 1
    assert fresh.receive().json["messages"] == 2


def test_a_half_written_file_waits_and_the_others_go_on(fresh: World) -> None:
    """A file without its last line end is an input fault (3): it is left whole for the next run."""
    half = fresh.drop("half.jsonl", jsonl([row(3)])[:-1])
    found = fresh.handover()

    assert found.code == 3
    assert found.json["claims"]["handed_over"] == 2
    (line,) = lines(found)
    assert "half-written" in line
    half.write_bytes(half.read_bytes() + b"\n")
    os.utime(half, (0, 0))
    again = fresh.handover()
    assert again.code == 0
    assert again.json["claims"]["handed_over"] == 1


def test_a_file_that_still_changes_is_left_alone(fresh: World) -> None:
    """A file younger than `settle_seconds` waits for the next run (3)."""
    fresh.configure("settle_seconds = 0", "settle_seconds = 60")
    young = fresh.drop("young.jsonl", jsonl([row(3)]))
    os.utime(young)
    found = fresh.handover()

    assert found.code == 3
    assert any("changed less than 60 seconds ago" in line for line in lines(found))
    assert found.json["claims"]["handed_over"] == 2


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"claim_id;religion\n1;" + CANARY.encode() + b"\n", "lacks"),
        ("a.doc", CANARY.encode() + b"\n", "is none of"),
        ("a.csv", b"", "empty"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_by_place(fresh: World, name: str, content: bytes, says: str) -> None:
    """A file that is no export of its source is an input fault (3), told by column and never by value."""
    bad = fresh.drop(name, content)
    found = fresh.handover()

    assert found.code == 3
    assert any(says in line for line in lines(found))
    assert found.json["claims"]["handed_over"] == 2
    assert bad.read_bytes() == content


def test_an_unknown_column_refuses_the_file(fresh: World, tmp_path: Path) -> None:
    """A column that the mapping does not know is never read past (3): nothing of the file is kept."""
    export = tmp_path / "creditor" / "inbox" / "export.jsonl"
    export.unlink()
    preset = (Path(__file__).parent.parent / "gateway" / "readers" / "presets" / "erp-de.toml").read_text()
    columns = [
        line.split('"')[1]
        for line in preset.partition("[csv.fields]")[2].partition("[jsonl]")[0].split("\n")
        if '"' in line
    ]
    left = preset.partition("left_behind = [")[2].partition("]")[0].replace('"', "").replace("\n", "").split(",")
    header = [*columns, *(name.strip() for name in left if name.strip()), "religion"]
    fresh.drop("new.csv", (";".join(header) + "\n" + ";".join([CANARY] * len(header)) + "\n").encode())
    found = fresh.handover()

    assert found.code == 3
    (line,) = lines(found)
    assert "(religion) is unknown to the mapping" in line
    assert found.json["claims"]["read"] == 0


def test_an_unknown_setting_stops_the_start(fresh: World) -> None:
    """What cannot be honoured is never ignored (2)."""
    fresh.creditor.write_text(f'colour = "{CANARY}"\n{fresh.creditor.read_text()}')
    found = fresh.handover()

    assert (found.code, found.out) == (2, "")
    assert lines(found) == [f"inkasso: {fresh.creditor} is not valid: colour: unknown key"]


def test_of_two_runs_at_once_one_works(fresh: World) -> None:
    """A second run on the same stores is told to wait (2), and changes nothing."""
    driver = Path(__file__).with_name("kill_at.py")
    never = ("keys.root:load_root", "0", fresh.home / "mark")
    first = subprocess.Popen(
        [sys.executable, driver, *never, "handover", "--config", fresh.creditor],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(driver.parent)},
    )
    # The first run is stopped once it has opened its stores, which it does under the lock: the second comes second.
    opened = fresh.home / "creditor" / "gateway.db-wal"
    while not opened.exists() and first.poll() is None:
        time.sleep(0.005)
    first.send_signal(signal.SIGSTOP)
    second = fresh.handover()
    first.send_signal(signal.SIGCONT)
    out, err = first.communicate(timeout=60)

    assert second.code == 2
    assert lines(second) == ["inkasso: another run is at work on these stores: wait for it to end; nothing was changed"]
    assert (first.returncode, err.decode()) == (0, "")
    assert CANARY not in out.decode()
    assert fresh.receive().json["messages"] == 2


def test_stores_that_are_not_a_pair_stop_the_start(fresh: World, tmp_path: Path) -> None:
    """A vault of another installation is an integrity fault (5)."""
    assert cli("init", tmp_path / "other").code == 0
    (tmp_path / "other" / "vault.db").rename(tmp_path / "creditor" / "vault.db")
    for suffix in ("-wal", "-shm"):
        (tmp_path / "creditor" / f"vault.db{suffix}").unlink(missing_ok=True)
    found = fresh.handover()

    assert found.code == 5
    (line,) = lines(found)
    assert "are not a pair" in line
