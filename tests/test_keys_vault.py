"""The vault and its SQLite store: pseudonyms that stay, that nobody can join, and a store that keeps its word."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from keys.labels import Purpose
from keys.material import Secret
from keys.ring import Keyring
from keys.sqlite import StoreError, create_store, open_store
from keys.vault import Numbers, Vault
from keys.vault_tables import VAULT_METADATA, Mark
from keys.wrap import WrapError
from schemas.codes import ErasureScope
from schemas.identifiers import parse_reference

RING = Keyring({purpose: (f"{place:026}", Secret(bytes([place + 1]) * 32)) for place, purpose in enumerate(Purpose)})
BATCH, LATER = "a" * 26, "b" * 26
NUMBERS = [
    Numbers("F-Canary-1", "K-Canary-1"),
    Numbers("F-Canary-2", "K-Canary-1"),
    Numbers("F-Canary-3", "K-Canary-2"),
]
CLAIM_NOS = [one.claim_no for one in NUMBERS]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection to a new vault."""
    engine = create_store(tmp_path / "vault.db", VAULT_METADATA)
    with engine.connect() as made:
        yield made
    engine.dispose()


@pytest.fixture
def vault(connection: Connection) -> Vault:
    """A new vault under fixed keys."""
    made = Vault(connection, RING)
    with connection.begin():
        made.begin("f" * 64)
    return made


def test_a_claim_keeps_its_id_subject_and_key(connection: Connection, vault: Vault) -> None:
    """Known claims are found, not made again; two claims of one customer share a subject."""
    with connection.begin():
        first = vault.ensure("shop", NUMBERS, BATCH)
    with connection.begin():
        again = vault.ensure("shop", NUMBERS, LATER)
        found = vault.find("shop", CLAIM_NOS)
        by_id = vault.by_id([one.claim_id for one in first.values()])

    assert first == again == found
    assert by_id == {one.claim_id: one for one in first.values()}
    assert len({one.claim_id for one in first.values()}) == 3
    assert len({one.key.reveal() for one in first.values()}) == 3
    one, two, three = (first[number].subject_id for number in CLAIM_NOS)
    assert one == two != three


def test_the_same_numbers_at_another_entity_are_another_person(connection: Connection, vault: Vault) -> None:
    """Numbers belong to one legal entity; looking up creates nothing."""
    with connection.begin():
        shop = vault.ensure("shop", NUMBERS, BATCH)
        assert vault.find("press", CLAIM_NOS) == {}
        press = vault.ensure("press", NUMBERS, BATCH)

    ids = [
        {one.claim_id for one in made.values()} | {one.subject_id for one in made.values()} for made in (shop, press)
    ]
    assert not ids[0] & ids[1]


@settings(max_examples=25)
@given(
    numbers=st.lists(
        st.tuples(st.text("ab1", min_size=1, max_size=3), st.text("xy", min_size=1, max_size=2)), max_size=12
    )
)
def test_references_are_stable_at_an_agency_and_unrelated_across(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[tuple[str, str]]
) -> None:
    """Whatever is handed over in whatever portions: one reference a claim and a subject at one agency; two agencies
    share none, so they cannot join their cases.
    """
    engine = create_store(tmp_path_factory.mktemp("vault") / "vault.db", VAULT_METADATA)
    with engine.connect() as connection, connection.begin():
        vault = Vault(connection, RING)
        vault.begin("f" * 64)
        claims = list(vault.ensure("shop", [Numbers(*pair) for pair in numbers], BATCH).values())
        piecewise = [vault.references([claim], "north", BATCH)[claim.claim_id] for claim in claims]
        north = vault.references(claims, "north", LATER)
        south = vault.references(claims, "south", LATER)
    engine.dispose()

    assert piecewise == [north[claim.claim_id] for claim in claims]
    debtors = {(claim.subject_id, north[claim.claim_id].debtor_ref) for claim in claims}
    assert len(debtors) == len({claim.subject_id for claim in claims}) == len({ref for _, ref in debtors})
    assert len({found.case_ref for found in north.values()}) == len(claims)
    written = [{ref for found in side.values() for ref in found} for side in (north, south)]
    assert not written[0] & written[1]
    assert all(parse_reference(ref) == ref for side in written for ref in side)


