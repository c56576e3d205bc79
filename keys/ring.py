"""The key ring: the purpose keys of one party, opened with its root key.

Rules: one key a purpose is active. A key file that is not one, two active keys of a purpose, or a key that does not open
stops the start. A purpose whose active key has been retired is served by its `next` one: a rotation was killed between
these two steps, and the next start finishes it. Index keys are stacked, not replaced: a digest under the newest is one
over the digest under the key before, so a rotation needs no number in clear.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.keyfile import KeyState, opened, read_keys
from keys.labels import Purpose
from keys.material import Secret
from keys.root import KeyFileError


class Held(NamedTuple):
    """A key of the ring; a destroyed one has no secret."""

    purpose: Purpose
    state: KeyState
    follows: str | None
    secret: Secret | None


class DestroyedKeyError(KeyFileError):
    """What was wrapped by this key is dead: it was destroyed on purpose, and comes back from nowhere."""


class Keyring:
    """The keys of one party: `active` by purpose, and all of them, `held`, by id."""

    def __init__(self, active: dict[Purpose, tuple[str, Secret]], held: Mapping[str, Held] | None = None) -> None:
        self._active = active
        self._held = held if held is not None else _only(active)

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

    def by_id(self, purpose: Purpose, key_id: str) -> Secret:
        """A key by its id, whatever its state. Raises DestroyedKeyError; KeyFileError if the directory lacks it."""
        found = self._held.get(key_id)
        if found is None or found.purpose is not purpose:
            raise KeyFileError(
                f"the key directory lacks {purpose} key {key_id}: bring it back with `inkasso key import`"
            )
        if found.secret is None:
            raise DestroyedKeyError(f"{purpose} key {key_id} was destroyed: what it wrapped is dead")
        return found.secret

    def kept(self, purpose: Purpose) -> list[Secret]:
        """All keys of a purpose that were not destroyed, the active one first. Raises KeyFileError if there is none."""
        active = self.key_id(purpose)
        others = [one for key_id, one in self._held.items() if one.purpose is purpose and key_id != active]
        return [self.secret(purpose), *(one.secret for one in others if one.secret is not None)]

    def is_destroyed(self, key_id: str) -> bool:
        """Whether a key was destroyed on purpose, which is another thing than missing."""
        found = self._held.get(key_id)
        return found is not None and found.state is KeyState.DESTROYED

    def stack(self, purpose: Purpose, key_id: str) -> tuple[Secret, ...]:
        """A key and all those it took over from, the oldest first. Raises KeyFileError."""
        secrets: list[Secret] = []
        following: str | None = key_id
        while following is not None:
            secrets.insert(0, self.by_id(purpose, following))
            following = self._held[following].follows
        return tuple(secrets)

    def succession(self, purpose: Purpose) -> tuple[list[Secret], int]:
        """All keys of a purpose, the oldest first, the one that waits last; and the place of the active one."""
        newest = self.key_id(purpose)
        for key_id, one in self._held.items():
            if one.purpose is purpose and one.state is KeyState.NEXT:
                newest = key_id
        older = self.stack(purpose, newest)
        return list(older), len(self.stack(purpose, self.key_id(purpose))) - 1

    def signing_key(self) -> Ed25519PrivateKey:
        """The Ed25519 key that signs manifests."""
        return self.ed25519_key(Purpose.PACKAGE_SIGNING)

    def ed25519_key(self, purpose: Purpose) -> Ed25519PrivateKey:
        """The active key of a purpose that signs. Raises KeyFileError if there is none."""
        return Ed25519PrivateKey.from_private_bytes(self.secret(purpose).reveal())


def load_ring(directory: Path, root: Secret, purposes: Iterable[Purpose]) -> Keyring:
    """All keys of a directory. Raises KeyFileError if one does not open, or a purpose lacks exactly one active key."""
    held: dict[str, Held] = {}
    active: dict[Purpose, tuple[str, Secret]] = {}
    waiting: dict[Purpose, tuple[str, Secret]] = {}
    for file in read_keys(directory):
        secret = None if file.state is KeyState.DESTROYED else opened(directory, file, root)
        held[file.id] = Held(file.purpose, file.state, file.follows, secret)
        place = {KeyState.ACTIVE: active, KeyState.NEXT: waiting}.get(file.state)
        if place is None or secret is None:
            continue
        if file.purpose in place:
            raise KeyFileError(f"two {file.state} {file.purpose} keys lie in {directory}: remove the one never used")
        place[file.purpose] = (file.id, secret)
    serving = waiting | active
    missing = sorted(set(purposes) - set(serving))
    if missing:
        raise KeyFileError(f"{directory} holds no active key for: {', '.join(missing)}; restore it from escrow")
    return Keyring(serving, held)


def _only(active: dict[Purpose, tuple[str, Secret]]) -> dict[str, Held]:
    return {key_id: Held(purpose, KeyState.ACTIVE, None, secret) for purpose, (key_id, secret) in active.items()}
