"""`restore`: both databases from copies, made fit beside the ones they replace, and only then put in their places.

    1  two people approve what the preview says is lost, and the first entry under a new origin names the lost log
    2  the erasure journal is replayed before anything else: whoever was erased stays erased, in both databases
    3  no claim of `gateway.db` is without its key in the vault
    4  claims that may have been handed over in the time that is lost are held, and nothing leaves until each agency has
       signed its statement (`custody.matching`)

The vault's copy is at least as new as that of `gateway.db`, and not older than the last rotation: that one is dead.
Nothing of the installation changes before the last step; a restore that was killed is begun again.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from audit.checkpoint import Checkpoint
from audit.store import append, count
from gateway.custody.copies import Copy, Progress, Which, copies, prove_vault, read_copy, require_whole
from gateway.custody.matching import Restoring, write_restoring
from gateway.custody.rotation import ROTATED
from gateway.custody.stacking import stack_store, stack_vault
from gateway.errors import IntegrityError, UsageError
from gateway.office import Office
from gateway.outside import check_signature, log_signers, origin_of
from gateway.people.approvals import Given, Preview, actor_of, require_vouched, settle_by
from gateway.people.roster import Since, since_copy, take_over
from gateway.retention.erasing import replay
from gateway.store.digests import DIGESTS
from gateway.store.marks import StoreMark, set_mark
from keys.journal import Record
from keys.references import new_id
from keys.ring import DestroyedKeyError, Keyring
from keys.root import root_id
from keys.sqlite import truncate_log
from keys.vault_tables import Mark
from schemas.approval import Approved
from schemas.custody import StoreRestored
from schemas.words import counted

_PEOPLE: Final = 2
_PAGE: Final = 4_000


class Chosen(NamedTuple):
    """The copies to restore from, the last known checkpoint of the lost log, and the highest generation of any copy."""

    gateway: Copy
    vault: Copy
    lost: Checkpoint
    newest: int


def choose(gateway: Path, vault: Path, lost: Checkpoint, ring: Keyring, progress: Progress) -> Chosen:
    """Two copies that fit each other, are whole, and open. Raises UsageError, IntegrityError, KeyFileError."""
    found = {Which.GATEWAY: _record(gateway, Which.GATEWAY), Which.VAULT: _record(vault, Which.VAULT)}
    of_gateway, of_vault = found[Which.GATEWAY], found[Which.VAULT]
    if of_gateway.pair != of_vault.pair:
        raise UsageError("the two copies are of different installations: name others")
    if of_vault.generation < of_gateway.generation:
        raise UsageError("the copy of the vault is older than that of gateway.db: name the newest copy of the vault")
    require_whole(gateway.parent, of_gateway)
    try:
        prove_vault(vault.parent, of_vault, ring, progress)
    except DestroyedKeyError:
        raise IntegrityError(
            f"{vault} is dead: it is older than the last rotation, whose erasures made every older vault unreadable; "
            "name the newest copy of the vault"
        ) from None
    newest = max(copy.generation for folder in (gateway.parent, vault.parent) for copy in copies(folder))
    return Chosen(of_gateway, of_vault, lost, newest)


def preview_of(office: Office, chosen: Chosen) -> Callable[[datetime], Preview]:
    """What two people approve."""

    def build(made: datetime) -> Preview:
        kept, record = count(office.connection), office.outside.journal.head().record.number
        lines = (
            f"restore gateway.db, generation {chosen.gateway.generation} of {chosen.gateway.made:%Y-%m-%d %H:%M}",
            f"  {chosen.gateway.sha256}",
            f"restore vault.db, generation {chosen.vault.generation} of {chosen.vault.made:%Y-%m-%d %H:%M}",
            f"  {chosen.vault.sha256}",
            f"The copy's log has {counted(kept, 'entry', 'entries')}; the lost one had {chosen.lost.size} when last seen.",
            f"Erasures are carried out again up to record {record} of the journal.",
            "Both databases of today are replaced. Nothing leaves until each agency has signed a statement; claims that",
            "may have been handed over since are held.",
        )
        return Preview("restore", made, lines)

    return build


def make_fit(office: Office, chosen: Chosen, given: Given, now: datetime, progress: Progress) -> None:
    """Steps 1 to 4 on the copies that `office` has open. Raises ApprovalError, IntegrityError."""
    with office.connection.begin(), office.vault_connection.begin():
        check_signature(office.log, log_signers(office.ring, origin_of(office.connection)))
        since = since_copy(office)
        approved = _settle(office, chosen, since, given, now)
        _open_log(office, chosen, approved, now)
        take_over(office, since, now)
    generation = str(chosen.newest + 2)  # a database of today may be one ahead of the newest copy
    _replay(office, approved, now, progress)
    _require_keys(office, progress)
    with office.connection.begin(), office.vault_connection.begin():
        _hold_unmatched(office, now)
        office.vault.set_mark(Mark.GENERATION, generation)
        set_mark(office.connection, StoreMark.GENERATION, generation)
        set_mark(office.connection, StoreMark.INTENDED, None)
        set_mark(office.connection, StoreMark.EPOCH, office.vault.mark(Mark.EPOCH))
        set_mark(office.connection, StoreMark.ESCROW, None)
        _catch_up(office)
    for connection in (office.connection, office.vault_connection):
        truncate_log(connection)


def _settle(office: Office, chosen: Chosen, since: Since, given: Given, now: datetime) -> Approved:
    """By actors of the copy, whose entries its newest checkpoint vouches for, and of the vault. Raises ApprovalError."""
    enrolled = [one for one in office.roster.enrolments() if one.actor.key.fingerprint not in since.left]
    actors = [*(one.actor for one in enrolled), *since.joined]
    approved = settle_by(actors, preview_of(office, chosen), given, office, now, people=_PEOPLE)
    require_vouched(office, enrolled, approved)
    return approved


def _catch_up(office: Office) -> None:
    """The copies stand under the keys of today, whatever has been rotated since they were made."""
    for purpose in ROTATED:
        active = office.ring.key_id(purpose)
        if purpose in DIGESTS:
            stack_store(office, purpose, active)
            stack_vault(office, purpose, active)
        else:
            set_mark(office.connection, StoreMark(purpose), active)
    set_mark(office.connection, StoreMark.ROOT, root_id(office.root))


def _record(path: Path, which: Which) -> Copy:
    found = read_copy(path.with_name(f"{path.name}.json"))
    if found.which is not which:
        raise UsageError(f"{path} is a copy of the other database")
    return found


def _open_log(office: Office, chosen: Chosen, approved: Approved, now: datetime) -> None:
    entry = StoreRestored(
        id=new_id(),
        time=now,
        actor=actor_of(approved),
        approved=approved,
        copy_of_gateway=chosen.gateway.sha256,
        copy_of_vault=chosen.vault.sha256,
        log_key=str(office.log.key),
        lost_origin=chosen.lost.origin,
        lost_root=chosen.lost.root.hex(),
        lost_size=chosen.lost.size,
        origin=office.log.origin,
        record=office.outside.journal.head().record.number,
    )
    append(office.connection, entry)
    set_mark(office.connection, StoreMark.ORIGIN, office.log.origin)


def _replay(office: Office, approved: Approved, now: datetime, progress: Progress) -> None:
    for record, sha256 in _with_digests(office):
        replay(office, record, sha256, approved, now)
        progress("erasures carried out again", len(record.claims))


def _with_digests(office: Office) -> Iterator[tuple[Record, str]]:
    """Every record that names claims, with the digest by which the next one names it."""
    for record, following in pairwise(office.outside.journal.records()):
        if record.claims:
            yield record, following.previous
    head = office.outside.journal.head()
    if head.record.claims:
        yield head.record, head.sha256


def _require_keys(office: Office, progress: Progress) -> None:
    """A known claim has a key in the vault, or was erased, and then is known no more. Raises IntegrityError."""
    after = ""
    while True:
        with office.connection.begin(), office.vault_connection.begin():
            page = office.claims.ids(after, _PAGE)
            lacking = set(page) - office.vault.known(page)
        if lacking:
            raise IntegrityError(
                f"the copy of the vault lacks the keys of {counted(len(lacking), 'claim')} that gateway.db knows and the "
                "erasure journal does not: it is older than it says; name another copy of the vault"
            )
        if not page:
            return
        progress("claims found in the vault", len(page))
        after = page[-1]


def _hold_unmatched(office: Office, now: datetime) -> None:
    after = ""
    while page := office.vault.case_references(after, _PAGE):
        after = page[-1].reference
        for agency in {one.agency for one in page}:
            claims = [one.owner for one in page if one.agency == agency]
            known = office.cases.of_claims(agency, claims)
            office.unmatched.add([claim for claim in claims if claim not in known], agency)
    write_restoring(office, Restoring(since=now, awaited=_awaited(office)))


def _awaited(office: Office) -> tuple[tuple[str, str], ...]:
    """Every agency of the configuration that an entity's claims go to, or went to."""
    settings, source = office.configuration.settings, office.configuration.source
    mandated = {(one.agency, source(one.source).entity) for one in settings.mandates}
    configured = {one.id for one in settings.agencies}
    return tuple(sorted(pair for pair in mandated | office.cases.agencies() if pair[0] in configured))
