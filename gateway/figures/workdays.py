"""Working days: § 193 BGB moves a last day that is a Saturday, a Sunday or a public holiday to the next working day."""

import re
from datetime import date, timedelta
from typing import Final

from schemas.figures import Holiday, Land, LegalFigures

_EASTER: Final = re.compile(r"easter([+-][0-9]{1,2})")
_SATURDAY: Final = 5
_WEDNESDAY: Final = 2
_ONE_DAY: Final = timedelta(days=1)


def days_off(figures: LegalFigures, land: Land | None) -> frozenset[date]:
    """Every public holiday of a Land that the table covers; without a Land, of any: in the debtor's favour."""
    return frozenset(
        day
        for row in figures.holidays
        if land is None or not row.lands or land in row.lands
        for year in range(row.since.year, (row.until or row.since).year + 1)
        for day in [_day(row, year)]
        if row.since <= day <= (row.until or day)
    )


def next_workday(day: date, off: frozenset[date]) -> date:
    """The day itself, or the next one on which performance can be asked for (§ 193 BGB)."""
    while day.weekday() >= _SATURDAY or day in off:
        day += _ONE_DAY
    return day


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the algorithm of Meeus."""
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = moon + week - 7 * ((year % 19 + 11 * moon + 22 * week) // 451) + 114
    return date(year, shift // 31, shift % 31 + 1)


def _day(row: Holiday, year: int) -> date:
    movable = _EASTER.fullmatch(row.day)
    if movable is not None:
        return easter(year) + timedelta(days=int(movable[1]))
    month, day = map(int, row.day[-5:].split("-"))
    fixed = date(year, month, day)
    if len(row.day) == 5:
        return fixed
    return fixed - timedelta(days=(fixed.weekday() - _WEDNESDAY - 1) % 7 + 1)
