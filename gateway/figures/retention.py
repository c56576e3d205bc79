"""Retention: until when what the gateway holds is kept, by the period that holds today."""

from calendar import isleap
from datetime import date, timedelta
from typing import NamedTuple

from gateway.figures.tables import NotCoveredError, covering
from schemas.figures import LegalFigures, Retention, RetentionKind


class Period(NamedTuple):
    """The period that applies to a claim, and its last day."""

    kind: RetentionKind
    until: date


def claim_kept_until(figures: LegalFigures, ended: date, titled: date | None, today: date) -> Period:
    """The period of a claim that is over since `ended`; `titled`: since when a court order or enforcement is known, if so.

    Until claims about it are time-barred (§§ 195, 199 BGB); a title lengthens it (§ 197(1) Nr. 3 BGB), never shortens it.
    Raises NotCoveredError.
    """
    period = Period(RetentionKind.CLOSED_CLAIM, kept_until(figures, RetentionKind.CLOSED_CLAIM, ended, today))
    if titled is None:
        return period
    title = Period(RetentionKind.TITLE, kept_until(figures, RetentionKind.TITLE, titled, today))
    return max(period, title, key=lambda one: one.until)


def kept_until(figures: LegalFigures, kind: RetentionKind, made_on: date, today: date) -> date:
    """The last day of the period of what was made, or ended, on a day. Raises NotCoveredError."""
    row = _row(figures, kind, today)
    if row.from_year_end:
        return date(made_on.year + row.years, 12, 31)
    year = made_on.year + row.years
    leap_day = (made_on.month, made_on.day) == (2, 29) and not isleap(year)
    return made_on.replace(year=year, day=28 if leap_day else made_on.day) + timedelta(days=row.days)


def norm_of(figures: LegalFigures, kind: RetentionKind, today: date) -> str:
    """The norm a period rests on. Raises NotCoveredError."""
    return _row(figures, kind, today).norm


def _row(figures: LegalFigures, kind: RetentionKind, today: date) -> Retention:
    row = covering([one for one in figures.retention if one.kind is kind], today)
    if row is None:
        raise NotCoveredError("retention periods", today)
    return row
