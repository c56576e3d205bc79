"""The border: from what a source wrote to a `Claim`, or a refusal by field and rule.

Rules: only ASCII digits are digits; money has at most two decimals and one reading; a date has exactly the format the
source names; text is NFC, stripped, without NUL or lone surrogates, so that one person has one pseudonym. What can
be read but looks wrong (control characters in a name, a negative amount) passes: screening holds it and says why. A
malformed optional field is dropped and named. A refusal never holds a value.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, TypeVar

from gateway.readers.mapping import DateFormat
from gateway.readers.mapping import Mapping as Columns
from schemas.claim import Address, Claim, Debtor, DebtorKind, Disputed, Rejected, Reminder, ReminderChannel, Row

MAXIMUM_TEXT: Final = 200
_MAXIMUM_NUMBER: Final = 64
_MAXIMUM_REMINDERS: Final = 50
_MAXIMUM_RATE: Final = 10_000  # hundredths of a per cent: 100 % a year
_MAXIMUM_DAYS: Final = 36_500
_YEARS: Final = range(1900, 2101)
_DATE: Final = {
    DateFormat.ISO: re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
    DateFormat.GERMAN: re.compile(r"(?P<day>[0-9]{2})\.(?P<month>[0-9]{2})\.(?P<year>[0-9]{4})"),
}
_AMOUNT: Final = {
    ",": re.compile(r"(-?)([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,11})(?:,([0-9]{1,2}))?"),
    ".": re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,11})(?:\.([0-9]{1,2}))?"),
}
_MAXIMUM_DIGITS: Final = 11
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN_LABEL: Final = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?")
_REMINDER_KEYS: Final = frozenset({"level", "sent_on", "channel", "fee"})

_T = TypeVar("_T")

Cells = Mapping[str, object]
"""What a reader found, by canonical field; None for what is not there."""


class RefusedError(ValueError):
    """A value cannot be read; carries the rule only."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Border:
    """The conversions of one mapping."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._kinds = dict.fromkeys(columns.consumer, DebtorKind.CONSUMER)
        self._kinds |= dict.fromkeys(columns.business, DebtorKind.BUSINESS)
        self._disputed = dict.fromkeys(columns.yes, Disputed.YES) | dict.fromkeys(columns.no, Disputed.NO)

    def read(self, row: int, cells: Cells) -> Row | Rejected:
        """A row as a claim; a row that cannot be read is rejected for its first field that fails."""
        reading = _Reading(cells)
        try:
            claim = self._claim(reading)
        except RefusedError as refused:
            return Rejected(row=row, field=reading.field, rule=refused.rule)
        return Row(row=row, claim=claim, dropped=tuple(reading.dropped))

    def claim_no(self, cells: Cells) -> str | None:
        """The claim number alone, for the first pass; None if it cannot be read."""
        try:
            return _number(cells.get("claim_no"))
        except RefusedError:
            return None

    def _claim(self, reading: "_Reading") -> Claim:
        claim_no, customer_no, invoice_no = (
            reading.of(name, _number) for name in ("claim_no", "customer_no", "invoice_no")
        )
        debtor = self._debtor(reading)
        contract, invoice, due = (reading.of(name, self._day) for name in ("contract_date", "invoice_date", "due_date"))
        return Claim(
            claim_no=claim_no,
            customer_no=customer_no,
            invoice_no=invoice_no,
            debtor=debtor,
            contract_date=contract,
            invoice_date=invoice,
            due_date=due,
            amount=reading.of("amount", self._cents),
            paid=reading.of("paid", lambda value: 0 if _is_blank(value) else self._cents(value)),
            currency=reading.of("currency", _required),
            disputed=reading.of("disputed", self._is_disputed),
            reminders=reading.of("reminders", self._reminders),
            fees=reading.drop("fees", self._cents) or 0,
            interest_rate=reading.drop("interest_rate", self._rate),
            by_instalments=reading.drop("by_instalments", clean_text) in self._columns.instalments,
            suspended_days=reading.drop("suspended_days", _days) or 0,
        )

    def _debtor(self, reading: "_Reading") -> Debtor:
        kind = reading.of("debtor_kind", self._kind)
        first, last = reading.of("first_name", _optional), reading.of("last_name", _optional)
        born = reading.drop("birth_date", self._day)
        company = reading.of("company_name", _optional)
        parts = ("street", "house_no", "postcode", "city", "country")
        address = Address(**{name: reading.of(name, clean_text) for name in parts})
        return Debtor(
            kind=kind,
            first_name=first,
            last_name=last,
            birth_date=born,
            company_name=company,
            address=address,
            email=reading.drop("email", _email),
        )

    def _kind(self, value: object) -> DebtorKind:
        kind = self._kinds.get(_required(value))
        if kind is None:
            raise RefusedError("debtor-kind")
        return kind

    def _is_disputed(self, value: object) -> Disputed:
        if isinstance(value, bool):
            return Disputed.YES if value else Disputed.NO
        if _is_blank(value):
            return Disputed.UNKNOWN
        found = self._disputed.get(clean_text(value))
        if found is None:
            raise RefusedError("yes-no")
        return found

    def _day(self, value: object) -> date:
        return parse_day(_required(value), self._columns.dates)

    def _cents(self, value: object) -> int:
        return parse_cents(_required(value), self._columns.decimal)

    def _rate(self, value: object) -> int:
        rate = self._cents(value)
        if abs(rate) > _MAXIMUM_RATE:
            raise RefusedError("rate")
        return rate

    def _reminders(self, value: object) -> tuple[Reminder, ...]:
        if _is_blank(value):
            return ()
        found = value if isinstance(value, list) else [part.split(",") for part in clean_text(value, 4096).split("|")]
        if len(found) > _MAXIMUM_REMINDERS:
            raise RefusedError("too-many")
        return tuple(map(_reminder, found))


class _Reading:
    """One row being read: which field is at hand, and which were dropped."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self.field = ""
        self.dropped: list[str] = []

    def of(self, name: str, convert: Callable[[object], _T]) -> _T:
        """A field that must be readable."""
        self.field = name
        return convert(self._cells.get(name))

    def drop(self, name: str, convert: Callable[[object], _T]) -> _T | None:
        """An optional field: absent, read, or dropped and named."""
        value = self._cells.get(name)
        if _is_blank(value):
            return None
        try:
            return self.of(name, convert)
        except RefusedError:
            self.dropped.append(name)
            return None


