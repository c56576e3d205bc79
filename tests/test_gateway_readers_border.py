"""The border of the readers: right, or refused by row, field and rule. Nothing is guessed, and no value is told."""

import io
import unicodedata
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import InputError
from gateway.readers.document import Document
from gateway.readers.reading import first_looks
from rows import CSV, GOOD, JSONL, csv_bytes, document, line_bytes, read_csv, read_lines
from schemas.claim import Claim, Disputed, Rejected, Row

ARABIC, FULL_WIDTH = "\u0661\u0662\u0663", "\uff11\uff12\uff13"
CANARY = "Kanarienvogel-4711"


def only(rows: list[Row | Rejected]) -> Row | Rejected:
    (row,) = rows
    return row


def claim_of(row: Row | Rejected) -> Claim:
    assert isinstance(row, Row)
    return row.claim


def test_both_formats_read_the_same_claim() -> None:
    """The same row, as CSV and as JSON Lines, is the same claim: cents, dates, NFC, no float in between."""
    claim = claim_of(only(read_csv(csv_bytes({}))))

    assert claim == claim_of(only(read_lines(line_bytes())))
    assert (claim.amount, claim.paid, claim.open) == (123_450, 50, 123_400)
    assert (claim.contract_date, claim.due_date) == (date(2025, 11, 30), date(2025, 12, 15))
    assert (claim.debtor.address.postcode, claim.debtor.birth_date) == ("01067", date(1980, 3, 17))
    assert claim.disputed is Disputed.NO
    assert [(one.level, one.fee) for one in claim.reminders] == [(2, 250)]


REFUSED = [
    ("amount", ARABIC, "amount"),
    ("amount", FULL_WIDTH, "amount"),
    ("amount", "1_000", "amount"),
    ("amount", "1E+999999", "amount"),
    ("amount", "NaN", "amount"),
    ("amount", "Infinity", "amount"),
    ("amount", "0x10", "amount"),
    ("amount", "1.234", "amount-ambiguous"),
    ("amount", "1.23,00", "amount"),
    ("amount", "12,345", "amount"),
    ("amount", "1 000,00", "amount"),
    ("amount", "123456789012", "amount"),
    ("amount", "+5,00", "amount"),
    ("amount", "5,00 €", "amount"),
    ("amount", "", "missing"),
    ("amount", " \u00a0", "missing"),
    ("due_date", "0", "date"),
    ("due_date", "1765756800", "date"),
    ("due_date", "2025-12-15", "date"),
    ("due_date", "15.12.25", "date"),
    ("due_date", "30.02.2026", "date"),
    ("due_date", "00.00.0000", "date"),
    ("due_date", "15.12.1899", "date"),
    ("due_date", "\uff11\uff15.12.2025", "date"),
    ("claim_id", "", "missing"),
    ("claim_id", "x" * 65, "too-long"),
    ("last_name", "x" * 201, "too-long"),
    ("last_name", "Straßen\0kämper", "text-nul"),
    ("last_name", "Straßen\ud800kämper", "text-encoding"),
    ("street", "Am Deich 7\r\nHinterhaus", "line-break"),
    ("debtor_kind", "Person", "debtor-kind"),
    ("disputed", "vielleicht", "yes-no"),
    ("reminders", "x", "reminder"),
    ("reminders", "2,05.01.2026,letter,2.50", "date"),
    ("reminders", "2,2026-01-05,pigeon,2.50", "reminder"),
    ("reminders", "|".join(["1,2026-01-05,letter,0.00"] * 51), "too-many"),
]
FIELDS = {"claim_id": "claim_no", "order_date": "contract_date", "paid_amount": "paid"}


@pytest.mark.parametrize(("column", "value", "rule"), REFUSED)
def test_what_can_be_misread_is_refused(column: str, value: str, rule: str) -> None:
    """Every trap of text and number is refused by row, field and rule; the rows before and after it are read."""
    rows = read_csv(csv_bytes({}, {"claim_id": "F-2", column: value}, {"claim_id": "F-3"}))

    assert rows[1] == Rejected(row=2, field=FIELDS.get(column, column), rule=rule)
    assert [type(row) for row in rows] == [Row, Rejected, Row]


