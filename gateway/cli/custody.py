"""The commands about backups."""

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.actor import NOTHING_GIVEN
from gateway.cli.consent import Consent, carry_out
from gateway.cli.creditor import Config, Json
from gateway.custody.backup import back_up
from gateway.custody.copies import Which, folder_of
from gateway.custody.restore import Chosen, preview_of
from gateway.office import Office
from gateway.rights.lost import make_whole
from gateway.settings import load
from gateway.wiring import clock, open_office, restore_with
from schemas.words import counted

DryRun = Annotated[bool, Parameter(negative="", help="Say what would happen; change nothing.")]


def register(app: App) -> None:
    """Adds the commands about backups."""
    app.command(backup, name="backup")
    app.command(restore, name="restore")


def restore(
    gateway: Path,
    vault: Path,
    *,
    dry_run: DryRun = False,
    consent: Consent = NOTHING_GIVEN,
    config: Config,
) -> int:
    """Put both databases back from copies, approved by two actors; see docs/backup.md before.

    Parameters
    ----------
    gateway
        A copy of gateway.db, as `inkasso backup` made it.
    vault
        The newest copy of vault.db.
    """
    now = clock()

    def act(office: Office, chosen: Chosen) -> bool:
        preview = preview_of(office, chosen)
        act = partial(make_whole, office, chosen, now, progress)
        return carry_out(office, preview, consent, now, act, dry_run=dry_run)

    with output.progress() as progress:
        done = restore_with(load(config), gateway, vault, act, progress)
    if done:
        output.line("Both databases are restored. Ask each agency for a statement, then `inkasso feedback`; nothing is")
        output.line("handed over before. What people asked for since the copy is open again: `inkasso request list`.")
        output.line("Then `inkasso key export` and `inkasso backup`; docs/backup.md has the rest.")
    return 0


def backup(*, dry_run: DryRun = False, json: Json = False, config: Config) -> int:
    """Copy both databases, prove that the copies open, and remove copies of the vault that are too old."""
    with open_office(load(config)) as office, output.progress() as progress:
        if dry_run:
            for which in Which:
                output.line(f"{which}.db would be copied to {folder_of(office, which)}; nothing was done")
            return 0
        made = back_up(office, clock(), progress)
    if json:
        output.as_json(
            {
                "generation": made.vault.generation,
                "bytes": {"gateway": made.gateway.size, "vault": made.vault.size},
                "keys": made.keys,
                "removed": made.removed,
            }
        )
    else:
        output.line(
            f"generation {made.vault.generation}: both databases are copied, and the copies open "
            f"({counted(made.keys, 'key')} of the vault)"
        )
        output.line(f"removed: {counted(made.removed, 'older copy', 'older copies')} of the vault")
    return 0
