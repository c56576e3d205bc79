"""Keys that sign approvals here: an OpenSSH private key in a file, or whatever the person's SSH agent holds.

Rules: a key file is its owner's alone and unencrypted (an encrypted one belongs into an agent, or to `ssh-keygen`); an
agent is asked only for keys that are on the roster. Nothing of a key is kept.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from paramiko import Agent, AgentKey, SSHException

from gateway.errors import UsageError
from gateway.people.approvals import ApprovalError, Signer
from gateway.store.roster import Actor
from keys.approval import SignBlob, file_signer, parse_actor_key
from keys.root import read_private
from keys.sshsig import public_line


def file_key(path: Path) -> Signer:
    """A key from its file. Raises UsageError; keys.root.KeyFileError for a file that others may read."""
    if path.suffix == ".pub":
        raise UsageError(f"{path}: that is the public key; name the private one, which has no .pub")
    if not path.exists():
        raise UsageError(f"{path} does not exist: name the file of your own OpenSSH key")
    try:
        key = load_ssh_private_key(read_private(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(
            f"{path} is not an unencrypted OpenSSH key: put an encrypted one into an agent (--agent), or sign with "
            "`ssh-keygen -Y sign` (docs/approvals.md)"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is not an Ed25519 key: `ssh-keygen -t ed25519` makes one")
    return Signer(parse_actor_key(public_line(key.public_key())), file_signer(key))


@contextmanager
def agent_key(actors: Sequence[Actor]) -> Iterator[Signer]:
    """The first key of the SSH agent that is on the roster. Raises ApprovalError if there is none."""
    agent = Agent()
    try:
        held = {key.asbytes(): key for key in agent.get_keys()}
        for actor in actors:
            if actor.key.blob in held:
                yield Signer(actor.key, _sign_with(held[actor.key.blob]))
                return
    except SSHException:
        raise ApprovalError("the SSH agent did not answer, or refused to sign; nothing was done") from None
    finally:
        agent.close()
    raise ApprovalError("the SSH agent holds no key of an active actor: `ssh-add` it, and check SSH_AUTH_SOCK")


def _sign_with(key: AgentKey) -> SignBlob:
    def sign(data: bytes) -> bytes:
        answer: object = key.sign_ssh_data(data)  # bytes, whatever the type stubs say
        return answer if isinstance(answer, bytes) else b""

    return sign