REFUSED_LINES = [
    (line_bytes(amount=12.5), "(row)", "json-number"),
    (line_bytes(amount=12), "amount", "type"),
    (line_bytes(amount="1,50"), "amount", "amount"),
    (line_bytes(amount=True), "amount", "type"),
    (line_bytes(due_date=0), "due_date", "type"),
    (line_bytes(due_date="15.12.2025"), "due_date", "date"),
    (line_bytes(disputed="off"), "disputed", "yes-no"),
    (line_bytes(disputed=0), "disputed", "type"),
    (line_bytes(debtor__last_name=["x"]), "last_name", "type"),
    (line_bytes(debtor__last_name="\ud800"), "(row)", "text-encoding"),
    (line_bytes(debtor__last_name="x").replace(b'"x"', b'"\\ud800"'), "last_name", "text-encoding"),
    (line_bytes(debtor__last_name="x\0"), "last_name", "text-nul"),
    (line_bytes(debtor="x"), "(row)", "json-object"),
    (line_bytes(amount="1.00").replace(b'"1.00"', b"NaN"), "(row)", "json-number"),
    (line_bytes(amount="1.00").replace(b'"1.00"', b"-Infinity"), "(row)", "json-number"),
    (line_bytes().replace(b'{"claim_id"', b'{"claim_id": "F-9", "claim_id"'), "(row)", "json-duplicate-key"),
    (line_bytes().replace(b'{"street"', b'{"street": "x", "street"'), "(row)", "json-duplicate-key"),
    (line_bytes(religion="rk"), "religion", "unknown-field"),
    (line_bytes(address__floor="3"), "floor", "unknown-field"),
    (line_bytes(**{CANARY + " ": 1}), "(unnamed)", "unknown-field"),
    (b"[" * 100_000 + b"]" * 100_000 + b"\n", "(row)", "json"),
    (b'{"a":' * 100_000 + b"\n", "(row)", "json"),
    (b"[]\n", "(row)", "json-object"),
    (b"null\n", "(row)", "json-object"),
    (b"\n", "(row)", "json"),
    (b"{'a': 1}\n", "(row)", "json"),
    (b"\xff\xfe\n", "(row)", "text-encoding"),
    (line_bytes(amount="9" * 5_000), "amount", "too-long"),
    (line_bytes(amount=10**18).replace(b"0" * 18, b"0" * 6_000), "(row)", "json"),
]


@pytest.mark.parametrize(("line", "field", "rule"), REFUSED_LINES)
def test_what_json_lets_through_is_refused(line: bytes, field: str, rule: str) -> None:
    """Duplicate keys, NaN, floats, numbers for texts, nesting without end: that row is refused, the others are read."""
    rows = read_lines(line_bytes() + line + line_bytes(claim_id="F-3"))

    assert rows[1] == Rejected(row=2, field=field, rule=rule)
    assert [type(row) for row in rows] == [Row, Rejected, Row]


def test_one_person_has_one_spelling() -> None:
    """NFC and NFD of one name, with any white space around it, are read as the same text."""
    decomposed = unicodedata.normalize("NFD", str(GOOD["last_name"]))
    rows = read_csv(csv_bytes({}, {"last_name": f"\u00a0 {decomposed}\t"}))

    assert decomposed != GOOD["last_name"]
    assert claim_of(rows[0]).debtor == claim_of(rows[1]).debtor


@pytest.mark.parametrize("value", ["k.A.", "mail@", "a@b@example.de", "müller at example.de", "x@example", "a b@c.de"])
def test_a_malformed_optional_field_is_dropped_and_named(value: str) -> None:
    """An e-mail address that is none does not hold the claim; it is gone, and the row says so."""
    row = only(read_csv(csv_bytes({"email": value})))

    assert isinstance(row, Row)
    assert (row.claim.debtor.email, row.dropped) == (None, ("email",))


WRONG_FILES = [
    ("empty", b"", "the file is empty"),
    ("unknown column", csv_bytes(columns=[*GOOD, "religion"]), r"column 34 \(religion\) is unknown"),
    ("unknown column, not a name", csv_bytes(columns=[*GOOD, CANARY + " x"]), "column 34 is unknown"),
    ("missing column", csv_bytes(columns=[name for name in GOOD if name != "amount"]), "the header lacks: amount"),
    ("duplicate column", csv_bytes(columns=[*GOOD, "amount"]), r"column 34 \(amount\) stands twice"),
    ("duplicate left-behind column", csv_bytes(columns=[*GOOD, "note"]), r"column 34 \(note\) stands twice"),
    ("no header", csv_bytes({}).split(b"\r\n", 1)[1], "the header lacks: claim_id"),
    ("other delimiter", csv_bytes({}).replace(b";", b","), "the header lacks: claim_id"),
    ("UTF-16", csv_bytes({}).decode().encode("utf-16"), "the file is UTF-16"),
    ("unclosed quote at the end", csv_bytes({}, {"note": "x"})[:-3] + b'"x\r\n', "from row 2 on"),
    ("quote in the wrong place", csv_bytes({}).replace(b"Am Deich", b'"Am" Deich'), "from row 1 on"),
    ("one endless line", b"claim_id;" + b"x" * (2 << 20), "longer than a row can be"),
    ("one endless field", csv_bytes({"note": "x" * (1 << 20)}), "longer than a row can be"),
    ("zip", b"PK\x03\x04" + bytes(range(256)) * 20, "the header lacks"),
]


