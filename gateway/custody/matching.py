"""After a restore: each agency's signed statement is taken, and only then does anything leave.

A statement says which numbers the agency has received, so that none is used twice, and which cases it has, so that what
we sealed and it received counts as sent. What only one side knows is held here until people decide: that is the rule
`unmatched`. A case that
the agency only keeps is only kept here too: the restriction may be of the time that is lost. The agency's books are not
changed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from audit.store import append, entries
from gateway.errors import OverdueError, PartnerError
from gateway.office import Office
from gateway.settings import Agency
from gateway.steps.names import SIGNATURE_SUFFIX
from gateway.steps.unseal import MAXIMUM_MANIFEST_BYTES, MAXIMUM_SIGNATURE_BYTES, Opener, PackageError, read_manifest
from gateway.store.marks import StoreMark, read_mark, set_mark
from gateway.store.packages import Addressee
from gateway.transport.sftp import ContentError, SftpTransport
from keys.references import new_id
from keys.sshsig import AllowedSigner
from schemas.answers import Statement, StatementCase
from schemas.base import Instant, Strict
from schemas.canonical import encode_model
from schemas.custody import PackageLost, StatementTaken, StoreRestored
from schemas.identifiers import PartyId
from schemas.package import Direction, Manifest, PackageType

_ACTOR: Final = "system:restore"
_MAXIMUM_NAMES: Final = 10_000
_MANIFEST: Final = re.compile(r"[0-9a-hjkmnp-tv-z]{26}\.(manifest|void)\.json")


class Restoring(Strict):
    """When the databases were restored, and whose statements, to which of our entities, have not been taken since."""

    since: Instant
    awaited: tuple[tuple[PartyId, PartyId], ...]


def read_restoring(office: Office) -> Restoring | None:
    """The restore that is not finished, inside the caller's transaction; None if there is none."""
    found = read_mark(office.connection, StoreMark.RESTORING)
    return None if found is None else Restoring.model_validate_json(found)


def write_restoring(office: Office, restoring: Restoring) -> None:
    """Keeps what is still awaited; a restore that awaits nothing is finished."""
    text = encode_model(restoring).decode() if restoring.awaited else None
    set_mark(office.connection, StoreMark.RESTORING, text)


def require_matched(office: Office) -> None:
    """Nothing leaves before every agency's books are known. Raises OverdueError."""
    with office.connection.begin():
        restoring = read_restoring(office)
    if restoring is not None:
        names = ", ".join(sorted({agency for agency, _ in restoring.awaited}))
        raise OverdueError(
            f"a restore is not finished: ask {names} for a statement (`inkasso agency statement`), then run "
            "`inkasso feedback`; until then nothing is handed over or sent"
        )


def awaits(office: Office, agency: str, entity: str) -> bool:
    """Whether an agency's statement is awaited, inside the caller's transaction."""
    restoring = read_restoring(office)
    return restoring is not None and (agency, entity) in restoring.awaited


def restored_since(office: Office, entry: int) -> bool:
    """Whether the databases were put back from copies after an entry of the log, inside the caller's transaction."""
    if read_mark(office.connection, StoreMark.ORIGIN) is None:
        return False
    return any(isinstance(one.entry, StoreRestored) for one in entries(office.connection, entry))


def before(office: Office, manifest: Manifest) -> int:
    """The number that comes before an agency's next, inside the caller's transaction.

    What was applied in the time that a restore lost is passed over: the first number since may be any higher one. A number
    that was passed over may still come, for its agency may place it again; without a restore there is none.
    """
    addressee = Addressee(manifest.sender, manifest.recipient, manifest.package_type)
    last = office.inbound.last(addressee)
    if manifest.sequence <= last:
        lost = not office.inbound.has(addressee, manifest.sequence)
    else:
        lost = awaits(office, manifest.sender, manifest.recipient) or (
            manifest.sequence > last + 1 and restored_since(office, office.inbound.last_entry(addressee))
        )
    return manifest.sequence - 1 if lost else last


