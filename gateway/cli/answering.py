"""`inkasso claim answer`: what an agency asked about a case is answered, by a code or with a released document."""

from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.consent import Consent, carry_out, read_bounded
from gateway.cli.creditor import Config
from gateway.cli.feedback import entity_of
from gateway.errors import UsageError
from gateway.handover.answer import Answering, answer, answering
from gateway.office import Office
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.codes import AnswerCode

NOTHING_GIVEN: Final = Consent()


def register(app: App) -> None:
    """Adds the command."""
    app["claim"].command(claim_answer, name="answer")


def claim_answer(
    claim_no: str,
    *,
    question: Annotated[str, Parameter(help="The question: its message id, or its code if it is the only open one.")],
    code: Annotated[
        Literal["confirmed", "corrected", "not-available"] | None, Parameter(help="The answer, if it is no document.")
    ] = None,
    document: Annotated[
        Path | None, Parameter(help="A PDF without scripts or attachments, 5 MiB at most; a person releases it.")
    ] = None,
    source: Annotated[str | None, Parameter(help="The source of the claim; not needed if there is one.")] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Say what would be answered; keep and send nothing.")] = False,
    consent: Consent = NOTHING_GIVEN,
    config: Config,
) -> int:
    """Answer an agency's question about a case; the answer goes out with the next `handover` or `nightly`.

    Parameters
    ----------
    claim_no
        The claim's number.
    """
    if (code is None) == (document is None):
        raise UsageError("give either --code or --document")
    said = read_bounded(document) if document is not None else AnswerCode(code or "")
    with open_office(load(config)) as office:
        found = answering(office, entity_of(office, source), claim_no, question, said)
        if not _answered(office, found, consent, dry_run=dry_run):
            return 0
    output.line(f"answered: it goes to {found.case.agency} with the next `inkasso handover` or `inkasso nightly`")
    return 0


def _answered(office: Office, found: Answering, consent: Consent, *, dry_run: bool) -> bool:
    now = clock()
    act = partial(answer, office, found, now=now)
    if not found.document and not dry_run:
        act(None)
        return True
    return carry_out(office, found.build, consent, now, act, dry_run=dry_run)
