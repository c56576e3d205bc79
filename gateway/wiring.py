"""The composition root: the only place with a clock, and where edges meet what uses them.

Nothing is created here. Faults of keys and stores become the errors of `gateway.errors`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from filelock import FileLock, Timeout
from sqlalchemy.engine import Connection

from audit.log import Log
from audit.note import COSIGNATURE, NoteSigner, VerifierKey
from audit.witness import Witness
from gateway.agency.answers import AnswersStore
from gateway.agency.desk import Correspondent, Desk
from gateway.agency.keychange import with_keys_in_force
from gateway.agency.settings import AgencyConfiguration, CreditorProfile
from gateway.agency.store import CasesStore, IdentitiesStore
from gateway.custody.copies import Progress
from gateway.custody.generation import check_companions
from gateway.custody.places import beside, lay_out, put_in_place, remove
from gateway.custody.restore import Chosen, choose
from gateway.errors import UsageError
from gateway.office import Office
from gateway.outside import Outside, last_known, log_signer, log_signers, open_journal, open_log
from gateway.reading import Readings
from gateway.retention.erasing import finish_erasures
from gateway.settings import Agency, Configuration
from gateway.steps.unseal import Opener
from gateway.store.cases import Cases
from gateway.store.claims import Claims
from gateway.store.erasures import Erasures
from gateway.store.items import KeptItems
from gateway.store.marks import StoreMark, read_mark
from gateway.store.packages import Packages
from gateway.store.witnesses import Witnesses
from gateway.transport.sftp import Endpoint, SftpTransport
from keys.labels import Purpose
from keys.material import Secret
from keys.recipients import AgeIdentity, parse_recipient, read_identities
from keys.references import new_id
from keys.ring import Keyring, load_ring
from keys.root import load_root, read_private
from keys.sqlite import open_store
from keys.sshsig import load_allowed_signers
from keys.vault import Vault
from schemas.calendar import day_in_germany
from schemas.package import Direction, Part

CREDITOR_PURPOSES: Final = (
    Purpose.INDEX,
    Purpose.MARKER,
    Purpose.PACKAGE_SIGNING,
    Purpose.EPOCH,
    Purpose.LOG_SIGNING,
    Purpose.JOURNAL_SIGNING,
)
AGENCY_PURPOSES: Final = (
    Purpose.CASES_STORE,
    Purpose.IDENTITIES_STORE,
    Purpose.PACKAGE_SIGNING,
    Purpose.COSIGNING,
    Purpose.LOG_SIGNING,
)
ALLOWED_SIGNERS: Final = "allowed_signers"


class _Databases(NamedTuple):
    gateway: Connection
    vault: Connection


Restore = Callable[[Office, Chosen], bool]
"""Makes copies fit; False if it was not approved yet."""


def clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def creditor_ring(configuration: Configuration) -> Keyring:
    """The creditor's keys. Raises keys.root.KeyFileError."""
    return _ring(configuration.path(configuration.settings.stores.keys), CREDITOR_PURPOSES)


@contextmanager
def open_office(configuration: Configuration) -> Iterator[Office]:
    """The creditor's side, ready to work, for one run at a time.

    Raises UsageError if another run is at work, IntegrityError if the two databases are not a pair; KeyFileError and
    StoreError pass.
    """
    with ExitStack() as stack:
        ring = creditor_ring(configuration)
        stack.enter_context(alone(configuration.path(f"{configuration.settings.stores.gateway}.lock")))
        databases = _databases(stack, configuration)
        vault = Vault(databases.vault, ring)
        check_companions(databases.gateway, databases.vault, vault)
        _check_folders(configuration)
        log = stack.enter_context(open_log(databases.gateway, ring, open_outside(configuration, ring)))
        office = _office(configuration, ring, databases, log)
        finish_erasures(office, clock())
        yield office


def restore_with(configuration: Configuration, gateway: Path, vault: Path, act: Restore, progress: Progress) -> bool:
    """Lays out both copies beside the databases, lets `act` make them fit, and puts them in place if it did.

    Raises UsageError, IntegrityError and KeyFileError for copies that cannot be used; nothing was changed then.
    """
    with alone(configuration.path(f"{configuration.settings.stores.gateway}.lock")):
        ring = creditor_ring(configuration)
        outside = open_outside(configuration, ring)
        chosen = choose(gateway, vault, last_known(outside), ring, progress)
        lay_out(configuration, gateway, vault)
        try:
            with ExitStack() as stack:
                databases = _databases(stack, beside(configuration))
                signer = log_signer(ring, f"inkasso-gateway/{new_id()}")
                log = stack.enter_context(Log(databases.gateway, signer))
                done = act(_office(beside(configuration), ring, databases, log), chosen)
            if done:
                put_in_place(configuration)
                with ExitStack() as stack:
                    connection = _databases(stack, configuration).gateway
                    outside.keep(connection, Log(connection, signer))
            return done
        finally:
            remove(configuration)


def _databases(stack: ExitStack, configuration: Configuration) -> _Databases:
    stores = configuration.settings.stores
    return _Databases(
        stack.enter_context(_connected(configuration.path(stores.gateway))),
        stack.enter_context(_connected(configuration.path(stores.vault))),
    )


