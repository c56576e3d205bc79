"""The tables of legal figures: what is shipped beside this module, and the rows an operator added.

Rules: a day that no row covers raises NotCoveredError, which says which table ends and what to do; an added row never
replaces a shipped one.
"""

import json
import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple, TypeVar

from gateway.errors import UsageError
from schemas.figures import BaseRate, Figure, LegalFigures

_FOLDER: Final = files("gateway.figures")
_FILES: Final = ("base_rates.toml", "fees.toml", "holidays.toml", "retention.toml")

_Row = TypeVar("_Row", bound=Figure)


class NotCoveredError(UsageError):
    """A table of legal figures has no row for a day; figures are never extrapolated."""

    def __init__(self, table: str, day: date) -> None:
        super().__init__(
            f"the table of {table} has no row for {day}: add one with its source to the configuration ([figures])"
        )


class Ending(NamedTuple):
    """The last day that a table covers."""

    table: str
    last: date


def load_figures(own: LegalFigures) -> LegalFigures:
    """The shipped tables with the operator's rows. Raises UsageError for a row that would replace a shipped one."""
    shipped = _shipped()
    tables = {}
    for name in LegalFigures.model_fields:
        rows, added = getattr(shipped, name), getattr(own, name)
        if {_identity(row) for row in rows} & {_identity(row) for row in added}:
            raise UsageError(
                f"figures.{name}: a row begins on the day of a shipped one; figures are added, not replaced"
            )
        tables[name] = tuple(sorted((*rows, *added), key=lambda row: row.since))
    return LegalFigures(**tables)


def covering(rows: Sequence[_Row], day: date) -> _Row | None:
    """The row that holds on a day: of those that have begun and not ended, the latest. Rows are in order of `since`."""
    for row in reversed(rows):
        if row.since <= day and (row.until is None or day <= row.until):
            return row
    return None


def half_year_end(day: date) -> date:
    """The last day of the half-year a day lies in: a base rate holds no longer (§ 247(1) BGB)."""
    return date(day.year, 6, 30) if day.month <= 6 else date(day.year, 12, 31)


def base_rate(figures: LegalFigures, day: date) -> BaseRate:
    """The base rate on a day. Raises NotCoveredError."""
    found = covering(figures.base_rates, day)
    if found is None or day > half_year_end(found.since):
        raise NotCoveredError("base rates (§ 247 BGB)", day)
    return found


def endings(figures: LegalFigures) -> Iterator[Ending]:
    """Where the tables that end by themselves end."""
    yield Ending("base rates (§ 247 BGB)", max(half_year_end(row.since) for row in figures.base_rates))
    yield Ending("public holidays", max(row.until or date.max for row in figures.holidays))
    for name, rows in (("RVG fees (§ 13 RVG)", figures.fee_tables), ("retention periods", figures.retention)):
        last = max(row.until or date.max for row in rows)
        if last != date.max:
            yield Ending(name, last)


def ends_soon(figures: LegalFigures, today: date, days: int) -> list[Ending]:
    """The tables that end within so many days, or have ended."""
    return [ending for ending in endings(figures) if ending.last <= today + timedelta(days=days)]


def _identity(row: Figure) -> tuple[date, str, object]:
    return row.since, str(getattr(row, "kind", getattr(row, "day", ""))), getattr(row, "lands", None)


@cache
def _shipped() -> LegalFigures:
    found: dict[str, object] = {}
    for name in _FILES:
        found |= tomllib.loads((_FOLDER / name).read_text("utf-8"))
    return LegalFigures.model_validate_json(json.dumps(found, default=date.isoformat))
