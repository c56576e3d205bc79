"""Triggers that stop mistakes: nothing of the log is updated, deleted, replaced, skipped or reordered.

They stop whoever forgets, not the database's owner, who can drop them: that is what checkpoints held outside are for.
`INSERT OR REPLACE` fires no delete trigger in SQLite, so each insert is checked to be the next one.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection

_NEXT: Final = {
    "entry": 'NEW."index" != (SELECT COALESCE(MAX("index") + 1, 0) FROM entry)',
    "commitments": (
        'NEW.entry != (SELECT MAX("index") FROM entry) OR EXISTS (SELECT 1 FROM commitments WHERE entry = NEW.entry)'
    ),
    "completion": (
        'NEW.entry != (SELECT MAX("index") FROM entry) OR EXISTS (SELECT 1 FROM completion WHERE entry = NEW.entry)'
    ),
    "tile": "NEW.number != (SELECT COALESCE(MAX(number) + 1, 0) FROM tile WHERE level = NEW.level)",
    "checkpoint": (
        'NEW.size != (SELECT MAX("index") + 1 FROM entry) OR EXISTS (SELECT 1 FROM checkpoint WHERE size >= NEW.size)'
    ),
}


def set_guards(connection: Connection) -> None:
    """Makes the triggers of a new log."""
    for _, statement in _triggers():
        connection.execute(text(statement))


def missing_guards(connection: Connection) -> list[str]:
    """The names of triggers that are not there as `set_guards` made them."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    found = {str(row[0]): row[1] for row in rows}
    return [name for name, statement in _triggers() if found.get(name) != statement]


def _triggers() -> Iterator[tuple[str, str]]:
    for table, unfit in _NEXT.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, 'the audit log only grows: {table}'); END"
        for verb in ("update", "delete"):
            name = f"log_{table}_{verb}"
            yield name, f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} {refuse}"
        name = f"log_{table}_insert"
        yield name, f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {unfit} {refuse}"