def test_a_batch_that_never_happened_is_swept(connection: Connection, vault: Vault) -> None:
    """Rows of that batch go, those of others stay; the claim is then new again, under new pseudonyms."""
    with connection.begin():
        kept = vault.ensure("shop", NUMBERS[:1], BATCH)
        kept_references = vault.references(list(kept.values()), "north", BATCH)
        lost = vault.ensure("shop", NUMBERS, LATER)
        lost_references = vault.references(list(lost.values()), "north", LATER)
    with connection.begin():
        removed = vault.sweep(LATER)
        assert vault.find("shop", CLAIM_NOS) == kept
        assert vault.references(list(kept.values()), "north", BATCH) == kept_references
        anew = vault.ensure("shop", NUMBERS, LATER)
        fresh = vault.references(list(anew.values()), "north", LATER)
        counts = [connection.execute(text(f"select count(*) from {name}")).scalar() for name in ("claim", "subject")]

    assert removed == 2
    assert {number for number in CLAIM_NOS if anew[number] == lost[number]} == set(CLAIM_NOS[:1])
    old, new = ({found.case_ref for found in side.values()} for side in (lost_references, fresh))
    assert len(old & new) == 1
    assert counts == [3, 2]


def test_a_claim_under_another_customer_number_keeps_its_subject(connection: Connection, vault: Vault) -> None:
    """The new number leads to the subject beside whom it leads to already, as long as the claim is there and the batch
    happened; at another entity it leads nowhere. The number of a subject of its own links the two, in both directions.
    """
    with connection.begin():
        first = vault.ensure("shop", NUMBERS, BATCH)
        one, other = (first[number].subject_id for number in CLAIM_NOS[1:])
        again = vault.ensure("shop", [Numbers("F-Canary-1", "K-Canary-2"), Numbers("F-Canary-2", "K-Canary-3")], LATER)
        look = vault.customers
        found = look.leads("shop", ["K-Canary-1", "K-Canary-2", "K-Canary-3", "K-Canary-4"])
        elsewhere = look.leads("press", ["K-Canary-2", "K-Canary-3"])
        linked = look.linked([one]), look.linked([other]), look.linked([one, other])
        claims = set(look.claims_of("shop", "K-Canary-3"))
        vault.ensure("shop", [Numbers("F-Canary-1", "K-Canary-2")], LATER)
        vault.sweep(LATER)
        swept = look.leads("shop", ["K-Canary-2", "K-Canary-3"])
        vault.ensure("shop", [Numbers("F-Canary-3", "K-Canary-5")], BATCH)
        vault.destroy([first["F-Canary-3"].claim_id], ErasureScope.CLAIM)
        gone = look.leads("shop", ["K-Canary-2", "K-Canary-5"])

    assert again == {number: first[number] for number in again}
    assert found == {"K-Canary-1": {one}, "K-Canary-2": {one, other}, "K-Canary-3": {one}}
    assert elsewhere == gone == {}
    assert linked == ({other}, {one}, set())
    assert claims == {first[number].claim_id for number in CLAIM_NOS[:2]}
    assert swept == {"K-Canary-2": {other}}


def test_claims_of_watched_subjects_are_told_by_their_numbers(connection: Connection, vault: Vault) -> None:
    """Of anybody else's claim, and of the same number at another entity, nothing is told."""
    with connection.begin():
        keys = vault.ensure("shop", NUMBERS, BATCH)
        watched = keys["F-Canary-1"].subject_id
        bearer, elsewhere = (vault.customers.bearer(entity, [watched]) for entity in ("shop", "press"))

    told = [(one.claim, one.subject) for number in CLAIM_NOS[:2] if (one := bearer(number)) is not None]
    assert told == [(keys[number].claim_id, watched) for number in CLAIM_NOS[:2]]
    assert bearer("F-Canary-3") is bearer("F-Canary-4") is None
    assert elsewhere("F-Canary-1") is None


def test_the_vault_knows_no_number(tmp_path: Path, connection: Connection, vault: Vault) -> None:
    """Without the index key the store names nobody: no number lies in it, nor an unkeyed digest of one."""
    with connection.begin():
        found = vault.ensure("shop", NUMBERS, BATCH)
        vault.references(list(found.values()), "north", BATCH)
        index = (RING.key_id(Purpose.INDEX), Secret(bytes(32)))
        other = Vault(connection, Keyring({**RING._active, Purpose.INDEX: index}))

        assert other.find("shop", CLAIM_NOS) == {}
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"north" in content
    assert b"Canary" not in content
    assert all(one.key.reveal() not in content for one in found.values())


def test_a_key_moved_to_another_claim_does_not_open(connection: Connection, vault: Vault) -> None:
    """A claim's key is bound to the claim's id."""
    with connection.begin():
        vault.ensure("shop", NUMBERS, BATCH)
    with connection.begin():
        connection.execute(text("update claim set wrapped = (select wrapped from claim order by id limit 1)"))
        with pytest.raises(WrapError):
            vault.find("shop", CLAIM_NOS)


