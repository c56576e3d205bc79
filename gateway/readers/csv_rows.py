"""CSV as a stream of rows: strict about quotes and headers, bounded in memory, whatever the file is.

What makes the borders between rows uncertain refuses the file; what concerns one row rejects that row. A column that is
neither used nor left behind refuses the file; it is named only if the header is known to be one.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Protocol

from gateway.errors import InputError
from gateway.readers.border import Cells
from gateway.readers.mapping import Mapping

MAXIMUM_RECORD: Final = 1 << 20  # characters; a row with a long note has some 70,000
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


class _Reader(Protocol):
    line_num: int

    def __next__(self) -> list[str]: ...


class FileFaultError(InputError):
    """A file cannot be read as a whole; nothing of it was kept."""


def read_csv(stream: BinaryIO, mapping: Mapping) -> Iterator[Cells | str]:
    """Each row of data as cells, or the rule by which the row is rejected. Raises FileFaultError."""
    csv.field_size_limit(MAXIMUM_RECORD)
    text = io.TextIOWrapper(stream, encoding=mapping.encoding, errors="surrogateescape", newline="")
    try:
        reader = csv.reader(_lines(text), delimiter=mapping.delimiter, strict=True)
        cells = _header(_next(reader, 0), mapping)
        row, line = 0, reader.line_num
        while (values := _next(reader, row := row + 1)) is not None:
            found = cells(values)
            if isinstance(found, str) and reader.line_num > line + 1:
                raise _unclosed(row)
            line = reader.line_num
            yield found
    finally:
        text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MAXIMUM_RECORD + 1):
        if len(line) > MAXIMUM_RECORD:
            raise FileFaultError("a line of the file is longer than a row can be: is this a CSV file?")
        yield line


def _next(reader: "_Reader", row: int) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error:
        raise _unclosed(row) from None


def _unclosed(row: int) -> FileFaultError:
    return FileFaultError(
        f"from row {row} on the file is not well-formed CSV (an unclosed quote?): nothing of it was kept; correct "
        "the export"
    )


def _header(names: list[str] | None, mapping: Mapping) -> Callable[[list[str]], Cells | str]:
    """What turns a row's values into cells, once the header is known to be right."""
    if names is None:
        raise FileFaultError("the file is empty: let its exporter finish, or remove it")
    first = names[0].encode("utf-8", "surrogateescape")
    if first.startswith(_UTF16):
        raise FileFaultError("the file is UTF-16, and its source says otherwise: export it as UTF-8")
    names = [names[0].removeprefix("\ufeff"), *names[1:]]
    _check_names(names, mapping)
    wanted = tuple((field, names.index(column)) for field, column in mapping.columns)
    width = len(names)

    def cells(values: list[str]) -> Cells | str:
        if len(values) != width:
            return "columns"
        return {field: values[place] for field, place in wanted}

    return cells


def _check_names(names: list[str], mapping: Mapping) -> None:
    used = [column for _, column in mapping.columns]
    missing = [column for column in used if column not in names]
    if missing:
        raise FileFaultError(f"the header lacks: {', '.join(missing)}; export these columns, or correct the mapping")
    known = {*used, *mapping.left_behind}
    for place, name in enumerate(names, start=1):
        told = f"column {place}" + (f" ({name})" if _NAME.fullmatch(name) else "")
        if name not in known:
            raise FileFaultError(
                f"{told} is unknown to the mapping: use it, or list it as left behind; nothing of the file was read"
            )
        if names.index(name) != place - 1:
            raise FileFaultError(f"{told} stands twice in the header: correct the export")
