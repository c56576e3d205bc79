"""What all tables share: a header that must be known name by name, and rows that must be as wide as it.

A column that is neither used nor left behind refuses the file; it is named only if the header is known to be one.
A row without any value is passed over, and so is a row that continues the one before it (a second line of an order).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gateway.errors import InputError
from gateway.readers.border import Cells
from gateway.readers.mapping import Join, Left
from gateway.readers.mapping import Mapping as Columns

MAXIMUM_JOINED: Final = 2_000_000  # rows of a joined file, which is held in memory
COLUMNS: Final = "columns"
"""The rule that refuses a row of another width than its header."""
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")

Values = Sequence[object]
Joined = Mapping[str, Cells | None]
"""The cells of a joined file by key; None where the key stands twice."""


class FileFaultError(InputError):
    """A file cannot be read as a whole; nothing of it was kept."""


class Header:
    """The names of a table's columns. Raises FileFaultError if they are not what the mapping knows."""

    def __init__(self, names: Sequence[str], columns: Sequence[tuple[str, str]], others: Sequence[str], left: Left):
        used = [*(column for _, column in columns), *others]
        _check_names(names, used, left)
        self._width = len(names)
        self._wanted = tuple((field, names.index(column)) for field, column in columns)
        self._places = {name: place for place, name in enumerate(names)}

    def cells(self, values: Values) -> dict[str, object] | str:
        """A row by canonical field, or the rule that refuses it."""
        if len(values) != self._width:
            return COLUMNS
        return {field: values[place] for field, place in self._wanted}

    def value(self, values: Values, column: str) -> str:
        """One value of a row that is wide enough, as text without surrounding white space."""
        return str(values[self._places[column]]).strip()


def table_cells(
    names: Sequence[str], rows: Iterator[Values], mapping: Columns, joined: Joined
) -> Iterator[Cells | str | None]:
    """The cells of each row, the rule that refuses it, or None for a row that is passed over."""
    others = [mapping.continued_by] if mapping.continued_by else []
    others += [mapping.join.on] if mapping.join else []
    header = Header(names, mapping.columns, others, Left(mapping.left_behind))
    last = None
    for values in rows:
        cells = header.cells(values)
        if not any(values):
            yield None
        elif isinstance(cells, str):
            yield cells
        elif mapping.continued_by and header.value(values, mapping.continued_by) == last and not cells.get("amount"):
            yield None
        else:
            last = header.value(values, mapping.continued_by) if mapping.continued_by else None
            yield _with_joined(cells, header, values, mapping.join, joined)


def joined_cells(names: Sequence[str], rows: Iterator[Values], join: Join) -> Joined:
    """A joined file by its key. Raises FileFaultError if it is too long to be held."""
    header = Header(names, join.columns, [join.key], Left(join.left_behind))
    found: dict[str, Cells | None] = {}
    for count, values in enumerate(rows):
        cells = header.cells(values)
        if count >= MAXIMUM_JOINED or isinstance(cells, str):
            raise FileFaultError(f"the joined file is too long, or its row {count + 1} is not as wide as its header")
        key = header.value(values, join.key)
        found[key] = None if key in found else cells
    return found


def _with_joined(
    cells: dict[str, object], header: Header, values: Values, join: Join | None, joined: Joined
) -> Cells | str:
    if join is None:
        return cells
    key = header.value(values, join.on)
    if key not in joined:
        return "join-missing"
    other = joined[key]
    return "join-ambiguous" if other is None else {**other, **cells}


def _check_names(names: Sequence[str], used: Sequence[str], left: Left) -> None:
    missing = [column for column in dict.fromkeys(used) if column not in names]
    if missing:
        raise FileFaultError(f"the header lacks: {', '.join(missing)}; export these columns, or correct the mapping")
    for place, name in enumerate(names, start=1):
        told = f"column {place}" + (f" ({name})" if _NAME.fullmatch(name) else "")
        if name not in used and not left.holds(name):
            raise FileFaultError(
                f"{told} is unknown to the mapping: use it, or list it as left behind; nothing of the file was read"
            )
        if names.index(name) != place - 1:
            raise FileFaultError(f"{told} stands twice in the header: correct the export")
