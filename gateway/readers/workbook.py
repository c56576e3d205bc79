"""A workbook before it is opened: what is in the archive, how large it would become, where its formulas stand.

Rules: encrypted workbooks, archives that unpack to more than they may, and sheets whose corners lie too far apart are
refused before the library sees them; it sees nothing but the parts that were examined here.
"""

import io
import re
import zipfile
import zlib
from typing import Final, NamedTuple

from lxml import etree

from gateway.readers.tables import FileFaultError
from gateway.readers.xml import xml_parser

MAXIMUM_WORKBOOK: Final = 64 << 20  # bytes of the file
MAXIMUM_UNPACKED: Final = 256 << 20
MAXIMUM_CELLS: Final = 10_000_000  # of the rectangle around all cells: the library holds each of them, empty or not
_MAXIMUM_PARTS: Final = 2_000
_ZIP: Final = b"PK\x03\x04"
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CELL: Final = re.compile(rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="([A-Z]{1,3})([0-9]{1,7})"[^>]*>(\s*<(?:\w+:)?f\b)?')
_ANY_CELL: Final = re.compile(rb"<(?:\w+:)?c[\s/>]")
_SHEETS: Final = "xl/worksheets/"
_BOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_VALUE_TYPE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value-type"

Formulas = frozenset[tuple[int, int]]
"""Row and column, from 0, of every cell whose value a formula gives."""


_COMPRESSIONS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)
"""What the libraries raise over bytes that were altered: a seek before the file's begin is a ValueError."""


class Examined(NamedTuple):
    """An archive of the examined parts alone, and the formulas of each sheet by its name."""

    archive: bytes
    formulas: dict[str, Formulas]


def examine(data: bytes) -> Examined:
    """Examines a workbook. Raises FileFaultError for one that may not be opened."""
    if data.startswith(_COMPOUND):
        raise FileFaultError(
            "the workbook is encrypted or of an old kind: save it as .xlsx, .ods or CSV, without password"
        )
    if not data.startswith(_ZIP) or len(data) > MAXIMUM_WORKBOOK:
        raise FileFaultError("the file is no workbook, or larger than one may be: export CSV instead")
    out = io.BytesIO()
    formulas: dict[str, Formulas] = {}
    names: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as kept:
            for part in _parts(given):
                content = given.read(part)
                kept.writestr(part.filename, content)
                if part.filename.startswith(_SHEETS):
                    formulas[part.filename] = _examine_sheet(content)
                if part.filename in (_BOOK, _RELATIONS):
                    names[part.filename] = content
                if part.filename == "content.xml":
                    _examine_ods(content)
    except _DAMAGED:
        raise FileFaultError("the workbook is damaged: export it again") from None
    return Examined(out.getvalue(), _by_name(formulas, names) if formulas else {})


def _parts(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The parts a table is made of; pictures and macros are left out."""
    every = archive.infolist()
    if len(every) > _MAXIMUM_PARTS or sum(part.file_size for part in every) > MAXIMUM_UNPACKED:
        raise FileFaultError("the workbook would unpack to more than it may: export CSV instead")
    if any(part.flag_bits & 1 for part in every):
        raise FileFaultError("the workbook is encrypted: save it without password")
    if any(part.compress_type not in _COMPRESSIONS for part in every):
        raise FileFaultError("the workbook is packed in a way that no table program uses: export it again")
    return [part for part in every if part.filename.endswith((".xml", ".rels", "mimetype"))]


def _examine_sheet(content: bytes) -> Formulas:
    _refuse_doctype(content)
    formulas: set[tuple[int, int]] = set()
    found = _CELL.findall(content)
    if len(found) != len(_ANY_CELL.findall(content)):
        raise FileFaultError(
            "a sheet has cells that do not say where they stand: save it with another program, or as CSV"
        )
    rows, columns = [1 << 20, 0], [1 << 14, 0]
    for letters, digits, formula in found:
        row, column = int(digits) - 1, _column(letters)
        rows[:] = min(rows[0], row), max(rows[1], row)
        columns[:] = min(columns[0], column), max(columns[1], column)
        if formula:
            formulas.add((row, column))
    if found:
        _check_size(rows[1] - rows[0] + 1, columns[1] - columns[0] + 1)
    return frozenset(formulas)


def _by_name(formulas: dict[str, Formulas], parts: dict[str, bytes]) -> dict[str, Formulas]:
    try:
        book, relations = (etree.fromstring(parts[name], xml_parser()) for name in (_BOOK, _RELATIONS))
    except (KeyError, etree.XMLSyntaxError):
        raise FileFaultError("the workbook is damaged: export it again") from None
    targets = {one.get("Id"): (one.get("Target") or "").removeprefix("/xl/") for one in relations}
    sheets = [one for one in book.iter("{*}sheet") if one.get("name")]
    return {one.get("name", ""): formulas.get(f"xl/{targets.get(one.get(_RELATION))}", frozenset()) for one in sheets}


def _examine_ods(content: bytes) -> None:
    """ODS writes runs of equal rows and cells as one: the corners are counted, and formulas refuse the file."""
    _refuse_doctype(content)
    row, last, width = 0, 0, 0
    events = etree.iterparse(
        io.BytesIO(content), tag=f"{_TABLE}table-row", resolve_entities=False, no_network=True, huge_tree=False
    )
    try:
        for _, element in events:
            filled = _filled(element)
            row += int(element.get(f"{_TABLE}number-rows-repeated", 1))
            if filled:
                last, width = row, max(width, filled)
            element.clear()
    except (etree.XMLSyntaxError, ValueError):
        raise FileFaultError("the workbook is damaged: export it again") from None
    _check_size(last, width)


def _filled(row: etree._Element) -> int:
    """Up to which column a row holds values."""
    column, filled = 0, 0
    for cell in row:
        column += int(cell.get(f"{_TABLE}number-columns-repeated", 1))
        if cell.get(_VALUE_TYPE) is not None:
            filled = column
        if cell.get(f"{_TABLE}formula") is not None:
            raise FileFaultError("a sheet holds formulas, whose values may be old: export it with values only")
    return filled


def _check_size(rows: int, columns: int) -> None:
    if rows * columns > MAXIMUM_CELLS:
        raise FileFaultError("the corners of a sheet lie too far apart: delete empty rows and columns, or export CSV")


def _column(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place - 1


def _refuse_doctype(content: bytes) -> None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise FileFaultError("the workbook holds a document type definition, which no export needs: export it again")
