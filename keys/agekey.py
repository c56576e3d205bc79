"""The file of an age identity: its public key as a comment, the secret below it; the newest comes first."""

from pathlib import Path

from keys.recipients import HybridIdentity
from keys.root import read_private, replace_private


def identity_lines(identity: HybridIdentity) -> bytes:
    """An identity as `age-keygen` writes it."""
    return f"# public key: {identity.recipient}\n{identity.text()}\n".encode()


def add_identity(path: Path) -> str:
    """Puts a new identity before those of a file; its recipient. Raises KeyFileError."""
    identity = HybridIdentity.generate()
    replace_private(path, identity_lines(identity) + read_private(path))
    return str(identity.recipient)
