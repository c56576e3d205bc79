"""Guesses about a file, for `config suggest` alone: encoding, dialect, where the header stands, what columns mean.

Nothing here is used at night. What is unsure is told as a question; no value of the file ever becomes part of one.
"""

import io
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final

import charset_normalizer
import clevercsv

from gateway.readers.formats import DateFormat, Encoding
from gateway.readers.values import Dated, Numeric, RefusedError, is_blank, parse_cents, parse_day

_ENCODINGS: Final = {
    "cp1252": Encoding.CP1252,
    "iso8859_15": Encoding.LATIN9,
    "cp850": Encoding.CP850,
    "mac_roman": Encoding.MAC,
}
_DELIMITERS: Final = ";,\t|"
_SNIFFED_LINES: Final = 60
_KNOWN_NAMES: Final = 2
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_SYNONYMS: Final = {
    name: field
    for field, names in tomllib.loads((files("gateway.readers") / "columns.toml").read_text("utf-8")).items()
    for name in names
}
_YES: Final = ("ja", "j", "yes", "y", "true", "wahr", "1", "x")
_NO: Final = ("nein", "n", "no", "false", "falsch", "0")


@dataclass(slots=True)
class Questions:
    """What the guess is unsure of: to be answered in the configuration."""

    asked: list[str] = field(default_factory=list)

    def ask(self, question: str) -> None:
        """One more question."""
        self.asked.append(question)


def guess_encoding(sample: bytes, questions: Questions) -> Encoding:
    """The encoding of a text; only what German exports use comes into question."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Encoding.UTF16
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 3:  # a character cut off by the end of the sample is no other encoding
            best = charset_normalizer.from_bytes(sample, cp_isolation=list(_ENCODINGS)).best()
            found = _ENCODINGS.get(best.encoding if best else "", Encoding.CP1252)
            questions.ask(f"encoding: {found} is likely; look at the umlauts in the output of `screen` or `claim show`")
            return found
    return Encoding.UTF8


def guess_delimiter(text: str, questions: Questions) -> str:
    """The delimiter of a CSV text."""
    lines = "\n".join(text.splitlines()[:_SNIFFED_LINES])
    try:
        dialect = clevercsv.Detector().detect(lines, delimiters=list(_DELIMITERS))
    except clevercsv.Error:
        dialect = None
    if dialect is not None and dialect.delimiter in set(_DELIMITERS):
        return str(dialect.delimiter)
    questions.ask("delimiter: it could not be told")
    return max(_DELIMITERS, key=lines.count)


def guess_header(rows: Sequence[Sequence[object]], known: Callable[[str], bool], questions: Questions) -> int | None:
    """The row of the names, from 1: the first that fills as many columns as any, and holds at least two known names.

    None if there is none: a row of data would be told as if it were names.
    """
    widths = [sum(not is_blank(value) for value in row) for row in rows]
    full = max(widths, default=0)
    for place, (row, width) in enumerate(zip(rows, widths, strict=True), start=1):
        names = {str(value).strip() for value in row}
        if width >= max(2, full - 1) and all(map(_is_name, row)) and sum(map(known, names)) >= _KNOWN_NAMES:
            if place > 1:
                questions.ask(f"header_row: the names seem to stand in row {place}")
            return place
    return None


def _is_name(value: object) -> bool:
    text = str(value)
    return not isinstance(value, Numeric) and sum(letter.isdigit() for letter in text) <= len(text) // 3


def field_of(column: str) -> str | None:
    """The canonical field a column is likely to hold; of a path, its last part counts if the whole says nothing."""
    return _SYNONYMS.get(_folded(column)) or _SYNONYMS.get(_folded(column.rpartition(".")[2]))


def like_reminder(column: str) -> bool:
    """Whether a column's name sounds like reminders: they decide on default (§ 286 BGB), and are not left behind unasked."""
    return any(word in _folded(column) for word in ("mahn", "remind", "dunning"))


def _folded(column: str) -> str:
    text = unicodedata.normalize("NFC", column).casefold().translate(_UMLAUTS)
    return "".join(letter for letter in text if letter.isascii() and letter.isalnum())


def guess_dates(values: Iterable[object], questions: Questions) -> DateFormat:
    """The one way in which all dates are written; asks if there are several, or none."""
    texts = [value for value in values if isinstance(value, str) and not is_blank(value)]
    if texts and all(isinstance(text, Dated) for text in texts):
        return DateFormat.ISO
    fitting = [one for one in DateFormat if texts and all(_parses(text, one) for text in texts)]
    found = fitting[0] if fitting else DateFormat.GERMAN
    if set(fitting) - {DateFormat.INSTANT} - {found}:
        questions.ask(f"dates: the sample can be read as {' or '.join(fitting)}")
    elif not fitting:
        questions.ask("dates: the dates of the sample have no one format")
    return found


def _parses(text: str, dates: DateFormat) -> bool:
    try:
        parse_day(text.strip() if type(text) is str else text, dates)
    except RefusedError:
        return False
    return True


def guess_decimal(values: Iterable[object], questions: Questions) -> str:
    """The decimal mark with which all amounts can be read; asks if both, or neither, will do."""
    texts = [value for value in values if isinstance(value, str) and not is_blank(value)]
    fitting = [mark for mark in ",." if texts and all(_is_amount(text, mark) for text in texts)]
    if len(fitting) != 1 and not all(isinstance(text, Numeric) for text in texts):
        questions.ask("decimal: the amounts of the sample do not tell the mark")
    return fitting[0] if fitting else ","


def _is_amount(text: str, decimal: str) -> bool:
    try:
        parse_cents(text.strip() if type(text) is str else text, decimal)
    except RefusedError:
        return False
    return True


def guess_answers(values: Iterable[object]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The spellings of yes and no among the values, or None if there are others: only known words are repeated."""
    found = {str(value).strip() for value in values if not is_blank(value)}
    yes = tuple(sorted(word for word in found if word.casefold() in _YES))
    no = tuple(sorted(word for word in found if word.casefold() in _NO))
    return (yes, no) if len(yes) + len(no) == len(found) else None


def decoded(sample: bytes, encoding: Encoding) -> io.StringIO:
    """The sample as text; what cannot be read is replaced, for it is only looked at."""
    return io.StringIO(sample.decode(encoding, "replace").removeprefix("\ufeff"), newline="")
