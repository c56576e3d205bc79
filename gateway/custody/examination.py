"""What `doctor` says of escrow and backups: whether they are there, of today's keys, young enough, and not yet dead."""

from datetime import datetime, timedelta
from typing import Final

from gateway.custody.copies import Which, backup_of, copies, folder_of
from gateway.custody.epoch import standing_of
from gateway.custody.escrow import escrow_of, examine_escrow
from gateway.custody.rotation import unfinished
from gateway.errors import GatewayError, UsageError
from gateway.office import Office
from keys.recipients import parse_recipient

_YOUNG: Final = timedelta(days=2)


def examine_keys(office: Office) -> str:
    """Escrow and rotations. Raises UsageError for what a person must see to."""
    made = examine_escrow(office)
    waiting = unfinished(office)
    if waiting:
        raise UsageError(
            f"a rotation of the {waiting} key was begun and not finished: give its command again (docs/keys.md)"
        )
    kinds = {parse_recipient(one).post_quantum for one in escrow_of(office).recipients}
    told = "post-quantum" if kinds == {True} else "CLASSICAL: make an age1pq identity, `age-keygen -pq`"
    return f"the escrow copy of {made:%Y-%m-%d} holds the keys of today; sealed {told}"


def examine_backup(office: Office, now: datetime) -> str:
    """The newest copies, and erasures that are not final. Raises GatewayError (1) for what is overdue, UsageError."""
    backup_of(office)
    for which in Which:
        made = [copy.made for copy in copies(folder_of(office, which))]
        if not made or now - max(made) > _YOUNG:
            raise GatewayError(f"no copy of {which}.db is younger than two days: `inkasso backup`, from a timer")
    standing = standing_of(office)
    if standing.pending:
        raise GatewayError(
            f"erasures are final up to record {standing.final} of {standing.newest} only: `inkasso nightly` makes the "
            "rest final"
        )
    return f"copies of both databases are younger than two days; erasures are final up to record {standing.newest}"
