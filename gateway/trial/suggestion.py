"""`config suggest`: looks at a real file and proposes how to read it. The only place that guesses.

The proposal is a mapping in TOML, to be kept beside the configuration: a preset if one fits, else columns by their
names. What it is unsure of stands in it as a question; no value of the file does. `config check --sample` then tries it.
"""

import csv
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from gateway.errors import InputError
from gateway.handover.inbox import opened
from gateway.readers.formats import Encoding, Format
from gateway.readers.guess import Questions, decoded, field_of, guess_delimiter, guess_encoding, guess_header
from gateway.readers.mapping import Left, Mapping
from gateway.readers.presets import load_preset, presets
from gateway.readers.proposal import Proposal, preset_proposal, propose
from gateway.readers.sheet_rows import sheet_values

_SAMPLE: Final = 1 << 20
_ROWS: Final = 500
_FORMATS: Final = {
    ".csv": Format.CSV,
    ".txt": Format.CSV,
    ".xlsx": Format.SHEET,
    ".ods": Format.SHEET,
    ".jsonl": Format.JSON_LINES,
    ".json": Format.JSON_ARRAY,
}


class Look(NamedTuple):
    """What was seen of a file: its format and dialect, the names of its columns, some rows."""

    format: Format
    settings: dict[str, object]
    names: tuple[str, ...]
    rows: list[Sequence[object]]


def suggest(path: Path) -> Proposal:
    """A proposal for a file. Raises InputError for one that cannot be read at all."""
    suffix = path.suffix.lower()
    with opened(path) as file:
        sample = file.read(_SAMPLE)
    if suffix in (".xml", ".pdf"):
        return preset_proposal("einvoice", ["term_days: how many days invoices without a due date allow"])
    if sample.removeprefix(b"\xef\xbb\xbf").lstrip(b'"').startswith(b"EXTF"):
        questions = ["chart: SKR03 or SKR04", "term_days: how many days postings without a due date allow"]
        return preset_proposal("datev", questions, {"datev": {"chart": "SKR03"}})
    if suffix not in _FORMATS:
        raise InputError(f"a file ends in {', '.join([*_FORMATS, '.xml', '.pdf'])}: rename it, or export another kind")
    questions_asked = Questions()
    look = _look(path, _FORMATS[suffix], sample, questions_asked)
    known = _fitting_preset(look)
    if known is not None:
        return known
    return propose(look.format, look.settings, look.names, look.rows, questions_asked)


def _look(path: Path, kind: Format, sample: bytes, questions: Questions) -> Look:
    match kind:
        case Format.CSV:
            return _look_at_csv(sample, questions)
        case Format.SHEET:
            with opened(path) as file:
                rows: list[Sequence[object]] = list(islice(sheet_values(file, None), _ROWS))
            return _look_at_table(kind, {}, rows, questions)
        case _:
            return _look_at_objects(kind, sample)


def _look_at_csv(sample: bytes, questions: Questions) -> Look:
    encoding = guess_encoding(sample, questions)
    text = decoded(sample, encoding)
    delimiter = guess_delimiter(text.getvalue(), questions)
    rows: list[Sequence[object]] = list(islice(csv.reader(text, delimiter=delimiter), _ROWS))
    settings: dict[str, object] = {"encoding": encoding.value, "delimiter": delimiter}
    return _look_at_table(Format.CSV, settings, rows, questions)


def _look_at_table(
    kind: Format, settings: dict[str, object], rows: list[Sequence[object]], questions: Questions
) -> Look:
    if not rows:
        raise InputError("the file is empty: take one with some rows")
    of_presets = _names_of_presets()
    place = guess_header(rows, lambda name: name in of_presets or field_of(name) is not None, questions)
    if place is None:
        raise InputError("no row looks like a header with names that are known: begin from a preset by hand")
    names = tuple(str(name).strip() for name in rows[place - 1])
    while names and not names[-1]:
        names = names[:-1]
    if len(set(names)) != len(names) or not all(names):
        raise InputError("the header has columns without a name, or a name twice: correct the export first")
    return Look(kind, settings | ({"header_row": place} if place > 1 else {}), names, rows[place:])


def _names_of_presets() -> frozenset[str]:
    mappings = [mapping for name in presets() for _, mapping in load_preset(name) if isinstance(mapping, Mapping)]
    return frozenset(column for mapping in mappings for _, column in mapping.columns)


def _look_at_objects(kind: Format, sample: bytes) -> Look:
    text = decoded(sample, Encoding.UTF8).getvalue()
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    objects: list[dict[str, object]] = []
    place = text.find("{")
    while place >= 0 and len(objects) < _ROWS:
        try:
            found, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        objects += [flat(found)] if isinstance(found, dict) else []
        place = text.find("{", place)
    names = tuple(dict.fromkeys(name for one in objects for name in one))
    if not names:
        raise InputError("the file holds no JSON objects: is it another format?")
    return Look(kind, {}, names, [[one.get(name) for name in names] for one in objects])


def flat(found: dict[str, object], above: str = "") -> dict[str, object]:
    """An object by dotted paths; lists stay whole."""
    cells: dict[str, object] = {}
    for key, value in found.items():
        cells |= flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return cells


def _fitting_preset(look: Look) -> Proposal | None:
    """The preset whose every used column is there; columns it does not know are asked about and left behind."""
    best: tuple[int, str, Mapping] | None = None
    for name in presets():
        mapping = getattr(load_preset(name), look.format)
        if isinstance(mapping, Mapping) and mapping.columns:
            used = {column.partition("[]")[0] for _, column in mapping.columns}
            heads = {name.partition(".")[0] for name in look.names}
            if all(column in look.names or (look.format is not Format.CSV and column in heads) for column in used):
                best = max(filter(None, (best, (len(used), name, mapping))), key=lambda one: one[0])
    if best is None:
        return None
    _, name, mapping = best
    left = Left(mapping.left_behind)
    known = {column.partition("[]")[0] for _, column in mapping.columns}
    other = [one for one in look.names if one not in known and not _is_left(one, left)]
    questions = (
        [f"left_behind: {len(other)} columns that the preset does not know; use them, or leave them"] if other else []
    )
    if mapping.constants.get("term_days") == "":
        questions.append("term_days: your payment term in days")
    changed: dict[str, object] = {"left_behind": [*mapping.left_behind, *other]} if other else {}
    changed |= {key: value for key, value in look.settings.items() if getattr(mapping, key) != value}
    if mapping.constants.get("term_days") == "":
        changed["constants"] = {"term_days": ""}
    return preset_proposal(name, questions, {str(look.format): changed} if changed else {})


def _is_left(path: str, left: Left) -> bool:
    parts = path.split(".")
    return any(left.holds(".".join(parts[:count])) for count in range(1, len(parts) + 1))
