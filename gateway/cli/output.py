"""What commands print: plain lines that read the same in a terminal and in a pipe, one JSON object with `--json`.

Progress goes to stderr, and only to a terminal. Nothing here ever receives a value of a claim.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


def line(text: str = "") -> None:
    """One line on stdout."""
    print(text)


def heading(text: str) -> None:
    """A line that begins a part of the output."""
    print(f"\n{text}")


def table(rows: Sequence[Sequence[str]], indent: int = 2) -> None:
    """Columns aligned by their longest cell; cells that look like numbers stand right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = [
            cell.rjust(width) if cell.replace(",", "").replace(".", "").isdigit() else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        print((" " * indent + "  ".join(cells)).rstrip())


def as_json(value: Mapping[str, object]) -> None:
    """One JSON object on one line."""
    print(json_text(value))


def json_text(value: Mapping[str, object]) -> str:
    """One JSON object on one line, without its end."""
    return json.dumps(value, ensure_ascii=True)


def complain(text: str) -> None:
    """One line on stderr, with the program's name."""
    print(f"inkasso: {text}", file=sys.stderr)


def private_file(path: Path, content: bytes) -> None:
    """A new file that only its owner reads, for what holds personal data."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)


@contextmanager
def progress() -> Iterator[Callable[[str, int], None]]:
    """Counts of what is being done, on a terminal; in a pipe, nothing."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _what, _count: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, count: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=None)
            shown.advance(tasks[what], count)

        yield tell
