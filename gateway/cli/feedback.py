"""The creditor's commands for what comes back: feedback."""

from cyclopts import App

from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.feedback.run import Feedback, collect_all
from gateway.settings import load
from gateway.wiring import clock, open_office


def register(app: App) -> None:
    """Adds the commands."""
    app.command(feedback, name="feedback")


def feedback(*, json: Json = False, config: Config) -> int:
    """Collect what the agencies have answered, verify it, and apply it once."""
    with open_office(load(config)) as office:
        found = collect_all(office, clock())
    if json:
        output.as_json(found.as_json())
    else:
        print_feedback(found)
    for failure in found.failures:
        output.complain(str(failure))
    return found.exit_code


def print_feedback(found: Feedback) -> None:
    """The figures as a table."""
    output.table([("packages of answers applied", f"{found.packages:,}"), ("delivered", f"{len(found.delivered):,}")])
    if found.answers:
        output.heading("Answers")
        output.table([(kind, f"{count:,}") for kind, count in found.answers.most_common()])
    if found.refusals:
        output.heading("Refused, and why")
        output.table([(reason, f"{count:,}") for reason, count in found.refusals.most_common()])
    if found.foreign_names:
        output.line(f"{found.foreign_names:,} files in folders of answers bear no name of ours: not looked at")
