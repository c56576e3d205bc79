"""A witness on a machine of its own, such as the data-protection officer's: a key, and the last checkpoint of one log."""

import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import CheckpointError
from audit.entry import EntryError
from audit.exported import ExportedLog
from audit.note import COSIGNATURE, NoteError, NoteSigner, VerifierKey, parse_key
from audit.proofs import consistency_proof
from audit.tiles import TILE_WIDTH, subtrees
from audit.verify import verify
from audit.witness import AlarmError, Shown, Witness, WitnessError
from gateway.errors import IntegrityError, UsageError
from keys.root import KeyFileError, read_private, write_private

_KEY_NAME: Final = "witness.key"
_NAME: Final = "witness"
_LOG: Final = "log"


def create_witness(home: Path, now: datetime) -> None:
    """A witness's folder and key. Raises UsageError if there is one."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{_NAME}-{now:%Y}-{secrets.token_hex(4)}"
    key = Ed25519PrivateKey.generate().private_bytes_raw().hex()
    try:
        write_private(home / _KEY_NAME, f"{name} {key}\n".encode())
    except FileExistsError:
        raise UsageError(f"{home} is a witness already: leave --init out") from None


def watch_export(home: Path, folder: Path, key: str | None, now: datetime) -> Path:
    """Verifies an export whole, shows it to the witness, and returns where the cosigned checkpoint lies.

    Raises IntegrityError for a fault of the log or an alarm, UsageError if the witness was never made.
    """
    witness = Witness(home, _signer(home))
    log = ExportedLog(folder)
    try:
        first = log.key() if key is None else parse_key(key)
        verdict = verify(log, first)
        if verdict.fault is not None:
            raise IntegrityError(f"the export does not verify: {verdict.fault.rule}; nothing was cosigned")
        size, note = log.head().size, log.checkpoints()[-1]
        kept = witness.kept_size(_LOG)
        proofs = {} if kept is None or not 0 < kept < size else {kept: _consistency(log, kept, size)}
        witness.see(_LOG, Shown(note, first, now, proofs))
    except AlarmError as error:
        raise IntegrityError(f"ALARM, this log cannot be trusted: {error}") from None
    except (WitnessError, NoteError, CheckpointError, EntryError) as error:
        raise IntegrityError(f"the checkpoint was not cosigned: {error}") from None
    return home / f"{_LOG}.cosigned"


def _consistency(log: ExportedLog, old: int, new: int) -> list[bytes]:
    def read(level: int, number: int) -> bytes:
        width = min(TILE_WIDTH, (new >> (8 * level)) - number * TILE_WIDTH)
        return log.tile(level, number, width) or b""

    return consistency_proof(old, new, subtrees(read))


def _signer(home: Path) -> NoteSigner:
    try:
        name, _, text = read_private(home / _KEY_NAME).decode("ascii", "replace").strip().partition(" ")
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    except (KeyFileError, ValueError):
        raise UsageError(f"{home} is no witness, or its key is damaged: make one with --init") from None
    return NoteSigner(VerifierKey(name, COSIGNATURE, key.public_key().public_bytes_raw()), key.sign)
