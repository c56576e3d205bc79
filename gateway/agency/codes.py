"""The codes of published agency interfaces, mapped to ours by a data file. An unknown code is refused, never guessed."""

import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from gateway.errors import InputError
from schemas.codes import ClosingCode, RefusalCode, StatusCode

_KINDS: Final[dict[str, type[StrEnum]]] = {"refusal": RefusalCode, "closing": ClosingCode, "status": StatusCode}


@cache
def load_codes() -> dict[str, dict[str, dict[str, StrEnum]]]:
    """The mapping by interface, kind (refusal, closing, status) and foreign code."""
    text = files("gateway.agency").joinpath("codes.toml").read_text("utf-8")
    return {
        interface: {kind: {code: _KINDS[kind](ours) for code, ours in found.items()} for kind, found in kinds.items()}
        for interface, kinds in tomllib.loads(text).items()
    }


def interfaces() -> tuple[str, ...]:
    """The interfaces whose codes are mapped."""
    return tuple(sorted(load_codes()))


def translate(interface: str, kind: str, code: str) -> StrEnum:
    """Our code for a foreign one. Raises InputError, which does not repeat the code, for one that is not mapped."""
    try:
        return load_codes()[interface][kind][code]
    except KeyError:
        raise InputError(
            f"the mapping of {interface if interface in interfaces() else 'this interface'} has no such {kind} code: "
            "add it to codes.toml, or use our own code"
        ) from None
