"""Watches every transaction on `gateway.db` that a test commits in this process: a change has its entry, or a stated reason.

"State changes and their audit entries are one transaction" is a promise about all code, so it is held against all of it.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

import gateway

PACKAGE: Final = f"{Path(gateway.__file__).parent}/"
WRITES: Final = re.compile(r"\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)", re.IGNORECASE)
_UNFINISHED: Final = "counts for nothing until its package or batch ends, with its entry"
_COPY: Final = "which copies belong together, and how new they are"
WITHOUT_AN_ENTRY: Final = {
    ("handover/batch.py", "__init__"): _UNFINISHED,
    ("handover/batch.py", "_begin_package"): _UNFINISHED,
    ("handover/batch.py", "add"): _UNFINISHED,
    ("handover/tell.py", "tell"): _UNFINISHED,
    ("handover/tell.py", "end_kept_restrictions"): _UNFINISHED,
    ("handover/probe.py", "seal_probe"): _UNFINISHED,
    ("handover/waiting.py", "_seal"): _UNFINISHED,
    ("handover/recovery.py", "take_back"): "counted for nothing, and is gone",
    ("handover/batches.py", "end"): "which files of the inbox were read",
    ("pipeline.py", "_screen_inbox"): "which files of the inbox were read",
    ("feedback/run.py", "_take_cosignature"): "proves the log and is no part of it",
    ("rights/erasure.py", "end_restrictions"): "what was erased, with its entries, needs none",
    ("custody/generation.py", "advance_generation"): _COPY,
    ("custody/generation.py", "_arrive"): _COPY,
    ("custody/escrow.py", "write_escrow"): _COPY,
    ("setup.py", "init_creditor"): _COPY,
}
"""Where a transaction of `gateway.db` has no entry, and what it changes."""


class Committed:
    """What the open transactions have written, by connection, and who committed changes without an entry."""

    def __init__(self) -> None:
        self.unexplained: list[str] = []
        self._written: dict[int, set[str]] = {}

    def forget(self) -> None:
        """Begins anew."""
        self.unexplained.clear()
        self._written.clear()

    def executed(self, connection: Connection, cursor: Any, statement: str, *_rest: object) -> None:
        """Counts a statement that has changed a row."""
        found = WRITES.match(statement)
        if found and cursor.rowcount:
            self._written.setdefault(id(connection.connection.dbapi_connection), set()).add(found[1])

    def committed(self, connection: Connection) -> None:
        """The transaction counts from here on."""
        tables = self._written.pop(id(connection.connection.dbapi_connection), set())
        if not tables or "entry" in tables or not _is_gateway(connection):
            return
        place = _place()
        if place is not None and place not in WITHOUT_AN_ENTRY:
            self.unexplained.append(f"{place[0]}:{place[1]} changed {', '.join(sorted(tables))} without an entry")

    def rolled_back(self, connection: Connection) -> None:
        """Nothing of it counts."""
        self._written.pop(id(connection.connection.dbapi_connection), None)


_SEEN: Final = Committed()
event.listen(Engine, "after_cursor_execute", _SEEN.executed)
event.listen(Engine, "commit", _SEEN.committed)
event.listen(Engine, "rollback", _SEEN.rolled_back)


@contextmanager
def watched() -> Iterator[Committed]:
    """What every engine of this process does from here on."""
    _SEEN.forget()
    yield _SEEN


def _is_gateway(connection: Connection) -> bool:
    return (connection.engine.url.database or "").endswith("/gateway.db")


def _place() -> tuple[str, str] | None:
    """The module and function of the program whose transaction it was; none if a test's own."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE):
            return frame.f_code.co_filename.removeprefix(PACKAGE), frame.f_code.co_name
        frame = frame.f_back
    return None
