"""What the process does to itself before it touches anything: no core file, no debugger, private files, silent crashes.

A core file holds every key and name (`RLIMIT_CORE`, `PR_SET_DUMPABLE`); a traceback's last line often holds a
value, and `sys.excepthook` is bypassed by threads and `__del__`: all three hooks print where, and of which kind,
and nothing else.
"""

import ctypes
import logging
import os
import resource
import sys
import threading
import traceback
from types import TracebackType
from typing import Final

BUG_EXIT_CODE: Final = 70
_PR_SET_DUMPABLE: Final = 4


def harden() -> None:
    """Hardens this process. To be called once, first; has no failure that must stop the start."""
    os.umask(0o077)
    if sys.stdout is None:
        # A service without standard output: what is printed goes nowhere, and stops nothing.
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    logging.raiseExceptions = False
    sys.excepthook = _end
    threading.excepthook = lambda args: _tell(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _tell(args.exc_type, args.exc_value, args.exc_traceback)


def where(error: BaseException | None, trace: TracebackType | None) -> str:
    """Kind and place of an error, without its message: `KeyError at gateway/x.py:12`."""
    frames = traceback.extract_tb(trace)
    place = f" at {'/'.join(frames[-1].filename.split('/')[-2:])}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _tell(kind, error, trace)
    sys.stdout.flush()
    os._exit(BUG_EXIT_CODE)


def _tell(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        os.write(2, f"inkasso: a fault of the program: {where(error, trace)}; please report it\n".encode())
