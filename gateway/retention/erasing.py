"""Erasing claims: the log keeps its entries and commitments, and what they were about is gone.

    intend     an entry, and the claims' random ids beside it: from here on it is finished, at the next start if need be;
               of what an agency may keep, the reference that it alone can read
    journal    the ids, signed, outside both databases: no backup brings them back
    vault      keys, blind indexes and references; a debtor without claims goes too
    complete   verdicts, messages, item bytes and r; one entry with the count and digest of the items' positions

Source data alone goes the same way, with a key and a column of its own: verdicts, messages and references stay.

`erase` is for whoever has decided (a request, a retention period that ended); it decides nothing. Old vault backups are
dead once the epoch key has been renewed; until then an erasure is pending in them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from audit.completions import Position, encode_positions, positions_digest
from audit.store import append
from gateway.errors import IntegrityError
from gateway.office import Office
from gateway.store.erasures import ErasedCase, OpenErasure
from gateway.store.marks import StoreMark, read_mark
from keys.journal import MAXIMUM_CLAIMS, Record
from keys.references import new_id
from keys.sqlite import truncate_log
from schemas.approval import Approved
from schemas.codes import ErasureScope
from schemas.entry import ErasureCompleted, ErasureGround, ErasureIntended

ACTOR: Final = "system:erasure"


def erase(
    office: Office,
    claims: Sequence[str],
    ground: ErasureGround,
    approved: Approved | None,
    now: datetime,
    *,
    scope: ErasureScope = ErasureScope.CLAIM,
) -> list[str]:
    """Erases claims by their random ids; the erasures' ids, one for each 10,000 claims. Call it in no transaction.

    `scope`: everything of them, or their source data alone. What the agencies received is for them to erase: seal their
    notices first. Raises StoreError if a database file cannot be cleaned because somebody else reads it; the erasure stays
    open and is finished by the next start.
    """
    distinct = sorted(set(claims))
    erasures = []
    for start in range(0, len(distinct), MAXIMUM_CLAIMS):
        erasure = OpenErasure(new_id(), ground, approved, tuple(distinct[start : start + MAXIMUM_CLAIMS]), scope)
        _intend(office, erasure, now)
        _finish(office, erasure, now)
        erasures.append(erasure.id)
    return erasures


def finish_erasures(office: Office, now: datetime) -> int:
    """What a start does with erasures that a kill left open; how many."""
    check_journal(office)
    with office.connection.begin():
        found = office.erasures.open()
    for erasure in found:
        _finish(office, erasure, now)
    return len(found)


def check_journal(office: Office) -> None:
    """Neither database is older than the journal's newest record. Raises IntegrityError."""
    record = office.outside.journal.head().record
    with office.connection.begin(), office.vault_connection.begin():
        known = _knows(office, record)
        still_open = any(one.id == record.erasure for one in office.erasures.open())
        back = not still_open and office.vault.holds(record.claims, record.scope)
    if not known:
        raise IntegrityError(
            "gateway.db is older than the erasure journal: it does not know the newest erasure, and people who were "
            "erased are in it. Do not go on with it: run `inkasso restore`, which replays the journal"
        )
    if back:
        raise IntegrityError(
            "vault.db is older than the erasure journal: it holds keys that were destroyed. Do not go on with it: run "
            "`inkasso restore`, which replays the journal"
        )


def _knows(office: Office, record: Record) -> bool:
    if record.claims or record.number == 0:
        return record.number == 0 or office.erasures.knows(record.erasure)
    return read_mark(office.connection, StoreMark.JOURNAL_KEY) == record.erasure


def replay(office: Office, record: Record, sha256: str, approved: Approved, now: datetime) -> None:
    """Carries an erasure out again on databases from before it; harmless on others. `sha256` is the record's line's."""
    with office.connection.begin():
        known = office.erasures.knows(record.erasure)
        still_open = {one.id: one for one in office.erasures.open()}
    erasure = still_open.get(record.erasure)
    if not known:
        erasure = OpenErasure(record.erasure, ErasureGround.RESTORE, approved, record.claims, record.scope)
        _intend(office, erasure, now)
    with office.vault_connection.begin():
        office.vault.destroy(record.claims, record.scope)
    if erasure is not None:
        _complete(office, erasure, sha256, now)


def _intend(office: Office, erasure: OpenErasure, now: datetime) -> None:
    entry = ErasureIntended(
        id=new_id(),
        time=now,
        actor=ACTOR,
        erasure=erasure.id,
        ground=erasure.ground,
        claims=len(erasure.claims),
        scope=erasure.scope,
    )
    with office.connection.begin(), office.vault_connection.begin():
        office.erasures.begin(erasure, append(office.connection, entry).position, now)
        if erasure.scope is ErasureScope.CLAIM:
            office.erasures.remember(_at_agencies(office, erasure.claims), now)


def _at_agencies(office: Office, claims: Sequence[str]) -> set[ErasedCase]:
    cases = office.cases.all_of_claims(claims)
    reached = office.voids.reached({one.package for one in cases})
    cases = [one for one in cases if one.package in reached]
    refs = {agency: office.vault.references_of(claims, agency) for agency in {one.agency for one in cases}}
    return {
        ErasedCase(one.agency, one.entity, refs[one.agency][one.claim])
        for one in cases
        if one.claim in refs[one.agency]
    }


def _finish(office: Office, erasure: OpenErasure, now: datetime) -> None:
    head = office.outside.journal.head()
    if head.record.erasure != erasure.id:
        head = office.outside.journal.append(erasure.id, erasure.claims, erasure.scope, now)
    with office.vault_connection.begin():
        office.vault.destroy(erasure.claims, erasure.scope)
    truncate_log(office.vault_connection)
    _complete(office, erasure, head.sha256, now)
    truncate_log(office.connection)
    office.outside.keep(office.connection, office.log)


def _complete(office: Office, erasure: OpenErasure, sha256: str, now: datetime) -> None:
    with office.connection.begin():
        positions = _destroy(office, erasure)
        encoded = encode_positions(positions)
        entry = ErasureCompleted(
            id=new_id(),
            time=now,
            actor=ACTOR,
            erasure=erasure.id,
            ground=erasure.ground,
            approved=erasure.approved,
            count=len(positions),
            digest=positions_digest(encoded),
            journal_head=sha256,
            scope=erasure.scope,
        )
        office.erasures.complete(erasure.id, append(office.connection, entry, completion=encoded).position)


def _destroy(office: Office, erasure: OpenErasure) -> list[Position]:
    if erasure.scope is ErasureScope.SOURCE:
        office.items.destroy_sources(erasure.claims)
        return []
    return office.items.destroy(erasure.claims)
