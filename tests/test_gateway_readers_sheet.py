"""XLSX and ODS: what a spreadsheet does to zeros, money and dates; and workbooks that are weapons."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims_strategy import claims
from gateway.errors import InputError
from gateway.readers.formats import Format
from rows import CSV, GOOD, csv_row, read
from schemas.claim import Claim, Disputed, Rejected, Row

SHEET = CSV.model_copy(update={"format": Format.SHEET})
CELLS: Mapping[str, object] = {
    **GOOD,
    "amount": 1234.5,
    "paid_amount": 0.5,
    "birth_date": date(1980, 3, 17),
    "order_date": date(2025, 11, 30),
    "invoice_date": datetime(2025, 12, 1, 23, 59, tzinfo=UTC).replace(tzinfo=None),
    "due_date": date(2025, 12, 15),
}
UNWRITABLE = {chr(code) for code in range(32)} | {"\ufffe", "\uffff"}
"""What XML cannot hold; the writing program refuses it, or takes a text that begins with = for a formula."""
OFFICE = "urn:oasis:names:tc:opendocument:xmlns"


def xlsx(*rows: Mapping[str, object], change: Callable[[openpyxl.Workbook], object] = lambda _: None) -> bytes:
    """A workbook with a header and rows that are the good one with changes."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(CELLS))
    for changes in rows:
        sheet.append([value for _, value in ({**CELLS, **changes}).items()])
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods(rows: str) -> bytes:
    """A bare ODS file with one table."""
    content = (
        f'<office:document-content xmlns:office="{OFFICE}:office:1.0" xmlns:table="{OFFICE}:table:1.0" '
        f'xmlns:text="{OFFICE}:text:1.0" office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="Export">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    manifest = (
        f'<manifest:manifest xmlns:manifest="{OFFICE}:manifest:1.0"><manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    return packed(
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", manifest),
        ("content.xml", content),
    )


