"""The keys' life at the command line: rotation that breaks nothing, escrow that brings back, destruction by two."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from asking import approved, enrol_officer
from gateway.demo.template import CREDITOR
from gateway.demo.vetting import ACTOR
from gateway.store.digests import DIGESTS
from gateway.store.tables import STORE_METADATA
from keeping import CANARY, brought_back, held_world, interrupted, keys_of, verified
from keys.keyfile import KeyState, read_keys
from keys.labels import Purpose
from world import World, cli, jsonl, row


@pytest.fixture
def held(tmp_path: Path) -> World:
    """A world in which every claim is held, so that no server is needed."""
    return held_world(tmp_path)


def test_every_digest_of_the_store_is_stacked_by_a_rotation() -> None:
    """A column of bytes is a ciphertext, a public note, or a digest under one of our keys, and then it is in the list."""
    listed = {(one.table.__tablename__, getattr(one.digest, "key", None)) for some in DIGESTS.values() for one in some}
    ciphertexts = {(name, "payload") for name in ("screening", "message", "request", "document")} | {
        ("screening", "source")
    }
    other = ciphertexts | {("witness", "note")}
    binary = {
        (name, column.name)
        for name, table in STORE_METADATA.tables.items()
        for column in table.c
        if column.type.python_type is bytes
    }

    assert listed | other == binary


STEPS = {
    "entry": ("gateway.custody.rotation:append", 1),
    "store": ("gateway.custody.stacking:stack_digests", 1),
    "vault": ("gateway.custody.stacking:stack_digests", 2),
    "activate": ("gateway.custody.rotation:set_state", 2),
}


@pytest.mark.parametrize("step", [None, *STEPS])
def test_another_index_key_finds_everything_again(held: World, step: str | None) -> None:
    """The same export, and held claims, are known under the new key; a kill on the way changes nothing of that, and the
    same command finishes it.
    """
    content = next(held.inbox.iterdir()).read_bytes()
    old = keys_of(held, Purpose.INDEX)[KeyState.ACTIVE]
    command = ("key", "rotate", "index")
    if step is None:
        assert approved(held, *command, keys=(ACTOR,)).code == 0
    else:
        arguments = interrupted(held, *STEPS[step], *command)
        known_between = held.handover()
        assert (known_between.code, known_between.json["claims"]["unchanged"]) == (0, 5)
        again = cli(*arguments, "--config", held.creditor)
        assert (again.code, again.err) == (0, "")
    held.drop("again.jsonl", content + jsonl([row(99, disputed=True)]))
    found = held.handover()

    assert (found.code, found.json["claims"]["unchanged"], found.json["claims"]["held"]) == (0, 10, 6)
    assert held.events().count("key.rotated") == 1
    states = keys_of(held, Purpose.INDEX)
    assert (states[KeyState.RETIRED].id, states[KeyState.ACTIVE].follows) == (old.id, old.id)


def test_a_signing_key_waits_until_agencies_trust_it_and_goes_by_two(held: World) -> None:
    """The line is handed out first; then the new key signs; the old one is destroyed by two people, in both places."""
    enrol_officer(held)
    old = keys_of(held, Purpose.PACKAGE_SIGNING)[KeyState.ACTIVE]
    told = cli("key", "rotate", "package-signing", "--config", held.creditor)
    again = cli("key", "rotate", "package-signing", "--config", held.creditor)
    waiting = keys_of(held, Purpose.PACKAGE_SIGNING)

    assert (told.code, told.out) == (0, again.out)
    assert f"  {CREDITOR} namespaces=" in told.out
    assert waiting[KeyState.ACTIVE].id == old.id
    assert approved(held, "key", "rotate", "package-signing", "--activate", keys=(ACTOR,)).code == 0
    rotated = keys_of(held, Purpose.PACKAGE_SIGNING)
    assert (rotated[KeyState.ACTIVE].id, rotated[KeyState.RETIRED].id) == (waiting[KeyState.NEXT].id, old.id)
    alone = approved(held, "key", "destroy", old.id, keys=(ACTOR,))
    assert (alone.code, "2 actors with different keys" in alone.err) == (2, True)
    assert approved(held, "key", "destroy", old.id, keys=(ACTOR, "officer")).code == 0
    assert keys_of(held, Purpose.PACKAGE_SIGNING)[KeyState.DESTROYED].id == old.id
    assert held.events()[-2:] == ["key.rotated", "key.destroyed"]
    assert old.wrapped
    assert not any(old.wrapped.encode() in path.read_bytes() for path in held.home.rglob("*") if path.is_file())
    brought = brought_back(held, held.home / "offline" / "keys.age")
    assert (brought.code, "0 keys and private files came back" in brought.out) == (0, True)


LOG_STEPS = {"entry": ("append", 2), "retire": ("set_state", 1), "activate": ("set_state", 2)}


@pytest.mark.parametrize("step", [None, *LOG_STEPS])
def test_the_log_goes_on_under_a_key_that_the_old_one_signed_for(held: World, step: str | None) -> None:
    """The whole log verifies from its first key, whatever killed the change of it, and before it is finished too."""
    command = ("key", "rotate", "log-signing")
    if step is None:
        assert approved(held, *command, keys=(ACTOR,)).code == 0
    else:
        name, nth = LOG_STEPS[step]
        arguments = interrupted(held, f"gateway.custody.rotation:{name}", nth, *command)
        assert cli("backup", "--config", held.creditor).code == 0
        assert verified(held) is None
        assert cli(*arguments, "--config", held.creditor).code == 0
    assert cli("backup", "--config", held.creditor).code == 0

    assert verified(held) is None
    assert held.events().count("log.key-rotated") == 1
    assert set(keys_of(held, Purpose.LOG_SIGNING)) == {KeyState.RETIRED, KeyState.ACTIVE}


def test_escrow_brings_back_a_lost_key_directory(held: World) -> None:
    """The copy and the root key, each sealed, lie apart; together they restore every key, and replace none."""
    root = held.home / "root.age"
    keys = held.creditor.parent / "keys"
    assert cli("key", "export", "--root", root, "--config", held.creditor).code == 0
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    assert not any(
        before["root.key"].strip() in path.read_bytes() for path in (root, held.home / "offline" / "keys.age")
    )
    for path in keys.iterdir():
        if path.suffix != ".pub":
            path.unlink()
    assert held.handover().code == 2
    imports = [
        brought_back(held, file, *more)
        for more in (("--dry-run",), ())
        for file in (root, held.home / "offline" / "keys.age")
    ]

    assert [(one.code, one.err) for one in imports] == [(0, "")] * 4
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before
    assert held.handover().code == 0


def _no_escrow(world: World) -> None:
    world.configure("[escrow]", "[unused]")


def _other_copy(world: World) -> None:
    (world.home / "offline" / "keys.age").write_bytes(b"age")


def _no_disk(world: World) -> None:
    (world.home / "offline" / "keys.age").unlink()


def _other_root(world: World) -> None:
    assert cli("key", "export", "--root", world.home / "root.age", "--config", world.creditor).code == 0
    assert cli("key", "rotate", "root", "--config", world.creditor).code == 0
    assert approved(world, "key", "rotate", "root", "--activate", keys=(ACTOR,)).code == 0


def _no_backup_folder(world: World) -> None:
    shutil.rmtree(world.home / "backup")


def _foreign_identity(world: World) -> None:
    (world.home / "offline" / "escrow.agekey").write_text(CANARY)


FAULTS: dict[str, tuple[Callable[[World], None] | None, tuple[str, ...], int, str]] = {
    "unmounted escrow": (_no_disk, ("key", "rotate", "package-signing"), 2, "mount its disk"),
    "escrow again": (None, ("key", "export"), 2, "is there already"),
    "no such key": (None, ("key", "rotate", "cases-store"), 2, "there is no key of that purpose"),
    "no root waits": (None, ("key", "rotate", "root", "--activate"), 2, "no root key waits"),
    "active key": (None, ("key", "destroy", "0" * 26), 2, "no key of that id"),
    "no folder": (_no_backup_folder, ("backup",), 2, "is not a folder"),
    "no identity": (_foreign_identity, ("key", "import", "{offline}/keys.age", "--identity", "{offline}/escrow.agekey"), 2,
                    "no age identity"),
    "another root": (_other_root, ("key", "import", "{offline}/../root.age", "--identity", "{offline}/escrow.agekey"), 2,
                     "another root key"),
    "missing identity": (None, ("key", "import", "{offline}/keys.age", "--identity", "{offline}/none"), 2,
                         "name the offline key file"),
    "missing copy": (None, ("restore", "{offline}/a.db", "{offline}/b.db", "--dry-run"), 2, "name a copy"),
    "not sealed": (_other_copy, ("key", "import", "{offline}/keys.age", "--identity", "{offline}/escrow.agekey"), 2,
                   "does not open"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_done_is_said_and_changes_no_key(held: World, fault: str) -> None:
    """A clear line with what to do, the exit code, no value of a claim, and no key of another state."""
    spoil, command, code, words = FAULTS[fault]
    if spoil is not None:
        spoil(held)
    before = {file.id: file.state for file in read_keys(held.creditor.parent / "keys")}
    arguments = [part.format(offline=held.home / "offline") for part in command]
    found = cli(*arguments, "--config", held.creditor)

    assert (found.code, words in found.err) == (code, True)
    assert CANARY not in found.out + found.err
    after = {file.id: file.state for file in read_keys(held.creditor.parent / "keys")}
    assert {key: state for key, state in after.items() if state is not KeyState.NEXT} == before


def test_doctor_tells_escrow_and_backups(held: World) -> None:
    """Well, missing, of other keys, too old: each is said, with the exit code of whoever must act."""

    told = {one["what"]: one["says"] for one in cli("doctor", "--json", "--config", held.creditor).json["findings"]}
    assert "agencies seal their answers to age1pq1" in told["keys"]

    def findings(*days: int) -> dict[str, tuple[int, str]]:
        found = cli("doctor", "--json", "--config", held.creditor).json["findings"]
        return {one["what"]: (one["exit_code"], one["says"]) for one in found if one["what"] in {"escrow", "backup"}}

    without = findings()
    assert cli("backup", "--config", held.creditor).code == 0
    assert cli("key", "rotate", "epoch", "--config", held.creditor).code == 0
    well = findings()
    _other_copy(held)
    altered = findings()
    (held.home / "offline" / "keys.age").unlink()
    gone = findings()

    assert (without["backup"][0], "no copy of gateway.db" in without["backup"][1]) == (1, True)
    assert (well["backup"][0], well["escrow"][0], "post-quantum" in well["escrow"][1]) == (0, 0, True)
    assert (altered["escrow"][0], "is not the copy that was written last" in altered["escrow"][1]) == (2, True)
    assert (gone["escrow"][0], "cannot be read" in gone["escrow"][1]) == (2, True)


@pytest.mark.parametrize("document", ["keys.md", "backup.md"])
def test_the_documents_name_commands_that_exist(document: str) -> None:
    """Every command and option of docs/keys.md and docs/backup.md is one of ours."""
    text = (Path(__file__).parent.parent / "docs" / document).read_text()
    shown = set(re.findall(r"inkasso ((?:key |agency |report |request |package )?[a-z-]+)((?: --[a-z-]+)*)", text))
    known = {f"key {name}" for name in ("list", "rotate", "export", "import", "destroy")} | {"backup", "restore"}

    assert len(shown) > 5
    assert {command for command, _ in shown} <= known | {
        "nightly", "doctor", "feedback", "agency statement", "agency reseal", "package void",
        "report reconcile", "request list",
    }  # fmt: skip
    for command, options in shown:
        told = cli(*command.split(), "--help")
        assert told.code == 0
        assert all(option in told.out for option in options.split())
