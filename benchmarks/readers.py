"""What reading costs: microseconds a row of each reader, beside the bare library over the same bytes, and peak memory.

Each measurement is a process of its own. CSV and JSON Lines are streams and must stay flat up to a million rows; the
others hold their document, within the bounds their modules name. Trust the ratios, not the figures: machines differ.
"""

import csv
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
import orjson
from lxml import etree
from python_calamine import CalamineWorkbook

from gateway.demo.claims import write_csv, write_jsonl
from gateway.readers.datev_postings import POSTINGS
from gateway.readers.document import Document
from gateway.readers.formats import Format
from gateway.readers.mapping import Mapping
from gateway.readers.presets import load_preset
from gateway.readers.reading import read_rows
from schemas.claim import Row

RUNS = (
    ("csv", 50_000),
    ("csv", 1_000_000),
    ("jsonl", 50_000),
    ("jsonl", 200_000),
    ("json_array", 50_000),
    ("sheet", 20_000),
    ("einvoice", 2_000),
    ("datev", 50_000),
)
SAMPLE, SEED = 2_000, 11
VECTORS = Path(__file__).parent.parent / "tests" / "vectors"


class Repeated(io.RawIOBase):
    """A head, then the same rows over and over: a file of any length that is never held."""

    def __init__(self, head: bytes, rows: bytes, times: int) -> None:
        self._chunks = iter([head, *[rows] * times])
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fills a buffer."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


Parts = list[Callable[[], BinaryIO]]


def sample(kind: str) -> bytes:
    """Some rows of generated claims."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        (write_csv if kind == "csv" else write_jsonl)(path, SAMPLE, SEED)
        return path.read_bytes()


def streams(kind: str, rows: int) -> tuple[Mapping, Parts]:
    """The mapping and the parts of a document with so many rows."""
    erp = load_preset("erp-de")
    match kind:
        case "csv":
            head, body = sample("csv").split(b"\r\n", 1)
            return erp.csv, [lambda: io.BufferedReader(Repeated(head + b"\r\n", body, rows // SAMPLE))]
        case "jsonl":
            lines = sample("jsonl")
            return erp.jsonl, [lambda: io.BufferedReader(Repeated(b"", lines, rows // SAMPLE))]
        case "json_array":
            objects = b",".join(sample("jsonl").splitlines() * (rows // SAMPLE))
            return erp.jsonl.model_copy(update={"format": Format.JSON_ARRAY}), [
                lambda: io.BytesIO(b"[" + objects + b"]")
            ]
        case "sheet":
            mapping, data = erp.csv.model_copy(update={"format": Format.SHEET}), workbook(rows)
            return mapping, [lambda: io.BytesIO(data)]
        case "einvoice":
            text = (VECTORS / "invoices" / "Einfach_DueDate.cii.xml").read_bytes()
            return load_preset("einvoice").einvoice, [partial(io.BytesIO, text)] * rows
        case _:
            master = (VECTORS / "datev" / "EXTF_Stammdaten.csv").read_bytes()
            return load_preset("datev").datev, [partial(io.BytesIO, postings(rows)), partial(io.BytesIO, master)]


def workbook(rows: int) -> bytes:
    """The rows of the CSV as a sheet of texts."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    head, *body = csv.reader(io.StringIO(sample("csv").decode(), newline=""), delimiter=";")
    sheet.append(head)
    for place in range(rows):
        sheet.append(["".join(filter(str.isprintable, value)) for value in body[place % SAMPLE]])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def postings(rows: int) -> bytes:
    """A Buchungsstapel of invoices, every second one paid."""
    head = (VECTORS / "datev" / "EXTF_Buchungsstapel.csv").read_bytes().split(b"\r\n")[0].decode("cp1252")
    lines = [head, ";".join(column for _, column in POSTINGS)]
    for place in range(rows):
        side, counter = ("H", "1200") if place % 3 == 2 else ("S", "8400")
        lines.append(f'100,00;"{side}";"";10000;{counter};2202;"R{place - place % 3}";"150318";"";"";""')
    return "\r\n".join([*lines, ""]).encode("cp1252")


def bare(mapping: Mapping, parts: Parts) -> int:
    """The library alone: how many records it saw."""
    match mapping.format:
        case Format.CSV | Format.DATEV:
            return sum(sum(1 for _ in bare_csv(part(), mapping)) for part in parts)
        case Format.JSON_LINES:
            return sum(1 for line in parts[0]() if orjson.loads(line))
        case Format.JSON_ARRAY:
            return len(orjson.loads(parts[0]().read()))
        case Format.SHEET:
            return sum(1 for _ in CalamineWorkbook.from_filelike(parts[0]()).get_sheet_by_index(0).iter_rows())
        case Format.EINVOICE:
            return sum(etree.fromstring(part().read()) is not None for part in parts)


def bare_csv(stream: BinaryIO, mapping: Mapping) -> Iterator[list[str]]:
    """Rows of the standard library."""
    text = io.TextIOWrapper(stream, encoding=mapping.encoding, newline="")
    return csv.reader(text, delimiter=mapping.delimiter)


def measure(kind: str, rows: int) -> dict[str, float]:
    """One reading in this process; memory is looked at before the bare library adds its own."""
    mapping, parts = streams(kind, rows)
    before = peak_mebibytes()
    document = Document([lambda part=part: nullcontext(part()) for part in parts])
    started = time.perf_counter()
    read = sum(isinstance(row, Row) for row in read_rows(document, mapping))
    seconds, peak = time.perf_counter() - started, peak_mebibytes()
    started = time.perf_counter()
    bare(mapping, parts)
    return {"read": read, "seconds": seconds, "before": before, "peak": peak, "bare": time.perf_counter() - started}


def peak_mebibytes() -> int:
    """The most memory this process has had."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


def main() -> None:
    """Prints the table."""
    print("reader          rows     read  µs a row  bare library  x bare  peak MiB (before)")
    for kind, rows in RUNS:
        command = [sys.executable, "-I", __file__, kind, str(rows)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        print(
            f"{kind:<10}{rows:>10,}{found['read']:>9,}{1e6 * found['seconds'] / rows:>10.1f}"
            f"{1e6 * found['bare'] / rows:>14.1f}{found['seconds'] / found['bare']:>8.1f}{found['peak']:>10} "
            f"({found['before']})",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
    else:
        main()
