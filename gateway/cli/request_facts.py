"""Writing down what is known of a request before it is decided: who asks, where the answer goes, what is right.

What names a person comes from files.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gateway.cli import output
from gateway.cli.creditor import Config
from gateway.rights.deciding import protect
from gateway.rights.identifying import identify
from gateway.rights.intake import read_correction, read_recipient, read_representation
from gateway.rights.life import address, correct, load_request
from gateway.rights.listing import pending_beside
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.calendar import day_in_germany
from schemas.codes import RequestKind
from schemas.request import Identified, Proof

Id = Annotated[str, Parameter(help="The request's id, as `request list` shows it.")]
Subjects = Annotated[
    tuple[str, ...], Parameter(help="A subject's id from `subject find`; may be repeated.", negative="")
]


def request_identify(
    request: Id,
    *,
    proof: Annotated[Proof, Parameter(help="How it was established who asks: the least that suffices (Art. 12(6)).")],
    subject: Subjects = (),
    claim: Annotated[
        tuple[str, ...],
        Parameter(help="A claim's number, where others under the customer number are another person's.", negative=""),
    ] = (),
    representation: Annotated[
        Path | None, Parameter(help="A JSON file: `name`, `authority` and `seen_on` of who acts for the person.")
    ] = None,
    config: Config,
) -> int:
    """It is established who asks, and whom it is about; without --subject, nothing is held of the person."""
    now = clock()
    identified = Identified(
        proof=proof,
        on=day_in_germany(now),
        representation=None if representation is None else read_representation(representation),
    )
    with open_office(load(config)) as office:
        opened = load_request(office, request)
        with office.connection.begin(), office.vault_connection.begin():
            opened = protect(office, identify(office, opened, subject, identified, now, only=claim), now)
            beside = pending_beside(office, opened)
    output.line(f"{request} is identified; next: `inkasso request preview {request}`")
    tell_pending(beside, opened.file.kind)
    return 0


def request_address(
    request: Id,
    *,
    recipient: Annotated[Path, Parameter(help="A JSON file with `name` and `lines` for the answer.")],
    config: Config,
) -> int:
    """Say where the answer goes, if it is not to be the address of the latest claim, or nobody knows one."""
    to = read_recipient(recipient)
    with open_office(load(config)) as office:
        opened = load_request(office, request)
        with office.connection.begin():
            address(office, opened, to, clock())
    output.line(f"{request} knows where its answer goes; next: `inkasso request preview {request}`")
    return 0


def request_correct(
    request: Id,
    *,
    correction: Annotated[Path, Parameter(help="A JSON file with `name` or `address` as they are right.")],
    config: Config,
) -> int:
    """Say what is right instead; `approve` then tells every agency."""
    right = read_correction(correction)
    with open_office(load(config)) as office:
        opened = load_request(office, request)
        with office.connection.begin():
            correct(office, opened, right, clock())
    output.line(f"{request} knows what is right; next: `inkasso request preview {request}`")
    return 0


def tell_pending(requests: Sequence[str], kind: RequestKind) -> None:
    """Says which other requests of the same kind by the same person are not answered, by id."""
    for one in requests:
        output.line(f"request {one} of the same person, {kind} as well, has not been answered either")
