"""The commands about the roster: who may approve."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.consent import Consent, carry_out
from gateway.cli.creditor import Config, Json
from gateway.people.roster import enrol, enrolment, read_actor, require_new, revocable, revocation, revoke
from gateway.settings import load
from gateway.wiring import clock, open_office
from keys.approval import APPROVAL_NAMESPACE

NOTHING_GIVEN = Consent()


def register(app: App) -> None:
    """Adds the commands about actors."""
    actor = App(name="actor", help="Who may approve: people with SSH keys.")
    actor.command(actor_list, name="list")
    actor.command(actor_add, name="add")
    actor.command(actor_revoke, name="revoke")
    app.command(actor)


def actor_list(
    *,
    allowed_signers: Annotated[
        bool, Parameter(negative="", help="Print the roster as an allowed_signers file for `ssh-keygen -Y verify`.")
    ] = False,
    json: Json = False,
    config: Config,
) -> int:
    """List the active actors with the fingerprints of their keys."""
    with open_office(load(config)) as office, office.connection.begin():
        actors = office.roster.active()
    if allowed_signers:
        for one in actors:
            output.line(f'{one.name} namespaces="{APPROVAL_NAMESPACE}" {one.key.line}')
    elif json:
        output.as_json({"actors": [{"name": one.name, "key": one.key.fingerprint} for one in actors]})
    else:
        output.table([("actor", "key"), *((one.name, one.key.fingerprint) for one in actors)], indent=0)
    return 0


def actor_add(name: str, public_key: Path, *, consent: Consent = NOTHING_GIVEN, config: Config) -> int:
    """Enrol an actor; everyone but the first is approved by an actor who is on the roster.

    Parameters
    ----------
    name
        A handle: small letters, digits, dots and hyphens.
    public_key
        The public key's file, for instance ~/.ssh/id_ed25519.pub.
    """
    now = clock()
    with open_office(load(config)) as office:
        actor = read_actor(name, public_key)
        with office.connection.begin():
            require_new(office, actor)
        if carry_out(office, enrolment(actor), consent, now, lambda given: enrol(office, actor, given, now)):
            output.line(f"{name} may approve with {actor.key.fingerprint}")
    return 0


def actor_revoke(name: str, *, consent: Consent = NOTHING_GIVEN, config: Config) -> int:
    """Take an actor off the roster, approved by an active actor.

    Parameters
    ----------
    name
        The actor's handle.
    """
    now = clock()
    with open_office(load(config)) as office:
        with office.connection.begin():
            actor = revocable(office, name)
        if carry_out(office, revocation(actor), consent, now, lambda given: revoke(office, name, given, now)):
            output.line(f"{name} approves nothing any more")
    return 0