def packed(*parts: tuple[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return out.getvalue()


def ods_row(values: Sequence[object]) -> str:
    def cell(value: object) -> str:
        match value:
            case float():
                told = f'office:value-type="float" office:value="{value}"'
            case date():
                told = f'office:value-type="date" office:date-value="{value:%Y-%m-%d}"'
            case _:
                told = 'office:value-type="string"'
        return f"<table:table-cell {told}><text:p>{value}</text:p></table:table-cell>"

    return f"<table:table-row>{''.join(map(cell, values))}</table:table-row>"


def claim_of(rows: list[Row | Rejected]) -> Claim:
    (row,) = rows
    assert isinstance(row, Row)
    return row.claim


def test_cells_become_the_claim_that_csv_would_be() -> None:
    """Typed cells of XLSX and of ODS, and the text of CSV, are the same claim; the postcode keeps its zero."""
    from_xlsx = claim_of(read(SHEET, xlsx({})))

    assert from_xlsx == claim_of(read(SHEET, ods(ods_row(list(CELLS)) + ods_row(list(CELLS.values())))))
    assert from_xlsx.debtor.address.postcode == "01067"
    assert (from_xlsx.amount, from_xlsx.invoice_date, from_xlsx.disputed) == (123_450, date(2025, 12, 1), Disputed.NO)


@pytest.mark.parametrize(
    ("column", "value", "field", "rule"),
    [
        ("amount", 12.345, "amount", "amount-decimals"),
        ("amount", 1 / 3, "amount", "amount-decimals"),
        ("amount", 1e15, "amount", "amount"),
        ("amount", True, "amount", "amount"),
        ("amount", "1.234", "amount", "amount-ambiguous"),
        ("amount", "=1+1", "(row)", "formula"),
        ("last_name", '=HYPERLINK("x","y")', "(row)", "formula"),
        ("postcode", 1067, "postcode", "leading-zero"),
        ("due_date", 46000, "due_date", "date"),
        ("due_date", "2025-12-15", "due_date", "date"),
    ],
)
def test_what_a_spreadsheet_spoils_is_refused(column: str, value: object, field: str, rule: str) -> None:
    """A third decimal, a lost zero, a date as a number, what a formula gave: that row; the others are read."""
    rows = read(SHEET, xlsx({}, {"claim_id": "F-2", column: value}, {"claim_id": "F-3"}))

    assert rows[1] == Rejected(row=2, field=field, rule=rule)
    assert [type(row) for row in rows] == [Row, Rejected, Row]


def test_whole_numbers_are_numbers_and_texts_alike() -> None:
    """A customer number typed as a number, and an amount without decimals, have one reading."""
    found = claim_of(read(SHEET, xlsx({"customer_no": 10023, "amount": 80, "house_no": 7, "postcode": 96047})))

    assert (found.customer_no, found.amount) == ("10023", 8_000)
    assert (found.debtor.address.house_no, found.debtor.address.postcode) == ("7", "96047")


def test_a_lost_zero_comes_back_only_if_declared() -> None:
    """A German postcode has five digits: who declares that the sheet holds numbers gets them padded."""
    declared = SHEET.model_copy(update={"pads_postcodes": True})

    assert claim_of(read(declared, xlsx({"postcode": 1067}))).debtor.address.postcode == "01067"


def test_a_formula_in_a_column_that_is_left_behind_changes_nothing() -> None:
    """Only what the row needs can spoil it."""
    assert isinstance(read(SHEET, xlsx({"note": "=1+1"}))[0], Row)


def test_title_rows_and_empty_rows_are_passed_over() -> None:
    """The header stands where the mapping says; empty rows, and empty columns to the right, are nothing."""

    def titled(book: openpyxl.Workbook) -> None:
        sheet = book.active
        assert isinstance(sheet, openpyxl.worksheet.worksheet.Worksheet)
        sheet.insert_rows(1, 3)
        sheet["A1"] = "Offene Posten"
        sheet.insert_rows(6, 2)
        sheet.cell(4, 60).value = None

    mapping = SHEET.model_copy(update={"header_row": 4})
    rows = read(mapping, xlsx({}, {"claim_id": "F-2"}, change=titled))

    assert [(row.row, row.claim.claim_no) for row in rows if isinstance(row, Row)] == [(1, "F-1"), (4, "F-2")]


def hide(book: openpyxl.Workbook) -> None:
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet("Deckblatt")["A1"] = "x"


def test_a_hidden_sheet_is_never_read() -> None:
    """Neither unasked nor by name; of several visible sheets, the mapping must name one."""
    named = SHEET.model_copy(update={"sheet": "Sheet"})

    with pytest.raises(InputError, match="hidden, or not there"):
        read(named, xlsx({}, change=hide))
    with pytest.raises(InputError, match="2 visible sheets"):
        read(SHEET, xlsx({}, change=lambda book: book.create_sheet("Zwei")))
    assert claim_of(read(named, xlsx({}, change=lambda book: book.create_sheet("Zwei"))))


def cell(place: str) -> str:
    return f'<row><c r="{place}" t="inlineStr"><is><t>x</t></is></c></row>'


def replaced(data: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [(part, content if part == name else archive.read(part)) for part in archive.namelist()]
    return packed(*parts)


def with_sheet(content: bytes) -> bytes:
    return replaced(xlsx({}), "xl/worksheets/sheet1.xml", content)


FAR_CORNERS = f"<worksheet><sheetData>{cell('A1')}{cell('XFD1048576')}</sheetData></worksheet>"


def flagged(data: bytes) -> bytes:
    """The same archive with the bit of encryption set in every header."""
    out = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = out.find(signature)
        while place >= 0:
            out[place + offset] |= 1
            place = out.find(signature, place + 4)
    return bytes(out)


ODS_BOMB = (
    '<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16000" '
    'office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'
)
WEAPONS = [
    ("empty", b"", "no workbook"),
    ("CSV under a wrong name", b"a;b\r\n", "no workbook"),
    ("password", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "encrypted"),
    ("encrypted parts", flagged(xlsx({})), "encrypted"),
    ("cut off", xlsx({})[:-200], "damaged"),
    ("another zip", packed(("a.txt", "x")), "damaged"),
    ("bomb", lambda: packed(("xl/workbook.xml", bytes(257 << 20))), "unpack to more"),
    ("many parts", lambda: packed(*((f"{place}.xml", "") for place in range(2_001))), "unpack to more"),
    ("far corners", with_sheet(FAR_CORNERS.encode()), "too far apart"),
    ("far corners in ODS", ods(ODS_BOMB), "too far apart"),
    ("formula in ODS", ods(ods_row(["x"]).replace(" office", ' table:formula="of:=1" office', 1)), "formulas"),
    ("entities", with_sheet(b"<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet/>"), "type definition"),
    ("cells without place", with_sheet(b"<worksheet><c><v>1</v></c></worksheet>"), "where they"),
    ("no cells", with_sheet(b"<worksheet><sheetData/></worksheet>"), "no header"),
    ("unknown column", xlsx({}, change=lambda book: book.worksheets[0].cell(1, 40, "x")), "unknown to the mapping"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said"), [case[1:] for case in WEAPONS], ids=[case[0] for case in WEAPONS])
def test_a_workbook_that_is_none_or_too_much_is_refused(data: bytes | Callable[[], bytes], said: str) -> None:
    """Encrypted, damaged, a bomb, or so sparse that the library would ask for half a terabyte: refused unopened."""
    with pytest.raises(InputError, match=said):
        read(SHEET, data if isinstance(data, bytes) else data())


@given(st.integers(min_value=4), st.integers(0, 7))
def test_an_altered_workbook_is_read_or_refused(place: int, bit: int) -> None:
    """Whichever bit was flipped on the way, the file is read, or refused as one that is damaged; nothing else happens."""
    data = bytearray(xlsx({}))
    data[place % len(data)] ^= 1 << bit
    with suppress(InputError):
        read(SHEET, bytes(data))


def test_a_million_empty_rows_are_nothing() -> None:
    """Rows without a value, and the run of a million that LibreOffice writes below a table, are no rows."""
    empty = "".join(f'<row r="{place}"/>' for place in range(3, 1_000_000))
    data = xlsx({})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    grown = replaced(data, "xl/worksheets/sheet1.xml", sheet.replace(b"</sheetData>", empty.encode() + b"</sheetData>"))
    cells = '<table:table-cell table:number-columns-repeated="16384"/>'
    run = f'<table:table-row table:number-rows-repeated="1048000">{cells}</table:table-row>'

    assert claim_of(read(SHEET, grown)) == claim_of(read(SHEET, data))
    assert claim_of(read(SHEET, ods(ods_row(list(CELLS)) + ods_row(list(CELLS.values())) + run)))


@given(drawn=st.lists(claims(), max_size=3), typed=st.booleans())
@settings(max_examples=25)
def test_a_workbook_gives_the_claims_back(drawn: list[Claim], typed: bool) -> None:
    """As texts, or with money and dates as Excel types them."""
    kept = [claim for claim in drawn if _writable(csv_row(claim))]
    rows = []
    for claim in kept:
        row: dict[str, object] = dict(csv_row(claim)) | {"note": "x"}
        if typed:
            row |= {
                "amount": claim.amount / 100,
                "due_date": claim.due_date,
                "birth_date": claim.debtor.birth_date or "",
            }
        rows.append(row)
    found = read(SHEET, xlsx(*rows))

    assert found == [Row(row=place, claim=claim) for place, claim in enumerate(kept, start=1)]


def _writable(row: Mapping[str, str]) -> bool:
    values = [value for name, value in row.items() if name != "note"]
    return not set("".join(values)) & UNWRITABLE and not any(value.startswith("=") for value in values)
