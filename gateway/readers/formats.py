"""What a mapping may name: formats of files, encodings, ways to write dates."""

from enum import StrEnum


class Format(StrEnum):
    """How the bytes of a file are laid out."""

    CSV = "csv"
    SHEET = "sheet"
    JSON_LINES = "jsonl"
    JSON_ARRAY = "json_array"
    DATEV = "datev"
    EINVOICE = "einvoice"


class Encoding(StrEnum):
    """Encodings that exports use."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    CP1252 = "cp1252"
    LATIN9 = "iso-8859-15"
    LATIN1 = "iso-8859-1"
    CP850 = "cp850"
    MAC = "mac-roman"


class DateFormat(StrEnum):
    """How a source writes dates; exactly so, or the row is rejected. Two-digit years are of this century."""

    ISO = "YYYY-MM-DD"
    GERMAN = "DD.MM.YYYY"
    GERMAN_SHORT = "DD.MM.YY"
    BRITISH = "DD/MM/YYYY"
    AMERICAN = "MM/DD/YYYY"
    COMPACT = "YYYYMMDD"
    INSTANT = "YYYY-MM-DD hh:mm:ss"
    """The clock, a fraction and an offset may follow the day, as shops write it."""
