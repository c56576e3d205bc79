"""The border: from what a source wrote to a `Claim`, or a refusal by field and rule.

What can be read but looks wrong (control characters in a name, a negative amount) passes: screening holds it and says
why. A malformed optional field is dropped and named. A refusal never holds a value. What a source does not hold is
derived only as its mapping says:

    due_date     without one: the invoice date and `term_days`
    paid         the amount less `outstanding`; all of it from `paid_on`; else `paid`
    amount       less what was `credited`; `cancelled_on` is a credit of all of it
    debtor_kind  `company_is_business`: business if a company is named, consumer if not
    full_name    two words are first and last name, a comma parts last and first; else all of it is the last name
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final, TypeVar

from gateway.readers.formats import DateFormat
from gateway.readers.mapping import COMPLETE, FIELDS
from gateway.readers.mapping import Mapping as Columns
from gateway.readers.values import (
    RefusedError,
    clean_text,
    days,
    email,
    is_blank,
    number,
    optional_text,
    parse_cents,
    parse_day,
    postcode,
    required_text,
)
from schemas.claim import Address, Claim, Debtor, DebtorKind, Disputed, Rejected, Reminder, ReminderChannel, Row

UNKNOWN: Final = "?"
"""In a value table: the source's value does not say what the field needs."""
_MAXIMUM_REMINDERS: Final = 50
_MAXIMUM_CREDITS: Final = 1_000
_MAXIMUM_RATE: Final = 10_000  # hundredths of a per cent: 100 % a year
_REMINDER_KEYS: Final = frozenset({"level", "sent_on", "channel", "fee"})

_T = TypeVar("_T")

Cells = Mapping[str, object]
"""What a reader found, by canonical field; None for what is not there."""


