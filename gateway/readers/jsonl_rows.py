"""JSON Lines as a stream of rows: one object a line, each key once, no key that the mapping does not know.

Floats, NaN, duplicate keys, deep nesting and endless lines are refused with the row; the other rows go on.
"""

import json
import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NoReturn

from gateway.errors import InputError
from gateway.readers.border import Cells
from gateway.readers.mapping import Mapping

MAXIMUM_LINE_BYTES: Final = 1 << 20
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_BOM: Final = b"\xef\xbb\xbf"
_Tree = dict[str, "_Tree | str | None"]


class Unknown(str):
    """The name of a key that the mapping does not know, or `(unnamed)`."""

    __slots__ = ()


class _RowError(ValueError):
    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def read_jsonl(stream: BinaryIO, mapping: Mapping) -> Iterator[Cells | str]:
    """Each line as cells, or the rule by which it is rejected; an Unknown names a key. Raises InputError."""
    tree = _tree(mapping)
    first = True
    while line := stream.readline(MAXIMUM_LINE_BYTES + 1):
        if len(line) > MAXIMUM_LINE_BYTES:
            raise InputError("a line of the file is longer than a row can be: is this a JSON Lines file?")
        if first:
            line, first = line.removeprefix(_BOM), False
        try:
            cells: dict[str, object] = {}
            _collect(_parse(line, mapping.encoding), tree, cells)
        except _RowError as error:
            yield error.rule
        else:
            yield cells
    if first:
        raise InputError("the file is empty: let its exporter finish, or remove it")


def _parse(line: bytes, encoding: str) -> object:
    try:
        return json.loads(
            line.decode(encoding), object_pairs_hook=_once, parse_float=_refuse_number, parse_constant=_refuse_number
        )
    except UnicodeDecodeError:
        raise _RowError("text-encoding") from None
    except _RowError:
        raise
    except (ValueError, RecursionError):
        raise _RowError("json") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RowError("json-duplicate-key")
    return found


def _refuse_number(_text: str) -> NoReturn:
    raise _RowError("json-number")


def _tree(mapping: Mapping) -> _Tree:
    """The mapping's paths as a tree: canonical names at the leaves, None where a subtree is left behind."""
    tree: _Tree = {}
    for path, name in [
        *((path, name) for name, path in mapping.columns),
        *((path, None) for path in mapping.left_behind),
    ]:
        *parents, last = path.split(".")
        node = tree
        for parent in parents:
            child = node.setdefault(parent, {})
            if not isinstance(child, dict):
                raise TypeError("a mapping uses a field and a part of it")
            node = child
        node[last] = name
    return tree


def _collect(value: object, tree: _Tree, cells: dict[str, object]) -> None:
    if not isinstance(value, dict):
        raise _RowError("json-object")
    for key, inner in value.items():
        if key not in tree:
            raise _RowError(Unknown(key if _NAME.fullmatch(key) else "(unnamed)"))
        target = tree[key]
        if isinstance(target, dict):
            if inner is not None:
                _collect(inner, target, cells)
        elif target is not None:
            cells[target] = inner
