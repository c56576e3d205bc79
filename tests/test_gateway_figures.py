"""Legal figures: published examples come out to the cent, holidays are those of an independent library, and a day that no
row covers is refused.
"""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import UsageError
from gateway.figures.fees import Rate, lawful_fee
from gateway.figures.interest import interest, lawful_rate
from gateway.figures.retention import kept_until
from gateway.figures.tables import NotCoveredError, base_rate, ends_soon, load_figures
from gateway.figures.workdays import days_off, next_workday
from schemas.claim import DebtorKind
from schemas.figures import BaseRate, Land, LegalFigures, RetentionKind

FIGURES = load_figures(LegalFigures())
REFORMED, LAST_OLD = date(2025, 6, 1), date(2025, 5, 31)
NEXT = BaseRate(since=date(2026, 7, 1), rate=150, source="invented for this test")


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("value", "rate", "disputed", "on", "expected"),
    [
        (5_000, Rate.SIMPLE, False, REFORMED, (1_525, 1_830)),
        (5_000, Rate.USUAL, False, REFORMED, (2_745, 3_294)),
        (5_000, Rate.DISPUTED, False, REFORMED, (3_965, 4_758)),
        (5_001, Rate.USUAL, False, REFORMED, (4_635, 5_562)),
        (5_000, Rate.DISPUTED, True, REFORMED, (6_695, 8_034)),  # the small fee is for undisputed claims
        (50_000, Rate.SIMPLE, False, REFORMED, (2_575, 3_090)),
        (50_000, Rate.USUAL, False, REFORMED, (4_635, 5_562)),
        (50_000, Rate.DISPUTED, False, REFORMED, (6_695, 8_034)),
        (50_001, Rate.SIMPLE, False, REFORMED, (4_650, 5_580)),
        (100_000, Rate.USUAL, False, REFORMED, (8_370, 10_044)),
        (100_000, Rate.DISPUTED, False, REFORMED, (12_090, 14_090)),  # expenses end at 20 EUR
        (1_000_000, Rate.USUAL, False, REFORMED, (58_680, 60_680)),
        (50_000, Rate.USUAL, False, LAST_OLD, (4_410, 5_292)),
        (5_000, Rate.SIMPLE, False, LAST_OLD, (1_500, 1_800)),
        (1_000_000, Rate.SIMPLE, False, LAST_OLD, (30_700, 32_700)),
    ],
)
def test_fees_are_the_published_ones(
    value: int, rate: Rate, disputed: bool, on: date, expected: tuple[int, int]
) -> None:
    """§ 13 RVG with VV 2300 and 7002, by the table of the day of the mandate (§ 60(1) RVG)."""
    found = lawful_fee(FIGURES, value, rate, disputed, on)

    assert (found.fee, found.total) == expected


# The rate of the last main refinancing operation before the half-year, in hundredths of a per cent.
@pytest.mark.parametrize(
    ("since", "refinancing"),
    [
        ("2015-01-01", 5),
        ("2016-07-01", 0),
        ("2022-07-01", 0),
        ("2023-01-01", 250),
        ("2023-07-01", 400),
        ("2024-01-01", 450),
        ("2024-07-01", 425),
        ("2025-01-01", 315),
        ("2025-07-01", 215),
        ("2026-01-01", 215),
    ],
)
def test_base_rates_follow_the_main_refinancing_rate(since: str, refinancing: int) -> None:
    """§ 247(1) BGB: since 2002 the difference has been 0.88 points."""
    assert base_rate(FIGURES, day(since)).rate == refinancing - 88


def test_every_half_year_has_a_row() -> None:
    """From 2015 on there is no gap."""
    starts = {date(year, month, 1) for year in range(2015, 2027) for month in (1, 7)} - {date(2026, 7, 1)}

    assert {row.since for row in FIGURES.base_rates} == starts


@pytest.mark.parametrize(
    ("first", "last", "points", "cents"),
    [
        ("2026-01-01", "2026-01-01", 5, 17),  # 1,000 EUR at 6.27 %: 17.18 cents a day
        ("2026-01-01", "2026-06-30", 5, 3_109),
        ("2025-01-01", "2025-12-31", 5, 6_766),  # 181 days at 7.27 %, 184 at 6.27 %
        ("2025-01-01", "2025-12-31", 9, 10_766),
        ("2024-02-29", "2024-02-29", 5, 24),
        ("2024-01-01", "2024-12-31", 5, 8_518),  # a leap year has 366 days
        ("2022-12-31", "2023-01-01", 5, 29),
        ("2026-01-02", "2026-01-01", 5, 0),
    ],
)
def test_interest_is_exact_to_the_cent(first: str, last: str, points: int, cents: int) -> None:
    """§ 288 BGB on 1,000 EUR, over half-years, a leap day and years' ends."""
    assert interest(FIGURES, 100_000, points, day(first), day(last)) == cents