class Border:
    """The conversions of one mapping."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._kinds = dict.fromkeys(columns.consumer, DebtorKind.CONSUMER)
        self._kinds |= dict.fromkeys(columns.business, DebtorKind.BUSINESS)
        self._disputed = dict.fromkeys(columns.yes, Disputed.YES) | dict.fromkeys(columns.no, Disputed.NO)
        given = {*columns.constants, *(field for field, _ in (*columns.columns, *(columns.join or columns).columns))}
        if columns.format in COMPLETE:
            given |= set(FIELDS)
        # Most sources derive nothing: what is never there is not looked for in every row.
        self._is_plain = not columns.constants and not columns.values
        self._has_terms = "term_days" in given
        self._has_credits = bool(given & {"cancelled_on", "credited", "outstanding", "paid_on"})
        self._has_last_reminder = "reminder_level" in given

    def read(self, row: int, cells: Cells) -> Row | Rejected:
        """A row as a claim; a row that cannot be read is rejected for its first field that fails."""
        reading = _Reading(cells)
        try:
            if not self._is_plain:
                reading.cells = self._translated(reading)
            claim = self._claim(reading)
        except RefusedError as refused:
            return Rejected(row=row, field=reading.field, rule=refused.rule)
        return Row(row=row, claim=claim, dropped=tuple(reading.dropped))

    def claim_no(self, cells: Cells) -> str | None:
        """The claim number alone, for the first pass; None if it cannot be read."""
        try:
            return number(cells.get("claim_no"))
        except RefusedError:
            return None

    def _translated(self, reading: "_Reading") -> Cells:
        """The cells with value tables, and constants where there is nothing; a value that no table lists stays."""
        filled = {name: value for name, value in reading.cells.items() if not is_blank(value)}
        found: dict[str, object] = {**self._columns.constants, **filled}
        for field, table in self._columns.values.items():
            reading.field = field
            value = clean_text(found.get(field))
            if value in table:
                found[field] = table[value]
            if found.get(field) == UNKNOWN:
                raise RefusedError("value-unknown")
        return found

    def _claim(self, reading: "_Reading") -> Claim:
        claim_no, customer_no, invoice_no = (
            reading.of(name, number) for name in ("claim_no", "customer_no", "invoice_no")
        )
        debtor = self._debtor(reading)
        contract, invoice = (reading.of(name, self._day) for name in ("contract_date", "invoice_date"))
        due = self._due(reading, invoice)
        amount, paid = self._money(reading)
        return Claim(
            claim_no=claim_no,
            customer_no=customer_no,
            invoice_no=invoice_no,
            debtor=debtor,
            contract_date=contract,
            invoice_date=invoice,
            due_date=due,
            amount=amount,
            paid=paid,
            currency=reading.of("currency", required_text),
            disputed=reading.of("disputed", self._is_disputed),
            reminders=reading.of("reminders", self._reminders) or self._last_reminder(reading),
            fees=reading.drop("fees", self._cents) or 0,
            interest_rate=reading.drop("interest_rate", self._rate),
            by_instalments=reading.drop("by_instalments", clean_text) in self._columns.instalments,
            suspended_days=reading.drop("suspended_days", days) or 0,
        )

    def _due(self, reading: "_Reading", invoice: date) -> date:
        if self._has_terms and reading.is_blank("due_date") and not reading.is_blank("term_days"):
            return invoice + timedelta(days=reading.of("term_days", days))
        return reading.of("due_date", self._day)

    def _money(self, reading: "_Reading") -> tuple[int, int]:
        """Principal and payments, in cents."""
        amount = reading.of("amount", self._cents)
        if not self._has_credits:
            return amount, 0 if reading.is_blank("paid") else reading.of("paid", self._cents)
        if not reading.is_blank("cancelled_on"):
            return 0, 0
        principal = amount if reading.is_blank("credited") else amount - reading.of("credited", self._sum)
        if not reading.is_blank("outstanding"):
            return principal, principal - reading.of("outstanding", self._cents)
        if not reading.is_blank("paid_on"):
            return principal, principal
        return principal, 0 if reading.is_blank("paid") else reading.of("paid", self._cents)

    def _sum(self, value: object) -> int:
        """What was credited, in cents; refunds written below zero count as what they are."""
        values = value if isinstance(value, list) else [value]
        if len(values) > _MAXIMUM_CREDITS:
            raise RefusedError("too-many")
        return sum(abs(self._cents(one)) for one in values)

    def _debtor(self, reading: "_Reading") -> Debtor:
        first, last = reading.of("first_name", optional_text), reading.of("last_name", optional_text)
        if first is None and last is None:
            first, last = reading.of("full_name", _names)
        company = reading.of("company_name", optional_text)
        if self._columns.company_is_business:
            kind = DebtorKind.BUSINESS if company else DebtorKind.CONSUMER
        else:
            kind = reading.of("debtor_kind", self._kind)
        return Debtor(
            kind=kind,
            first_name=first,
            last_name=last,
            birth_date=reading.drop("birth_date", self._day),
            company_name=company,
            address=self._address(reading),
            email=reading.drop("email", email),
        )

    def _address(self, reading: "_Reading") -> Address:
        street, house_no, city, country = (
            reading.of(name, clean_text) for name in ("street", "house_no", "city", "country")
        )
        code = reading.of("postcode", lambda value: postcode(value, self._columns.pads_postcodes))
        return Address(street=street, house_no=house_no, postcode=code, city=city, country=country)

    def _kind(self, value: object) -> DebtorKind:
        kind = self._kinds.get(required_text(value))
        if kind is None:
            raise RefusedError("debtor-kind")
        return kind

    def _is_disputed(self, value: object) -> Disputed:
        if isinstance(value, bool):
            return Disputed.YES if value else Disputed.NO
        if is_blank(value):
            return Disputed.UNKNOWN
        found = self._disputed.get(clean_text(value))
        if found is None:
            raise RefusedError("yes-no")
        return found

    def _day(self, value: object) -> date:
        return parse_day(required_text(value), self._columns.dates)

    def _cents(self, value: object) -> int:
        return parse_cents(required_text(value), self._columns.decimal)

    def _rate(self, value: object) -> int:
        rate = self._cents(value)
        if abs(rate) > _MAXIMUM_RATE:
            raise RefusedError("rate")
        return rate

    def _reminders(self, value: object) -> tuple[Reminder, ...]:
        if is_blank(value):
            return ()
        found = value if isinstance(value, list) else [part.split(",") for part in clean_text(value, 4096).split("|")]
        if len(found) > _MAXIMUM_REMINDERS:
            raise RefusedError("too-many")
        return tuple(map(_reminder, found))

    def _last_reminder(self, reading: "_Reading") -> tuple[Reminder, ...]:
        """The one reminder of a source that tells level and day of the last one; level 0 or nothing is none."""
        if not self._has_last_reminder or reading.is_blank("reminder_level"):
            return ()
        level = reading.of("reminder_level", days)
        if level == 0:
            return ()
        sent = reading.of("reminder_date", self._day)
        return (Reminder(level=level, sent_on=sent, channel=reading.of("reminder_channel", _channel), fee=0),)


class _Reading:
    """One row being read: which field is at hand, and which were dropped."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.field = ""
        self.dropped: list[str] = []

    def is_blank(self, name: str) -> bool:
        """Whether there is nothing to read."""
        return is_blank(self.cells.get(name))

    def of(self, name: str, convert: Callable[[object], _T]) -> _T:
        """A field that must be readable."""
        self.field = name
        return convert(self.cells.get(name))

    def drop(self, name: str, convert: Callable[[object], _T]) -> _T | None:
        """An optional field: absent, read, or dropped and named."""
        value = self.cells.get(name)
        if is_blank(value):
            return None
        try:
            return self.of(name, convert)
        except RefusedError:
            self.dropped.append(name)
            return None


def _names(value: object) -> tuple[str | None, str | None]:
    text = clean_text(value)
    last, comma, first = (part.strip() for part in text.partition(","))
    if comma and last and first and "," not in first:
        return first, last
    words = text.split()
    return (words[0], words[1]) if len(words) == 2 else (None, text or None)


def _channel(value: object) -> ReminderChannel:
    text = required_text(value)
    if text not in set(ReminderChannel):
        raise RefusedError("reminder-channel")
    return ReminderChannel(text)


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
    sent = parse_day(required_text(sent_on), DateFormat.ISO)
    return Reminder(
        level=level, sent_on=sent, channel=ReminderChannel(channel), fee=parse_cents(required_text(fee), ".")
    )
