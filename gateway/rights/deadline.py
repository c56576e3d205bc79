"""Until when a request must be answered: Art. 12(3) GDPR, counted by Reg. (EEC, Euratom) 1182/71.

Rules: the day of receipt is not counted; a period of months ends on the day of the same number, or on the last day of a
month that has none (Art. 3(2)(c)); a last day that is a Saturday, a Sunday or a public holiday of the controller's Land
moves to the next working day (Art. 3(4)). Periods count days of the calendar in Germany, so clock changes move nothing.
An extension counts from the receipt as well. A day that the table of holidays does not cover is refused.
"""

import calendar
from datetime import date
from typing import Final

from gateway.errors import UsageError
from gateway.figures.tables import NotCoveredError, covering
from gateway.figures.workdays import days_off, next_workday
from schemas.figures import Land, LegalFigures

ANSWER_MONTHS: Final = 1
EXTENDED_MONTHS: Final = 3


def answer_by(received: date, land: Land, figures: LegalFigures, months: int = ANSWER_MONTHS) -> date:
    """The last day for an answer to what came in on a day. Raises NotCoveredError."""
    last = months_after(received, months)
    found = next_workday(last, days_off(figures, land))
    if covering(figures.holidays, found) is None:
        raise NotCoveredError("public holidays", found)
    return found


def require_past(received: date, today: date) -> None:
    """A day of receipt is no later than today. Raises UsageError."""
    if received > today:
        raise UsageError("a request cannot have been received in the future: check --received")


def months_after(day: date, months: int) -> date:
    """The day of the same number so many months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
