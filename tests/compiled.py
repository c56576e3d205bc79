"""The SQL of a statement, made once a process and not once for each store: a test opens dozens of stores, a night two."""

from typing import Any, Final

from keys import sqlite

_create_engine: Final = sqlite.create_engine
_ANY: Final = _create_engine("sqlite://")


def _with_shared_statements(*arguments: Any, **options: Any) -> Any:
    engine = _create_engine(*arguments, **options)
    # What was compiled is kept by dialect: all engines have that of the first.
    engine.dialect, engine._compiled_cache = _ANY.dialect, _ANY._compiled_cache
    return engine


def share_statements() -> None:
    """Every store that is opened from here on finds what was compiled for another."""
    _ANY.connect().close()  # tells the dialect which SQLite this is
    sqlite.create_engine = _with_shared_statements