def take_statements(office: Office, manifest: Manifest, messages: Sequence[object], now: datetime) -> None:
    """Takes a statement made since the restore, of the books of whom it is sent to, inside the caller's transactions."""
    restoring = read_restoring(office)
    if restoring is None or (manifest.sender, manifest.recipient) not in restoring.awaited:
        return
    cases = {one.case_ref: one for one in messages if isinstance(one, StatementCase)}
    for statement in messages:
        if not isinstance(statement, Statement) or statement.creditor != manifest.recipient:
            continue
        if statement.made >= restoring.since:
            _take(office, manifest, statement, cases, now)
            awaited = tuple(one for one in restoring.awaited if one != (manifest.sender, manifest.recipient))
            write_restoring(office, restoring.model_copy(update={"awaited": awaited}))
            return


def pass_over_delivered(
    office: Office, agency: Agency, transport: SftpTransport, now: datetime
) -> Iterator[PartnerError]:
    """Packages of ours that lie at an agency's server, and that we do not know: their numbers are used up too, also where
    a void manifest is all that is left of one. What lies there under such a name and is not ours is a failure, and holds
    nothing up.

    They were sealed in the time that a restore lost, and the agency may not have received them yet. Raises TransportErrors.
    """
    with office.connection.begin():
        restoring = read_restoring(office)
    if restoring is None or agency.id not in {name for name, _ in restoring.awaited}:
        return
    for name in transport.listing(_MAXIMUM_NAMES, delivered=True):
        manifest = name.removesuffix(SIGNATURE_SUFFIX)
        if manifest != name and _MANIFEST.fullmatch(manifest):
            try:
                _pass_over(office, agency, transport, manifest, now)
            except (PackageError, ContentError) as failure:
                yield failure


def _pass_over(office: Office, agency: Agency, transport: SftpTransport, name: str, now: datetime) -> None:
    with office.connection.begin():
        if office.voids.by_id(agency.id, name[:26]):
            return
    key, namespaces = office.ring.signing_key().public_key(), Direction.TO_AGENCY.namespaces
    signers = tuple(AllowedSigner(one.id, namespaces, key) for one in office.configuration.settings.entities)
    folder = office.quarantine
    try:
        for part, limit in ((name, MAXIMUM_MANIFEST_BYTES), (f"{name}{SIGNATURE_SUFFIX}", MAXIMUM_SIGNATURE_BYTES)):
            transport.fetch(part, folder / part, limit, delivered=True)
        manifest = read_manifest(folder, name, Opener(agency.id, Direction.TO_AGENCY, {}, signers)).manifest
    finally:
        for part in (name, f"{name}{SIGNATURE_SUFFIX}"):
            (folder / part).unlink(missing_ok=True)
    addressee = Addressee(agency.id, manifest.sender, manifest.package_type)
    with office.connection.begin():
        if office.packages.pass_over(addressee, manifest.sequence, now):
            lost = PackageLost(
                id=new_id(),
                time=now,
                actor=_ACTOR,
                package=manifest.package_id,
                recipient=agency.id,
                sequence=manifest.sequence,
            )
            append(office.connection, lost)


def _take(
    office: Office, manifest: Manifest, statement: Statement, cases: Mapping[str, StatementCase], now: datetime
) -> None:
    last = {PackageType(one.package_type): one.sequence for one in statement.last}
    for kind, sequence in last.items():
        addressee = Addressee(manifest.sender, manifest.recipient, kind)
        office.packages.pass_over(addressee, sequence, now)
        office.packages.received_up_to(addressee, sequence, now)
    claims = office.vault.owners(cases, manifest.sender)
    found = office.cases.of_claims(manifest.sender, set(claims.values()))
    office.unmatched.state(set(claims.values()) - found.keys(), manifest.sender)
    known = {claim: case for claim, case in found.items() if case.entity == manifest.recipient}
    for case_ref, claim in claims.items():
        if claim in known and cases[case_ref].restricted:
            office.cases.change(known[claim].message_id, restricted=True)
    entry = StatementTaken(
        id=new_id(),
        time=now,
        actor=_ACTOR,
        agency=manifest.sender,
        entity=manifest.recipient,
        last_cases=last.get(PackageType.CASES, 0),
        last_stops=last.get(PackageType.STOPS, 0),
        matched=len(known),
        package=manifest.package_id,
        strange=len(cases) - len(known),
    )
    append(office.connection, entry)
