"""A witness: keeps the last checkpoint of each log it watches, and signs only what continues it.

Rules: the first checkpoint under a name pins the log's origin and key; each later one must be proven to continue the one
kept; what is kept is durable before a cosignature is given. Another history, a smaller tree shown later, or another log
under a pinned name raises an alarm that lies in a file and stays until a person takes it away; an alarm gets no
cosignature. A checkpoint shown earlier than the one kept (packages overtake each other) is neither.

A cosignature (C2SP tlog-cosignature/v1) says: this is the largest tree of this log that I have seen, and it continues
all I saw before. `Witness.see` is the whole of it; `<name>.cosigned` is what the owner of the log may have back.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from audit.checkpoint import Checkpoint, CheckpointError, open_checkpoint
from audit.durable import replace_durably
from audit.note import NoteError, NoteSigner, VerifierKey, cosign, parse_key
from audit.proofs import ProofError, check_consistency
from audit.rotation import key_after
from schemas.base import Instant, Strict
from schemas.canonical import encode_model
from schemas.leaf import LogKey


class WitnessError(Exception):
    """A checkpoint cannot be judged: unsigned, or without a proof from the one kept. Nothing was kept or signed."""


class AlarmError(Exception):
    """The log contradicts itself. The message names the alarm's file, which stays until a person removes it."""


class _Kept(Strict):
    log_key: LogKey
    note: str
    shown: Instant


@dataclass(frozen=True, slots=True)
class Shown:
    """What a witness is shown: a checkpoint, the log's key, and what connects it to the one kept.

    `consistency` maps an older size to its proof; `rotations` are proofs of new keys (tlog-proof texts with the entry as
    extra); `time` is when it was shown, by the signed manifest if it came in one.
    """

    note: bytes
    key: VerifierKey
    time: datetime
    consistency: Mapping[int, Sequence[bytes]]
    rotations: tuple[bytes, ...] = ()


class Witness:
    """The checkpoints kept in one folder, and the key that cosigns."""

    def __init__(self, folder: Path, signer: NoteSigner) -> None:
        self._folder = folder
        self._signer = signer

    @property
    def key(self) -> VerifierKey:
        """The key that checks our cosignatures, for those whose logs we watch."""
        return self._signer.key

    def see(self, name: str, shown: Shown) -> bytes:
        """The cosigned checkpoint of the log kept under `name` (`[a-z0-9.-]`); the one kept, if `shown` is older.

        Raises AlarmError, WitnessError.
        """
        alarm = self._path(name, "alarm")
        if alarm.exists():
            raise AlarmError(f"{alarm} stands since an earlier run: compare checkpoints with the log's owner first")
        kept = self._kept(name)
        try:
            checkpoint = self._judged(kept, shown)
        except AlarmError as error:
            replace_durably(alarm, _alarm_text(str(error), kept, shown))
            raise AlarmError(f"{error}; both checkpoints lie in {alarm}") from None
        if checkpoint is None:
            return self.cosigned(name)
        state = _Kept(log_key=str(shown.key), note=shown.note.decode(), shown=shown.time)
        replace_durably(self._path(name, "json"), encode_model(state))
        cosigned = cosign(shown.note, self._signer, int(shown.time.timestamp()))
        replace_durably(self._path(name, "cosigned"), cosigned)
        return cosigned

    def kept_size(self, name: str) -> int | None:
        """How many entries the checkpoint kept of a log covers; None if none is kept. Raises WitnessError."""
        kept = self._kept(name)
        return None if kept is None else _opened(kept.note.encode(), parse_key(kept.log_key)).size

    def alarms(self) -> list[Path]:
        """The files of alarms that stand."""
        return sorted(self._folder.glob("*.alarm"))

    def cosigned(self, name: str) -> bytes:
        """The last cosigned checkpoint of a log, as a note. Raises WitnessError if there is none."""
        try:
            return self._path(name, "cosigned").read_bytes()
        except OSError:
            raise WitnessError("no checkpoint of this log has been cosigned") from None

    def _judged(self, kept: _Kept | None, shown: Shown) -> Checkpoint | None:
        """The checkpoint to keep; None if it is older than the one kept and was shown before it."""
        if kept is None:
            return _opened(shown.note, shown.key)
        pinned = parse_key(kept.log_key)
        if pinned.name != shown.key.name:
            raise AlarmError("another log is shown under the name of the one kept")
        try:
            keys = key_after(pinned, shown.rotations)
        except (CheckpointError, ProofError, ValueError):
            raise WitnessError("the proof of a new log key does not hold") from None
        if shown.key not in keys:
            raise AlarmError("the log's key changed, and the old one did not sign for the new one")
        new, old = _opened(shown.note, shown.key), _opened(kept.note.encode(), pinned)
        if new.size < old.size:
            if shown.time > kept.shown:
                raise AlarmError("the log shrank: it is smaller than it was shown before")
            return None
        _check_continues(old, new, shown.consistency)
        return new

    def _kept(self, name: str) -> _Kept | None:
        path = self._path(name, "json")
        if not path.exists():
            return None
        try:
            return _Kept.model_validate_json(path.read_bytes())
        except ValidationError:
            raise WitnessError(
                f"{path} is damaged: restore it from a backup; it is what this witness remembers"
            ) from None

    def _path(self, name: str, kind: str) -> Path:
        return self._folder / f"{name}.{kind}"


def _opened(note: bytes, key: VerifierKey) -> Checkpoint:
    try:
        return open_checkpoint(note, key)
    except (NoteError, CheckpointError):
        raise WitnessError("the checkpoint is not signed by the log's key") from None


def _check_continues(old: Checkpoint, new: Checkpoint, consistency: Mapping[int, Sequence[bytes]]) -> None:
    if new.size == old.size:
        if not hmac.compare_digest(new.root, old.root):
            raise AlarmError("two histories: another root at the size that was shown before")
        return
    proof = consistency.get(old.size)
    if proof is None:
        raise WitnessError(f"nothing connects the checkpoint with the one kept over {old.size} entries")
    try:
        check_consistency(old.size, new.size, old.root, new.root, proof)
    except ProofError:
        raise AlarmError("two histories: the log does not continue what was shown before") from None


def _alarm_text(reason: str, kept: _Kept | None, shown: Shown) -> bytes:
    lines = [reason, f"shown {shown.time.isoformat()}", "", "kept:", "" if kept is None else kept.note, "shown:"]
    return "\n".join(lines).encode() + b"\n" + shown.note
