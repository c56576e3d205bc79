"""JSON objects as rows: each key once, and no key that the mapping does not know.

A dotted path leads into nested objects; `refunds[].total` collects one value of each object of a list. What JSON lets
through (floats, NaN, duplicate keys) is marked where it stands, and refuses the row if the row needs it.
"""

import json
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.readers.mapping import Left
from gateway.readers.mapping import Mapping as Columns

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_EACH: Final = "[]"
_MAXIMUM_LIST: Final = 10_000
_Tree = dict[str, "_Tree | tuple[str, ...]"]


class Unknown(str):
    """The name of a key that the mapping does not know, or `(unnamed)`."""

    __slots__ = ()


class RowError(ValueError):
    """A row cannot be read; carries the rule, or an Unknown."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class _Flaw(NamedTuple):
    rule: str


def _once(pairs: list[tuple[str, object]]) -> dict[str, object] | _Flaw:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Flaw("json-duplicate-key")


def _no_number(_text: str) -> _Flaw:
    return _Flaw("json-number")


DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_float=_no_number, parse_constant=_no_number)


class Objects:
    """What turns decoded objects into cells, for one mapping."""

    def __init__(self, mapping: Columns) -> None:
        self._left = Left(mapping.left_behind)
        self._tree: _Tree = {}
        paths: dict[str, tuple[str, ...]] = dict.fromkeys((path for path in mapping.left_behind if path[-1] != "*"), ())
        for name, path in mapping.columns:
            paths[path] = (*paths.get(path, ()), name)
        for path, names in paths.items():
            self._add(path, names)

    def cells(self, value: object) -> dict[str, object]:
        """The cells of one object. Raises RowError."""
        cells: dict[str, object] = {}
        self._collect(value, self._tree, cells, "")
        return cells

    def _add(self, path: str, names: tuple[str, ...]) -> None:
        *parents, last = path.split(".")
        node = self._tree
        for parent in parents:
            child = node.setdefault(parent, {})
            if not isinstance(child, dict):
                raise TypeError("a mapping uses a field and a part of it")
            node = child
        node[last] = names

    def _collect(self, value: object, tree: _Tree, cells: dict[str, object], above: str) -> None:
        if not isinstance(value, dict):
            raise RowError(value.rule if isinstance(value, _Flaw) else "json-object")
        for key, inner in value.items():
            target = tree.get(key)
            if isinstance(target, dict):
                if inner is not None:
                    self._collect(inner, target, cells, f"{above}{key}.")
            elif target is None:
                self._other(key, inner, tree, cells, above)
            elif target:
                if isinstance(inner, _Flaw):
                    raise RowError(inner.rule)
                cells.update(dict.fromkeys(target, inner))

    def _other(self, key: str, inner: object, tree: _Tree, cells: dict[str, object], above: str) -> None:
        """A key that is no field: a list to collect from, or left behind, or unknown."""
        each = tree.get(key + _EACH)
        if not isinstance(each, dict):
            if not self._left.holds(above + key):
                raise RowError(Unknown(key if _NAME.fullmatch(key) else "(unnamed)"))
            return
        if not isinstance(inner, list) or len(inner) > _MAXIMUM_LIST:
            raise RowError("json-list")
        for one in inner:
            found: dict[str, object] = {}
            self._collect(one, each, found, f"{above}{key}{_EACH}.")
            _append(cells, found)


def _append(cells: dict[str, object], found: Mapping[str, object]) -> None:
    for name, value in found.items():
        values = cells.setdefault(name, [])
        if isinstance(values, list):
            values.append(value)
