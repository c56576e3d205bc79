"""Default interest, § 288(1) and (2) BGB: points over the base rate, by half-years, exact in cents.

Days are counted as they are over a year of 365 (a convention, not statute); both the first and the last day count.
There is no compound interest (§ 289 BGB). Rounding happens once, half up.
"""

from datetime import date, timedelta
from typing import Final

from gateway.figures.tables import base_rate, half_year_end
from schemas.claim import DebtorKind
from schemas.figures import LegalFigures

CONSUMER_POINTS: Final = 5  # § 288(1) BGB
BUSINESS_POINTS: Final = 9  # § 288(2) BGB
_YEAR: Final = 365
_HUNDREDTHS: Final = 10_000  # hundredths of a per cent in one
_ONE_DAY: Final = timedelta(days=1)


def points_of(kind: DebtorKind) -> int:
    """Percentage points over the base rate."""
    return CONSUMER_POINTS if kind is DebtorKind.CONSUMER else BUSINESS_POINTS


def lawful_rate(figures: LegalFigures, kind: DebtorKind, day: date) -> int:
    """The rate of default interest on a day, in hundredths of a per cent. Raises NotCoveredError."""
    return base_rate(figures, day).rate + 100 * points_of(kind)


def interest(figures: LegalFigures, amount: int, points: int, first: date, last: date) -> int:
    """Interest in cents on `amount` cents from `first` to `last`. Raises NotCoveredError for days without a base rate."""
    sum_of_rates = 0
    while first <= last:
        rate = base_rate(figures, first).rate + 100 * points
        end = min(last, half_year_end(first))
        sum_of_rates += rate * ((end - first).days + 1)
        first = end + _ONE_DAY
    divisor = _YEAR * _HUNDREDTHS
    return (2 * amount * sum_of_rates + divisor) // (2 * divisor)
