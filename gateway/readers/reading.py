"""Reading: a document and a mapping become rows and rejections, one at a time; nothing is kept.

Row 1 is the first row of data; of invoices, the first file. A document that cannot be read as a whole raises
InputError, which may come in the middle: the caller keeps nothing of it.
"""

from collections.abc import Iterator

from gateway.readers.border import Border, Cells
from gateway.readers.csv_rows import read_csv, read_joined_csv
from gateway.readers.datev import read_datev
from gateway.readers.document import Document
from gateway.readers.einvoice import read_einvoices
from gateway.readers.formats import Format
from gateway.readers.json_array import read_json_array
from gateway.readers.json_objects import Unknown
from gateway.readers.jsonl_rows import read_jsonl
from gateway.readers.mapping import Mapping
from gateway.readers.sheet_rows import read_sheet
from gateway.readers.tables import Joined
from schemas.claim import Rejected, Row


def read_rows(document: Document, mapping: Mapping) -> Iterator[Row | Rejected]:
    """Every row of a document, in order."""
    border = Border(mapping)
    for row, cells in enumerate(_records(document, mapping), start=1):
        if isinstance(cells, Unknown):
            yield Rejected(row=row, field=str(cells), rule="unknown-field")
        elif isinstance(cells, str):
            yield Rejected(row=row, field="(row)", rule=cells)
        elif cells is not None:
            yield border.read(row, cells)


def first_looks(document: Document, mapping: Mapping) -> Iterator[tuple[int, str, Cells]]:
    """Row, claim number and cells of every row that has a claim number: what `read_rows` will give, but quickly."""
    border = Border(mapping)
    for row, cells in enumerate(_records(document, mapping), start=1):
        if cells is not None and not isinstance(cells, str):
            number = border.claim_no(cells)
            if number is not None:
                yield row, number, cells


def _records(document: Document, mapping: Mapping) -> Iterator[Cells | str | None]:
    if mapping.format is Format.EINVOICE:
        yield from read_einvoices(document)
        return
    if mapping.format is Format.DATEV:
        yield from read_datev(document, mapping)
        return
    joined: Joined = {}
    if mapping.join is not None:
        with document.part(1) as other:
            joined = read_joined_csv(other, mapping)
    with document.part(0) as stream:
        if mapping.format is Format.CSV:
            yield from read_csv(stream, mapping, joined)
        elif mapping.format is Format.JSON_ARRAY:
            yield from read_json_array(stream, mapping)
        elif mapping.format is Format.SHEET:
            yield from read_sheet(stream, mapping)
        else:
            yield from read_jsonl(stream, mapping)
