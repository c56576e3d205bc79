"""Keys out of the key directory and back into it: the root key sealed for its own escrow, and what comes back.

Rules: the root key leaves only as an age file, and never into the file that holds the other keys. What comes back fills
gaps and replaces nothing: a key that the directory knows, a destroyed one above all, stays as the directory has it.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gateway.errors import UsageError
from gateway.settings import Escrow
from keys.age import AgeError, Identity, unseal
from keys.escrow import MAXIMUM_BYTES, EscrowError, PrivateFile, parse_escrow, seal_to
from keys.keyfile import KeyFile, add_key, read_keys
from keys.material import Secret
from keys.recipients import RecipientError, parse_recipient, read_identities
from keys.root import ROOT_KEY_NAME, load_root, parse_root, read_private, root_text, write_private
from keys.wrap import WrapError


class Imported(NamedTuple):
    """What came back: ids of purpose keys and names of other files; `known` were there already.

    `root`: the file held the root key, and nothing else.
    """

    keys: tuple[str, ...]
    known: int
    root: bool


def export_root(root: Secret, escrow: Escrow, path: Path) -> None:
    """The root key as a new age file for the offline identities: `age -d` gives `root.key` back. Raises UsageError."""
    try:
        sealed = seal_to(root_text(root), [parse_recipient(one) for one in escrow.recipients])
    except (RecipientError, ValueError):
        raise UsageError("[escrow] recipients are not age recipients of one kind: all age1pq…, or all age1…") from None
    try:
        write_private(path, sealed)
    except OSError:
        raise UsageError(f"{path} cannot be written: choose a new name in a folder that exists") from None


def import_escrow(directory: Path, credentials: Path | None, path: Path, identity: Path, *, dry_run: bool) -> Imported:
    """Puts back what the directory lacks; the root key first. Raises UsageError, keys.root.KeyFileError."""
    plain = _opened(path, _identities(identity))
    root = parse_root(plain)
    if root is not None:
        there = (directory / ROOT_KEY_NAME).exists()
        if there and load_root(directory, None) != root:
            raise UsageError(f"{path} holds another root key than the one in {directory}: nothing was changed")
        if not there and not dry_run:
            write_private(directory / ROOT_KEY_NAME, root_text(root))
        return Imported((), int(there), True)
    try:
        escrow = parse_escrow(plain)
    except EscrowError as error:
        raise UsageError(f"{path}: {error}") from None
    known = {file.id for file in read_keys(directory)}
    keys = [file for file in escrow.keys if file.id not in known]
    files = [file for file in escrow.files if not (directory / file.name).exists()]
    if not dry_run:
        _put_back(directory, load_root(directory, credentials), keys, files, path)
    came = (*(file.id for file in keys), *(file.name for file in files))
    return Imported(came, len(escrow.keys) + len(escrow.files) - len(came), False)


def _put_back(directory: Path, root: Secret, keys: Sequence[KeyFile], files: Sequence[PrivateFile], path: Path) -> None:
    try:
        opened = {file.name: file.open(root) for file in files}
    except WrapError:
        raise UsageError(f"{path} belongs to another root key than the one in force: import that one first") from None
    for key in keys:
        add_key(directory, key)
    for name, content in opened.items():
        write_private(directory / name, content)


def _identities(path: Path) -> Sequence[Identity]:
    if not path.is_file():
        raise UsageError(f"{path} is missing: name the offline key file of the escrow")
    try:
        return read_identities(read_private(path).decode("ascii", "replace"))
    except RecipientError:
        raise UsageError(f"{path} holds no age identity: name the offline key file of the escrow") from None


def _opened(path: Path, identities: Sequence[Identity]) -> bytes:
    try:
        with path.open("rb") as file:
            sealed = file.read(MAXIMUM_BYTES)
        return b"".join(unseal(io.BytesIO(sealed), identities))
    except OSError:
        raise UsageError(f"{path} cannot be read: name a file that exists") from None
    except AgeError as error:
        raise UsageError(f"{path} does not open with that identity: {error}") from None