def test_lawful_rates_are_points_over_the_base_rate() -> None:
    """5 points against consumers, 9 between businesses."""
    assert lawful_rate(FIGURES, DebtorKind.CONSUMER, day("2026-06-30")) == 627
    assert lawful_rate(FIGURES, DebtorKind.BUSINESS, day("2026-06-30")) == 1_027


@settings(max_examples=100)
@given(
    st.integers(1, 10_000_000),
    st.sampled_from([5, 9]),
    st.dates(date(2015, 1, 1), date(2026, 6, 30)),
    st.integers(0, 1_500),
    st.integers(0, 1_500),
)
def test_interest_adds_up(amount: int, points: int, first: date, days: int, more: int) -> None:
    """Interest of a period is that of its two halves, but for one rounding; and never falls."""
    last = min(first + timedelta(days=days + more), date(2026, 6, 30))
    cut = min(first + timedelta(days=days), last)
    whole = interest(FIGURES, amount, points, first, last)
    halves = interest(FIGURES, amount, points, first, cut) + interest(
        FIGURES, amount, points, cut + timedelta(days=1), last
    )

    assert abs(whole - halves) <= 1
    assert whole >= interest(FIGURES, amount, points, first, cut)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: base_rate(FIGURES, day("2014-12-31")),
        lambda: base_rate(FIGURES, day("2026-07-01")),
        lambda: interest(FIGURES, 100, 5, day("2026-06-30"), day("2026-07-01")),
        lambda: lawful_fee(FIGURES, 100, Rate.USUAL, False, day("2021-09-30")),
        lambda: lawful_fee(FIGURES, 1_000_001, Rate.USUAL, False, REFORMED),
        lambda: kept_until(FIGURES, RetentionKind.CLOSED_CLAIM, day("1998-01-01"), day("2001-12-31")),
    ],
)
def test_what_no_row_covers_is_refused(ask: object) -> None:
    """Figures are never extrapolated."""
    with pytest.raises(NotCoveredError, match="add one with its source"):
        ask()


def test_an_operator_adds_a_row_and_replaces_none() -> None:
    """A new half-year is one row with its source; a shipped row stays what it is."""
    added = load_figures(LegalFigures(base_rates=(NEXT,)))

    assert base_rate(added, day("2026-12-31")).rate == 150
    with pytest.raises(NotCoveredError):
        base_rate(added, day("2027-01-01"))
    with pytest.raises(UsageError, match="added, not replaced"):
        load_figures(LegalFigures(base_rates=(NEXT.model_copy(update={"since": day("2026-01-01")}),)))


@pytest.mark.parametrize(
    ("today", "told"),
    [("2026-04-30", []), ("2026-05-01", ["base rates (§ 247 BGB)"]), ("2026-07-01", ["base rates (§ 247 BGB)"])],
)
def test_the_end_of_a_table_is_told_60_days_before(today: str, told: list[str]) -> None:
    """Nobody finds out on 1 July."""
    assert [ending.table for ending in ends_soon(FIGURES, day(today), 60)] == told


@pytest.mark.parametrize("land", Land)
def test_holidays_are_those_of_an_independent_library(land: Land) -> None:
    """Every holiday on a working day from 2015 to 2035, those of single municipalities included."""
    theirs = holidays.country_holidays("DE", subdiv=land, years=range(2015, 2036), categories=("public", "catholic"))

    assert {one for one in days_off(FIGURES, land) if one.weekday() < 6} == {one for one in theirs if one.weekday() < 6}


@settings(max_examples=100)
@given(st.dates(date(2015, 1, 1), date(2035, 12, 1)), st.none() | st.sampled_from(Land))
def test_a_last_day_moves_to_the_next_working_day(asked: date, land: Land | None) -> None:
    """§ 193 BGB: never back, never over a working day; without a Land, never sooner than with one."""
    off = days_off(FIGURES, land)
    found = next_workday(asked, off)
    passed = [asked + timedelta(days=number) for number in range((found - asked).days)]

    assert found.weekday() < 5
    assert found not in off
    assert all(one.weekday() >= 5 or one in off for one in passed)
    assert next_workday(asked, days_off(FIGURES, None)) >= found


@pytest.mark.parametrize(
    ("kind", "made_on", "today", "until"),
    [
        (RetentionKind.CLOSED_CLAIM, "2026-06-30", "2026-06-30", "2029-12-31"),
        (RetentionKind.REQUEST, "2026-12-31", "2026-12-31", "2029-12-31"),
        (RetentionKind.REFUSED, "2026-06-30", "2026-06-30", "2026-07-30"),
        (RetentionKind.TITLE, "2024-02-29", "2026-06-30", "2054-02-28"),
    ],
)
def test_retention_ends_with_the_year_that_the_law_names(
    kind: RetentionKind, made_on: str, today: str, until: str
) -> None:
    """§§ 195, 197, 199 BGB; what is counted in days ends with them."""
    assert kept_until(FIGURES, kind, day(made_on), day(today)) == day(until)
