"""How a command comes by the approvals it needs: one after the other on a terminal, or in steps through files.

    --preview-to FILE     writes what would happen, and stops
    --preview FILE        goes on with it, together with
    --approval FILE …     signatures made by `ssh-keygen -Y sign -n approval@inkasso-gateway`, and
    --key FILE, --agent   a key that signs now

Nobody signs unseen: without a terminal, a key signs only a preview that was written before.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from gateway.cli import output
from gateway.errors import UsageError
from gateway.office import Office
from gateway.people.approvals import ApprovalError, Build, Given, Signer
from gateway.people.signers import agent_key, file_key
from gateway.store.roster import Actor

_MAXIMUM_BYTES: Final = 1 << 24  # a preview of 50,000 releases
_HOW_TO_SIGN: Final = (
    "sha256sum {path} | cut -c1-64 | ssh-keygen -Y sign -n approval@inkasso-gateway -f KEY > {path}.sig"
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Consent:
    """The approvals a command was given, or how to get them."""

    preview_to: Annotated[Path | None, Parameter(help="Write the preview to this file, and do nothing else.")] = None
    preview: Annotated[Path | None, Parameter(help="The preview that was approved, as --preview-to wrote it.")] = None
    approval: Annotated[
        tuple[Path, ...], Parameter(help="A signature over the preview; may be repeated.", negative="")
    ] = ()
    key: Annotated[Path | None, Parameter(help="An OpenSSH private key that approves now.")] = None
    agent: Annotated[bool, Parameter(help="Approve with a key of the SSH agent.", negative="")] = False


def carry_out(
    office: Office,
    build: Build,
    consent: Consent,
    now: datetime,
    act: Callable[[Given], None],
    *,
    dry_run: bool = False,
) -> bool:
    """Shows the preview, gathers approvals, and acts; False if it was only shown or written. Raises UsageError."""
    with office.connection.begin():
        built, actors = build(now), office.roster.active()
    if dry_run:
        output.line("\n".join(built.lines))
        return False
    shown = built.text()
    if consent.preview_to is not None:
        _write(consent.preview_to, shown)
        return False
    with _signers(consent, actors) as signers:
        preview = None if consent.preview is None else read_bounded(consent.preview)
        if preview is None and signers:
            output.line(shown.decode())
            _require_yes()
        act(Given(preview, tuple(read_bounded(path) for path in consent.approval), signers))
    return True


@contextmanager
def _signers(consent: Consent, actors: Sequence[Actor]) -> Iterator[tuple[Signer, ...]]:
    with ExitStack() as stack:
        signers = [] if consent.key is None else [file_key(consent.key)]
        if consent.agent:
            signers.append(stack.enter_context(agent_key(actors)))
        yield tuple(signers)


def _require_yes() -> None:
    if not sys.stdin.isatty():
        raise ApprovalError(
            "without a terminal nobody has seen the preview: write it with --preview-to, look at it, and go on with "
            "--preview; nothing was done"
        )
    if output.ask("Approve? Type yes: ") != "yes":
        raise ApprovalError("not approved; nothing was done")


def _write(path: Path, shown: bytes) -> None:
    output.new_file(path, shown)
    output.line(
        f"{path} says what would happen; nothing was done. Look at it, then approve it with --key or --agent, or:"
    )
    output.line(f"  {_HOW_TO_SIGN.format(path=path)}")
    output.line(f"and run the same command with --preview {path} --approval {path}.sig instead of --preview-to")


def read_bounded(path: Path) -> bytes:
    """A preview, signature or sheet that somebody names. Raises UsageError."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAXIMUM_BYTES + 1)
    except OSError:
        raise UsageError(f"{path} cannot be read: name a file that exists") from None
    if len(content) > _MAXIMUM_BYTES:
        raise UsageError(f"{path} is larger than any preview, signature or sheet of ours")
    return content
