"""Times that are lost: what happened between a copy and its restore is in no book of ours (Art. 15(1)(c) GDPR).

Agencies state which cases they have; what else they were told then, and what they answered, stays unknown.
"""

from audit.store import entries, entries_with
from gateway.office import Office
from gateway.store.marks import StoreMark, read_mark
from schemas.access import LostTime
from schemas.calendar import day_in_germany
from schemas.custody import StoreRestored


def lost_times(office: Office) -> tuple[LostTime, ...]:
    """From the last entry of each copy to its restore, inside the caller's transaction."""
    if read_mark(office.connection, StoreMark.ORIGIN) is None:
        return ()
    restored = [
        one
        for one in entries_with(office.connection, '"event":"store.restored"')
        if isinstance(one.entry, StoreRestored)
    ]
    last = [next(entries(office.connection, max(one.position - 1, 0))).entry for one in restored]
    return tuple(
        LostTime(since=day_in_germany(before.time), until=day_in_germany(one.entry.time))
        for before, one in zip(last, restored, strict=True)
    )