@pytest.mark.parametrize(("data", "said"), [case[1:] for case in WRONG_FILES], ids=[case[0] for case in WRONG_FILES])
def test_a_file_with_uncertain_borders_is_refused_whole(data: bytes, said: str) -> None:
    """What makes rows or columns uncertain refuses the file: no half of it is kept."""
    with pytest.raises(InputError, match=said):
        read_csv(data)


def test_an_unclosed_quote_never_swallows_rows_in_silence() -> None:
    """A quote that opens in one row and closes in a later one leaves a record of the wrong width: the file is refused."""
    opened = csv_bytes({}, {}, {}).split(b"\r\n")
    opened[1] = opened[1].replace(b"Am Deich", b'"Am Deich')
    opened[3] = opened[3].replace(b";7 b;", b';7 b";')

    with pytest.raises(InputError, match="from row 1 on"):
        read_csv(b"\r\n".join(opened))


def test_a_header_alone_is_a_file_without_claims() -> None:
    """No overdue claims tonight is not a fault."""
    assert read_csv(csv_bytes()) == []


def test_surplus_and_missing_columns_reject_their_row_alone() -> None:
    """A row of another width is rejected by number; its neighbours are read."""
    lines = csv_bytes({}, {}, {}, {}).split(b"\r\n")
    lines[2], lines[3] = lines[2] + b";surplus", lines[3].rsplit(b";", 1)[0]

    rows = read_csv(b"\r\n".join(lines))

    assert rows[1:3] == [Rejected(row=number, field="(row)", rule="columns") for number in (2, 3)]
    assert [type(row) for row in rows] == [Row, Rejected, Rejected, Row]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_line_ends_and_byte_order_marks_change_nothing(end: bytes, mark: bytes) -> None:
    """Any line end, even mixed, and a BOM in front of the first header, give the same rows."""
    plain = csv_bytes({}, {"claim_id": "F-2"})
    first, rest = plain.split(b"\r\n", 1)

    assert read_csv(mark + first + end + rest) == read_csv(plain)
    assert read_lines(mark + line_bytes()) == read_lines(line_bytes())


def test_bytes_of_another_encoding_reject_the_rows_that_hold_them() -> None:
    """CP1252 in a file declared UTF-8: rows with umlauts are rejected by field, plain ones are read."""
    plain = {"first_name": "Uwe", "last_name": "Meier", "claim_id": "F-2"}
    rows = read_csv(csv_bytes({}, plain, encoding="cp1252"))

    assert rows[0] == Rejected(row=1, field="first_name", rule="text-encoding")
    assert isinstance(rows[1], Row)


def test_a_gigabyte_of_one_line_is_refused_at_once() -> None:
    """A line without end is refused after its first megabytes, whatever its format; it is never held in memory."""

    class Endless(io.RawIOBase):
        read_so_far = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:
            buffer[:] = b"x" * len(buffer)
            self.read_so_far += len(buffer)
            return len(buffer)

    for mapping in (CSV, JSONL):
        stream = Endless()
        with pytest.raises(InputError, match="longer than a row can be"):
            list(first_looks(Document([partial(nullcontext, stream)]), mapping))

        assert stream.read_so_far < 16 << 20


def test_the_first_pass_sees_the_numbers_that_the_second_reads() -> None:
    """Claim numbers come out of the quick pass exactly as out of the reading of rows."""
    data = csv_bytes({}, {"claim_id": " F-2 "}, {"claim_id": ""}, {"claim_id": "F-4", "amount": "x"})
    numbers = [number for _, number, _ in first_looks(document(data), CSV)]

    assert numbers == ["F-1", "F-2", "F-4"]


PLACES = [*(name for name in GOOD if name in {value for _, value in CSV.columns}), "note"]


@pytest.mark.parametrize("column", PLACES)
@pytest.mark.parametrize("broken", ["\ud800", "\0", "\r\n"], ids=["surrogate", "NUL", "line break"])
def test_a_refusal_never_tells_a_value(column: str, broken: str) -> None:
    """Whatever fails, in whichever field: what is said of it holds field and rule, and nothing of the row."""
    told = repr([row for row in read_csv(csv_bytes({column: CANARY + broken})) if isinstance(row, Rejected)])

    assert CANARY not in told
    assert str(GOOD["last_name"]) not in told


@pytest.mark.parametrize("read", [read_csv, read_lines])
@given(data=st.binary(max_size=400))
@settings(max_examples=150)
def test_any_bytes_are_read_or_refused(read: Callable[[bytes], list[Row | Rejected]], data: bytes) -> None:
    """Two outcomes only: rows and rejections, or an InputError."""
    header = csv_bytes() if read is read_csv else b""
    try:
        rows = read(header + data)
    except InputError:
        return

    assert all(isinstance(row, Row | Rejected) for row in rows)
    assert [row.row for row in rows] == sorted({row.row for row in rows})
