"""The roster: who may approve, and which approvals have been used.

Every call works inside the caller's transaction. Keys are known by their fingerprints; a revoked one stays on record.
"""

from typing import NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection
from sqlmodel import Field, col

from gateway.store.tables import StoreTable
from keys.approval import ActorKey, parse_actor_key
from schemas.approval import Approved


class _ActorRow(StoreTable, table=True):
    """Somebody on the roster: a handle, and the SSH key whose approvals count until it is revoked."""

    __tablename__ = "actor"
    key: str = Field(primary_key=True)
    name: str
    public_key: str
    enrolled_entry: int
    revoked_entry: int | None = None


class _ApprovalRow(StoreTable, table=True):
    """An approval that was used: one preview serves one entry."""

    __tablename__ = "approval"
    preview_digest: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    entry: int


class Actor(NamedTuple):
    """A person on the roster: a handle, and the key."""

    name: str
    key: ActorKey


class Roster:
    """The actors of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def active(self) -> tuple[Actor, ...]:
        """Who may approve today, in order of enrolment."""
        query = select(col(_ActorRow.name), col(_ActorRow.public_key)).where(col(_ActorRow.revoked_entry).is_(None))
        rows = self._connection.execute(query.order_by(col(_ActorRow.enrolled_entry)))
        return tuple(Actor(name, parse_actor_key(line)) for name, line in rows)

    def ever_held(self, fingerprint: str) -> bool:
        """Whether a key is or was on the roster: a revoked key does not come back."""
        query = select(col(_ActorRow.key)).where(col(_ActorRow.key) == fingerprint)
        return self._connection.execute(query).scalar() is not None

    def enrol(self, actor: Actor, entry: int) -> None:
        """From here on the actor may approve."""
        row = {"key": actor.key.fingerprint, "name": actor.name, "public_key": actor.key.line}
        self._connection.execute(insert(_ActorRow), [row | {"enrolled_entry": entry}])

    def revoke(self, fingerprint: str, entry: int) -> None:
        """From here on the key approves nothing."""
        query = update(_ActorRow).where(col(_ActorRow.key) == fingerprint)
        self._connection.execute(query.values(revoked_entry=entry))

    def used(self, preview_digest: str) -> bool:
        """Whether an approval of this preview has served an entry already."""
        query = select(col(_ApprovalRow.entry)).where(col(_ApprovalRow.preview_digest) == preview_digest).limit(1)
        return self._connection.execute(query).scalar() is not None

    def use(self, approved: Approved, entry: int) -> None:
        """Approvals have served an entry, and serve no other."""
        rows = [
            {"preview_digest": approved.preview_digest, "key": one.key, "entry": entry} for one in approved.approvals
        ]
        self._connection.execute(insert(_ApprovalRow), rows)
