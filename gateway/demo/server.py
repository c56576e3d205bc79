"""Starting and ending the demo's SFTP server, a process of its own on the loopback."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.errors import UsageError

_PROGRAM: Final = Path(__file__).with_name("serving.py")


@contextmanager
def running_server(root: Path, host_key: Path, authorized_keys: Path, port: int) -> Iterator[int]:
    """A server on `port` (0 for any free one), which is yielded; it ends when the context does. Raises UsageError."""
    arguments = [str(part) for part in (_PROGRAM, root, host_key, authorized_keys, port)]
    # -I -P: no module of the working directory can stand in for one of ours.
    process = subprocess.Popen(
        [sys.executable, "-I", "-P", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("both were asked for as pipes")
    try:
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise UsageError(
                "the demo's SFTP server does not start: is its port in use, or the `demo` extra not installed?"
            )
        yield int(line)
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
