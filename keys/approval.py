"""Approvals: an actor's SSH signature over the digest of a preview that the person was shown.

Rules: the namespace is `approval@inkasso-gateway`; what is signed is the preview's SHA-256 as 64 hex digits and LF, which
is what `sha256sum FILE | cut -c1-64` prints, so `ssh-keygen -Y sign` alone can make one and `ssh-keygen -Y verify` check
it; a key is Ed25519 in a file or an agent, or Ed25519 on a security key (`sk-ssh-ed25519@openssh.com`), whose touch is
then demanded; two people are two keys.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from keys.sshsig import Reader, SignatureError, armor, open_envelope, signed_data, string, unbase64

APPROVAL_NAMESPACE: Final = "approval@inkasso-gateway"
_PLAIN: Final = b"ssh-ed25519"
_TOKEN: Final = b"sk-ssh-ed25519@openssh.com"
_KEY_BYTES: Final = 32
_TOUCHED: Final = 1  # the user-presence bit (PROTOCOL.u2f)

SignBlob = Callable[[bytes], bytes]
"""Signs bytes and returns an SSH signature blob: what a key in a file or an agent does."""


@dataclass(frozen=True, slots=True)
class ActorKey:
    """An actor's public key. `application` is what a security key binds its signatures to, None for a plain key."""

    blob: bytes
    key: Ed25519PublicKey
    application: bytes | None

    @property
    def line(self) -> str:
        """The key as OpenSSH writes it, without comment."""
        kind = _PLAIN if self.application is None else _TOKEN
        return f"{kind.decode()} {base64.b64encode(self.blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint as `ssh-keygen -l` shows it."""
        return f"SHA256:{base64.b64encode(hashlib.sha256(self.blob).digest()).rstrip(b'=').decode()}"


def parse_actor_key(line: str) -> ActorKey:
    """An actor's key from its OpenSSH line; a comment is ignored. Raises SignatureError."""
    words = line.split()
    if len(words) < 2 or words[0].encode() not in (_PLAIN, _TOKEN):
        raise SignatureError("an ssh-ed25519 or sk-ssh-ed25519@openssh.com key line is expected")
    blob = unbase64(words[1].encode())
    reader = Reader(blob)
    kind, raw = reader.string(), reader.string()
    application = reader.string() if kind == _TOKEN else None
    reader.end()
    if kind != words[0].encode() or len(raw) != _KEY_BYTES:
        raise SignatureError("the key is not of the kind that its line names")
    return ActorKey(blob, Ed25519PublicKey.from_public_bytes(raw), application)


def preview_digest(preview: bytes) -> str:
    """SHA-256 of a preview, 64 lower-case hex digits."""
    return hashlib.sha256(preview).hexdigest()


def approve(preview: bytes, key: ActorKey, sign_blob: SignBlob) -> bytes:
    """The armored approval of a preview. Raises SignatureError if what `sign_blob` returns is not by `key`."""
    signature = armor(key.blob, sign_blob(signed_data(_message(preview), APPROVAL_NAMESPACE)), APPROVAL_NAMESPACE)
    verify_approval(preview_digest(preview), signature, key)
    return signature


def file_signer(key: Ed25519PrivateKey) -> SignBlob:
    """Signs with a key that lies in memory."""
    return lambda data: string(_PLAIN) + string(key.sign(data))


def verify_approval(digest: str, signature: bytes, key: ActorKey) -> str:
    """The digest, once `key` is known to have approved the preview that has it. Raises SignatureError."""
    envelope = open_envelope(signature, APPROVAL_NAMESPACE)
    if envelope.made_by != key.blob:
        raise SignatureError("the signature is by another key")
    reader = Reader(envelope.signature)
    algorithm, raw = reader.string(), reader.string()
    data = signed_data(f"{digest}\n".encode(), APPROVAL_NAMESPACE)
    if key.application is None:
        expected = _PLAIN
    else:
        expected = _TOKEN
        flags, counter = reader.take(1), reader.take(4)
        if not flags[0] & _TOUCHED:
            raise SignatureError("the security key was not touched")
        data = hashlib.sha256(key.application).digest() + flags + counter + hashlib.sha256(data).digest()
    reader.end()
    if algorithm != expected:
        raise SignatureError("the signature is not of its key's kind")
    try:
        key.key.verify(raw, data)
    except InvalidSignature:
        raise SignatureError("the signature does not fit the preview") from None
    return digest


def _message(preview: bytes) -> bytes:
    return f"{preview_digest(preview)}\n".encode()
