"""A JSON array of objects as a stream of rows; the array is the file, or the value of its first key.

A list that breaks off, or is not JSON, refuses the file from that row on: nothing says where the next one would begin.
"""

import io
from collections.abc import Iterator
from typing import BinaryIO, Final

from gateway.readers.border import Cells
from gateway.readers.json_objects import DECODER, Objects, RowError
from gateway.readers.mapping import Mapping
from gateway.readers.tables import FileFaultError

MAXIMUM_OBJECT: Final = 1 << 20  # characters
_READ: Final = 1 << 16
_SPACE: Final = " \t\r\n"


def read_json_array(stream: BinaryIO, mapping: Mapping) -> Iterator[Cells | str]:
    """Each object as cells, or the rule by which it is rejected. Raises FileFaultError."""
    objects = Objects(mapping)
    for value in _Values(stream, mapping):
        try:
            cells = objects.cells(value)
        except RowError as error:
            yield error.rule
        else:
            yield cells


class _Values:
    """The values of the array, one at a time; what has been read of the file is bounded by one object."""

    def __init__(self, stream: BinaryIO, mapping: Mapping) -> None:
        self._text = io.TextIOWrapper(stream, encoding=mapping.encoding, newline="")
        self._records = mapping.records
        self._buffer = ""
        self._row = 0

    def __iter__(self) -> Iterator[object]:
        try:
            self._more()
            self._buffer = self._buffer.removeprefix("\ufeff")
            if not self._peek():
                raise FileFaultError("the file is empty: let its exporter finish, or remove it")
            self._open()
            if self._peek() == "]":
                self._take("]")
            else:
                yield from self._values()
            if self._records is not None:
                self._take("}")
            if self._peek():
                raise self._fault()
        except UnicodeError:
            raise FileFaultError(
                "the file is not in the encoding that its mapping names: correct one of the two"
            ) from None
        finally:
            self._text.detach()

    def _open(self) -> None:
        if self._records is not None:
            self._take("{")
            self._peek()
            if self._value() != self._records:
                raise FileFaultError("the first key of the file is not what `records` says: correct the mapping")
            self._take(":")
        self._take("[")

    def _values(self) -> Iterator[object]:
        while True:
            self._row += 1
            self._peek()
            yield self._value()
            if self._peek() != ",":
                self._take("]")
                return
            self._take(",")

    def _value(self) -> object:
        while True:
            try:
                value, end = DECODER.raw_decode(self._buffer)
            except (ValueError, RecursionError):
                if len(self._buffer) > MAXIMUM_OBJECT or not self._more():
                    raise self._fault() from None
            else:
                self._buffer = self._buffer[end:]
                found: object = value
                return found

    def _peek(self) -> str:
        """The next character that is not white space, which then begins the buffer; nothing at the end."""
        while True:
            self._buffer = self._buffer.lstrip(_SPACE)
            if self._buffer or not self._more():
                return self._buffer[:1]

    def _take(self, character: str) -> None:
        if self._peek() != character:
            raise self._fault()
        self._buffer = self._buffer[1:]

    def _more(self) -> bool:
        read = self._text.read(max(_READ, len(self._buffer)))
        self._buffer += read
        return bool(read)

    def _fault(self) -> FileFaultError:
        return FileFaultError(
            f"from row {self._row} on the file is not a JSON array of objects of bounded size: nothing of it was kept; "
            "correct the export, or name its array with `records`"
        )
