"""Retention: until when a document must be kept, by the period that the law sets today."""

from calendar import isleap
from datetime import date, timedelta

from gateway.figures.tables import NotCoveredError, covering
from schemas.figures import LegalFigures, RetentionKind


def kept_until(figures: LegalFigures, kind: RetentionKind, made_on: date, today: date) -> date:
    """The last day of the period of a document made on a day. Raises NotCoveredError."""
    row = covering([one for one in figures.retention if one.kind is kind], today)
    if row is None:
        raise NotCoveredError("retention periods", today)
    if row.from_year_end:
        return date(made_on.year + row.years, 12, 31)
    year = made_on.year + row.years
    leap_day = (made_on.month, made_on.day) == (2, 29) and not isleap(year)
    return made_on.replace(year=year, day=28 if leap_day else made_on.day) + timedelta(days=row.days)
