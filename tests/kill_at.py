"""Runs `inkasso` and kills it with SIGKILL on entry to the N-th call of a function: `kill_at.py FUNCTION N MARK ARGUMENTS…`.

FUNCTION is `module:name` or `module:Class.name`, as the code that calls it finds it. MARK is a file that is written
just before the kill, so that a test can assert that the step was reached; with N = 0 nobody is killed. The clock stands
at the world's day.
"""

import functools
import importlib
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine

from gateway.cli.main import run

TODAY = datetime(2026, 6, 30, 3, 0, tzinfo=UTC)


def arm(function: str, nth: int, mark: Path) -> None:
    module, _, path = function.partition(":")
    *parents, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)
    calls = 0

    @functools.wraps(original)
    def deadly(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            mark.write_text(function)
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(owner, name, deadly)


def run_armed(function: str, nth: int, mark: Path, arguments: list[str]) -> None:
    """Runs a command that is killed there, or exits with its code."""
    arm(function, nth, mark)
    with time_machine.travel(TODAY):
        sys.exit(run(arguments))


if __name__ == "__main__":
    function, nth, mark, *arguments = sys.argv[1:]
    run_armed(function, int(nth), Path(mark), arguments)
