"""The commands about keys."""

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.actor import NOTHING_GIVEN
from gateway.cli.consent import Consent, carry_out
from gateway.cli.creditor import Config, Json
from gateway.cli.custody import DryRun
from gateway.custody import root as root_key
from gateway.custody import rotation
from gateway.custody.epoch import make_final, standing_of
from gateway.custody.escrow import escrow_of, write_escrow
from gateway.custody.exchange import export_root, import_escrow
from gateway.errors import UsageError
from gateway.office import Office
from gateway.settings import load
from gateway.wiring import alone, clock, credentials_folder, open_office
from keys.keyfile import read_keys
from keys.labels import Purpose
from keys.root import next_root, root_id
from schemas.words import counted

ROOT = "root"


def register(app: App) -> None:
    """Adds the commands about keys."""
    key = App(name="key", help="The keys' life: see docs/keys.md.")
    for function, name in (
        (key_list, "list"),
        (key_rotate, "rotate"),
        (key_export, "export"),
        (key_import, "import"),
        (key_destroy, "destroy"),
    ):
        key.command(function, name=name)
    app.command(key)


def key_list(*, json: Json = False, config: Config) -> int:
    """List every key with its purpose, state and id, destroyed ones included; no key material."""
    configuration = load(config)
    files = sorted(read_keys(configuration.path(configuration.settings.stores.keys)), key=lambda one: one.created)
    rows = [
        {
            "purpose": file.purpose.value,
            "state": file.state.value,
            "id": file.id,
            "created": file.created.isoformat(timespec="seconds"),
            "changed": file.changed.isoformat(timespec="seconds") if file.changed else "",
        }
        for file in files
    ]
    if json:
        output.as_json({"keys": rows})
    else:
        output.table(
            [("purpose", "state", "id", "created", "changed"), *(tuple(row.values()) for row in rows)], indent=0
        )
    return 0


def key_rotate(
    purpose: str,
    *,
    activate: Annotated[
        bool, Parameter(negative="", help="Let the key take over that agencies have confirmed, or that was exported.")
    ] = False,
    dry_run: DryRun = False,
    consent: Consent = NOTHING_GIVEN,
    config: Config,
) -> int:
    """Let another key of a purpose take over; give the command again to finish what was killed.

    Parameters
    ----------
    purpose
        index, marker, package-signing, log-signing, journal-signing, epoch or root; see docs/keys.md.
    """
    with open_office(load(config)) as office:
        if purpose == Purpose.EPOCH:
            return _rotate_epoch(office, dry_run=dry_run)
        if purpose == ROOT:
            return _rotate_root(office, consent, activate=activate, dry_run=dry_run)
        if purpose not in rotation.ROTATED:
            names = ", ".join(sorted({*rotation.ROTATED, Purpose.EPOCH, ROOT}))
            raise UsageError(f"there is no key of that purpose: {names}; see docs/keys.md")
        chosen = Purpose(purpose)
        if dry_run:
            output.line(f"{purpose} key {office.ring.key_id(chosen)} would be followed by another; nothing was done")
        elif chosen is Purpose.PACKAGE_SIGNING and not activate:
            _offer_signing_key(office)
        else:
            _take_over(office, chosen, consent)
    return 0


def _offer_signing_key(office: Office) -> None:
    following = rotation.next_key(office, Purpose.PACKAGE_SIGNING, clock())
    output.line(f"Key {following.id} waits. Give its lines to every agency, and confirm them by telephone:")
    for line in rotation.signer_lines(office.configuration, rotation.public_key(office, following)):
        output.line(f"  {line}")
    output.line("Once every agency trusts it: `inkasso key rotate package-signing --activate`")


def _take_over(office: Office, purpose: Purpose, consent: Consent) -> None:
    now = clock()
    following = rotation.next_key(office, purpose, now)
    preview = rotation.take_over_preview(purpose, following)
    if carry_out(office, preview, consent, now, lambda given: rotation.take_over(office, purpose, given, now)):
        output.line(f"{purpose} key {following.id} has taken over")


def _rotate_root(office: Office, consent: Consent, *, activate: bool, dry_run: bool) -> int:
    if dry_run:
        output.line(f"root key {root_id(office.root)} would be followed by another; nothing was done")
    elif activate:
        now, following = clock(), root_id(root_key.waiting_root(office))
        build = root_key.preview_of(office)
        if carry_out(office, build, consent, now, lambda given: root_key.activate(office, given, now)):
            output.line(f"root key {following} has taken over")
    else:
        output.line(f"Root key {root_key.prepare(office, clock())} waits, and every key lies under both.")
        output.line("Seal it for its safe: `inkasso key export --root FILE`; then `inkasso key rotate root --activate`")
    return 0


def _rotate_epoch(office: Office, *, dry_run: bool) -> int:
    standing = standing_of(office)
    if dry_run:
        output.line(f"erasures are final up to record {standing.final} of {standing.newest}; nothing was done")
        return 0
    with output.progress() as progress:
        rotated = make_final(office, clock(), progress, forced=True)
    if rotated is not None:
        output.line(
            f"erasures are final up to record {rotated.record}: kept {counted(rotated.survivors, 'key')}, and every older "
            "copy of the vault is dead"
        )
    return 0


def key_export(
    *,
    root: Annotated[Path | None, Parameter(help="Seal the root key into this new file instead; keep it apart.")] = None,
    config: Config,
) -> int:
    """Make the escrow copy of the keys in its configured place, or seal the root key for an escrow of its own."""
    with open_office(load(config)) as office:
        escrow = escrow_of(office)
        if root is None:
            write_escrow(office, clock(), first=True)
            identities = counted(len(escrow.recipients), "offline identity", "offline identities")
            output.line(f"{escrow.location} holds the keys, sealed to {identities}")
        else:
            waiting = next_root(office.keys)
            export_root(waiting or office.root, escrow, root)
            which = "the root key" if waiting is None else "the root key that waits"
            output.line(f"{root} holds {which}, sealed: keep it apart from the other keys and from all backups")
    return 0


def key_import(
    file: Path,
    *,
    identity: Annotated[Path, Parameter(help="The offline age identity's file; remove it again afterwards.")],
    dry_run: DryRun = False,
    config: Config,
) -> int:
    """Put keys back that the key directory lacks; what it has stays as it is, and destroyed keys stay destroyed.

    Parameters
    ----------
    file
        The escrow copy, or the sealed root key.
    """
    configuration = load(config)
    stores = configuration.settings.stores
    with alone(configuration.path(f"{stores.gateway}.lock")):
        found = import_escrow(configuration.path(stores.keys), credentials_folder(), file, identity, dry_run=dry_run)
    verb = "would come back" if dry_run else "came back"
    already = f"there already: {found.known:,}"
    if found.root:
        output.line("the root key was there already" if found.known else f"the root key {verb}")
    else:
        output.line(f"{counted(len(found.keys), 'key or private file', 'keys and private files')} {verb}; {already}")
    return 0


def key_destroy(key_id: str, *, dry_run: DryRun = False, consent: Consent = NOTHING_GIVEN, config: Config) -> int:
    """Destroy a retired key in the key directory and in the escrow copy, approved by two actors.

    Parameters
    ----------
    key_id
        The key's id, as `key list` shows it.
    """
    now = clock()
    with open_office(load(config)) as office:
        file = rotation.retired_key(office, key_id)
        preview = rotation.destruction(file)
        act = partial(rotation.destroy, office, key_id, now=now)
        if carry_out(office, preview, consent, now, act, dry_run=dry_run):
            output.line(f"{file.purpose} key {key_id} is destroyed")
    return 0
