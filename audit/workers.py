"""Processes that look at pieces of a log beside each other: hashing a long log is the work of all processors.

    with Workers() as workers:                 before any store or key is opened: the processes are copies of this one
        verify(evidence, key, look=workers.over(ExportedLog, folder))

What they find is the same as in one process, and comes back in the same order.
"""

import gc
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Final, Self

from audit.shown import Evidence
from audit.stretch import Look, Piece, Roots, Seen, look

Open = Callable[[Path], Evidence]
"""Opens the evidence in a worker, once; it is sent there by its name."""
_AHEAD: Final = 3


class WorkersError(Exception):
    """A worker could not be started, or was ended from outside, for instance for want of memory. Nothing was established."""

    def __init__(self) -> None:
        super().__init__(
            "a process that verifies could not be started, or was ended from outside: nothing was established; see what "
            "limits memory and processes, and start again"
        )


class Workers:
    """As many processes as this one may use processors. They end with the context."""

    def __init__(self) -> None:
        self._number = len(os.sched_getaffinity(0))
        # A new interpreter each would import the command line again, slower than most logs are verified.
        try:
            self._pool = ProcessPoolExecutor(self._number, get_context("fork"), _begin)
        except OSError:
            raise WorkersError from None

    def __enter__(self) -> Self:
        """Starts all of them, now. Raises WorkersError."""
        try:
            self._pool.submit(os.getpid).result()
        except (OSError, BrokenExecutor):
            self._pool.shutdown()
            raise WorkersError from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def over(self, opens: Open, path: Path) -> Look:
        """A way to look at the evidence at `path`. It raises WorkersError, and what `stretch.look` raises."""
        return partial(self._look, opens, path)

    def _look(self, opens: Open, path: Path, pieces: Iterable[Piece]) -> Iterator[Seen | Roots]:
        waiting = deque[Future[Seen | Roots]]()
        try:
            for piece in pieces:
                waiting.append(self._pool.submit(_look_at, opens, path, piece))
                if len(waiting) > _AHEAD * self._number:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenExecutor:
            raise WorkersError from None


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers the keyboard, once
    gc.disable()  # thousands of rows a piece, and no cycles among them
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker holds its own queue open, so it would wait for work of a parent that was killed for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@cache
def _opened(opens: Open, path: Path) -> Evidence:
    return opens(path)


def _look_at(opens: Open, path: Path, piece: Piece) -> Seen | Roots:
    return look(_opened(opens, path), piece)
