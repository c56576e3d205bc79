"""The key with which we come to an agency's server: Ed25519, of this agency alone, in no escrow copy."""

from pathlib import Path

import paramiko

from keys.root import KeyFileError, read_private


def client_key(path: Path) -> paramiko.PKey:
    """The key of a file. Raises KeyFileError."""
    if not path.exists():
        raise KeyFileError(
            f"{path} is missing: restore it, or make a new one with `ssh-keygen -t ed25519` and hand its .pub file to the "
            "agency; it is not in the escrow copy"
        )
    read_private(path)
    try:
        return paramiko.Ed25519Key.from_private_key_file(str(path))
    except (paramiko.SSHException, ValueError, OSError):
        raise KeyFileError(f"{path} is not an Ed25519 client key in OpenSSH's format") from None
