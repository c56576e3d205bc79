"""Reading: a stream of bytes and a mapping become rows and rejections, one at a time; nothing is kept.

Row 1 is the first row of data. A file that cannot be read as a whole raises InputError, which may come in the
middle: the caller keeps nothing of it.
"""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from gateway.errors import InputError
from gateway.readers.border import Border, Cells
from gateway.readers.csv_rows import read_csv
from gateway.readers.jsonl_rows import Unknown, read_jsonl
from gateway.readers.mapping import Mapping, Preset
from schemas.claim import Rejected, Row

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class HashingStream(io.RawIOBase):
    """A binary file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fills a buffer, and hashes what it was filled with."""
        target = memoryview(buffer)
        data = self._file.read(len(target))
        target[: len(data)] = data
        self._hash.update(data)
        return len(data)

    def sha256(self) -> str:
        """SHA-256 of what has been read, lower-case hex."""
        return self._hash.hexdigest()


def mapping_for(path: Path, preset: Preset) -> Mapping:
    """The mapping that reads a file, by its suffix. Raises InputError if the preset has none."""
    found = {".csv": preset.csv, ".jsonl": preset.jsonl}.get(path.suffix)
    if found is None:
        raise InputError("a file of the inbox is neither .csv nor .jsonl, or its preset reads no such files: move it")
    return found


def read_rows(stream: io.RawIOBase, mapping: Mapping) -> Iterator[Row | Rejected]:
    """Every row of a file, in order."""
    border = Border(mapping)
    for row, cells in enumerate(_records(stream, mapping), start=1):
        if isinstance(cells, Unknown):
            yield Rejected(row=row, field=str(cells), rule="unknown-field")
        elif isinstance(cells, str):
            yield Rejected(row=row, field="(row)", rule=cells)
        else:
            yield border.read(row, cells)


def claim_numbers(stream: io.RawIOBase, mapping: Mapping) -> Iterator[str]:
    """The claim number of every row that has one, in order: what `read_rows` will give, but quickly."""
    border = Border(mapping)
    for cells in _records(stream, mapping):
        if not isinstance(cells, str):
            number = border.claim_no(cells)
            if number is not None:
                yield number


def _records(stream: io.RawIOBase, mapping: Mapping) -> Iterator[Cells | str]:
    reader = read_csv if mapping.format == "csv" else read_jsonl
    return reader(io.BufferedReader(stream, buffer_size=1 << 18), mapping)
