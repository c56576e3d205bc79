"""The escrow copy: all purpose keys of a party, and its other private files, in one age file for offline identities.

Rules: there is one copy, overwritten whenever the keys change, so that a destroyed epoch key is gone from both places;
it holds the keys as they lie in the key directory, wrapped by the root key, which is escrowed apart; other private files
(age identities, SSH keys) are wrapped by it here. So the copy alone, or the root key alone, opens nothing. Pure: bytes in,
values out.
"""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import StringConstraints, ValidationError

from keys.age import Recipient, Sealer
from keys.keyfile import KeyFile
from keys.labels import Label, bound
from keys.material import Secret
from keys.wrap import unwrap, wrap
from schemas.base import Instant, Strict
from schemas.canonical import encode_model

MAXIMUM_BYTES: Final = 1 << 22  # some ten thousand keys; a directory holds a few dozen


class EscrowError(ValueError):
    """A file is not an escrow copy, or is sealed to other identities."""


class PrivateFile(Strict):
    """A private file of the key directory that is no key of the ring: nonce and ciphertext in hex."""

    name: Annotated[str, StringConstraints(pattern=r"^[^/]{1,255}$")]
    wrapped: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})+$")]

    def open(self, root: Secret) -> bytes:
        """The file's content. Raises keys.wrap.WrapError."""
        return unwrap(root, bytes.fromhex(self.wrapped), bound(Label.ESCROWED, self.name))


def wrap_file(root: Secret, name: str, content: bytes) -> PrivateFile:
    """A private file as the escrow copy holds it."""
    return PrivateFile(name=name, wrapped=wrap(root, content, bound(Label.ESCROWED, name)).hex())


class Escrow(Strict):
    """The keys of a directory at a moment, and its other private files."""

    format: Literal["inkasso-gateway escrow 1"] = "inkasso-gateway escrow 1"
    made: Instant
    keys: tuple[KeyFile, ...]
    files: tuple[PrivateFile, ...] = ()


def seal_escrow(
    keys: Sequence[KeyFile], recipients: Sequence[Recipient], now: datetime, files: Sequence[PrivateFile] = ()
) -> bytes:
    """An escrow copy. Raises ValueError for no recipients, or hybrid and classic ones together."""
    return seal_to(encode_model(Escrow(made=now, keys=tuple(keys), files=tuple(files))), recipients)


def parse_escrow(plain: bytes) -> Escrow:
    """The keys of an opened escrow copy. Raises EscrowError."""
    try:
        return Escrow.model_validate_json(plain)
    except ValidationError:
        raise EscrowError("the file is sealed to this identity, but is no escrow copy of this version") from None


def seal_to(plain: bytes, recipients: Sequence[Recipient]) -> bytes:
    """Something small as an age file."""
    out = io.BytesIO()
    sealer = Sealer(out, recipients)
    sealer.write(plain)
    sealer.finish()
    return out.getvalue()
