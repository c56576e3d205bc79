"""JSON arrays: a row that is wrong is refused alone, an array that is wrong refuses the file; dates and amounts of shops."""

from datetime import date

import pytest

from gateway.errors import InputError
from gateway.readers.datev_postings import POSTINGS
from gateway.readers.formats import DateFormat, Encoding, Format
from gateway.readers.mapping import Mapping
from gateway.readers.presets import load_preset
from gateway.readers.values import Numeric, RefusedError, parse_cents, parse_day
from rows import CSV, GOOD, JSONL, csv_bytes, line_bytes, read
from schemas.claim import Rejected, Row

ARRAY = JSONL.model_copy(update={"format": Format.JSON_ARRAY})
ORDERS = ARRAY.model_copy(update={"records": "orders"})
LINE = line_bytes().strip()
CANARY = "Kanarienvogel-4711"


def array(*values: bytes) -> bytes:
    return b"[" + b",\n".join(values) + b"]"


ROWS = [
    (line_bytes(amount=12.5).strip(), "(row)", "json-number"),
    (LINE.replace(b'"1234.50"', b"NaN"), "(row)", "json-number"),
    (LINE.replace(b'{"claim_id"', b'{"claim_id": "F-9", "claim_id"'), "(row)", "json-duplicate-key"),
    (LINE.replace(b'{"street"', b'{"street": "x", "street"'), "(row)", "json-duplicate-key"),
    (line_bytes(religion="rk").strip(), "religion", "unknown-field"),
    (line_bytes(debtor__last_name="x\0").strip(), "last_name", "text-nul"),
    (LINE.replace(b'"Am Deich"', b'"\\ud800"'), "street", "text-encoding"),
    (b"[]", "(row)", "json-object"),
    (b"null", "(row)", "json-object"),
    (b'"x"', "(row)", "json-object"),
]


@pytest.mark.parametrize(("value", "field", "rule"), ROWS)
def test_an_object_that_is_wrong_is_refused_alone(value: bytes, field: str, rule: str) -> None:
    """What JSON lets through refuses its row; its neighbours are read."""
    rows = read(ARRAY, array(LINE, value, LINE))

    assert rows[1] == Rejected(row=2, field=field, rule=rule)
    assert [type(row) for row in rows] == [Row, Rejected, Row]


def test_what_is_left_behind_may_hold_anything() -> None:
    """Floats and lists in a column that is not used spoil nothing."""
    assert isinstance(read(ARRAY, array(line_bytes(lines=[{"price": 1.5}], note=2.5).strip()))[0], Row)


@pytest.mark.parametrize("data", [b"[]", b" [ \n ] \n", b"\xef\xbb\xbf[]"])
def test_an_empty_array_is_a_file_without_claims(data: bytes) -> None:
    """No claims tonight is not a fault."""
    assert read(ARRAY, data) == []


FILES = [
    ("empty", ARRAY, b"", "the file is empty"),
    ("white space", ARRAY, b" \n ", "the file is empty"),
    ("an object", ARRAY, LINE, "from row 0 on"),
    ("cut off", ARRAY, array(LINE, LINE)[:-9], "from row 2 on"),
    ("no end", ARRAY, array(LINE)[:-1], "from row 1 on"),
    ("two arrays", ARRAY, array(LINE) + array(LINE), "from row 1 on"),
    ("comma at the end", ARRAY, b"[" + LINE + b",]", "from row 2 on"),
    ("no comma", ARRAY, b"[" + LINE + LINE + b"]", "from row 1 on"),
    ("single quotes", ARRAY, b"[{'a': 1}]", "from row 1 on"),
    ("deep", ARRAY, b"[" * 200_000, "from row 1 on"),
    ("deep objects", ARRAY, b"[" + b'{"a":' * 200_000, "from row 1 on"),
    ("one endless object", ARRAY, b'[{"note": "' + b"x" * (3 << 20), "from row 1 on"),
    ("a number without end", ARRAY, b"[" + LINE.replace(b'"1234.50"', b"1" * 6_000) + b"]", "from row 1 on"),
    ("another encoding", ARRAY, array(LINE).decode().encode("cp1252"), "not in the encoding"),
    ("another key", ORDERS, b'{"data": []}', "the first key"),
    ("more behind the array", ORDERS, b'{"orders": [], "next": 1}', "from row 0 on"),
]


