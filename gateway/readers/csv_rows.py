"""CSV as a stream of rows: strict about quotes, bounded in memory, whatever the file is.

What makes the borders between rows uncertain refuses the file; what concerns one row rejects that row.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, Literal, Protocol

from gateway.readers.border import Cells
from gateway.readers.formats import Encoding
from gateway.readers.mapping import Mapping
from gateway.readers.tables import COLUMNS, FileFaultError, Joined, joined_cells, table_cells

MAXIMUM_RECORD: Final = 1 << 20  # characters; a row with a long note has some 70,000
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


class _Reader(Protocol):
    line_num: int

    def __next__(self) -> list[str]: ...


def read_csv(stream: BinaryIO, mapping: Mapping, joined: Joined) -> Iterator[Cells | str | None]:
    """Each row as cells, the rule by which it is rejected, or None if it is passed over. Raises FileFaultError."""
    with _opened(stream, mapping) as reader:
        names = _names(reader, mapping)
        line = reader.line_num
        for row, cells in enumerate(table_cells(names, _rows(reader), mapping, joined), start=1):
            if cells == COLUMNS and reader.line_num > line + 1:
                raise _unclosed(row)
            line = reader.line_num
            yield cells


def read_joined_csv(stream: BinaryIO, mapping: Mapping) -> Joined:
    """The file that a mapping joins with its rows. Raises FileFaultError."""
    if mapping.join is None:
        raise TypeError("the mapping joins nothing")
    with _opened(stream, mapping) as reader:
        return joined_cells(_names(reader, mapping), _rows(reader), mapping.join)


@contextmanager
def csv_values(stream: BinaryIO, mapping: Mapping) -> Iterator[Iterator[list[str]]]:
    """The bare rows of a file, header lines included. Raises FileFaultError."""
    with _opened(stream, mapping) as reader:
        yield _rows(reader)


@contextmanager
def _opened(stream: BinaryIO, mapping: Mapping) -> Iterator[_Reader]:
    csv.field_size_limit(MAXIMUM_RECORD)
    # UTF-16 has no bytes that stand for themselves: what is not UTF-16 refuses the file.
    errors = "strict" if mapping.encoding is Encoding.UTF16 else "surrogateescape"
    text = io.TextIOWrapper(stream, encoding=mapping.encoding, errors=errors, newline="")
    try:
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if mapping.quote else csv.QUOTE_NONE
        yield csv.reader(
            _lines(text), delimiter=mapping.delimiter, quotechar=mapping.quote or None, quoting=quoting, strict=True
        )
    finally:
        text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := _line(text):
        if len(line) > MAXIMUM_RECORD:
            raise FileFaultError("a line of the file is longer than a row can be: is this a CSV file?")
        yield line


def _line(text: io.TextIOWrapper) -> str:
    try:
        return text.readline(MAXIMUM_RECORD + 1)
    except UnicodeError:
        raise FileFaultError("the file is not in the encoding that its mapping names: correct one of the two") from None


def _rows(reader: _Reader) -> Iterator[list[str]]:
    row = 0
    while (values := _next(reader, row := row + 1)) is not None:
        yield values


def _next(reader: _Reader, row: int) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error:
        raise _unclosed(row) from None


def _unclosed(row: int) -> FileFaultError:
    return FileFaultError(
        f"from row {row} on the file is not well-formed CSV (an unclosed quote?): nothing of it was kept; correct "
        "the export"
    )


def _names(reader: _Reader, mapping: Mapping) -> list[str]:
    names = None
    for _ in range(mapping.header_row):
        names = _next(reader, 0)
    if names is None:
        raise FileFaultError("the file is empty: let its exporter finish, or remove it")
    if names and names[0].encode("utf-8", "surrogateescape").startswith(_UTF16):
        raise FileFaultError("the file is UTF-16, and its source says otherwise: export it as UTF-8")
    return [names[0].removeprefix("\ufeff"), *names[1:]] if names else []
