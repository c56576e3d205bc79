"""The key ring: one file a key, `<purpose>-<id>.json`, wrapped by the root key and bound to id and purpose.

Rules: each key has an id, a purpose and a state; one key a purpose is active. An unknown file in the directory that
looks like a key, two active keys of a purpose, or a key that does not open stops the start. Rotation and escrow
come with the rights issue; `state` is their place.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import StringConstraints, ValidationError

from keys.labels import Label, Purpose, bound
from keys.material import Secret
from keys.references import new_id
from keys.root import KeyFileError, read_private, write_private
from keys.wrap import WrapError, unwrap, wrap
from schemas.base import Instant, Strict
from schemas.canonical import encode_model


class KeyState(StrEnum):
    """`active` wraps and signs; `retired` only opens what it once wrapped."""

    ACTIVE = "active"
    RETIRED = "retired"


class KeyFile(Strict):
    """A purpose key as it lies on disk. `wrapped` is nonce and ciphertext in hex."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-hjkmnp-tv-z]{26}$")]
    purpose: Purpose
    state: KeyState
    created: Instant
    wrapped: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{120}$")]


class Keyring:
    """The active purpose keys of one party."""

    def __init__(self, active: dict[Purpose, tuple[str, Secret]]) -> None:
        self._active = active

    def __repr__(self) -> str:
        return f"Keyring({', '.join(sorted(self._active))})"

    def secret(self, purpose: Purpose) -> Secret:
        """The active key of a purpose. Raises KeyFileError if there is none."""
        try:
            return self._active[purpose][1]
        except KeyError:
            raise KeyFileError(f"the key directory holds no active {purpose} key: restore it from escrow") from None

    def key_id(self, purpose: Purpose) -> str:
        """The id of the active key of a purpose."""
        return self._active[purpose][0]

    def signing_key(self) -> Ed25519PrivateKey:
        """The Ed25519 key that signs manifests."""
        return Ed25519PrivateKey.from_private_bytes(self.secret(Purpose.PACKAGE_SIGNING).reveal())


def create_key(directory: Path, root: Secret, purpose: Purpose, now: datetime) -> None:
    """A new active key of a purpose. Raises FileExistsError if its file exists."""
    key_id = new_id()
    wrapped = wrap(root, Secret.generate().reveal(), bound(Label.RING_KEY, key_id, purpose))
    file = KeyFile(id=key_id, purpose=purpose, state=KeyState.ACTIVE, created=now, wrapped=wrapped.hex())
    write_private(directory / f"{purpose}-{key_id}.json", encode_model(file) + b"\n")


def load_ring(directory: Path, root: Secret, purposes: Iterable[Purpose]) -> Keyring:
    """All keys of a directory. Raises KeyFileError if one does not open, or a purpose lacks exactly one active key."""
    active: dict[Purpose, tuple[str, Secret]] = {}
    for path in sorted(directory.glob("*.json")):
        file = _read(path)
        try:
            opened = unwrap(root, bytes.fromhex(file.wrapped), bound(Label.RING_KEY, file.id, file.purpose))
        except WrapError:
            raise KeyFileError(f"{path} does not open: it belongs to another root key, or was altered") from None
        if file.state is KeyState.ACTIVE:
            if file.purpose in active:
                raise KeyFileError(f"two active {file.purpose} keys lie in {directory}: remove the one never used")
            active[file.purpose] = (file.id, Secret(opened))
    missing = sorted(set(purposes) - set(active))
    if missing:
        raise KeyFileError(f"{directory} holds no active key for: {', '.join(missing)}; restore it from escrow")
    return Keyring(active)


def _read(path: Path) -> KeyFile:
    try:
        file = KeyFile.model_validate_json(read_private(path))
    except ValidationError:
        raise KeyFileError(f"{path} is not a key file of this version") from None
    if path.name != f"{file.purpose}-{file.id}.json":
        raise KeyFileError(f"{path} bears the name of another key")
    return file
