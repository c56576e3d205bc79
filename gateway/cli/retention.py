"""`inkasso retention`: what ends by calendar, and why; `nightly` does it by itself."""

from collections import Counter
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.retention.calendar import due, due_requests, end_requests, retain
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.calendar import day_in_germany
from schemas.words import counted


def register(app: App) -> None:
    """Adds the command."""
    app.command(retention, name="retention")


def retention(
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Count what has ended; erase nothing.")] = False,
    json: Json = False,
    config: Config,
) -> int:
    """Erase the claims and requests whose period has ended (Art. 5(1)(e) GDPR)."""
    now = clock()
    today = day_in_germany(now)
    with open_office(load(config)) as office, output.progress() as progress:
        ended = Counter(one.kind.value for page in due(office, today) for one in page)
        requests = due_requests(office, today)
        if requests:
            ended["request"] = len(requests)
        erased = 0
        if not dry_run:
            erased = retain(office, now, today, progress)
            end_requests(office, now, today)
    if json:
        output.as_json({"ended": dict(ended), "erased": erased})
    else:
        output.table([(f"{count:,}", kind) for kind, count in sorted(ended.items())] or [("0", "nothing has ended")])
        output.line(
            "nothing was erased: a dry run"
            if dry_run
            else f"{counted(erased, 'claim')} erased; each erasure is an entry"
        )
    return 0
