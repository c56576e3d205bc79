"""One purpose key on disk: `<purpose>-<id>.json`, wrapped by the root key and bound to id and purpose.

Rules: a state changes by replacing the whole file, so that a kill leaves the old one or the new one. A destroyed key
leaves a file without key, so that what it wrapped is known to be dead and not merely unreadable; the bytes that lay
under its name are overwritten.

Known gap: a file system that copies on write, a snapshot or a worn flash block may keep those bytes. They are wrapped by
the root key; keep the key directory on a disk that is not snapshotted.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from keys.labels import Label, Purpose, bound
from keys.material import Secret
from keys.references import new_id
from keys.root import KeyFileError, next_root, overwrite_private, read_private, replace_private, write_private
from keys.wrap import WrapError, unwrap, wrap
from schemas.base import Instant, Strict
from schemas.canonical import encode_model

Wrapped = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{120}$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-hjkmnp-tv-z]{26}$")]


class KeyState(StrEnum):
    """`next` waits for its turn, `active` wraps and signs, `retired` opens what it once wrapped, `destroyed` is gone."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"
    DESTROYED = "destroyed"


class KeyFile(Strict):
    """A purpose key as it lies on disk. `wrapped` is nonce and ciphertext in hex; `follows` is the key it took over from.

    `rewrapped` is the same key under the root key that waits to take over (custody.root).
    """

    id: KeyId
    purpose: Purpose
    state: KeyState
    created: Instant
    changed: Instant | None = None
    follows: KeyId | None = None
    wrapped: Wrapped | None = None
    rewrapped: Wrapped | None = None

    @model_validator(mode="after")
    def _destroyed_is_gone(self) -> Self:
        destroyed = self.state is KeyState.DESTROYED
        if destroyed != (self.wrapped is None) or (destroyed and self.rewrapped is not None):
            sentence = "a destroyed key, and no other, has no key in its file"
            raise PydanticCustomError(sentence, "{rule}", {"rule": sentence})
        return self

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.purpose}-{self.id}.json"

    def open(self, root: Secret) -> Secret:
        """The key. Raises WrapError if it was altered or belongs to another root key, or is destroyed."""
        try:
            return self._unwrap(root, self.wrapped)
        except WrapError:
            return self._unwrap(root, self.rewrapped)

    def _unwrap(self, root: Secret, wrapped: str | None) -> Secret:
        return Secret(unwrap(root, bytes.fromhex(wrapped or ""), bound(Label.RING_KEY, self.id, self.purpose)))


def create_key(
    directory: Path,
    root: Secret,
    purpose: Purpose,
    now: datetime,
    *,
    state: KeyState = KeyState.ACTIVE,
    follows: str | None = None,
) -> KeyFile:
    """A new key of a purpose. Raises FileExistsError if its file exists."""
    key_id, secret, waiting = new_id(), Secret.generate(), next_root(directory)
    file = KeyFile(
        id=key_id,
        purpose=purpose,
        state=state,
        created=now,
        follows=follows,
        wrapped=_wrapped(root, secret, key_id, purpose),
        rewrapped=None if waiting is None else _wrapped(waiting, secret, key_id, purpose),
    )
    write_private(directory / file.name, _bytes(file))
    return file


def add_key(directory: Path, file: KeyFile) -> None:
    """A key that comes back from its escrow copy. Raises FileExistsError if its file exists."""
    write_private(directory / file.name, _bytes(file))


def read_keys(directory: Path) -> tuple[KeyFile, ...]:
    """All keys of a directory, unopened. Raises KeyFileError."""
    return tuple(map(_read, sorted(directory.glob("*.json"))))


def set_state(directory: Path, file: KeyFile, state: KeyState, now: datetime) -> KeyFile:
    """Moves a key on; destroying has a function of its own."""
    changed = file.model_copy(update={"state": state, "changed": now})
    replace_private(directory / file.name, _bytes(changed))
    return changed


def rewrap_key(directory: Path, file: KeyFile, root: Secret, following: Secret) -> None:
    """A key lies under the root key and under the one that follows it; harmless to repeat. Raises KeyFileError."""
    if file.state is not KeyState.DESTROYED:
        rewrapped = _wrapped(following, opened(directory, file, root), file.id, file.purpose)
        replace_private(directory / file.name, _bytes(file.model_copy(update={"rewrapped": rewrapped})))


def forget_root(directory: Path, file: KeyFile) -> None:
    """A key lies under the root key that followed alone, and its old bytes are overwritten; harmless to repeat."""
    if file.rewrapped is not None:
        changed = file.model_copy(update={"wrapped": file.rewrapped, "rewrapped": None})
        overwrite_private(directory / file.name, _bytes(changed))


def destroy_key(directory: Path, file: KeyFile, now: datetime) -> None:
    """A key is gone for good; harmless to repeat."""
    gone = file.model_copy(update={"state": KeyState.DESTROYED, "changed": now, "wrapped": None, "rewrapped": None})
    overwrite_private(directory / file.name, _bytes(gone))


def opened(directory: Path, file: KeyFile, root: Secret) -> Secret:
    """The key of a file. Raises KeyFileError."""
    try:
        return file.open(root)
    except WrapError:
        path = directory / file.name
        raise KeyFileError(f"{path} does not open: it belongs to another root key, or was altered") from None


def _read(path: Path) -> KeyFile:
    try:
        file = KeyFile.model_validate_json(read_private(path))
    except ValidationError:
        raise KeyFileError(f"{path} is not a key file of this version") from None
    if path.name != file.name:
        raise KeyFileError(f"{path} bears the name of another key")
    return file


def _wrapped(root: Secret, secret: Secret, key_id: str, purpose: Purpose) -> str:
    return wrap(root, secret.reveal(), bound(Label.RING_KEY, key_id, purpose)).hex()


def _bytes(file: KeyFile) -> bytes:
    return encode_model(file) + b"\n"