def parse_cents(text: str, decimal: str) -> int:
    """An amount in cents. Raises RefusedError for what is no amount, or could be read two ways (`1.234`)."""
    match = _AMOUNT[decimal].fullmatch(text)
    if match is None:
        raise RefusedError("amount")
    sign, whole, fraction = match.groups()
    digits = "".join(letter for letter in whole if letter.isdigit())
    if digits != whole and fraction is None:
        raise RefusedError("amount-ambiguous")
    if len(digits) > _MAXIMUM_DIGITS:
        raise RefusedError("amount")
    cents = int(digits) * 100 + int((fraction or "").ljust(2, "0"))
    return -cents if sign else cents


def parse_day(text: str, dates: DateFormat) -> date:
    """A calendar date from 1900 to 2100. Raises RefusedError for any other format, and for days that do not exist."""
    match = _DATE[dates].fullmatch(text)
    if match is None or int(match["year"]) not in _YEARS:
        raise RefusedError("date")
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        raise RefusedError("date") from None


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


def _optional(value: object) -> str | None:
    return clean_text(value) or None


def _required(value: object) -> str:
    text = clean_text(value)
    if not text:
        raise RefusedError("missing")
    return text


def _number(value: object) -> str:
    text = _required(value)
    if len(text) > _MAXIMUM_NUMBER:
        raise RefusedError("too-long")
    return text


def _days(value: object) -> int:
    text = _required(value)
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > _MAXIMUM_DAYS:
        raise RefusedError("days")
    return int(text)


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _email(value: object) -> str:
    """A plain address; whether its domain exists is never asked: the question would tell who is in debt."""
    text = clean_text(value)
    local, _, domain = text.partition("@")
    labels = domain.split(".")
    if not _LOCAL_PART.fullmatch(local) or len(labels) < 2 or not all(map(_DOMAIN_LABEL.fullmatch, labels)):
        raise RefusedError("email")
    return text


def _reminder(found: object) -> Reminder:
    match found:
        case dict():
            if found.keys() != _REMINDER_KEYS or not isinstance(found["level"], int):
                raise RefusedError("reminder")
            level, sent_on, channel, fee = (found[key] for key in ("level", "sent_on", "channel", "fee"))
        case [str(digit), sent_on, channel, fee] if re.fullmatch("[1-9]", digit):
            level = int(digit)
        case _:
            raise RefusedError("reminder")
    if clean_text(channel) not in set(ReminderChannel):
        raise RefusedError("reminder")
    sent = parse_day(_required(sent_on), DateFormat.ISO)
    return Reminder(level=level, sent_on=sent, channel=ReminderChannel(channel), fee=parse_cents(_required(fee), "."))
