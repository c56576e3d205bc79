"""Presets: the mappings of one kind of source, as data files beside this module, to be used, or copied and changed.

A source names a preset, or a mapping of its own; that may begin from a preset (`preset = "name"`) and say only what
differs: tables are merged key by key, everything else is replaced.
"""

import json
import tomllib
from collections.abc import Mapping as Table
from importlib.resources import files
from pathlib import PurePath
from typing import Annotated, Final

from pydantic import Field, ValidationError

from gateway.errors import InputError, UsageError
from gateway.readers.mapping import Mapping
from gateway.settings import Source, explain
from schemas.base import Strict

_PRESETS: Final = files("gateway.readers") / "presets"
_SUFFIXES: Final = {
    ".csv": ("datev", "csv"),
    ".txt": ("csv",),
    ".jsonl": ("jsonl",),
    ".json": ("json_array",),
    ".xlsx": ("sheet",),
    ".ods": ("sheet",),
    ".xml": ("einvoice",),
    ".pdf": ("einvoice",),
}


class Preset(Strict):
    """The mappings of one kind of source, and from which level its reminders are a Mahnung."""

    mahnung_from_level: Annotated[int, Field(ge=1, le=9)] = 2
    csv: Mapping | None = None
    jsonl: Mapping | None = None
    json_array: Mapping | None = None
    sheet: Mapping | None = None
    datev: Mapping | None = None
    einvoice: Mapping | None = None

    def mapping_for(self, path: PurePath) -> Mapping:
        """The mapping that reads a file, by its suffix. Raises InputError if there is none."""
        for name in _SUFFIXES.get(path.suffix.lower(), ()):
            found = getattr(self, name)
            if isinstance(found, Mapping):
                return found
        known = sorted(suffix for suffix, names in _SUFFIXES.items() if any(getattr(self, name) for name in names))
        raise InputError(f"a file is none of {', '.join(known)}, which its preset or mapping reads: move it")


def presets() -> tuple[str, ...]:
    """The names of all presets."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in _PRESETS.iterdir() if file.name.endswith(".toml")))


def load_preset(name: str) -> Preset:
    """A preset by name. Raises UsageError that names those that exist."""
    return _valid(_table(name), f"preset {name}")


def preset_text(name: str) -> str:
    """The file of a preset, to be copied and changed. Raises UsageError."""
    if name not in presets():
        raise UsageError(f"there is no such preset; there are: {', '.join(presets())}")
    return (_PRESETS / f"{name}.toml").read_text("utf-8")


def preset_of(source: Source) -> Preset:
    """How a source is read: its preset, or its own mapping. Raises UsageError that names each wrong key, no value."""
    if source.mapping is None:
        return load_preset(source.preset or "")
    return own_mapping(source.mapping, f"the mapping of source {source.id}")


def own_mapping(table: Table[str, object], what: str) -> Preset:
    """A mapping that a creditor wrote, on top of the preset it begins from, if any. Raises UsageError."""
    own = dict(table)
    base = own.pop("preset", None)
    return _valid(_merged(_table(str(base)), own) if base is not None else own, what)


def _table(name: str) -> dict[str, object]:
    return tomllib.loads(preset_text(name))


def _merged(below: Table[str, object], above: Table[str, object]) -> dict[str, object]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _valid(table: Table[str, object], what: str) -> Preset:
    try:
        preset = Preset.model_validate_json(json.dumps(table))
    except ValidationError as error:
        raise UsageError(f"{what} is not valid: {explain(error)}") from None
    for name, found in preset:
        if isinstance(found, Mapping) and found.format != name:
            raise UsageError(f"{what} is not valid: {name}.format must be {name}")
    return preset