def test_a_reference_belongs_to_one_owner(connection: Connection, vault: Vault) -> None:
    """The store itself refuses a second owner of a reference, and a second reference of an owner at an agency."""
    insert = "insert into reference values (:reference, :owner, 'north', 'a')"
    with connection.begin():
        connection.execute(text(insert), {"reference": "D1-X", "owner": "one"})
    for row in ({"reference": "D1-X", "owner": "two"}, {"reference": "D1-Y", "owner": "one"}):
        with pytest.raises(IntegrityError), connection.begin():
            connection.execute(text(insert), row)


def test_a_vault_without_a_pair_is_refused(connection: Connection) -> None:
    """A vault that `init` did not finish is no vault."""
    vault = Vault(connection, RING)
    with connection.begin(), pytest.raises(StoreError, match="never initialised"):
        vault.mark(Mark.PAIR)
    with connection.begin():
        vault.begin("f" * 64)

        assert vault.mark(Mark.PAIR) == "f" * 64


PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "secure_delete": 1,
    "foreign_keys": 1,
    "temp_store": 2,
    "busy_timeout": 5000,
}


def test_every_connection_survives_a_power_cut(tmp_path: Path) -> None:
    """WAL, synchronous=FULL, secure_delete: read back on new and opened stores, on each connection."""
    path = tmp_path / "odd ?#% name" / "vault.db"
    path.parent.mkdir()
    for engine in (create_store(path, VAULT_METADATA), open_store(path)):
        for _ in range(2):
            with engine.connect() as connection:
                found = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in PRAGMAS}

            assert found == PRAGMAS
        engine.dispose()
    assert list(tmp_path.rglob("*")) == [path.parent, path]
    assert path.stat().st_size > 0


def test_a_pragma_that_is_not_kept_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read back decides: a file system that cannot do it gets no store of ours."""
    path = tmp_path / "vault.db"
    create_store(path, VAULT_METADATA).dispose()
    monkeypatch.setattr("keys.sqlite._PRAGMAS", (("journal_mode", "unknown"),))

    with pytest.raises(StoreError, match="refuses journal_mode=unknown; choose a local disk"):
        open_store(path).connect()


@pytest.mark.parametrize("content", [b"Zyxwvut-Canary" * 1000, b"SQLite format 3\0" + b"Zyxwvut-Canary" * 1000])
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    """A damaged store is told as one, without a byte of it."""
    path = tmp_path / "vault.db"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises((StoreError, SQLAlchemyError)) as caught:
        open_store(path).connect()

    assert "Canary" not in str(caught.value)


def test_a_store_is_created_once_and_private(tmp_path: Path) -> None:
    """Nothing overwrites a store, and its owner alone may read it, its write-ahead log too."""
    path = tmp_path / "vault.db"
    with create_store(path, VAULT_METADATA).connect() as connection, connection.begin():
        connection.execute(text("insert into meta values ('a', 'b')"))

        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    with pytest.raises(StoreError, match="exists already: nothing was changed"):
        create_store(path, VAULT_METADATA)
    with open_store(path).connect() as connection:
        assert connection.execute(text("select value from meta")).scalar() == "b"


def test_a_missing_or_shared_store_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is not there is restored, never made; one that others may read, or own, is not opened."""
    path = tmp_path / "vault.db"
    with pytest.raises(StoreError, match="only `init` makes a new store"):
        open_store(path)
    assert list(tmp_path.iterdir()) == []

    create_store(path, VAULT_METADATA).dispose()
    path.chmod(0o640)
    with pytest.raises(StoreError, match="with mode 600"):
        open_store(path)
    path.chmod(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(StoreError, match="must belong to the user"):
        open_store(path)


def test_a_database_error_shows_no_value(connection: Connection) -> None:
    """Neither parameters nor values stand in an error's text."""
    insert = text("insert into subject values (:id, :customer, :batch)")
    row = {"id": "one", "customer": b"Zyxwvut-Canary", "batch": "Zyxwvut-Canary"}
    with pytest.raises(IntegrityError) as caught, connection.begin():
        connection.execute(insert, row)
        connection.execute(insert, row)

    assert "Canary" not in str(caught.value)


def test_what_was_deleted_is_gone(tmp_path: Path) -> None:
    """With secure_delete and a truncating checkpoint no byte of a deleted row is left in any file (Art. 17 GDPR)."""
    path = tmp_path / "vault.db"
    engine = create_store(path, VAULT_METADATA)
    canaries = [{"key": str(number), "value": f"Zyxwvut-Canary-{number}" * 40} for number in range(200)]
    with engine.connect() as connection:
        with connection.begin():
            connection.execute(text("insert into meta values (:key, :value)"), canaries)
        with connection.begin():
            connection.execute(text("delete from meta"))
        busy, *_ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()

    assert busy == 0
    assert [file.name for file in tmp_path.iterdir() if b"Canary" in file.read_bytes()] == []
