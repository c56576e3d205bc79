"""Single values at the border: text, number, amount, date, each with exactly one reading, or the rule that refuses it.

Only ASCII digits are digits; money has at most two decimals; a date has exactly the format the source names; text is
NFC, stripped, without NUL, line ends and lone surrogates, so that one person has one pseudonym.
"""

import re
import unicodedata
from datetime import date, datetime
from typing import Final

from gateway.readers.formats import DateFormat
from schemas.calendar import day_in_germany

MAXIMUM_TEXT: Final = 200
MAXIMUM_DAYS: Final = 36_500
_MAXIMUM_NUMBER: Final = 64
_MAXIMUM_DIGITS: Final = 11
_YEARS: Final = range(1900, 2101)
_POSTCODE_DIGITS: Final = 5
_YEAR, _MONTH, _DAY = r"(?P<year>[0-9]{4})", r"(?P<month>[0-9]{2})", r"(?P<day>[0-9]{2})"
_CLOCK: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
_DATE: Final = {
    DateFormat.ISO: re.compile(f"{_YEAR}-{_MONTH}-{_DAY}"),
    DateFormat.GERMAN: re.compile(rf"{_DAY}\.{_MONTH}\.{_YEAR}"),
    DateFormat.GERMAN_SHORT: re.compile(rf"{_DAY}\.{_MONTH}\.(?P<short>[0-9]{{2}})"),
    DateFormat.BRITISH: re.compile(f"{_DAY}/{_MONTH}/{_YEAR}"),
    DateFormat.AMERICAN: re.compile(f"{_MONTH}/{_DAY}/{_YEAR}"),
    DateFormat.COMPACT: re.compile(f"{_YEAR}{_MONTH}{_DAY}"),
    DateFormat.INSTANT: re.compile(
        rf"{_YEAR}-{_MONTH}-{_DAY}(?:[T ](?P<clock>{_CLOCK})(?:\.[0-9]{{1,9}})? ?(?P<zone>Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
    ),
}
_AMOUNT: Final = {
    ",": re.compile(r"(-?)([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,11})(?:,([0-9]{1,2}))?"),
    ".": re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,11})(?:\.([0-9]{1,2}))?"),
}
_EXACT: Final = re.compile(r"(-?)([0-9]{1,11})(?:\.([0-9]{1,2})0*)?")
_GUARDED: Final = re.compile("'[0-9]+")  # how shops keep a spreadsheet from eating the zero
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN_LABEL: Final = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?")


class RefusedError(ValueError):
    """A value cannot be read; carries the rule only."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Numeric(str):
    """A number that the file itself holds as one (a cell of a sheet, an XML amount): its plain decimal text."""

    __slots__ = ()


class Dated(str):
    """A date that the file itself holds as one: its ISO text."""

    __slots__ = ()


def parse_cents(text: str, decimal: str) -> int:
    """An amount in cents. Raises RefusedError for what is no amount, or could be read two ways (`1.234`)."""
    exact = isinstance(text, Numeric)
    match = (_EXACT if exact else _AMOUNT[decimal]).fullmatch(text)
    if match is None:
        raise RefusedError("amount-decimals" if exact and "." in text else "amount")
    sign, whole, fraction = match.groups()
    digits = "".join(letter for letter in whole if letter.isdigit())
    if digits != whole and fraction is None:
        raise RefusedError("amount-ambiguous")
    if len(digits) > _MAXIMUM_DIGITS:
        raise RefusedError("amount")
    cents = int(digits) * 100 + int((fraction or "").ljust(2, "0"))
    return -cents if sign else cents


def parse_day(text: str, dates: DateFormat) -> date:
    """A calendar date from 1900 to 2100. Raises RefusedError for any other format, and for days that do not exist.

    An instant with an offset is the day it was in Germany; without one it is taken as the shop's own, German, time.
    """
    match = _DATE[DateFormat.ISO if isinstance(text, Dated) else dates].fullmatch(text)
    if match is None:
        raise RefusedError("date")
    found = match.groupdict()
    year = int(found.get("year") or f"20{found['short']}")
    if year not in _YEARS:
        raise RefusedError("date")
    try:
        day = date(year, int(found["month"]), int(found["day"]))
        if found.get("zone"):
            zone = found["zone"].replace("Z", "+00:00")
            day = day_in_germany(datetime.fromisoformat(f"{day}T{found['clock']}{zone}"))
    except ValueError:
        raise RefusedError("date") from None
    return day


def clean_text(value: object, limit: int = MAXIMUM_TEXT) -> str:
    """Text in NFC without surrounding white space; nothing becomes the empty text. Raises RefusedError."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusedError("type")
    if not value.isascii():
        if _SURROGATE.search(value):
            raise RefusedError("text-encoding")
        value = unicodedata.normalize("NFC", value)
    if "\0" in value:
        raise RefusedError("text-nul")
    value = value.strip()
    if "\n" in value or "\r" in value:
        raise RefusedError("line-break")
    if len(value) > limit:
        raise RefusedError("too-long")
    return value


def optional_text(value: object) -> str | None:
    """Text, or None for nothing."""
    return clean_text(value) or None


def required_text(value: object) -> str:
    """Text that must be there."""
    text = clean_text(value)
    if not text:
        raise RefusedError("missing")
    return text if type(value) is str else type(value)(text) if isinstance(value, (Numeric, Dated)) else text


def number(value: object) -> str:
    """A claim, customer or invoice number; a whole JSON number has one reading as text."""
    text = required_text(str(value) if type(value) is int else value)
    if len(text) > _MAXIMUM_NUMBER:
        raise RefusedError("too-long")
    return str(text)


def days(value: object) -> int:
    """A whole number of days, up to a hundred years."""
    text = required_text(value)
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > MAXIMUM_DAYS:
        raise RefusedError("days")
    return int(text)


def postcode(value: object, pads: bool) -> str:
    """A postcode. A sheet that holds it as a number has lost its leading zero: refused, or padded if declared."""
    text = clean_text(value)
    if isinstance(value, Numeric) and len(text) < _POSTCODE_DIGITS:
        if not pads:
            raise RefusedError("leading-zero")
        return text.zfill(_POSTCODE_DIGITS)
    return text[1:] if _GUARDED.fullmatch(text) else text


def is_blank(value: object) -> bool:
    """Whether a cell holds nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def email(value: object) -> str:
    """A plain address; whether its domain exists is never asked: the question would tell who is in debt."""
    text = clean_text(value)
    local, _, domain = text.partition("@")
    labels = domain.split(".")
    if not _LOCAL_PART.fullmatch(local) or len(labels) < 2 or not all(map(_DOMAIN_LABEL.fullmatch, labels)):
        raise RefusedError("email")
    return text
