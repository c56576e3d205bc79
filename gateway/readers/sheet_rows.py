"""XLSX and ODS: the one visible sheet, or the one that the mapping names, as rows.

Rules: a number is its shortest decimal text, so money with a third decimal is refused and 12.5 is exact; a date stays a
date; a value that a formula gave refuses its row if the row needs it; hidden sheets are never read. A workbook is held
in memory, within bounds: large exports belong into CSV.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO, Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from gateway.readers.border import Cells
from gateway.readers.mapping import Mapping
from gateway.readers.tables import FileFaultError, table_cells
from gateway.readers.values import Dated, Numeric
from gateway.readers.workbook import MAXIMUM_WORKBOOK, examine


class _Calculated(str):
    """What a formula gave; the value itself is not kept, for it may be old."""

    __slots__ = ()


_FORMULA: Final = _Calculated("formula")


def read_sheet(stream: BinaryIO, mapping: Mapping) -> Iterator[Cells | str | None]:
    """Each row as cells, the rule by which it is rejected, or None if it is empty. Raises FileFaultError."""
    rows = sheet_values(stream, mapping.sheet)
    names: Sequence[object] = ()
    for _ in range(mapping.header_row):
        names = next(rows, ())
    width = max((place for place, name in enumerate(names, start=1) if name != ""), default=0)
    if not width:
        raise FileFaultError("the sheet has no header where the mapping says: correct `header_row`, or the export")
    values = (row[:width] if not any(row[width:]) else row for row in rows)
    for cells in table_cells([str(name).strip() for name in names[:width]], values, mapping, {}):
        calculated = isinstance(cells, dict) and any(value is _FORMULA for value in cells.values())
        yield "formula" if calculated else cells


def sheet_values(stream: BinaryIO, name: str | None) -> Iterator[list[object]]:
    """The bare rows of a sheet, from its first row on. Raises FileFaultError."""
    data = stream.read(MAXIMUM_WORKBOOK + 1)
    examined = examine(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(examined.archive))
        sheet = _sheet(book, name)
    except CalamineError:
        raise FileFaultError("the workbook is damaged, or lacks the sheet that the mapping names") from None
    formulas = examined.formulas.get(sheet.name, frozenset())
    left = sheet.start[1] if sheet.start else 0
    for place, values in enumerate(sheet.iter_rows()):
        row: list[object] = [*[""] * left, *map(_value, values)]
        if formulas:
            row = [_FORMULA if (place, column) in formulas else value for column, value in enumerate(row)]
        yield row


def _sheet(book: CalamineWorkbook, name: str | None) -> CalamineSheet:
    visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
    if name is None and len(visible) != 1:
        raise FileFaultError(f"the workbook has {len(visible)} visible sheets: name one of them with `sheet`")
    if name is not None and name not in visible:
        raise FileFaultError("the sheet that the mapping names is hidden, or not there: correct `sheet`")
    return book.get_sheet_by_name(name or visible[0])


def _value(value: object) -> object:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return Numeric(value)
        case float():
            text = format(Decimal(repr(value)), "f")
            return Numeric(text.removesuffix(".0"))
        case datetime():
            return Dated(value.date().isoformat())
        case date():
            return Dated(value.isoformat())
        case _:
            return str(value)
