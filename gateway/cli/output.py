"""What commands print: plain lines that read the same in a terminal and in a pipe, one JSON object with `--json`.

Progress goes to stderr, and only to a terminal. Nothing here ever receives a value of a claim.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from gateway.errors import UsageError
from keys.root import write_private


def line(text: str = "") -> None:
    """One line on stdout."""
    print(text)


def heading(text: str) -> None:
    """A line that begins a part of the output."""
    print(f"\n{text}")


def table(rows: Sequence[Sequence[str]], indent: int = 2, *, numbers: bool = True) -> None:
    """Columns aligned by their longest cell; with `numbers`, cells that look like them stand right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = [
            cell.rjust(width) if numbers and cell.replace(",", "").replace(".", "").isdigit() else cell.ljust(width)
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


def require_new(path: Path) -> None:
    """A name under which a new file can be written, before anything is logged or shown for it. Raises UsageError."""
    if path.exists() or not path.parent.is_dir():
        raise UsageError(f"{path} cannot be written: choose a new name in a folder that exists; nothing was changed")


def new_file(path: Path, content: bytes) -> None:
    """A new file that only its owner reads. Raises UsageError."""
    try:
        write_private(path, content)
    except OSError:
        raise UsageError(f"{path} cannot be written: choose a new name in a folder that exists") from None


def ask(question: str) -> str:
    """What somebody at the terminal answers. Raises UsageError if the input ends instead."""
    try:
        return input(question).strip()
    except EOFError:
        line()
        raise UsageError("nobody answered; nothing was done") from None


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
