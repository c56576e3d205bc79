"""`init` and `agency init`: the only code that creates stores, keys and folders, and never over existing ones."""

import hashlib
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy.engine import Connection

from audit.guards import set_guards
from audit.log import Log
from audit.store import AUDIT_METADATA, append
from gateway.agency.settings import load_agency
from gateway.agency.tables import CASES_METADATA, IDENTITIES_METADATA
from gateway.errors import UsageError
from gateway.outside import JOURNAL_NAME, Outside, log_signer, open_journal
from gateway.people.roster import enrol_first
from gateway.store.marks import begin_marks
from gateway.store.roster import Actor
from gateway.store.tables import STORE_METADATA
from gateway.transport.sftp import ANSWERS_FOLDER
from gateway.wiring import AGENCY_PURPOSES, ALLOWED_SIGNERS, CREDITOR_PURPOSES, cosigner
from keys.agekey import identity_lines
from keys.journal import create_journal
from keys.keyfile import create_key
from keys.labels import Purpose
from keys.recipients import HybridIdentity
from keys.references import new_id
from keys.ring import Keyring, load_ring
from keys.root import create_root, load_root, root_id, write_private
from keys.sqlite import create_store
from keys.sshsig import load_allowed_signers, public_line
from keys.vault import Vault
from keys.vault_tables import VAULT_METADATA
from schemas.entry import StoreCreated
from schemas.package import Direction, Part

CONFIGURATION = "inkasso.toml"
CLIENT_KEY = "sftp_ed25519"


def init_creditor(home: Path, configuration: str, now: datetime, first: Actor | None = None) -> str:
    """A creditor's home: configuration, keys, stores, folders, the log's first entry, and the first actor.

    Returns the age recipient for answers. Raises UsageError if anything is there already; nothing is overwritten.
    """
    keys = _new_home(home, configuration, ("keys", "outbox", "inbox", "quarantine", "journal", "readings"))
    create_root(keys)
    root = load_root(keys, None)
    for purpose in CREDITOR_PURPOSES:
        create_key(keys, root, purpose, now)
    client_key = Ed25519PrivateKey.generate()
    write_private(keys / CLIENT_KEY, openssh(client_key))
    write_private(keys / f"{CLIENT_KEY}.pub", f"{public_line(client_key.public_key())}\n".encode())
    ring = load_ring(keys, root, CREDITOR_PURPOSES)
    pair = new_id()
    with create_store(home / "vault.db", VAULT_METADATA).connect() as connection, connection.begin():
        Vault(connection, ring).begin(pair)
    folder = home / "journal"
    journal_key = ring.ed25519_key(Purpose.JOURNAL_SIGNING)
    create_journal(folder / JOURNAL_NAME, journal_key, pair, now)
    gateway_store = create_store(home / "gateway.db", STORE_METADATA)
    with gateway_store.connect() as connection:
        with connection.begin():
            begin_marks(connection, pair, ring, root_id(root))
        log = _create_log(connection, ring, pair, now, first)
        Outside(folder, open_journal(folder, ring)).keep(connection, log)
    return _new_agekey(keys, Part.ANSWERS)


def _create_log(connection: Connection, ring: Keyring, pair: str, now: datetime, first: Actor | None) -> Log:
    """The log of a new store, with its first entries and checkpoint."""
    signer = log_signer(ring, f"inkasso-gateway/{new_id()}")
    with connection.begin():
        AUDIT_METADATA.create_all(connection)
        set_guards(connection)
    with Log(connection, signer) as log, connection.begin():
        created = StoreCreated(
            id=new_id(),
            time=now,
            actor="system:init",
            pair=hashlib.sha256(pair.encode()).hexdigest(),
            origin=log.origin,
            log_key=str(signer.key),
        )
        append(connection, created)
        if first is not None:
            enrol_first(connection, first, now)
    return log


def init_agency(home: Path, configuration: str, allowed_signers: str, now: datetime) -> dict[Part, str]:
    """An agency's home: configuration, store keys, age identities of each part, stores. Returns the recipients by part.

    Raises UsageError if anything is there already.
    """
    keys = _new_home(home, configuration, ("keys", "witness", "readings"))
    create_root(keys)
    root = load_root(keys, None)
    for purpose in AGENCY_PURPOSES:
        create_key(keys, root, purpose, now)
    recipients = {part: _new_agekey(keys, part) for part in Direction.TO_AGENCY.parts}
    write_private(keys / ALLOWED_SIGNERS, allowed_signers.encode())
    create_store(home / "cases.db", CASES_METADATA).dispose()
    create_store(home / "identities.db", IDENTITIES_METADATA).dispose()
    chosen = load_agency(home / CONFIGURATION)
    (chosen.path(chosen.settings.server) / ANSWERS_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    return recipients


def agency_signer(home: Path) -> str:
    """The public line of the key that signs an agency's answers: for `signers` in the creditor's configuration."""
    keys = home / "keys"
    return public_line(load_ring(keys, load_root(keys, None), AGENCY_PURPOSES).signing_key().public_key())


def agency_cosigner(home: Path, name: str) -> str:
    """The public key of an agency's cosignatures: for `cosigner` in the creditor's configuration."""
    keys = home / "keys"
    return str(cosigner(load_ring(keys, load_root(keys, None), AGENCY_PURPOSES), name).key)


def agency_signers(home: Path, name: str) -> tuple[str, str]:
    """Both public keys by which an agency is believed: of its answers, and of its cosignatures."""
    return agency_signer(home), agency_cosigner(home, name)


def add_creditor(home: Path, lines: str, allowed_signers: str) -> None:
    """Lets an agency trust and answer a creditor from now on: a block of its configuration, a line of its signers."""
    for path, text in ((home / CONFIGURATION, lines), (home / "keys" / ALLOWED_SIGNERS, allowed_signers)):
        with path.open("a", encoding="utf-8") as file:
            file.write(text)


def read_allowed_signers(path: Path) -> str:
    """The creditor's lines, once they parse. Raises UsageError."""
    try:
        text = path.read_text("ascii")
        if not load_allowed_signers(text):
            raise UsageError(f"{path} names no signer: put the creditor's line into it")
    except (OSError, ValueError):
        raise UsageError(
            f"{path} is not a readable file of allowed signers: it holds the line that the creditor's `doctor` prints"
        ) from None
    return text


def _new_agekey(keys: Path, part: Part) -> str:
    identity = HybridIdentity.generate()
    write_private(keys / f"{part}.agekey", identity_lines(identity))
    return str(identity.recipient)


def _new_home(home: Path, configuration: str, folders: tuple[str, ...]) -> Path:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(home.iterdir()):
        raise UsageError(f"{home} is not empty: choose a new folder; nothing was changed")
    for folder in folders:
        (home / folder).mkdir(mode=0o700)
    write_private(home / CONFIGURATION, configuration.encode())
    return home / "keys"


def openssh(key: Ed25519PrivateKey) -> bytes:
    """A private key in OpenSSH's own format, unencrypted: its protection is its file's mode."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
