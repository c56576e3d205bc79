"""Opening an SQLite store so that what it acknowledged survives a power cut, and what it deleted is gone.

Rules: WAL with synchronous=FULL (NORMAL lost acknowledged commits), secure_delete, foreign keys; set on every
connection and read back. A store is created only by `create_store`; a missing one is an error. Its file is readable
by its owner alone. It says which format its tables have, and a program that knows another one leaves it alone. Neither
statements nor values appear in an error (`hide_parameters`).
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from sqlite3 import SQLITE_LIMIT_VARIABLE_NUMBER, connect
from sqlite3 import Connection as SqliteConnection
from typing import Any, Final, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, MetaData, create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool

_PRAGMAS: Final = (
    ("journal_mode", "wal"),
    ("synchronous", 2),
    ("secure_delete", 1),
    ("foreign_keys", 1),
    ("busy_timeout", 5000),
    ("temp_store", 2),
)


FORMAT: Final = 1
"""Of the tables of every store, as `PRAGMA user_version`: raised whenever one of them changes."""
MAXIMUM_VALUES: Final = 32_766
"""How many values a statement takes in SQLite as it is built by default; builds that take more are held to the same."""
_PORTION: Final = 30_000
_T = TypeVar("_T")


class StoreError(Exception):
    """A store cannot be used; the message says which and what to do."""


def create_store(path: Path, metadata: MetaData) -> Engine:
    """A new store with its tables. Raises StoreError if there is one."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        raise StoreError(f"{path} exists already: nothing was changed") from None
    with closing(connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={FORMAT}")
    engine = _engine(path)
    metadata.create_all(engine)
    return engine


def open_store(path: Path) -> Engine:
    """An existing store. Raises StoreError if it is missing or others may read it."""
    try:
        found = path.stat()
    except OSError:
        raise StoreError(f"{path} is missing: restore it from a backup; only `init` makes a new store") from None
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise StoreError(f"{path} must belong to the user who runs this, with mode 600")
    return _engine(path)


def open_copy(path: Path) -> Engine:
    """A copy of a store, to look at: it is not changed, and nothing is put beside it. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"{path} is missing: name another copy")
    options = {"mode": "ro", "immutable": "1", "uri": "true"}
    url = URL.create("sqlite", database=f"file:{quote(str(path))}", query=options)
    return create_engine(url, hide_parameters=True, poolclass=NullPool)


def copy_store(connection: Connection, path: Path) -> None:
    """A consistent copy of an open store without its free pages, durable when this returns; outside any transaction.

    Raises StoreError if there is a file, or the store is no SQLite database.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, SqliteConnection):
        raise StoreError("this store is no SQLite database: copy it with its own tools")
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise StoreError(f"{path} exists already: nothing was changed") from None
    try:
        driver.execute("VACUUM INTO ?", (str(path),))  # an empty file may be filled, and keeps its mode
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def portions(values: Iterable[_T]) -> Iterator[list[_T]]:
    """Values in lists that a statement takes, with room for others beside them."""
    rest = iter(values)
    while portion := list(islice(rest, _PORTION)):
        yield portion


def among(connection: Connection, query: Any, column: Any, values: Iterable[object]) -> Iterator[Any]:
    """The rows of a query whose column is one of any number of values; each portion of them in the query's order."""
    for some in portions(values):
        yield from connection.execute(query.where(column.in_(some)))


def truncate_log(connection: Connection) -> None:
    """Empties the write-ahead log, so that nothing deleted or replaced stays in it; outside any transaction.

    Raises StoreError if somebody else reads the store.
    """
    busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    connection.rollback()
    if busy:
        raise StoreError("another program reads the store, so its write-ahead log keeps what was erased: end it")


def _engine(path: Path) -> Engine:
    # NullPool: one connection at a time is opened by its owner and closed for good, so no file handle outlives a run.
    # URL.create: in a text, a question mark in a folder's name would put the store into another file.
    url = URL.create("sqlite", database=str(path))
    # A statement with one parameter a claim of a chunk is large, and each number of parameters is another statement.
    few = {"cached_statements": 8}
    engine = create_engine(url, hide_parameters=True, poolclass=NullPool, connect_args=few)

    @event.listens_for(engine, "connect")
    def prepare(connection: SqliteConnection, _record: object) -> None:
        connection.setlimit(SQLITE_LIMIT_VARIABLE_NUMBER, MAXIMUM_VALUES)
        for name, value in _PRAGMAS:
            connection.execute(f"PRAGMA {name}={value}")
            (found,) = connection.execute(f"PRAGMA {name}").fetchone()
            if found != value:
                raise StoreError(f"{path}: the file system refuses {name}={value}; choose a local disk")
        (made,) = connection.execute("PRAGMA user_version").fetchone()
        if made != FORMAT:
            raise StoreError(
                f"{path} has format {made}, and this version of the program reads format {FORMAT}: use the version that "
                "made it; nothing was changed"
            )

    return engine
