"""JSON Lines as a stream of rows: one object a line. A line that is none is refused; the others go on."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from gateway.errors import InputError
from gateway.readers.border import Cells
from gateway.readers.json_objects import DECODER, Objects, RowError
from gateway.readers.mapping import Mapping

MAXIMUM_LINE_BYTES: Final = 1 << 20
_BOM: Final = b"\xef\xbb\xbf"


def read_jsonl(stream: BinaryIO, mapping: Mapping) -> Iterator[Cells | str]:
    """Each line as cells, or the rule by which it is rejected; an Unknown names a key. Raises InputError."""
    objects = Objects(mapping)
    first = True
    while line := stream.readline(MAXIMUM_LINE_BYTES + 1):
        if len(line) > MAXIMUM_LINE_BYTES:
            raise InputError("a line of the file is longer than a row can be: is this a JSON Lines file?")
        if first:
            line, first = line.removeprefix(_BOM), False
        try:
            cells = objects.cells(_parse(line, mapping.encoding))
        except RowError as error:
            yield error.rule
        else:
            yield cells
    if first:
        raise InputError("the file is empty: let its exporter finish, or remove it")


def _parse(line: bytes, encoding: str) -> object:
    try:
        found: object = DECODER.decode(line.decode(encoding))
    except UnicodeDecodeError:
        raise RowError("text-encoding") from None
    except (ValueError, RecursionError):
        raise RowError("json") from None
    return found
