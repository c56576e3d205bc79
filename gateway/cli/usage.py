"""What is wrong with a command line, in words, and what would be right.

A value is never repeated. An option is named if it has the form of one, and a command if it is nearly one of ours: any
other word may be a name or a number that stands where it should not.
"""

import re
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from cyclopts import CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

_OPTION: Final = re.compile(r"(-[a-z]|--[a-z][a-z-]{0,30})")
_EXPECTED: Final = {
    date: "a day (YYYY-MM-DD)",
    datetime: "a moment (YYYY-MM-DDTHH:MM)",
    int: "a whole number",
    bool: "no value",
    Path: "a path",
}


def told(error: CycloptsError) -> str:
    """Which word of the command line is wrong, and what is expected there."""
    match error:
        case UnknownOptionError():
            option = str(error.token.keyword or error.token.value).partition("=")[0]
            names = [name for one in error.argument_collection if one.parse for name in one.names]
            words = _unknown("option", option if _OPTION.fullmatch(option) else "", names)
        case UnknownCommandError():
            word = str((error.unused_tokens or [""])[0])
            names = [] if error.app is None else list(error.app)
            words = _unknown("command", word if get_close_matches(word, names) else "", names)
        case UnusedCliTokensError():
            words = "more arguments than this command takes"
        case RepeatArgumentError():
            words = f"{error.token.keyword} may be given once"
        case CoercionError() if error.argument is not None:
            words = f"{_name(error.argument)} expects {_expected(error.argument, error.target_type)}"
        case _:
            words = _as_it_is(error)
    return words


def _unknown(kind: str, word: str, names: list[str]) -> str:
    close = get_close_matches(word, names, n=1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return f"unknown {kind} {word}".rstrip() + meant


def _as_it_is(error: CycloptsError) -> str:
    kind = type(error).__name__.removesuffix("Error")
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()
    if error.argument is None:
        return words
    choices = error.argument.get_choices()
    allowed = f": one of {', '.join(choices)}" if choices else ""
    return f"{words} ({_name(error.argument)}{allowed})"


def _name(argument: Any) -> str:
    """The option, or the argument as the help shows it."""
    if argument.index is None:
        return str(argument.name)
    return str(argument.name).removeprefix("--").replace("-", "_").upper()


def _expected(argument: Any, kind: object) -> str:
    choices = argument.get_choices()
    if choices:
        return f"one of {', '.join(choices)}"
    return _EXPECTED.get(kind, "another value") if isinstance(kind, type) else "another value"
