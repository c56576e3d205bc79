"""Processes that tests start, with the whole program imported already: each is forked from one that does nothing else.

A process of its own in all but that: it shares no memory, no thread and no open file with the test, and may be killed.
"""

import asyncio
import logging
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from gateway.demo.serving import serve

_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["gateway.cli.main", "gateway.demo.serving", "time_machine"])


def ended(act: Callable[..., None], *arguments: Any) -> tuple[int | None, str]:
    """Exit status of a process that calls a function, and what it printed."""
    ours, theirs = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_act, args=(theirs, dict(os.environ), act, arguments))
    process.start()
    theirs.close()
    with open(ours.fileno(), "rb", closefd=False) as said:
        printed = said.read().decode()
    ours.close()
    process.join()
    return process.exitcode, printed


@contextmanager
def warm_server(root: Path, host_key: Path, authorized_keys: Path, port: int) -> Iterator[None]:
    """The demo's SFTP server, until the context ends."""
    ours, theirs = _FORKS.Pipe()
    process = _FORKS.Process(target=_serve, args=(theirs, root, host_key, authorized_keys, port))
    process.start()
    theirs.close()
    try:
        with open(ours.fileno(), "rb", closefd=False) as said:
            assert said.readline() == f"{port}\n".encode(), "the server does not start"
        yield
    finally:
        ours.close()
        process.join(10)
        process.kill()


def _act(end: Connection, environment: dict[str, str], act: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    _attach(end, 1, 2)
    act(*arguments)


def _serve(end: Connection, *place: Any) -> None:
    _attach(end, 0, 1)
    sys.stdin = os.fdopen(0, closefd=False)
    logging.disable(logging.CRITICAL)
    asyncio.run(serve(*place))


def _attach(end: Connection, *streams: int) -> None:
    """These streams of the process lead to the test."""
    for stream in streams:
        os.dup2(end.fileno(), stream)
    end.close()
