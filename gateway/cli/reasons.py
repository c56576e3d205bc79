"""The figures of a run as a person reads them: verdicts, then each reason with its norm, most frequent first."""

from gateway.cli import output
from gateway.feedback.run import Feedback
from gateway.handover.figures import Figures
from gateway.rules.ordered import rule
from schemas.money import euros
from schemas.words import counted


def print_figures(figures: Figures) -> None:
    """A page about one run."""
    output.heading("Claims")
    names = ("read", "rejected", "held", "refused", "cleared", "changed", "handed_over", "unchanged")
    output.table([(name.replace("_", " "), f"{getattr(figures, name):,}") for name in names])
    output.line(
        "  read: rows new or changed, and claims held before; unchanged: rows judged on an earlier night, unread"
    )
    if figures.principal_open:
        output.line(f"  open principal of the cleared claims: {euros(figures.principal_open)} EUR")
    if figures.reasons:
        output.heading("Held or refused, by reason (a claim may have several), with what is open in EUR")
        output.table(
            [
                (f"{count:,}", euros(figures.amounts[name]), name, _because(name))
                for name, count in figures.reasons.most_common()
            ]
        )
    if figures.notes:
        output.heading("Told of cleared claims, and nothing is held for it")
        output.table([(f"{count:,}", name, _because(name)) for name, count in figures.notes.most_common()])
    if figures.rejections:
        output.heading("Rejected rows, by field and rule")
        output.table([(f"{count:,}", name) for name, count in figures.rejections.most_common()])
    if figures.dropped:
        output.heading("Malformed optional fields that were dropped")
        output.table([(f"{count:,}", name) for name, count in figures.dropped.most_common()])
    if figures.sealed or figures.uploaded:
        output.heading("Packages")
        output.table([("sealed", f"{len(figures.sealed):,}"), ("uploaded", f"{len(figures.uploaded):,}")])
    if figures.stops_sealed or figures.stops_uploaded:
        output.heading("Stops")
        output.table([("sealed", f"{figures.stops_sealed:,}"), ("uploaded", f"{figures.stops_uploaded:,}")])
    if figures.retention_ended:
        output.line(f"  {counted(figures.retention_ended, 'claim')} erased: the retention period has ended")
    if figures.final_erasures:
        output.line("Erasures are final: every older copy of the vault is dead")


def print_feedback(found: Feedback) -> None:
    """The figures as a table."""
    output.table([("packages of answers applied", f"{found.packages:,}"), ("delivered", f"{len(found.delivered):,}")])
    for package in found.voided:
        output.line(f"  package {package} is void: what was in it goes out again with the next hand-over")
    if found.answers:
        output.heading("Answers")
        output.table([(kind, f"{count:,}") for kind, count in found.answers.most_common()])
    if found.refusals:
        output.heading("Refused, and why")
        output.table([(reason, f"{count:,}") for reason, count in found.refusals.most_common()])
    if found.foreign_names:
        files = counted(found.foreign_names, "file")
        output.line(f"{files} in folders of answers with no name of ours: not looked at")


def _because(name: str) -> str:
    found = rule(name)
    return f"{found.sentence_en} ({found.norm})"
