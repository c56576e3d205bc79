"""Deadlines of Art. 12(3) GDPR by Reg. 1182/71, on hard days, against the holidays of another library as the oracle."""

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.figures.tables import NotCoveredError, load_figures
from gateway.rights.deadline import EXTENDED_MONTHS, answer_by, months_after
from schemas.calendar import day_in_germany
from schemas.figures import Land, LegalFigures

FIGURES = load_figures(LegalFigures())


def d(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("received", "land", "last"),
    [
        ("2026-01-31", "BE", "2026-03-02"),  # no 31 February: the 28th is a Saturday
        ("2024-01-31", "BE", "2024-02-29"),  # leap day
        ("2024-01-30", "BE", "2024-02-29"),
        ("2024-01-29", "BE", "2024-02-29"),
        ("2025-01-31", "NW", "2025-02-28"),
        ("2028-01-31", "BY", "2028-02-29"),
        ("2024-02-29", "HH", "2024-04-02"),  # 29 March is Good Friday, then Easter
        ("2023-02-28", "HH", "2023-03-28"),
        ("2025-03-31", "SN", "2025-04-30"),  # no 31 April
        ("2025-05-31", "SN", "2025-06-30"),
        ("2025-08-31", "BW", "2025-09-30"),
        ("2025-10-31", "BW", "2025-12-01"),  # 30 November is a Sunday
        ("2025-12-01", "BE", "2026-01-02"),  # New Year's Day
        ("2025-12-01", "BY", "2026-01-02"),
        ("2025-12-06", "BY", "2026-01-07"),  # Epiphany is kept in Bavaria
        ("2025-12-06", "BE", "2026-01-06"),  # and not in Berlin
        ("2025-12-06", "ST", "2026-01-07"),
        ("2025-11-25", "BE", "2025-12-29"),  # 25, 26 December, Saturday, Sunday
        ("2025-11-26", "BE", "2025-12-29"),
        ("2024-11-24", "HE", "2024-12-24"),  # Christmas Eve is no public holiday
        ("2024-11-30", "HE", "2024-12-30"),
        ("2025-11-30", "HE", "2025-12-30"),
        ("2025-11-29", "HE", "2025-12-29"),
        ("2025-12-31", "HE", "2026-02-02"),  # 31 January is a Saturday
        ("2025-03-18", "RP", "2025-04-22"),  # Good Friday to Easter Monday
        ("2025-03-21", "RP", "2025-04-22"),
        ("2025-04-29", "RP", "2025-05-30"),  # Ascension Day
        ("2025-05-09", "RP", "2025-06-10"),  # Whit Monday
        ("2025-05-19", "RP", "2025-06-20"),  # Corpus Christi is kept in RP
        ("2025-05-19", "HH", "2025-06-19"),  # and not in Hamburg
        ("2025-07-15", "SL", "2025-08-18"),  # Assumption, a Friday, in Saarland
        ("2025-07-15", "NI", "2025-08-15"),
        ("2025-09-03", "TH", "2025-10-06"),  # German Unity on a Friday
        ("2025-09-30", "SN", "2025-10-30"),
        ("2024-09-30", "SN", "2024-10-30"),
        ("2025-10-01", "NW", "2025-11-03"),  # All Saints' on a Saturday
        ("2024-10-01", "NW", "2024-11-04"),  # All Saints' on a Friday, then a weekend
        ("2025-10-19", "SN", "2025-11-20"),  # Day of Repentance, a Wednesday, in Saxony
        ("2025-10-19", "TH", "2025-11-19"),
        ("2026-02-08", "BE", "2026-03-09"),  # Women's Day is a Sunday
        ("2027-02-08", "BE", "2027-03-09"),  # and a Monday
        ("2027-02-08", "BB", "2027-03-08"),
        ("2027-02-08", "MV", "2027-03-09"),
        ("2025-08-20", "TH", "2025-09-22"),  # Children's Day, a Saturday
        ("2026-02-28", "BE", "2026-03-30"),  # the 28th is a Saturday, right before summer time begins
        ("2026-09-25", "BE", "2026-10-26"),  # the 25th, on which summer time ends, is a Sunday
    ],
)
def test_the_last_day_is_the_next_working_day_of_the_land(received: str, land: str, last: str) -> None:
    """A month ends on the day of its number or on its last day; a day off in the controller's Land moves it on."""
    found = answer_by(d(received), Land(land), FIGURES)

    assert found == d(last)


@given(st.dates(d("2019-01-01"), d("2034-06-30")), st.sampled_from(Land), st.sampled_from([1, EXTENDED_MONTHS]))
def test_no_deadline_is_short_or_ends_on_a_day_off(received: date, land: Land, months: int) -> None:
    """The period is never shorter than its months, and ends on the first working day from then on."""
    found, earliest = answer_by(received, land, FIGURES, months), months_after(received, months)
    # The other library keeps days that only some municipalities keep out of a Land; ours count for the whole Land.
    off = holidays.country_holidays(
        "DE", subdiv=land.value, years=[found.year, earliest.year], categories=("public", "catholic")
    )
    skipped = [earliest + timedelta(days=n) for n in range((found - earliest).days)]

    assert found >= earliest
    assert found.weekday() < 5
    assert found not in holidays.country_holidays("DE", subdiv=land.value, years=found.year)
    assert all(day.weekday() >= 5 or day in off for day in skipped)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), "2026-03-28"),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "2026-03-29"),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "2026-03-29"),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "2026-03-30"),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), "2026-10-25"),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "2026-10-25"),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "2026-10-26"),
    ],
)
def test_the_day_of_receipt_is_that_of_germany_across_clock_changes(moment: datetime, day: str) -> None:
    """A deadline begins on the calendar day in Germany, however long that day was."""
    assert day_in_germany(moment) == d(day)


def test_a_deadline_beyond_the_table_of_holidays_is_refused() -> None:
    """A last day that no row covers is never guessed."""
    with pytest.raises(NotCoveredError):
        answer_by(d("2035-12-15"), Land.BE, FIGURES)
