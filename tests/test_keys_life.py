"""The life of a key: next, active, retired, destroyed; the whole vault under other keys; the one escrow copy."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from keys.age import NoMatchError, unseal
from keys.escrow import EscrowError, parse_escrow, seal_escrow
from keys.keyfile import KeyState, create_key, destroy_key, read_keys, set_state
from keys.labels import Label, Purpose, digest_again, stacked_digest
from keys.material import Secret
from keys.recipients import HybridIdentity, X25519Identity
from keys.rewrap import open_all, rewrap, stack_digests
from keys.ring import DestroyedKeyError, Keyring, load_ring
from keys.root import KeyFileError, overwrite_private, write_private
from keys.sqlite import create_store
from keys.vault import Numbers, Vault
from keys.vault_tables import VAULT_DIGESTS, VAULT_METADATA, WRAPPED, Mark
from keys.wrap import WrapError

NOW = datetime(2026, 6, 30, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ROOT = Secret(bytes(range(32)))
PURPOSES = (Purpose.INDEX, Purpose.MARKER, Purpose.EPOCH)
NUMBERS = [Numbers(f"F-{number}", f"K-{number // 2}") for number in range(9_001)]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    for purpose in PURPOSES:
        create_key(tmp_path, ROOT, purpose, NOW)
    return tmp_path


def test_a_rotation_is_two_steps_and_each_place_between_them_is_served(keys: Path) -> None:
    """Before, between and after the two changes of state there is exactly one key that wraps, and old ones still open."""
    (old,) = (file for file in read_keys(keys) if file.purpose is Purpose.EPOCH)
    new = create_key(keys, ROOT, Purpose.EPOCH, NOW, state=KeyState.NEXT, follows=old.id)
    serving = [load_ring(keys, ROOT, PURPOSES)]
    set_state(keys, old, KeyState.RETIRED, NOW)
    serving.append(load_ring(keys, ROOT, PURPOSES))
    set_state(keys, new, KeyState.ACTIVE, NOW)
    serving.append(load_ring(keys, ROOT, PURPOSES))

    assert [ring.key_id(Purpose.EPOCH) for ring in serving] == [old.id, new.id, new.id]
    assert all(ring.by_id(Purpose.EPOCH, old.id) == serving[0].secret(Purpose.EPOCH) for ring in serving)


def test_a_destroyed_key_is_known_and_its_bytes_are_gone(keys: Path) -> None:
    """What it wrapped is dead, which is another thing than a key that is merely missing; it does not come back."""
    (file,) = (file for file in read_keys(keys) if file.purpose is Purpose.EPOCH)
    (keys / "link").hardlink_to(keys / file.name)
    create_key(keys, ROOT, Purpose.EPOCH, NOW, state=KeyState.NEXT)
    for _ in range(2):
        destroy_key(keys, file, LATER)
    ring = load_ring(keys, ROOT, PURPOSES)

    with pytest.raises(DestroyedKeyError, match="was destroyed"):
        ring.by_id(Purpose.EPOCH, file.id)
    with pytest.raises(KeyFileError, match="the key directory lacks"):
        ring.by_id(Purpose.INDEX, file.id)
    assert file.wrapped
    assert [path.name for path in keys.iterdir() if file.wrapped.encode() in path.read_bytes()] == []
    assert not (keys / "link").read_bytes().strip(b"\0")


def test_overwriting_never_leaves_nothing(tmp_path: Path) -> None:
    """A leftover of a killed run is replaced; the file is private, and whole."""
    path = tmp_path / "copy"
    write_private(path, b"old")
    write_private(tmp_path / "copy.part", b"half")
    overwrite_private(path, b"new and longer")

    assert path.read_bytes() == b"new and longer"
    assert [(one.name, one.stat().st_mode & 0o777) for one in tmp_path.iterdir()] == [("copy", 0o600)]


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4), st.text(max_size=8))
def test_a_digest_under_one_more_key_needs_no_number(keys: list[bytes], number: str) -> None:
    """Stacking a key on stored digests gives what a lookup under all keys computes: a rotation opens nothing."""
    secrets = list(map(Secret, keys))
    found = [stacked_digest(secrets[: count + 1], Label.CLAIM_INDEX, number) for count in range(len(secrets))]

    assert all(digest_again(key, old) == new for key, (old, new) in zip(secrets[1:], pairwise(found), strict=True))


@pytest.fixture
def vault(keys: Path) -> Iterator[tuple[Connection, Vault]]:
    """A vault with more keys than one page."""
    with create_store(keys / "vault.db", VAULT_METADATA).connect() as connection:
        made = Vault(connection, load_ring(keys, ROOT, PURPOSES))
        with connection.begin():
            made.begin("f" * 64)
            made.ensure("shop", NUMBERS, "a" * 26)
        yield connection, made


def test_a_rewrapped_vault_opens_under_the_new_key_alone(keys: Path, vault: tuple[Connection, Vault]) -> None:
    """Ids, subjects and claim keys stay; the old epoch key opens none of them any more."""
    connection, before = vault
    old = load_ring(keys, ROOT, PURPOSES).secret(Purpose.EPOCH)
    file = create_key(keys, ROOT, Purpose.EPOCH, NOW, state=KeyState.NEXT)
    ring = load_ring(keys, ROOT, PURPOSES)
    told: list[int] = []
    with connection.begin():
        known = before.find("shop", ["F-0", "F-4500", "F-9000"])
        count = rewrap(connection, old, ring.by_id(Purpose.EPOCH, file.id), told.append)
        before.set_mark(Mark.EPOCH, file.id)
    with connection.begin():
        found = Vault(connection, ring).find("shop", known)
        opened = open_all(connection, ring.by_id(Purpose.EPOCH, file.id), told.append)
        with pytest.raises(WrapError):
            open_all(connection, old, told.append)

    assert found == known
    assert count == opened == 2 * len(NUMBERS)
    assert sum(told) == 4 * len(NUMBERS)
    assert len(told) == 12


def test_blind_indexes_are_stacked_in_place(keys: Path, vault: tuple[Connection, Vault]) -> None:
    """Every number is found under both keys together, under neither alone, and no digest of before is left."""
    connection, before = vault
    (old,) = (file for file in read_keys(keys) if file.purpose is Purpose.INDEX)
    new = create_key(keys, ROOT, Purpose.INDEX, NOW, state=KeyState.NEXT, follows=old.id)
    ring = load_ring(keys, ROOT, PURPOSES)
    with connection.begin():
        known = before.find("shop", ["F-0", "F-9000"])
        numbers = set(connection.execute(text("select number from claim")).scalars())
        stack_digests(connection, VAULT_DIGESTS[Purpose.INDEX], ring.by_id(Purpose.INDEX, new.id))
        before.set_mark(Mark.INDEX, new.id)
    with connection.begin():
        after = Vault(connection, ring)
        again = after.ensure("shop", NUMBERS, "b" * 26)

        assert after.find("shop", known) == known
        assert before.find("shop", known) == {}
        assert {number: again[number] for number in known} == known
        assert not numbers & set(connection.execute(text("select number from claim")).scalars())
        assert connection.execute(text("select count(*) from claim")).scalar() == len(NUMBERS)


def test_nothing_of_the_vault_is_forgotten_by_a_rotation() -> None:
    """Every table with a wrapped key is rewrapped, and every column of 32 keyed bytes is stacked."""
    wrapped = {name for name, table in VAULT_METADATA.tables.items() if "wrapped" in table.c}
    binary = {
        (name, column.name)
        for name, table in VAULT_METADATA.tables.items()
        for column in table.c
        if column.type.python_type is bytes and column.name != "wrapped"
    }

    assert {one.table.__tablename__ for one in WRAPPED} == wrapped
    listed = {one for some in VAULT_DIGESTS.values() for one in some}
    assert {(one.table.__tablename__, getattr(one.digest, "key", None)) for one in listed} == binary


@pytest.mark.parametrize("identity", [HybridIdentity.generate(), X25519Identity.generate()], ids=["hybrid", "classic"])
def test_an_escrow_copy_opens_offline_and_holds_no_open_key(
    keys: Path, identity: HybridIdentity | X25519Identity
) -> None:
    """It is sealed to an offline identity, and what it holds is wrapped by the root key, escrowed apart."""
    files = read_keys(keys)
    sealed = seal_escrow(files, [identity.recipient], NOW)
    plain = b"".join(unseal(io.BytesIO(sealed), [identity]))

    assert parse_escrow(plain).keys == files
    assert all(file.open(ROOT).reveal().hex().encode() not in plain for file in files)
    with pytest.raises(NoMatchError):
        b"".join(unseal(io.BytesIO(sealed), [HybridIdentity.generate(), X25519Identity.generate()]))
    with pytest.raises(EscrowError, match="no escrow copy of this version"):
        parse_escrow(b"{}")


def test_a_vault_whose_epoch_key_was_destroyed_is_dead(keys: Path, vault: tuple[Connection, Vault]) -> None:
    """Dead, not merely closed: it says so, and opens nothing."""
    connection, before = vault
    (file,) = (file for file in read_keys(keys) if file.purpose is Purpose.EPOCH)
    create_key(keys, ROOT, Purpose.EPOCH, NOW, state=KeyState.NEXT)
    destroy_key(keys, file, LATER)
    ring: Keyring = load_ring(keys, ROOT, PURPOSES)
    with connection.begin():
        dead = Vault(connection, ring)

        assert not before.is_dead()
        assert dead.is_dead()
        with pytest.raises(DestroyedKeyError):
            dead.find("shop", ["F-1"])