def _office(configuration: Configuration, ring: Keyring, databases: _Databases, log: Log) -> Office:
    connection, keys = databases.gateway, configuration.path(configuration.settings.stores.keys)
    with connection.begin():
        index = ring.stack(Purpose.INDEX, read_mark(connection, StoreMark.INDEX) or "")
        marker = ring.stack(Purpose.MARKER, read_mark(connection, StoreMark.MARKER) or "")
    return Office(
        configuration=configuration,
        root=_root(keys),
        credentials=credentials_folder(),
        ring=ring,
        index=index,
        marker=marker,
        connection=connection,
        vault_connection=databases.vault,
        vault=Vault(databases.vault, ring),
        packages=Packages(connection),
        claims=Claims(connection),
        cases=Cases(connection),
        answers_key=read_agekey(keys, Part.ANSWERS),
        witnesses=Witnesses(connection),
        items=KeptItems(connection),
        erasures=Erasures(connection),
        log=log,
        outside=open_outside(configuration, ring),
        connect=lambda agency: SftpTransport(endpoint(configuration, agency)),
    )


def _check_folders(configuration: Configuration) -> None:
    stores = configuration.settings.stores
    if not configuration.path(stores.outbox).is_dir():
        raise UsageError("the outbox folder is missing: restore it; sealed packages that wait to be sent lie in it")
    if not configuration.path(stores.readings).is_dir():
        raise UsageError("the folder of readings is missing: restore it; it holds the log of who saw personal data")
    if not configuration.path(stores.quarantine).is_dir():
        raise UsageError("the quarantine folder is missing: make it, with mode 700; collected answers lie in it")


def open_outside(configuration: Configuration, ring: Keyring) -> Outside:
    """The last checkpoint and the erasure journal of a creditor."""
    folder = configuration.path(configuration.settings.stores.journal)
    return Outside(folder, open_journal(folder, ring))


def endpoint(configuration: Configuration, agency: Agency) -> Endpoint:
    """An agency's server as the transport needs it."""
    server = agency.sftp
    return Endpoint(
        host=server.host,
        port=server.port,
        user=server.user,
        host_key=server.host_key,
        client_key=configuration.path(server.client_key),
        remote_dir=server.remote_dir,
        timeout_seconds=server.timeout_seconds,
        deadline_seconds=server.deadline_seconds,
    )


@contextmanager
def open_desk(configuration: AgencyConfiguration) -> Iterator[Desk]:
    """The agency's side, ready to receive, for one run at a time. Raises UsageError; KeyFileError, StoreError pass."""
    settings = configuration.settings
    keys = configuration.path(settings.keys)
    with ExitStack() as stack:
        ring = _ring(keys, AGENCY_PURPOSES)
        stack.enter_context(alone(configuration.path(f"{settings.cases_store}.lock")))
        cases = stack.enter_context(_connected(configuration.path(settings.cases_store)))
        identities = stack.enter_context(_connected(configuration.path(settings.identities_store)))
        creditors = {one.id: _correspondent(configuration, one) for one in settings.creditors}
        folders = {configuration.path(settings.server): None, **{one.folder: None for one in creditors.values()}}
        desk = Desk(
            folders=tuple(folders),
            opener=Opener(
                recipient=settings.id,
                direction=Direction.TO_AGENCY,
                identities={part: read_agekey(keys, part) for part in Direction.TO_AGENCY.parts},
                signers=load_allowed_signers(read_private(keys / ALLOWED_SIGNERS).decode("ascii", "replace")),
            ),
            abilities=settings.supports,
            ring=ring,
            witness=Witness(configuration.path(settings.witness), cosigner(ring, settings.id)),
            readings=Readings(
                configuration.path(settings.readings), configuration.path(settings.witness), partial(log_signers, ring)
            ),
            creditors=creditors,
            cases_connection=cases,
            identities_connection=identities,
            cases=CasesStore(cases, ring.secret(Purpose.CASES_STORE)),
            persons=IdentitiesStore(identities, ring.secret(Purpose.IDENTITIES_STORE)),
            answers=AnswersStore(cases, ring.secret(Purpose.CASES_STORE)),
        )
        yield with_keys_in_force(desk, day_in_germany(clock()))


def cosigner(ring: Keyring, name: str) -> NoteSigner:
    """The key that cosigns checkpoints of others, as notes know it."""
    key = ring.ed25519_key(Purpose.COSIGNING)
    return NoteSigner(VerifierKey(name, COSIGNATURE, key.public_key().public_bytes_raw()), key.sign)


def _correspondent(configuration: AgencyConfiguration, profile: CreditorProfile) -> Correspondent:
    folder = configuration.path(profile.server or configuration.settings.server)
    return Correspondent(profile.id, folder, tuple(map(parse_recipient, profile.answers_recipients)))


def agency_root(keys: Path) -> Secret:
    """The root key of a key directory. Raises KeyFileError."""
    return _root(keys)


def read_agekey(keys: Path, part: Part) -> Sequence[AgeIdentity]:
    """The age identities that open a part, newest first. Raises KeyFileError."""
    return read_identities(read_private(keys / f"{part}.agekey").decode("ascii", "replace"))


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """At most one run at a time holds this lock. Raises UsageError if another one does."""
    try:
        with FileLock(path, timeout=0, mode=0o600):
            yield
    except Timeout:
        raise UsageError("another run is at work on these stores: wait for it to end; nothing was changed") from None


def _ring(keys: Path, purposes: tuple[Purpose, ...]) -> Keyring:
    return load_ring(keys, _root(keys), purposes)


def _root(keys: Path) -> Secret:
    return load_root(keys, credentials_folder())


def credentials_folder() -> Path | None:
    """Where a service manager keeps the root key, if one does (systemd's LoadCredential)."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None


@contextmanager
def _connected(path: Path) -> Iterator[Connection]:
    engine = open_store(path)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
