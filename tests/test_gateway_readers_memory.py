"""Memory is bounded by a row, not by the file."""

import tracemalloc
from collections.abc import Callable

import pytest

from gateway.readers.formats import Format
from gateway.readers.mapping import Mapping
from gateway.readers.reading import read_rows
from rows import CSV, JSONL, csv_bytes, document, line_bytes

ARRAY = JSONL.model_copy(update={"format": Format.JSON_ARRAY})


def csv_of(rows: int) -> bytes:
    head, row = csv_bytes({}).split(b"\r\n", 1)
    return head + b"\r\n" + row * rows


def array_of(rows: int) -> bytes:
    return b"[" + b",".join([line_bytes()] * rows) + b"]"


def peak(mapping: Mapping, data: bytes) -> int:
    """Bytes that reading has held at once, the file itself aside."""
    tracemalloc.start()
    count = sum(1 for _ in read_rows(document(data), mapping))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count > 0
    return most


@pytest.mark.parametrize(
    ("mapping", "write"),
    [(CSV, csv_of), (JSONL, lambda rows: line_bytes() * rows), (ARRAY, array_of)],
    ids=["csv", "jsonl", "json_array"],
)
def test_ten_times_the_rows_take_no_more_memory(mapping: Mapping, write: Callable[[int], bytes]) -> None:
    """A stream of rows is a stream: a file of 4,000 rows is held no more than one of 400."""
    few, many = (peak(mapping, write(rows)) for rows in (400, 4_000))

    assert many < few + (256 << 10)
