"""What the process tells of itself: an allow-list of keys in known shapes, and of a crash only kind and place."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry import allow_listed

ROOT = Path(__file__).parent.parent
CANARY = "Zyxwvutsrq"

PREAMBLE = f"""
import asyncio, ctypes, gc, logging, os, resource, sys, threading, warnings
import structlog
from gateway.hardening import harden
from gateway.telemetry import configure_logging
harden()
configure_logging()
CANARY = "{CANARY}" + "-value"
"""
CHANNELS = {
    "exception": "{}[CANARY]",
    "exception with a note": "error = ValueError(CANARY); error.add_note(CANARY); raise error",
    "exception group": "raise ExceptionGroup(CANARY, [ValueError(CANARY)])",
    "chained exception": "try:\n    int(CANARY)\nexcept ValueError as error:\n    raise KeyError(CANARY) from error",
    "thread": "thread = threading.Thread(target=lambda: {}[CANARY], name=CANARY); thread.start(); thread.join()",
    "__del__": "class Thing:\n    def __del__(self): raise ValueError(CANARY)\nThing(); gc.collect()",
    "generator": "def made():\n    try:\n        yield\n    finally:\n        raise ValueError(CANARY)\nnext(made())",
    "task": "async def work(): raise ValueError(CANARY)\nasync def main():\n    task = asyncio.create_task(work())\n"
    "    await asyncio.sleep(0)\n    await asyncio.sleep(0)\n    del task\nasyncio.run(main()); gc.collect()",
    "logging": "logging.getLogger('paramiko.transport').error('of %s', CANARY)",
    "logging an exception": "try:\n    int(CANARY)\nexcept ValueError:\n"
    "    logging.getLogger(CANARY + ' x').exception(CANARY)",
    "logging a bad format": "logging.getLogger('x').critical('%d', CANARY)",
    "logging at a level of its own": "logging.getLogger('x').log(45, CANARY)",
    "warning": "warnings.warn(CANARY, stacklevel=1)",
    "event of a known key": "structlog.get_logger().info('package sealed', package=CANARY, agency=CANARY, claims=CANARY)",
    "event of an unknown key": "structlog.get_logger().info('package sealed', name=CANARY, claims=7)",
    "event with an exception": "try:\n    int(CANARY)\nexcept ValueError:\n"
    "    structlog.get_logger().exception('package sealed', name=CANARY)",
    "event of a foreign text": "structlog.get_logger().warning(CANARY + ' ' + CANARY)",
    "bound context": "structlog.get_logger().bind(name=CANARY, source=CANARY).error('package sealed')",
}


def ran(script: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-W", "always", "-c", PREAMBLE + script], capture_output=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_channel_carries_a_value(channel: str) -> None:
    """However something goes wrong, neither stdout nor stderr holds what it went wrong with; and it is one line."""
    done = ran(CHANNELS[channel] + "\n")

    assert CANARY.encode() not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) <= 1
    assert done.returncode == (70 if "exception" in channel and " an exception" not in channel else 0)


@pytest.mark.parametrize("channel", ["exception", "thread", "__del__"])
def test_a_crash_says_kind_and_place(channel: str) -> None:
    """Enough to report it."""
    told = ran(CHANNELS[channel] + "\n").stderr.decode()

    assert told.startswith("inkasso: a fault of the program: ")
    assert ("KeyError at <string>:" in told) or ("ValueError at <string>:" in told)


def test_one_event_is_one_line_of_json() -> None:
    """ASCII, sorted, with what is allowed and nothing else; a library's record is its name and level."""
    script = """
structlog.get_logger().info("package sealed", claims=7, agency="ostsee", sequence=3)
logging.getLogger("paramiko.transport").error(CANARY + "\\n" + CANARY)
"""
    first, second = (json.loads(line) for line in ran(script).stderr.splitlines())
    times = [one.pop("timestamp") for one in (first, second)]

    assert all(time.endswith("Z") for time in times)
    assert first == {"event": "package sealed", "level": "info", "claims": 7, "agency": "ostsee", "sequence": 3}
    assert second == {"event": "library record", "level": "error", "logger": "paramiko.transport"}


def test_the_process_leaves_no_core_and_no_open_files() -> None:
    """A core file holds every key: none is written, no debugger attaches, and new files are private."""
    script = """
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), oct(os.umask(0)))
"""
    dumpable = "0" if sys.platform == "linux" else "-1"

    assert ran(script).stdout.decode().strip() == f"(0, 0) {dumpable} 0o77"


class Sly:
    """Looks allowed as a text, and is something else when it is written."""

    def __str__(self) -> str:
        return "ostsee"

    def __repr__(self) -> str:
        return CANARY


@pytest.mark.parametrize(
    "event",
    [
        {"agency": Sly()},
        {"agency": "a\n"},
        {"agency": "A"},
        {"claims": -1},
        {"claims": 1.5},
        {"claims": True},
        {"claims": "١٢"},
        {"claims": 10**9},
        {"package": "a" * 25},
        {"event": "Package"},
        {"event": "x\u2028y"},
        {"logger": "a b"},
        {"note": "fine"},
        {"exc_info": True},
    ],
    ids=lambda event: next(iter(event)),
)
def test_another_shape_is_dropped(event: dict[str, Any]) -> None:
    """A key that is not on the list, or a value that is not of its shape, is left out."""
    assert allow_listed(None, "info", dict(event)) == {}


@given(st.dictionaries(st.sampled_from(["event", "agency", "claims", "package", "note"]), st.text() | st.integers()))
def test_what_is_written_is_one_printable_line(event: dict[str, Any]) -> None:
    """Whatever is logged: no control character, no line end, no letter beyond ASCII is left."""
    written = json.dumps(allow_listed(None, "info", dict(event)), ensure_ascii=False)

    assert written.isascii()
    assert written.isprintable()
