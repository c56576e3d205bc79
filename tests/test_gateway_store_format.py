"""The format of the stores: a store of another one is left alone, and no table changes without another number."""

import hashlib

import pytest
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from audit.store import AUDIT_METADATA
from gateway.agency.tables import CASES_METADATA, IDENTITIES_METADATA
from gateway.store.tables import STORE_METADATA
from keys.sqlite import FORMAT, StoreError, open_store
from keys.vault_tables import VAULT_METADATA
from world import World, cli

ALL = (AUDIT_METADATA, CASES_METADATA, IDENTITIES_METADATA, STORE_METADATA, VAULT_METADATA)
KNOWN = (1, "074d3597dd48e70875912d7e010b8b151c4e42f2083199b3d2c38d4ed5f80f02")


def test_no_table_changes_under_the_same_number() -> None:
    """Raise `keys.sqlite.FORMAT` with the change, and write down what belongs to it here."""
    statements = []
    for metadata in ALL:
        for table in metadata.sorted_tables:
            statements.append(str(CreateTable(table).compile(dialect=sqlite.dialect())))
            indexes = sorted(table.indexes, key=lambda index: str(index.name))
            statements += [str(CreateIndex(index).compile(dialect=sqlite.dialect())) for index in indexes]

    assert (FORMAT, hashlib.sha256("".join(statements).encode()).hexdigest()) == KNOWN


@pytest.mark.parametrize("store", ["gateway.db", "vault.db"])
def test_a_store_of_another_format_is_left_alone(world: World, store: str) -> None:
    """An older program says that it is too old, and does not write into what it does not know."""
    path = world.creditor.parent / store
    with open_store(path).connect() as connection:
        connection.exec_driver_sql("PRAGMA user_version=2")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    found = cli("handover", "--config", world.creditor)

    assert (found.code, f"{store} has format 2" in found.err) == (2, True)
    assert path.read_bytes() == before
    with pytest.raises(StoreError, match="use the version that made it"):
        open_store(path).connect()
