"""`inkasso`: the command line. Parse, call one function of the wired gateway, print, exit code.

`--config FILE` stands before or after the subcommand. Exit codes: 0 done (held claims included), 1 something is
overdue, 2 configuration or usage, 3 input, 4 a partner, 5 integrity, 70 a fault of the program.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from audit.log import LogError
from audit.workers import WorkersError
from gateway.cli import (
    actor,
    agency,
    answering,
    audit,
    claim,
    configuring,
    creditor,
    custody,
    feedback,
    keys,
    kit,
    package,
    partner_keys,
    report,
    request,
    retention,
    story,
    subject,
    vetting,
    working,
)
from gateway.cli.output import complain
from gateway.cli.usage import told
from gateway.errors import GatewayError, IntegrityError, UsageError
from gateway.hardening import harden
from gateway.telemetry import configure_logging
from keys.journal import JournalError
from keys.root import KeyFileError
from keys.sqlite import StoreError
from keys.wrap import WrapError

INTERRUPTED_EXIT_CODE = 130
BROKEN_PIPE_EXIT_CODE = 141
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class _Help(Console):
    """What help is printed on: whoever has read enough of it is told so by the exit code, as everywhere."""

    def on_broken_pipe(self) -> None:
        """Rich would end the program with the code of something overdue."""
        raise BrokenPipeError


app = App(
    name="inkasso",
    console=_Help(),
    help="Hands overdue claims to debt-collection agencies: screened, minimised, sealed, proven.",
    version_flags=[],
    result_action="return_value",
)
for commands in (
    creditor,
    audit,
    configuring,
    actor,
    claim,
    feedback,
    answering,
    custody,
    keys,
    agency,
    kit,
    package,
    partner_keys,
    vetting,
    report,
    request,
    retention,
    story,
    subject,
    working,
):
    commands.register(app)


@app.meta.default
def _meta(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    config: Annotated[Path, Parameter(help="The configuration file.")] = Path("inkasso.toml"),
) -> int:
    command, bound, ignored = app.parse_args(tokens, exit_on_error=False, print_error=False)
    extra = {"config": config} if "config" in ignored else {}
    result = command(*bound.args, **bound.kwargs, **extra)
    return result if isinstance(result, int) else 0


def run(arguments: list[str]) -> int:
    """Runs one command and returns its exit code; every error becomes one line on stderr, without values."""
    try:
        result = app.meta(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except (
        CycloptsError,
        GatewayError,
        KeyFileError,
        StoreError,
        WorkersError,
        WrapError,
        LogError,
        JournalError,
        SQLAlchemyError,
    ) as error:
        sentence, exit_code = _told(error)
        complain(sentence)
        return exit_code
    except KeyboardInterrupt:
        complain("interrupted; what was acknowledged is kept, the next run takes back the rest")
        return INTERRUPTED_EXIT_CODE
    return result if isinstance(result, int) else 0


def _told(error: Exception) -> tuple[str, int]:
    """What is said of an error, and its exit code. Messages of other libraries may hold values and are not repeated."""
    match error:
        case GatewayError():
            return str(error), error.exit_code
        case KeyFileError() | StoreError() | WorkersError():
            return str(error), UsageError.exit_code
        case LogError() | JournalError():
            return str(error), IntegrityError.exit_code
        case WrapError():
            return f"{error}; restore stores and keys of one night from a backup", IntegrityError.exit_code
        case CycloptsError():
            asked = " ".join(["inkasso", *(error.command_chain or ())])
            return f"the command line is not understood: {told(error)}; see `{asked} --help`", UsageError.exit_code
        case _:
            kind = type(error).__name__
            return f"a store refused to work ({kind}): check disk space, and who else uses it", UsageError.exit_code


def main() -> None:
    """The console script."""
    harden()
    configure_logging()
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has read enough.
        code = BROKEN_PIPE_EXIT_CODE
        _write_nothing_more()
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        complain(
            "no space is left where this was to be written; what was acknowledged is kept: make room, and try again"
        )
        code = UsageError.exit_code
        _write_nothing_more()
    sys.exit(code)


def _write_nothing_more() -> None:
    """Python would complain once more when it closes what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
