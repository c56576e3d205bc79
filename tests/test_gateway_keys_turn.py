"""The root, journal and marker keys take their turns: nothing is lost, whatever kills the change, and the old key is out."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from asking import approved, enrol_officer
from gateway.custody.epoch import standing_of
from gateway.custody.root import prepare
from gateway.custody.rotation import unfinished
from gateway.demo.template import CREDITOR
from gateway.demo.vetting import ACTOR
from gateway.handover.marked import erased_digest
from gateway.retention.erasing import erase
from gateway.rights.markers import Marked, mark
from gateway.settings import load
from gateway.store.marks import StoreMark, set_mark
from gateway.store.requests import Marker
from gateway.wiring import open_office
from keeping import brought_back, held_world, interrupted, keys_of, verified
from keys.journal import Journal, JournalError, create_journal
from keys.keyfile import KeyState, read_keys
from keys.labels import Purpose
from keys.material import Secret
from keys.remembered import erased
from keys.root import NEXT_ROOT_NAME, ROOT_KEY_NAME, parse_root, root_text
from keys.wrap import WrapError
from schemas.codes import ErasureScope
from schemas.entry import ErasureGround
from world import TODAY, World, cli


@pytest.fixture
def held(tmp_path: Path) -> World:
    """A world in which every claim is held."""
    return held_world(tmp_path)


def erase_one(world: World) -> None:
    with open_office(load(world.creditor)) as office:
        with office.connection.begin():
            (claim, *_) = office.claims.ids("", 1)
        erase(office, [claim], ErasureGround.RETENTION, None, TODAY)


def pending(world: World) -> bool:
    with open_office(load(world.creditor)) as office:
        return standing_of(office).pending


def root_of(world: World) -> Secret:
    found = parse_root((world.creditor.parent / "keys" / ROOT_KEY_NAME).read_bytes())
    assert found is not None
    return found


@pytest.mark.parametrize("step", [None, ("append", 1), ("open_journal", 1), ("set_state", 1), ("set_state", 2)])
def test_another_key_signs_the_erasure_journal(held: World, step: tuple[str, int] | None) -> None:
    """Lines of before stay proven, what comes next is signed by the new key, and a final erasure stays final."""
    command = ("key", "rotate", "journal-signing")
    erase_one(held)
    assert cli("key", "rotate", "epoch", "--config", held.creditor).code == 0
    if step is None:
        assert approved(held, *command, keys=(ACTOR,)).code == 0
        assert not pending(held)
    else:
        name, nth = step
        arguments = interrupted(held, f"gateway.custody.rotation:{name}", nth, *command)
        erase_one(held)
        again = cli(*arguments, "--config", held.creditor)
        assert (again.code, again.err) == (0, "")
    erase_one(held)

    with open_office(load(held.creditor)) as office:
        records = list(office.outside.journal.records())
        head = office.outside.journal.head()
    assert [len(one.claims) for one in records].count(0) == 2
    assert (head.key, len(head.record.claims)) == (1, 1)
    assert verified(held) is None
    assert set(keys_of(held, Purpose.JOURNAL_SIGNING)) == {KeyState.RETIRED, KeyState.ACTIVE}


def test_an_older_key_of_the_journal_is_not_believed_any_more(tmp_path: Path) -> None:
    """Whoever has the key of before can neither go on with the journal nor put a line between those of its successor."""
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    path = tmp_path / "erasures"
    create_journal(path, old, "0" * 26, TODAY)
    Journal(path, [old, new]).take_over("1" * 26, TODAY)
    whole = path.read_bytes()
    path.write_bytes(whole.splitlines(keepends=True)[0])
    Journal(path, [old]).append("2" * 26, ("3" * 26,), ErasureScope.CLAIM, TODAY)

    with pytest.raises(JournalError, match="signs no more"):
        Journal(path, [old, new], active=1).head()
    path.write_bytes(whole)
    assert len(list(Journal(path, [old, new], active=1).records())) == 2
    Journal(path, [new, old]).take_over("4" * 26, TODAY)
    with pytest.raises(JournalError, match="does not follow"):
        list(Journal(path, [old, new], active=1).records())


def test_a_marker_is_found_under_another_key(held: World) -> None:
    """An erased claim stays marked when the marker key takes its turn, and no digest of before is left."""
    with open_office(load(held.creditor)) as office:
        before = erased_digest(office, "shop", "F-1")
        with office.connection.begin():
            office.requests.mark([Marker(before, "Art. 17(1)(d) GDPR", TODAY.date(), "0" * 26)])
    assert approved(held, "key", "rotate", "marker", keys=(ACTOR,)).code == 0

    with open_office(load(held.creditor)) as office, office.connection.begin():
        after = erased_digest(office, "shop", "F-1")
        assert office.requests.marked({after}, TODAY.date()) == {after}
        assert office.requests.marked({before}, TODAY.date()) == set()


ROOT_STEPS = [
    None,
    ("_log", 1),
    ("overwrite_private", 1),
    ("forget_root", 3),
    ("write_escrow", 1),
    ("remove_private", 1),
]


@pytest.mark.parametrize("step", ROOT_STEPS)
def test_another_root_key_takes_over(held: World, step: tuple[str, int] | None) -> None:
    """Prepared, exported, activated by one actor; then the old one opens no key file and no escrow copy any more."""
    old, keys = root_of(held), held.creditor.parent / "keys"
    command, sealed = ("key", "rotate", "root", "--activate"), held.home / "next.age"
    assert cli("key", "rotate", "root", "--config", held.creditor).code == 0
    assert cli("key", "export", "--root", sealed, "--config", held.creditor).code == 0
    (keys / "answers.agekey").unlink()
    assert brought_back(held, held.home / "offline" / "keys.age").code == 0
    assert cli("key", "rotate", "epoch", "--config", held.creditor).code == 0
    assert held.handover().code == 0
    if step is None:
        assert approved(held, *command, keys=(ACTOR,)).code == 0
    else:
        name, nth = step
        arguments = interrupted(held, f"gateway.custody.root:{name}", nth, *command)
        assert held.handover().code == 0
        again = cli(*arguments, "--config", held.creditor)
        assert (again.code, again.err) == (0, "")

    assert root_of(held) != old
    assert not (keys / NEXT_ROOT_NAME).exists()
    assert held.events().count("key.rotated") == 1
    for file in read_keys(keys):
        if file.state is not KeyState.DESTROYED:
            with pytest.raises(WrapError):
                file.open(old)
    (keys / ROOT_KEY_NAME).unlink()
    assert brought_back(held, sealed).code == 0
    assert held.handover().code == 0
    assert verified(held) is None


def test_a_root_key_of_the_service_manager_is_replaced_there(
    held: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command changes no credential: it says what to put there, and finishes once that was done."""
    keys, folder = held.creditor.parent / "keys", tmp_path / "credentials"
    folder.mkdir()
    (keys / ROOT_KEY_NAME).rename(folder / ROOT_KEY_NAME)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    with open_office(load(held.creditor)) as office:
        prepare(office, TODAY)
    early = approved(held, "key", "rotate", "root", "--activate", keys=(ACTOR,))
    following = parse_root((keys / NEXT_ROOT_NAME).read_bytes())
    assert following is not None
    (folder / ROOT_KEY_NAME).write_bytes(root_text(following))

    assert (early.code, "credential of the service manager" in early.err) == (2, True)
    assert following.reveal().hex() not in early.err + early.out
    assert approved(held, "key", "rotate", "root", "--activate", keys=(ACTOR,)).code == 0
    assert (list(keys.glob("root.key*")), held.handover().code) == ([], 0)


