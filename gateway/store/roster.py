"""The roster: who may approve, and which approvals have served. It is read from the audit log, and stands nowhere else.

A table beside the log would be believed, and whoever writes to the database could add a row to it. Every call works inside
the caller's transaction. Keys are known by their fingerprints.
"""

from typing import NamedTuple

from sqlalchemy.engine import Connection

from audit.store import entries_with
from keys.approval import ActorKey, parse_actor_key
from schemas.entry import ActorEnrolled, ActorRevoked


class Actor(NamedTuple):
    """A person on the roster: a handle, and the key."""

    name: str
    key: ActorKey


class Enrolment(NamedTuple):
    """An actor, and the entry that says so."""

    actor: Actor
    entry: int


class Roster:
    """The actors that the log of one `gateway.db` names."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def active(self) -> tuple[Actor, ...]:
        """Who may approve today, in order of enrolment."""
        return tuple(one.actor for one in self.enrolments())

    def enrolments(self) -> list[Enrolment]:
        """The same, with the entries that enrolled them."""
        revoked = self._revoked()
        return [one for key, one in self._ever().items() if key not in revoked]

    def ever_held(self, fingerprint: str) -> bool:
        """Whether a key is or was on the roster: a revoked key does not come back."""
        return fingerprint in self._ever()

    def used(self, preview_digest: str) -> bool:
        """Whether an approval of this preview has served an entry already."""
        return any(True for _ in entries_with(self._connection, f'"preview_digest":"{preview_digest}"'))

    def _ever(self) -> dict[str, Enrolment]:
        found = {}
        for position, entry in entries_with(self._connection, '"event":"actor.enrolled"'):
            if isinstance(entry, ActorEnrolled):
                key = parse_actor_key(entry.public_key)
                found[key.fingerprint] = Enrolment(Actor(entry.name, key), position)
        return found

    def _revoked(self) -> set[str]:
        told = entries_with(self._connection, '"event":"actor.revoked"')
        return {entry.key for _, entry in told if isinstance(entry, ActorRevoked)}
