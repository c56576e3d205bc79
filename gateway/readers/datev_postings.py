"""One line of a DATEV Buchungsstapel: its heading's period and accounts, and a posting on a debtor's account.

Dates of postings are DDMM: their year is the one that lies in the heading's period. An account of a debtor is one digit
longer than the heading's length and begins with 1 to 6. In SKR03 class 8 is revenue, in SKR04 class 4; class 9 carries
balances forward.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from gateway.readers.formats import DateFormat
from gateway.readers.mapping import Mapping as Columns
from gateway.readers.tables import FileFaultError
from gateway.readers.values import RefusedError, clean_text, parse_cents, parse_day, required_text

MASTER: Final = "16"
BATCH: Final = "21"
POSTINGS: Final = (
    ("amount", "Umsatz (ohne Soll/Haben-Kz)"),
    ("side", "Soll/Haben-Kennzeichen"),
    ("currency", "WKZ Umsatz"),
    ("account", "Konto"),
    ("other", "Gegenkonto (ohne BU-Schlüssel)"),
    ("day", "Belegdatum"),
    ("document", "Belegfeld 1"),
    ("due", "Belegfeld 2"),
    ("discount", "Skonto"),
    ("reversal", "Generalumkehr"),
    ("due_date", "Fälligkeit"),
)
_REVENUE: Final = {"SKR03": "8", "SKR04": "4"}
_CARRIED: Final = "9"


@dataclass(frozen=True, slots=True)
class Heading:
    """What the first line of a file says: category, day of the export, digits of a ledger account, period, currency, class
    of revenue.
    """

    category: str
    exported: date
    digits: int
    first: date
    last: date
    currency: str
    revenue: str


@dataclass(frozen=True, slots=True)
class Posting:
    """What one posting does to a debtor's account: cents above zero debit it. `rule` refuses the item it belongs to."""

    account: str
    document: str
    cents: int
    is_revenue: bool
    day: date
    due: date | None
    currency: str
    rule: str | None


def heading(values: Sequence[str], mapping: Columns) -> Heading:
    """The heading of a file. Raises FileFaultError if it is not one of DATEV's, or not of the mapping's chart."""
    known = len(values) >= 22 and values[0].removeprefix("\ufeff") == "EXTF" and re.fullmatch("7[0-9]{2}", values[1])
    if not known or values[2] not in (MASTER, BATCH):
        raise FileFaultError(
            "a file is no EXTF export of version 7xx with postings or debtors: export it from DATEV again"
        )
    chart = f"SKR{values[26].strip()}" if len(values) > 26 and values[26].strip() else mapping.chart
    if chart is None or chart != (mapping.chart or chart) or chart not in _REVENUE:
        raise FileFaultError("the chart of accounts is not the one that the mapping names: correct `chart`")
    try:
        exported = parse_day(values[5][:8], DateFormat.COMPACT)
        digits = int(values[13]) if re.fullmatch("[4-8]", values[13]) else 0
        begin = parse_day(values[14] or values[12], DateFormat.COMPACT)
        end = parse_day(values[15], DateFormat.COMPACT) if values[15] else _year_after(begin)
    except RefusedError:
        raise FileFaultError("the heading of a file has no day or period: export it from DATEV again") from None
    if not digits or (end - begin).days > 366:
        raise FileFaultError("the heading of a file names no length of accounts, or a period of more than a year")
    return Heading(values[2], exported, digits, begin, end, values[21] or "EUR", _REVENUE[chart])


def _year_after(begin: date) -> date:
    """The last day of the fiscal year that begins on a day; it ends with a month."""
    return date(begin.year + 1, begin.month, 1) - timedelta(days=1)


def posting(cells: Mapping[str, object], head: Heading) -> Posting | None:
    """A posting on a debtor's account, or None for any other. Raises RefusedError."""
    account, other = clean_text(cells["account"]), clean_text(cells["other"])
    on_account, on_other = _is_debtor(account, head), _is_debtor(other, head)
    if not on_account and not on_other:
        return None
    if on_account and on_other:
        raise RefusedError("two-debtors")
    side = required_text(cells["side"])
    if side not in ("S", "H"):
        raise RefusedError("side")
    cents = parse_cents(required_text(cells["amount"]), ",")
    if (side == "S") != on_account:
        cents = -cents
    if clean_text(cells.get("reversal")) in ("1", "G"):
        cents = -cents
    counter = other if on_account else account
    discount = clean_text(cells["discount"])
    rule = "skonto" if discount.strip("0,") else "carried-forward" if counter.startswith(_CARRIED) else None
    return Posting(
        account=account if on_account else other,
        document=clean_text(cells["document"]),
        cents=cents,
        is_revenue=counter.startswith(head.revenue),
        day=_day(required_text(cells["day"]), head),
        due=_due(clean_text(cells.get("due_date")), clean_text(cells["due"])),
        currency=clean_text(cells["currency"]) or head.currency,
        rule=rule,
    )


def is_locked(until: str, head: Heading) -> bool:
    """Whether a dunning lock (DDMMYYYY) holds on the day of the export; what is no date is a lock without end."""
    if not until:
        return False
    try:
        return parse_day(f"{until[:-6]:0>2}.{until[-6:-4]}.{until[-4:]}", DateFormat.GERMAN) >= head.exported
    except RefusedError:
        return True


def _is_debtor(account: str, head: Heading) -> bool:
    return len(account) == head.digits + 1 and account.isascii() and account.isdigit() and account[0] in "123456"


def _day(text: str, head: Heading) -> date:
    """DDMM, the zero in front may be missing: the one day with it in the heading's period."""
    if not re.fullmatch("[0-9]{3,4}", text):
        raise RefusedError("date")
    text = text.zfill(4)
    found = set()
    for year in {head.first.year, head.last.year}:
        try:
            day = date(year, int(text[2:]), int(text[:2]))
        except ValueError:
            continue
        if head.first <= day <= head.last:
            found.add(day)
    if len(found) != 1:
        raise RefusedError("date-period")
    return found.pop()


def _due(written: str, second: str) -> date | None:
    """The due date: its own column (DDMMYYYY), else Belegfeld 2 (DDMMYY); anything else there is no date."""
    if re.fullmatch("[0-9]{7,8}", written):
        text = written.zfill(8)
        return parse_day(f"{text[:2]}.{text[2:4]}.{text[4:]}", DateFormat.GERMAN)
    if re.fullmatch("[0-9]{6}", second):
        return parse_day(f"{second[:2]}.{second[2:4]}.{second[4:]}", DateFormat.GERMAN_SHORT)
    return None
