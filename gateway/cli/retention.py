"""`inkasso retention`: what ends by calendar, and why; `nightly` does it by itself."""

from collections import Counter
from typing import Annotated, Final

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.retention.calendar import due, due_requests, end_requests, retain
from gateway.retention.coming import Coming, Kind, coming
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.calendar import day_in_germany
from schemas.words import counted

_WHAT: Final = {
    Kind.REFUSED: "claims refused, never handed over",
    Kind.CLOSED_CLAIM: "claims whose cases are over",
    Kind.TITLE: "claims with a court order or title",
    Kind.REQUEST: "requests that were answered",
    Kind.RESTRICTION: "claims an erasure left restricted",
    Kind.MARKER: "marks of erased claims",
    Kind.READINGS: "logs of readings, one a year",
}


def register(app: App) -> None:
    """Adds the command."""
    app.command(retention, name="retention")


def retention(
    *,
    dry_run: Annotated[
        bool, Parameter(negative="", help="Count what has ended, and what ends next; erase nothing.")
    ] = False,
    json: Json = False,
    config: Config,
) -> int:
    """Erase the claims and requests whose period has ended (Art. 5(1)(e) GDPR)."""
    now = clock()
    today = day_in_germany(now)
    with open_office(load(config)) as office, output.progress() as progress:
        if dry_run:
            _foretell(coming(office, today), as_json=json)
            return 0
        ended = Counter(one.kind.value for page in due(office, today) for one in page)
        requests = due_requests(office, today)
        if requests:
            ended["request"] = len(requests)
        erased = retain(office, now, today, progress)
        end_requests(office, now, today)
    if json:
        output.as_json({"ended": dict(ended), "erased": erased})
    else:
        output.table([(f"{count:,}", kind) for kind, count in sorted(ended.items())] or [("0", "nothing has ended")])
        output.line(f"{counted(erased, 'claim')} erased; each erasure is an entry")
    return 0


def _foretell(lines: list[Coming], *, as_json: bool) -> None:
    if as_json:
        ended: Counter[str] = Counter()
        for one in lines:
            ended[one.kind.value] += one.ended
        told = [one._asdict() | {"next_on": None if one.next_on is None else one.next_on.isoformat()} for one in lines]
        output.as_json({"ended": dict(+ended), "erased": 0, "coming": told})
        return
    rows = [
        (
            _WHAT[one.kind],
            f"{one.ended:,}",
            "" if one.next_on is None else one.next_on.isoformat(),
            f"{one.next:,}" if one.next else "",
            one.norm,
        )
        for one in lines
    ]
    head = ("what", "ended", "next on", "how many", "norm")
    output.table([head, *rows] if rows else [("nothing is kept for a period yet",)])
    output.line("nothing was erased: a dry run; `nightly` ends each on its day")
