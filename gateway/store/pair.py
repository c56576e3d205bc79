"""The id that `gateway.db` shares with its `vault.db`: two databases are not one, so each start compares them."""

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.store.tables import MetaRow


def read_pair(connection: Connection) -> str | None:
    """The pair id; None in a store that was never initialised."""
    return connection.execute(select(col(MetaRow.value)).where(col(MetaRow.key) == "pair")).scalar()


def write_pair(connection: Connection, pair: str) -> None:
    """Ties a new store to a new vault."""
    connection.execute(insert(MetaRow), [{"key": "pair", "value": pair}])
