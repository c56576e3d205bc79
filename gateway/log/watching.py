"""A witness on a machine of its own, such as the data-protection officer's: a key, and the last checkpoint of one log."""

import secrets
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import CheckpointError, EntryProof, format_proof, parse_checkpoint
from audit.entry import EntryError
from audit.exported import ExportedLog
from audit.note import COSIGNATURE, NoteError, NoteSigner, VerifierKey, parse_key, signed_by
from audit.proofs import Subtree, consistency_proof, inclusion_proof
from audit.rotation import key_after, names_key
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
        rotations = _rotations(log)
        key_of_head = next((one for one in reversed(key_after(first, rotations)) if signed_by(note, one)), first)
        witness.see(_LOG, Shown(note, key_of_head, now, proofs, rotations))
    except AlarmError as error:
        raise IntegrityError(f"ALARM, this log cannot be trusted: {error}") from None
    except (WitnessError, NoteError, CheckpointError, EntryError) as error:
        raise IntegrityError(f"the checkpoint was not cosigned: {error}") from None
    return home / f"{_LOG}.cosigned"


def _consistency(log: ExportedLog, old: int, new: int) -> list[bytes]:
    return consistency_proof(old, new, _tiles(log, new))


def _rotations(log: ExportedLog) -> tuple[bytes, ...]:
    """For each change of the log's key, the proof that it lies under a checkpoint of the key before."""
    proofs, size = [], log.head().size
    heads = [(parse_checkpoint(note.rpartition(b"\n\n")[0] + b"\n").size, note) for note in log.checkpoints()]
    stretches = (log.leaves(start, min(start + TILE_WIDTH, size)) for start in range(0, size, TILE_WIDTH))
    for index, leaf in enumerate(chain.from_iterable(stretches)):
        if names_key(leaf):
            over, note = next(one for one in heads if one[0] > index)
            path = tuple(inclusion_proof(index, over, _tiles(log, size)))
            proofs.append(format_proof(EntryProof(index, path, note, leaf)))
    return tuple(proofs)


def _tiles(log: ExportedLog, size: int) -> Subtree:
    def read(level: int, number: int) -> bytes:
        width = min(TILE_WIDTH, (size >> (8 * level)) - number * TILE_WIDTH)
        return log.tile(level, number, width) or b""

    return subtrees(read)


def _signer(home: Path) -> NoteSigner:
    try:
        name, _, text = read_private(home / _KEY_NAME).decode("ascii", "replace").strip().partition(" ")
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    except (KeyFileError, ValueError):
        raise UsageError(f"{home} is no witness, or its key is damaged: make one with --init") from None
    return NoteSigner(VerifierKey(name, COSIGNATURE, key.public_key().public_bytes_raw()), key.sign)
