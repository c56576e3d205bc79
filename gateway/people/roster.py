"""The roster's changes: each one an entry, each but the first approved by somebody who is on it.

A handle is a role or a short name, never a debtor's; it has one active key, and a key that was revoked does not come
back. The last actor cannot be revoked: nobody could enrol another.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.engine import Connection

from audit.store import append
from gateway.errors import UsageError
from gateway.office import Office
from gateway.people.approvals import Given, Preview, actor_of, settle
from gateway.store.roster import Actor
from keys.approval import ActorKey, parse_actor_key
from keys.references import new_id
from keys.remembered import Enrolled, actors, remember_actors
from keys.sshsig import SignatureError
from schemas.approval import Approved
from schemas.entry import ActorEnrolled, ActorRevoked
from schemas.identifiers import PartyId

_MAXIMUM_LINE_BYTES: Final = 4096
_NAME: Final = TypeAdapter(PartyId)
_RESTORE: Final = "system:restore"


def read_actor(name: str, path: Path) -> Actor:
    """An actor from a handle and a public key's file. Raises UsageError."""
    try:
        handle = _NAME.validate_python(name)
    except ValidationError:
        raise UsageError("an actor's name has small letters, digits, dots and hyphens, 64 at most") from None
    return Actor(handle, read_actor_key(path))


def read_actor_key(path: Path) -> ActorKey:
    """A public key from an OpenSSH `.pub` file. Raises UsageError."""
    try:
        with path.open("rb") as file:
            return parse_actor_key(file.read(_MAXIMUM_LINE_BYTES).decode("ascii", "replace"))
    except OSError:
        raise UsageError(f"{path} cannot be read: name the public key, `ssh-keygen -t ed25519` makes one") from None
    except SignatureError as error:
        raise UsageError(f"{path} is not an actor's public key: {error}") from None


def enrolment(actor: Actor) -> Callable[[datetime], Preview]:
    """The preview of an enrolment."""
    lines = (f"enrol {actor.name}", f"with key {actor.key.fingerprint}", "From then on this key's approvals count.")
    return lambda made: Preview("actor add", made, lines)


def require_new(office: Office, actor: Actor) -> None:
    """Neither name nor key is taken, inside the caller's transaction. Raises UsageError."""
    if any(one.name == actor.name for one in office.roster.active()):
        raise UsageError("an active actor has that name: revoke it first, or choose another name; nothing was done")
    if office.roster.ever_held(actor.key.fingerprint):
        raise UsageError(
            "that key is or was on the roster: a second person, or a new start, means another key; nothing was done"
        )


def enrol_first(connection: Connection, actor: Actor, now: datetime) -> None:
    """The first actor of a new store, in the transaction that makes it."""
    append(connection, _enrolled(actor, "system:init", now))


def enrol(office: Office, actor: Actor, given: Given, now: datetime) -> None:
    """An actor joins the roster; the first one without approval. Raises UsageError, ApprovalError."""
    with office.connection.begin(), office.vault_connection.begin():
        require_new(office, actor)
        approved = settle(enrolment(actor), given, office, now) if office.roster.active() else None
        by = actor_of(approved) if approved else "system:actor"
        append(office.connection, _enrolled(actor, by, now, approved))
        remember_actors(office.vault_connection, [_remembered(actor)])


def revocation(actor: Actor) -> Callable[[datetime], Preview]:
    """The preview of a revocation."""
    lines = (f"revoke {actor.name}", f"with key {actor.key.fingerprint}", "What it approved before stays approved.")
    return lambda made: Preview("actor revoke", made, lines)


def revoke(office: Office, name: str, given: Given, now: datetime) -> None:
    """A key approves nothing any more. Raises UsageError, ApprovalError."""
    with office.connection.begin(), office.vault_connection.begin():
        actor = revocable(office, name)
        approved = settle(revocation(actor), given, office, now)
        key = actor.key.fingerprint
        entry = ActorRevoked(id=new_id(), time=now, actor=actor_of(approved), key=key, approved=approved)
        append(office.connection, entry)
        remember_actors(office.vault_connection, [_remembered(actor, revoked=True)])


class Since(NamedTuple):
    """Who joined the roster since a copy of `gateway.db` was made, and the keys that left it, as the vault remembers."""

    joined: tuple[Actor, ...]
    left: tuple[str, ...]


def since_copy(office: Office) -> Since:
    """What the vault knows of the roster beyond the copy, inside the caller's transactions."""
    active = {actor.key.fingerprint for actor in office.roster.active()}
    known = actors(office.vault_connection)
    joined = [one for one in known if not one.revoked and not office.roster.ever_held(one.key)]
    return Since(
        tuple(Actor(one.name, parse_actor_key(one.public_key)) for one in joined),
        tuple(one.key for one in known if one.revoked and one.key in active),
    )


def take_over(office: Office, since: Since, now: datetime) -> None:
    """After a restore a key that was revoked since the copy approves nothing, and who was enrolled since may; each by an
    entry. Inside the caller's transaction.
    """
    for actor in since.joined:
        append(office.connection, _enrolled(actor, _RESTORE, now))
    for key in since.left:
        append(office.connection, ActorRevoked(id=new_id(), time=now, actor=_RESTORE, key=key))


def _enrolled(actor: Actor, by: str, now: datetime, approved: Approved | None = None) -> ActorEnrolled:
    return ActorEnrolled(id=new_id(), time=now, actor=by, name=actor.name, public_key=actor.key.line, approved=approved)


def _remembered(actor: Actor, *, revoked: bool = False) -> Enrolled:
    return Enrolled(actor.key.fingerprint, actor.name, actor.key.line, revoked)


def revocable(office: Office, name: str) -> Actor:
    """An actor by its handle, unless nobody else is left. Raises UsageError."""
    active = office.roster.active()
    for actor in active:
        if actor.name == name:
            if len(active) == 1:
                raise UsageError("the last actor cannot be revoked: enrol another one first; nothing was done")
            return actor
    raise UsageError("no active actor has that name: see `inkasso actor list`")
