"""A whole store under other keys: the vault's keys under a new epoch key, digests under one more index key.

Each is part of one transaction of the caller's, so it happened or it did not. Memory is bounded by the page. What the
vault holds no row of is not wrapped again: that is how an erasure becomes final.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.engine import Connection

from keys.labels import bound, digest_again
from keys.material import Secret
from keys.sqlite import StoreError
from keys.vault_tables import WRAPPED, DigestColumn, WrappedKeys
from keys.wrap import unwrap, wrap

_PAGE: Final = 4_000
_DIGEST_AGAIN: Final = "digest_again"
Progress = Callable[[int], None]
"""Told how many more keys are done."""


def rewrap(connection: Connection, old: Secret, new: Secret, progress: Progress) -> int:
    """Wraps every key of the vault by `new` instead of `old`; how many. Raises keys.wrap.WrapError."""
    count = 0
    for keys in WRAPPED:
        change = update(keys.table).where(keys.id == bindparam("of")).values(wrapped=bindparam("wrapped_by_new"))
        for page in _pages(connection, keys):
            rows = [
                {"of": found, "wrapped_by_new": wrap(new, unwrap(old, wrapped, place), place)}
                for found, wrapped in page
                for place in (bound(keys.label, found),)
            ]
            connection.execute(change, rows)
            count += len(rows)
            progress(len(rows))
    return count


def open_all(connection: Connection, epoch: Secret, progress: Progress) -> int:
    """Opens every key of a vault; how many there are. Raises keys.wrap.WrapError for one that does not open."""
    count = 0
    for keys in WRAPPED:
        for page in _pages(connection, keys):
            for found, wrapped in page:
                unwrap(epoch, wrapped, bound(keys.label, found))
            count += len(page)
            progress(len(page))
    return count


def stack_digests(connection: Connection, columns: Iterable[DigestColumn], key: Secret) -> None:
    """Puts every digest of some columns under one more key."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise StoreError("digests are put under another key by SQLite's own functions, and this store is no SQLite")
    driver.create_function(_DIGEST_AGAIN, 1, lambda digest: digest_again(key, digest), deterministic=True)
    for column in columns:
        again = getattr(func, _DIGEST_AGAIN)(column.digest)
        connection.execute(update(column.table).values({column.digest: again}))
    driver.create_function(_DIGEST_AGAIN, 1, None)


def _pages(connection: Connection, keys: WrappedKeys) -> Iterator[list[tuple[str, bytes]]]:
    after = ""
    while True:
        query = select(keys.id, keys.wrapped).where(keys.id > after).order_by(keys.id).limit(_PAGE)
        page = [(str(found), bytes(wrapped)) for found, wrapped in connection.execute(query)]
        if not page:
            return
        yield page
        after = page[-1][0]