@pytest.mark.parametrize(("mapping", "data", "said"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_an_array_that_is_wrong_refuses_the_file(mapping: Mapping, data: bytes, said: str) -> None:
    """Nothing says where the next object would begin."""
    with pytest.raises(InputError, match=said):
        read(mapping, data)


@pytest.mark.parametrize(
    ("text", "dates", "day"),
    [
        ("01.02.26", DateFormat.GERMAN_SHORT, date(2026, 2, 1)),
        ("01/02/2026", DateFormat.BRITISH, date(2026, 2, 1)),
        ("01/02/2026", DateFormat.AMERICAN, date(2026, 1, 2)),
        ("20260201", DateFormat.COMPACT, date(2026, 2, 1)),
        ("2026-02-01", DateFormat.INSTANT, date(2026, 2, 1)),
        ("2026-03-31 23:30:00 +0000", DateFormat.INSTANT, date(2026, 4, 1)),
        ("2026-01-31T23:30:00.000Z", DateFormat.INSTANT, date(2026, 2, 1)),
        ("2026-01-31T22:30:00+00:00", DateFormat.INSTANT, date(2026, 1, 31)),
        ("2026-03-31T23:30:00", DateFormat.INSTANT, date(2026, 3, 31)),
        ("2026-03-31T25:30:00Z", DateFormat.INSTANT, None),
        ("2026-03-31T23:30:00+99:00", DateFormat.INSTANT, None),
        ("2026-03-31 23:30", DateFormat.INSTANT, None),
        ("1.2.2026", DateFormat.GERMAN, None),
        ("29.02.2026", DateFormat.GERMAN, None),
        ("31/12/2026", DateFormat.AMERICAN, None),
    ],
)
def test_a_date_is_read_as_its_mapping_says(text: str, dates: DateFormat, day: date | None) -> None:
    """Exactly the named format; an instant is the day it was in Germany, on both sides of summer time."""
    if day is not None:
        assert parse_day(text, dates) == day
        return
    with pytest.raises(RefusedError):
        parse_day(text, dates)


@pytest.mark.parametrize(
    ("text", "cents"),
    [("12", 1_200), ("12.5", 1_250), ("12.500", 1_250), ("-0.05", -5), ("12.505", None), ("1e3", None), ("1,5", None)],
)
def test_a_number_of_a_file_is_exact(text: str, cents: int | None) -> None:
    """What the file itself holds as a number has a point, whatever the mapping says; a third decimal is refused."""
    if cents is not None:
        assert parse_cents(Numeric(text), ",") == cents
        return
    with pytest.raises(RefusedError):
        parse_cents(Numeric(text), ",")


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_a_dialect_is_what_its_mapping_says(encoding: Encoding, quote: str) -> None:
    """Every encoding and quote that a mapping may name."""
    data = csv_bytes({"first_name": "Zoe"}).decode()
    mapping = CSV.model_copy(update={"encoding": encoding, "quote": quote})
    (row,) = read(mapping, data.encode(encoding))

    assert isinstance(row, Row)
    assert row.claim.debtor.last_name == GOOD["last_name"]


def test_utf16_that_is_none_refuses_the_file() -> None:
    """There is no telling where a row would end."""
    with pytest.raises(InputError, match="not in the encoding"):
        read(CSV.model_copy(update={"encoding": Encoding.UTF16}), csv_bytes({}).decode().encode("utf-16") + b"\xd8")


def test_no_reader_tells_a_value_of_what_it_refuses() -> None:
    """A canary in the field that fails, and beside it: field and rule are told, and nothing of the row."""
    datev = load_preset("datev").datev
    einvoice = load_preset("einvoice").einvoice
    assert datev is not None
    assert einvoice is not None
    head = "EXTF;700;21;B;9;20180306102500000;;;;;1;1;20180101;4;20180201;20180228;x;;1;;0;EUR;;;;;;;;"
    values = ";".join({"account": "10000", "other": "8400"}.get(field, CANARY) for field, _ in POSTINGS)
    postings = "\r\n".join([head, ";".join(column for _, column in POSTINGS), values, ""]).encode()
    invoice = (
        f"<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'><a>{CANARY}</a></Invoice>".encode()
    )
    told = [repr(read(ARRAY, array(line_bytes(amount=CANARY).strip()))), repr(read(einvoice, invoice))]
    for mapping, data in (
        (datev, postings),
        (ARRAY, b'[{"' + CANARY.encode()),
        (ORDERS, f'{{"{CANARY}": 1}}'.encode()),
    ):
        with pytest.raises(InputError) as refused:
            read(mapping, data)
        told += [str(refused.value), repr(refused.value.__cause__), repr(refused.value.__suppress_context__)]

    assert [one for one in told if CANARY in one] == []
