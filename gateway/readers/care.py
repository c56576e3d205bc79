"""The care list of a source: customers who are to be treated with special care, and what is different for them.

CSV in UTF-8 with semicolons and this header: `customer_no;tone;language;channels;stage;ask_first`. Channels are separated by
spaces, `ask_first` is yes or empty; a row with nothing but a customer gets the mandate's `special_care`. A row that cannot
be read, or that goes further than a mandate of the source, refuses the list: nobody is treated without the care they
were promised. It is kept in memory: it lists exceptions.
"""

import csv
import io
from collections.abc import Sequence
from typing import BinaryIO, Final

from pydantic import ValidationError

from gateway.errors import InputError
from schemas.base import failures
from schemas.mandate import Instruction, Mandate, goes_further

HEADER: Final = ("customer_no", "tone", "language", "channels", "stage", "ask_first")
MAXIMUM_BYTES: Final = 1 << 24


class CareList:
    """Instructions by customer number."""

    def __init__(self, instructions: dict[str, Instruction | None] | None = None) -> None:
        self._instructions = instructions or {}

    def of(self, customer_no: str, mandate: Mandate) -> Instruction | None:
        """What is different for a customer under a mandate; None if nothing is."""
        if customer_no not in self._instructions:
            return None
        return self._instructions[customer_no] or mandate.special_care


def read_care_list(stream: BinaryIO, mandates: Sequence[Mandate]) -> CareList:
    """The list. Raises InputError that names row and column, and no value."""
    content = stream.read(MAXIMUM_BYTES + 1)
    if len(content) > MAXIMUM_BYTES:
        raise InputError("a care list is larger than 16 MiB: it lists exceptions")
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";", strict=True)
        if tuple(next(rows, ())) != HEADER:
            raise InputError(f"a care list begins with the header {';'.join(HEADER)}")
        found: dict[str, Instruction | None] = {}
        for row, cells in enumerate(rows, start=1):
            customer_no, instruction = _row(cells, row, mandates)
            if customer_no in found:
                raise InputError(f"care list, row {row}: its customer number stands in an earlier row")
            found[customer_no] = instruction
    except (UnicodeDecodeError, csv.Error):
        raise InputError("a care list is not CSV in UTF-8, or a quote in it is not closed") from None
    return CareList(found)


def _row(cells: Sequence[str], row: int, mandates: Sequence[Mandate]) -> tuple[str, Instruction | None]:
    if len(cells) != len(HEADER) or not cells[0]:
        raise InputError(f"care list, row {row}: {len(HEADER)} cells are expected, the first with a customer number")
    customer_no, *others = cells
    given: dict[str, object] = {name: cell for name, cell in zip(HEADER[1:], others, strict=True) if cell}
    if not given:
        return customer_no, None
    if "channels" in given:
        given["channels"] = tuple(str(given["channels"]).split())
    if "ask_first" in given:
        given["ask_first"] = {"yes": True}.get(str(given["ask_first"]), given["ask_first"])
    try:
        instruction = Instruction.model_validate(given, strict=False)
    except ValidationError as error:
        raise InputError(f"care list, row {row}, column {failures(error)[0].field}: not a value of its kind") from None
    further = next((mandate.id for mandate in mandates if goes_further(instruction, mandate)), None)
    if further is not None:
        raise InputError(f"care list, row {row}: goes further than mandate {further} allows: make it milder")
    return customer_no, instruction