def test_a_copy_from_before_a_rotation_stands_under_the_keys_of_today_once_it_is_restored(held: World) -> None:
    """Rows, claims and markers of the copy are known again, and still are after the next rotation."""
    enrol_officer(held)
    with open_office(load(held.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        mark(office, CREDITOR, {"F-1": Marked("Art. 17(1)(d) GDPR", TODAY.date())}, "0" * 26)
    assert cli("backup", "--config", held.creditor).code == 0
    copies = [next((held.home / "backup" / which).glob("*.db")) for which in ("gateway", "vault")]
    for purpose in ("index", "marker", "journal-signing", "package-signing"):
        more = ("--activate",) if purpose == "package-signing" else ()
        if more:
            assert cli("key", "rotate", purpose, "--config", held.creditor).code == 0
        assert approved(held, "key", "rotate", purpose, *more, keys=(ACTOR,)).code == 0
    assert approved(held, "restore", *map(str, copies), keys=(ACTOR, "officer")).code == 0
    with open_office(load(held.creditor)) as office, office.connection.begin():
        set_mark(office.connection, StoreMark.RESTORING, None)  # as once every agency has signed its statement

    assert known(held) == (True, 5, True, None)
    for purpose in ("index", "marker"):
        assert approved(held, "key", "rotate", purpose, keys=(ACTOR,)).code == 0
    assert known(held) == (True, 5, True, None)


def known(world: World) -> tuple[bool, int, bool, str | None]:
    """Whether a claim is found and unchanged rows are, and whether a marker is; and what rotation is unfinished."""
    unchanged = world.handover("--dry-run").json["claims"]["unchanged"]
    with open_office(load(world.creditor)) as office:
        with office.connection.begin(), office.vault_connection.begin():
            digest = erased_digest(office, CREDITOR, "F-1")
            remembered = {one.digest for one in erased(office.vault_connection)}
            marked = office.requests.marked(remembered, TODAY.date()) == {digest}
            found = bool(office.vault.find(CREDITOR, ["F-000001"]))
        return found, unchanged, marked, unfinished(office)
