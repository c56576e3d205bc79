"""The escrow copy of the key directory, in its one place: made once, then overwritten whenever the keys change.

The place must hold the copy already when it is overwritten: a folder whose disk is not mounted is not written to.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.errors import UsageError
from gateway.office import Office
from gateway.settings import Escrow
from gateway.store.marks import StoreMark, read_mark, set_mark
from keys.escrow import MAXIMUM_BYTES, seal_escrow, wrap_file
from keys.keyfile import KeyFile, read_keys
from keys.material import Secret
from keys.recipients import RecipientError, parse_recipient
from keys.root import next_root, overwrite_private, read_private, root_id, write_private
from schemas.base import Instant, Strict
from schemas.canonical import encode, encode_model
from schemas.identifiers import Digest

_HOW: Final = "configure [escrow] (docs/keys.md)"


class EscrowMark(Strict):
    """What `gateway.db` knows of the copy: when it was written, its digest, and a digest of the keys and files in it."""

    made: Instant
    sha256: Digest
    keys: Digest


def escrow_of(office: Office) -> Escrow:
    """The configured escrow. Raises UsageError."""
    if office.configuration.settings.escrow is None:
        raise UsageError(f"there is no escrow copy of the keys: {_HOW}, then `inkasso key export`")
    return office.configuration.settings.escrow


def write_escrow(office: Office, now: datetime, without: frozenset[str] = frozenset(), *, first: bool = False) -> None:
    """Overwrites the escrow copy with the keys of today but those in `without`; `first` makes it. Raises UsageError."""
    escrow = escrow_of(office)
    path = office.configuration.path(escrow.location)
    files = [file for file in read_keys(office.keys) if file.id not in without]
    with office.connection.begin():
        root = successor(office) or office.root
    others = private_files(office.keys)
    wrapped = [wrap_file(root, name, content) for name, content in others.items()]
    try:
        sealed = seal_escrow(files, [parse_recipient(one) for one in escrow.recipients], now, wrapped)
    except (RecipientError, ValueError):
        raise UsageError("[escrow] recipients are not age recipients of one kind: all age1pq…, or all age1…") from None
    try:
        (write_private if first else overwrite_private)(path, sealed)
        if not hmac.compare_digest(path.read_bytes(), sealed):
            raise UsageError(f"{path} is not what was written to it: use another disk")
    except FileExistsError:
        raise UsageError(f"{path} is there already: it is overwritten when keys change, or removed by you") from None
    except OSError:
        raise UsageError(
            f"{path} cannot be written: mount its disk, or make its folder, then `inkasso key export`"
        ) from None
    mark = EscrowMark(made=now, sha256=hashlib.sha256(sealed).hexdigest(), keys=digest_of_keys(files, others))
    with office.connection.begin():
        set_mark(office.connection, StoreMark.ESCROW, encode_model(mark).decode())


def examine_escrow(office: Office) -> datetime:
    """When the copy was written. Raises UsageError if it is missing, another file, or of other keys than today's."""
    path = office.configuration.path(escrow_of(office).location)
    with office.connection.begin():
        found = read_mark(office.connection, StoreMark.ESCROW)
    if found is None:
        raise UsageError("the escrow copy was never made: `inkasso key export`")
    mark = EscrowMark.model_validate_json(found)
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES)
    except OSError:
        raise UsageError(f"{path} cannot be read: mount its disk, or make it anew with `inkasso key export`") from None
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), mark.sha256):
        raise UsageError(f"{path} is not the copy that was written last: remove it, then `inkasso key export`")
    if not hmac.compare_digest(digest_of_keys(read_keys(office.keys), private_files(office.keys)), mark.keys):
        raise UsageError(f"{path} holds other keys than the key directory: remove it, then `inkasso key export`")
    return mark.made


def successor(office: Office) -> Secret | None:
    """The root key that has taken over, while its rotation is not finished (`custody.root`); in a transaction."""
    waiting = next_root(office.keys)
    took_over = waiting is not None and read_mark(office.connection, StoreMark.ROOT) == root_id(waiting)
    return waiting if took_over else None


def private_files(directory: Path) -> dict[str, bytes]:
    """The age identities and SSH keys of a key directory, by name."""
    paths = [path for path in directory.iterdir() if path.suffix in {"", ".agekey"} and path.is_file()]
    return {path.name: read_private(path) for path in sorted(paths)}


def digest_of_keys(files: Sequence[KeyFile], others: Mapping[str, bytes]) -> str:
    """A digest of which keys there are that were not destroyed, and of the other private files."""
    hashed = [[name, hashlib.sha256(content).hexdigest()] for name, content in sorted(others.items())]
    return hashlib.sha256(encode([sorted(file.id for file in files if file.wrapped is not None), hashed])).hexdigest()
