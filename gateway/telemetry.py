"""Operational log lines on stderr: an allow-list of keys, each with its exact shape. Anything else is dropped.

Other libraries' records are reduced to name and level: their messages may hold anything.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

_SHAPES: Final = {
    "event": re.compile(r"[a-z][a-z .-]{0,60}"),
    "level": re.compile(r"[a-z]{1,10}"),
    "timestamp": re.compile(r"[0-9T:.Z-]{1,32}"),
    "package": re.compile(r"[0-9a-hjkmnp-tv-z]{26}"),
    "agency": re.compile(r"[a-z0-9.-]{1,64}"),
    "source": re.compile(r"[a-z0-9.-]{1,64}"),
    "sequence": re.compile(r"[0-9]{1,9}"),
    "claims": re.compile(r"[0-9]{1,9}"),
    "key_exchange": re.compile(r"[A-Za-z0-9@.-]{1,64}"),
    "logger": re.compile(r"[A-Za-z0-9_.-]{1,80}"),
}


def allow_listed(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Only known keys, only in their known shape."""
    return {
        key: value
        for key, value in event.items()
        # Of another type, what is compared here as a text need not be what is written.
        if key in _SHAPES and isinstance(value, str | int) and _SHAPES[key].fullmatch(str(value)) is not None
    }


def configure_logging() -> None:
    """One JSON line an event, ASCII only, on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            allow_listed,
            structlog.processors.JSONRenderer(ensure_ascii=True, sort_keys=True),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # A warning's text may hold a value: as a record of the library `warnings` it is dropped.
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers = [_NameAndLevel(logging.ERROR)]


class _NameAndLevel(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # Libraries have levels of their own, which structlog does not know.
        level = logging.CRITICAL if record.levelno >= logging.CRITICAL else logging.ERROR
        structlog.get_logger().log(level, "library record", logger=record.name)
