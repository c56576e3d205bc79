"""The agency's commands: our free kit for its IT."""

import json as json_text
import re
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from pydantic import TypeAdapter, ValidationError

from gateway.agency.settings import load_agency
from gateway.agency.template import agency_template, creditor_lines
from gateway.agency.work import receive_all
from gateway.cli import output
from gateway.cli.creditor import Config, Json
from gateway.errors import UsageError
from gateway.partners.mandates import MANDATE_NAMESPACE, countersigned_bytes
from gateway.setup import agency_cosigner, agency_signer, init_agency, read_allowed_signers
from gateway.wiring import clock, open_desk
from keys.recipients import RecipientError, parse_recipient
from keys.sshsig import sign
from schemas.identifiers import PartyId
from schemas.published import json_schemas

PARTY_ID = TypeAdapter[str](PartyId)


def register(app: App) -> None:
    """Adds the agency's commands."""
    agency = App(name="agency", help="The agency's side; and, at the creditor, checking and probing one.")
    agency.command(init, name="init", group="At the agency")
    agency.command(receive, name="receive", group="At the agency")
    agency.command(countersign, name="countersign", group="At the agency")
    agency.command(schemas, name="schemas")
    app.command(agency)


def init(
    home: Path,
    *,
    name: Annotated[str, Parameter(help="The agency's id, as the creditor's configuration names it.")],
    server: Annotated[
        Path,
        Parameter(help="The existing folder in which the SFTP server puts packages; only `answers` is made in it."),
    ],
    allowed_signers: Annotated[Path, Parameter(help="A file with the creditor's line, confirmed out of band.")],
    creditor: Annotated[str | None, Parameter(help="The creditor's id, with --answers-recipient.")] = None,
    answers_recipient: Annotated[str | None, Parameter(help="The age recipient that answers are sealed to.")] = None,
) -> int:
    """Make an agency's home: configuration, keys, stores. Prints the keys to hand to the creditor.

    Parameters
    ----------
    home
        A new or empty folder.
    """
    signers = read_allowed_signers(allowed_signers)
    lines = _answered(creditor, answers_recipient)
    if not server.is_dir():
        raise UsageError("--server is not a folder: name the one in which the SFTP server puts packages")
    recipients = init_agency(home, agency_template(name, str(server.absolute())) + lines, signers, clock())
    output.line(f"{home} is ready. Hand these public keys to the creditor:")
    output.line(f'signers = ["{agency_signer(home)}"]')
    output.line(f'cosigner = "{agency_cosigner(home, name)}"')
    for part, recipient in recipients.items():
        output.line(f'{part}_recipients = ["{recipient}"]')
    return 0


def _answered(creditor: str | None, recipient: str | None) -> str:
    """The lines by which we answer a creditor, if one is named. Raises UsageError."""
    if creditor is None and recipient is None:
        return ""
    if creditor is None or recipient is None:
        raise UsageError("--creditor and --answers-recipient go together")
    try:
        PARTY_ID.validate_python(creditor)
    except ValidationError:
        raise UsageError("--creditor is an id: small letters, digits, dots and hyphens") from None
    try:
        parse_recipient(recipient)
    except RecipientError:
        raise UsageError(
            "--answers-recipient is not an age recipient (age1pq1…): copy the line that `inkasso init` printed"
        ) from None
    return creditor_lines(creditor, recipient)


def receive(*, json: Json = False, config: Config) -> int:
    """Verify, open and keep every package that has arrived."""
    now = clock()
    with open_desk(load_agency(config)) as desk, output.progress() as progress:
        received = receive_all(desk, now, progress)
    if json:
        output.as_json(received.as_json())
    elif not received.packages:
        output.line("nothing new has arrived")
    else:
        output.table(
            [("package", "from", "number", "messages")]
            + [(one.package_id, one.sender, str(one.sequence), f"{one.messages:,}") for one in received.packages],
            indent=0,
        )
    for creditor in received.unanswered:
        output.complain(f"answers to {creditor} wait: add its [[creditors]] block to {config}, and run this again")
    for failure in received.failures:
        output.complain(str(failure))
    return max((failure.exit_code for failure in received.failures), default=0)


def schemas(folder: Path) -> int:
    """Write the JSON Schemas of manifests and messages into an existing folder.

    Parameters
    ----------
    folder
        Where `NAME.schema.json` are written; older ones are replaced.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: make it first")
    for name, schema in json_schemas().items():
        text = json_text.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False)
        (folder / f"{name}.schema.json").write_text(f"{text}\n", "utf-8")
    return 0


def countersign(digest: str, *, out: Annotated[Path, Parameter(help="The file to write.")], config: Config) -> int:
    """Sign a mandate that the creditor sent to be countersigned, with the key that signs our answers.

    Parameters
    ----------
    digest
        The mandate's digest, as its page shows it: 64 hex digits.
    """
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise UsageError("a mandate's digest has 64 hex digits: copy it from the page")
    with open_desk(load_agency(config)) as desk:
        signature = sign(countersigned_bytes(digest), desk.ring.signing_key(), MANDATE_NAMESPACE)
    output.new_file(out, signature)
    output.line(f"{out} is the countersignature: send it to the creditor")
    return 0
