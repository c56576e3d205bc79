"""Rotating the root key: what it wraps is wrapped by two, another takes its place, and the old one opens nothing any more.

    1  the next root key is made beside the old one; every key file, and the escrow copy, hold each key under both
    2  the next one is exported to its own safe, before anything depends on it
    3  one actor approves, and an entry says so; the next root key takes the old one's place, where that lies in the key
       directory; one that a service manager keeps is replaced there by the operator, between 2 and 3
    4  the key files forget the old one, the escrow copy is written again, the file of the next one goes

Until 3 the old root key is in force, from then on the new one; either opens everything in between, so a kill loses nothing
and the same command finishes.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from audit.store import append
from gateway.custody.escrow import escrow_of, write_escrow
from gateway.errors import UsageError
from gateway.office import Office
from gateway.people.approvals import Given, Preview, actor_of, settle
from gateway.store.marks import StoreMark, read_mark, set_mark
from keys.keyfile import forget_root, read_keys, rewrap_key
from keys.material import Secret
from keys.references import new_id
from keys.root import (
    NEXT_ROOT_NAME,
    ROOT_KEY_NAME,
    next_root,
    overwrite_private,
    remove_private,
    root_id,
    root_text,
    write_private,
)
from schemas.custody import KeyRotated

_PURPOSE: Final = "root"


def prepare(office: Office, now: datetime) -> str:
    """Step 1; the id of the root key that waits. Harmless to repeat. Raises UsageError."""
    escrow_of(office)
    if next_root(office.keys) is None:
        write_private(office.keys / NEXT_ROOT_NAME, root_text(Secret.generate()))
    following = waiting_root(office)
    for file in read_keys(office.keys):
        rewrap_key(office.keys, file, office.root, following)
    write_escrow(office, now)
    return root_id(following)


def waiting_root(office: Office) -> Secret:
    """The root key that waits. Raises UsageError if none does."""
    found = next_root(office.keys)
    if found is None:
        raise UsageError("no root key waits to take over: `inkasso key rotate root` makes one")
    return found


def preview_of(office: Office) -> Callable[[datetime], Preview]:
    """What one actor approves. Raises UsageError."""
    lines = (
        f"let root key {root_id(waiting_root(office))} take over",
        "The one before it opens nothing any more, the escrow copy of before neither: both safes need the new files.",
    )
    return lambda made: Preview("key rotate", made, lines)


def activate(office: Office, given: Given, now: datetime) -> None:
    """Steps 3 and 4, approved by one actor; what a kill interrupted is finished. Raises UsageError, ApprovalError."""
    following = waiting_root(office)
    if office.credentials is not None and office.root != following:
        raise UsageError(
            f"the root key is a credential of the service manager: put the content of {NEXT_ROOT_NAME} in its place, and "
            "run this again under it; nothing was changed"
        )
    _log(office, following, given, now)
    if office.credentials is None:
        overwrite_private(office.keys / ROOT_KEY_NAME, root_text(following))
    for file in read_keys(office.keys):
        forget_root(office.keys, file)
    write_escrow(office, now)
    remove_private(office.keys / NEXT_ROOT_NAME)


def _log(office: Office, following: Secret, given: Given, now: datetime) -> None:
    key = root_id(following)
    with office.connection.begin():
        if read_mark(office.connection, StoreMark.ROOT) == key:
            return
        approved = settle(preview_of(office), given, office, now)
        entry = KeyRotated(
            id=new_id(),
            time=now,
            actor=actor_of(approved),
            purpose=_PURPOSE,
            key=key,
            replaced=read_mark(office.connection, StoreMark.ROOT) or "",
            approved=approved,
        )
        append(office.connection, entry)
        set_mark(office.connection, StoreMark.ROOT, key)
