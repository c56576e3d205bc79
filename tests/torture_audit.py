"""Every byte of a 200-entry log, some values each: none unseen. Part of `make torture`; a short form is in `make test`.

usage: torture_audit.py [STEP]   looks at every STEPth byte, each of them by default
"""

import sys
import tempfile
from pathlib import Path

from sqlalchemy import text

from audit.completions import Position
from audit_world import SmallLog, small_log

COLUMNS = {"entry": "leaf", "commitments": '"values"', "completion": "positions", "checkpoint": "note"}
MASKS = (0x01, 0x20, 0x80)


def unseen_in(log: SmallLog, table: str, step: int) -> tuple[int, int]:
    """How many changes of a table were made, and how many of them no verification saw."""
    column = COLUMNS[table]
    rows = log.connection.execute(text(f"SELECT rowid, {column} FROM {table}")).all()
    log.connection.rollback()
    change = text(f"UPDATE {table} SET {column} = :value WHERE rowid = :row")
    made = unseen = 0
    for row, value in rows:
        for place in range(0, len(value), step):
            for mask in MASKS:
                changed = value[:place] + bytes([value[place] ^ mask]) + value[place + 1 :]
                with log.connection.begin():
                    log.connection.execute(change, {"value": changed, "row": row})
                made, unseen = made + 1, unseen + (log.verify().fault is None)
        with log.connection.begin():
            log.connection.execute(change, {"value": value, "row": row})
    return made, unseen


def main() -> None:
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as folder, small_log(Path(folder) / "log.db") as log:
        first = log.add_items(5)
        log.add(195)
        log.erase([Position(first, 2)])
        with log.connection.begin():
            names = (
                log.connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            )
            for name in names:
                log.connection.execute(text(f"DROP TRIGGER {name}"))
        log.connection.exec_driver_sql("PRAGMA synchronous=0")
        log.connection.rollback()
        total = 0
        for table in COLUMNS:
            made, unseen = unseen_in(log, table, step)
            sys.stdout.write(f"{table}: {made} changes, {unseen} unseen\n")
            sys.stdout.flush()
            total += unseen
    sys.exit(total > 0)


if __name__ == "__main__":
    main()
