"""The calendar that German law counts with: a moment is aware and in UTC, a date by law is the date in Germany."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

GERMANY: Final = ZoneInfo("Europe/Berlin")


def day_in_germany(moment: datetime) -> date:
    """The calendar date in Germany of an aware moment."""
    return moment.astimezone(GERMANY).date()
