"""`inkasso demo`: the whole story on one machine."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.creditor import Json
from gateway.cli.reasons import print_figures
from gateway.demo.story import DEMO_DAY, Invented, Story, tell, write_report
from gateway.errors import UsageError
from gateway.feedback.books import Reconciliation, sums
from gateway.wiring import clock
from schemas.case import Case, Identity
from schemas.money import euros


def register(app: App) -> None:
    """Adds the demo."""
    app.command(demo, name="demo")


def demo(
    *,
    home: Annotated[Path, Parameter(name="--dir", help="Where the demo lives; a second run goes on there.")] = Path(
        "demo"
    ),
    claims: Annotated[int, Parameter(help="How many claims to invent.")] = 2_000,
    seed: Annotated[int, Parameter(help="Another seed invents other people.")] = 7,
    today: Annotated[date, Parameter(help="The day on which claims are judged.")] = DEMO_DAY,
    json: Json = False,
) -> int:
    """Hand invented claims over to an agency through a real SFTP server on this machine, and let the agency open them."""
    if claims < 0:
        raise UsageError("--claims expects at least 0")
    if not json:
        output.line(f"A creditor, an agency and an SFTP server between them, in {home}/")
    with output.progress() as progress:
        story = tell(home, Invented(claims, seed), today, clock, progress)
        write_report(home, today, progress)
    if json:
        output.as_json(story.as_json())
    else:
        _print(home, story)
    for failure in [*story.figures.failures, *story.receipts.failures, *story.work.feedback.failures]:
        output.complain(str(failure))
    others = [failure.exit_code for failure in story.receipts.failures]
    return max(story.figures.exit_code, story.work.feedback.exit_code, *others)


def _print(home: Path, story: Story) -> None:
    print_figures(story.figures)
    output.heading("The agency (the check that an invented clerk made of it is invented; it has answered a probe)")
    output.table(
        [
            ("packages received and opened", f"{len(story.receipts.packages):,}"),
            ("messages in them", f"{sum(one.messages for one in story.receipts.packages):,}"),
        ]
    )
    output.line(f"  its case systems see:     {', '.join(Case.model_fields)}")
    output.line(f"  where letters are written: {', '.join(Identity.model_fields)}")
    output.line(f"  it cannot see:            {', '.join(story.left_behind)}")
    output.heading("Its answers, as the creditor has booked them")
    output.table([(kind, f"{count:,}") for kind, count in story.work.feedback.answers.most_common()])
    if story.work.books is not None:
        _print_books(story.work.books)
    _print_rights(story)
    output.heading("The audit log")
    output.table([("entries", f"{story.entries:,}"), ("of these cosigned by the agency", f"{story.cosigned:,}")])
    output.heading("The files")
    output.table(
        [
            (f"{home}/creditor/", "configuration, keys, vault.db, gateway.db with the audit log, outbox, inbox"),
            (f"{home}/sftp/", "the server's root: what an eavesdropper on it would have"),
            (f"{home}/clerk/", "the keys of the invented clerk and officer, who may approve"),
            (f"{home}/answers/", "what the two people were told: letters as PDF, data as JSON, a certificate"),
            (f"{home}/agency/", "configuration, keys, cases.db and identities.db"),
            (
                f"{home}/offline/",
                "the escrow copy of the keys, and the identity that opens it; backup/ waits for copies",
            ),
            (
                f"{home}/screening.txt",
                "one page for the head of accounting: totals in euros by reason, what to fix first",
            ),
        ]
    )
    output.line(f"\n{story.seconds:.1f} seconds; run it again: nothing is handed over twice. Try:")
    output.line(f"{sys.argv[0]} claim list --config {home}/creditor/inkasso.toml")


def _print_books(books: Reconciliation) -> None:
    ours = sums(books.ours)
    output.table([("in EUR", ""), *((name.replace("_", " "), _booked(name, ours[name])) for name in ours)])
    agreed = "are equal to the cent" if books.digest else "differ: see `inkasso report reconcile`"
    output.line(f"  both sides' books {agreed}")


def _booked(name: str, sum_: int) -> str:
    return f"{sum_:,}" if name == "cases" else euros(sum_)


def _print_rights(story: Story) -> None:
    if story.rights is None:
        return
    output.heading("Two people asked: one for access, one for erasure (see answers/)")
    output.table(
        [
            ("the agency's signed answer to the notice", story.rights.agency or "none yet"),
            ("rows of the next export refused", f"{story.rights.rows_refused:,}"),
            ("claims of that person handed over again", f"{story.rights.handed_over_again:,}"),
        ]
    )
