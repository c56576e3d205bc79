"""The report on agencies for people: lines for a terminal, CSV, and one HTML page with bars as inline SVG.

The page loads nothing from anywhere and runs nothing; every text in it is escaped.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Final

from gateway.reports.agencies import Part, rows_of
from gateway.reports.agency import Figure
from schemas.money import euros

_BAR: Final = 360
_LABEL: Final = 260
_LINE: Final = 22
_HEAD: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Agencies</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; color: #222 }
td, th { padding: 0 2em 0 0; text-align: left } td:last-child { text-align: right; font-variant-numeric: tabular-nums }
svg { display: block; margin: .5em 0; font: 13px sans-serif } rect { fill: #36648b }
</style></head><body><h1>The work of the agencies</h1>
"""


def shown(figure: Figure) -> str:
    """A figure as people read it: cents become euros, per mille per cent."""
    match figure.unit:
        case "cents":
            return f"{euros(figure.value)} EUR"
        case "per mille":
            return f"{figure.value // 10}.{figure.value % 10} %"
        case "count":
            return f"{figure.value:,}"
        case unit:
            return f"{figure.value:,} {unit}"


def title(part: Part) -> str:
    """What the figures are about."""
    return f"{part.agency}, mandate {part.mandate}" if part.mandate else f"{part.agency}, as a whole"


def groups(part: Part) -> Iterator[tuple[str, list[Figure]]]:
    """The figures by group, in the order in which groups first appear."""
    order = {name: place for place, name in enumerate(dict.fromkeys(one.group for one in part.figures))}
    ordered = sorted(part.figures, key=lambda one: order[one.group])
    for name, found in groupby(ordered, key=lambda one: one.group):
        yield name, list(found)


def as_csv(parts: Sequence[Part]) -> str:
    """One row a figure, with commas; amounts in cents."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ("agency", "mandate", *Figure._fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows_of(parts))
    return out.getvalue()


def page(parts: Sequence[Part]) -> str:
    """The whole page."""
    body = "".join(f"<h2>{escape(title(part))}</h2>\n{''.join(_section(part))}" for part in parts)
    return f"{_HEAD}{body}</body></html>\n"


def _section(part: Part) -> Iterator[str]:
    for name, figures in groups(part):
        yield f"<h3>{escape(name)}</h3>\n"
        if len(figures) > 1 and len({one.unit for one in figures}) == 1:
            yield _bars(name, figures)
        else:
            rows = (f"<tr><td>{escape(one.name)}</td><td>{escape(shown(one))}</td></tr>\n" for one in figures)
            yield f"<table>\n{''.join(rows)}</table>\n"


def _bars(name: str, figures: Sequence[Figure]) -> str:
    """Bars to one scale, each with its name before it and its number behind it."""
    largest = max(1_000 if figures[0].unit == "per mille" else 1, *(one.value for one in figures))
    width, height = _LABEL + _BAR + 160, _LINE * len(figures)
    bars = (_bar(one, place * _LINE, one.value * _BAR // largest) for place, one in enumerate(figures))
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(name)}" {size}>\n{"".join(bars)}</svg>\n'


def _bar(figure: Figure, top: int, length: int) -> str:
    middle = top + _LINE // 2 + 4
    return (
        f'<text x="0" y="{middle}">{escape(figure.name)}</text>'
        f'<rect x="{_LABEL}" y="{top + 3}" width="{max(length, 1)}" height="{_LINE - 6}"/>'
        f'<text x="{_LABEL + max(length, 1) + 8}" y="{middle}">{escape(shown(figure))}</text>\n'
    )
