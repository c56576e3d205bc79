"""Checkpoints: the signed head of a log (C2SP tlog-checkpoint), and proofs of entries that carry one (tlog-proof).

A checkpoint names the log's origin, its size and its root. The log never writes extension lines, and refuses them.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.merkle import HASH_BYTES
from audit.note import NoteError, NoteSigner, VerifierKey, open_note, sign_note

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_ORIGIN: Final = re.compile(r"[^\s+\x00-\x20\x7f]{1,200}")
_MAXIMUM_SIZE: Final = (1 << 63) - 1
_PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
_MAXIMUM_PATH: Final = 63


class CheckpointError(ValueError):
    """A text is not a checkpoint, or not a proof, in its one form."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head: origin, number of entries, root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class EntryProof:
    """Where an entry stands, the path from its leaf to the checkpoint's root, and the checkpoint as a note.

    `extra` is not authenticated; this log puts the entry's bytes there.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""


def parse_checkpoint(text: bytes) -> Checkpoint:
    """The checkpoint of a note's text. Raises CheckpointError."""
    lines = _lines(text)
    if len(lines) != 4 or lines[3]:
        raise CheckpointError("a checkpoint has three lines")
    if not _ORIGIN.fullmatch(lines[0]):
        raise CheckpointError("a checkpoint begins with its log's origin")
    root = _hash(lines[2])
    checkpoint = Checkpoint(lines[0], _number(lines[1]), root)
    if checkpoint.text() != text:
        raise CheckpointError("the checkpoint is not in its canonical form")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> bytes:
    """The note of a checkpoint."""
    return sign_note(checkpoint.text(), signer)


def open_checkpoint(note: bytes, key: VerifierKey) -> Checkpoint:
    """The checkpoint, once the log's key is known to have signed it. Raises NoteError, CheckpointError.

    The key's name is the log's origin, so a note of another log is refused.
    """
    checkpoint = parse_checkpoint(open_note(note, key))
    if checkpoint.origin != key.name:
        raise NoteError("the checkpoint is of another log than the key")
    return checkpoint


def format_proof(proof: EntryProof) -> bytes:
    """An entry's proof as text (C2SP tlog-proof)."""
    extra = [f"extra {base64.b64encode(proof.extra).decode()}"] if proof.extra else []
    path = [base64.b64encode(node).decode() for node in proof.path]
    lines = [_PROOF_HEADER, *extra, f"index {proof.index}", *path, "", ""]
    return "\n".join(lines).encode() + proof.checkpoint


def parse_proof(text: bytes) -> EntryProof:
    """The proof of a text; its checkpoint is not checked yet. Raises CheckpointError."""
    head, blank, checkpoint = text.partition(b"\n\n")
    lines = _lines(head)
    if not blank or lines[0] != _PROOF_HEADER:
        raise CheckpointError("not a proof of version 1")
    extra = b""
    rest = lines[1:]
    if rest and rest[0].startswith("extra "):
        extra, rest = _unbase64(rest[0].removeprefix("extra ")), rest[1:]
    if not rest or not rest[0].startswith("index ") or len(rest) > _MAXIMUM_PATH + 1:
        raise CheckpointError("a proof names the index of its entry")
    proof = EntryProof(_number(rest[0].removeprefix("index ")), parse_path(rest[1:]), checkpoint, extra)
    if format_proof(proof) != text:
        raise CheckpointError("the proof is not in its canonical form")
    return proof


def parse_path(nodes: Sequence[str]) -> tuple[bytes, ...]:
    """The hashes of a path, one base64 text each. Raises CheckpointError."""
    return tuple(map(_hash, nodes))


def _lines(text: bytes) -> list[str]:
    try:
        return text.decode().split("\n")
    except UnicodeDecodeError:
        raise CheckpointError("checkpoints and proofs are UTF-8") from None


def _number(text: str) -> int:
    if not _DECIMAL.fullmatch(text) or int(text) > _MAXIMUM_SIZE:
        raise CheckpointError("a number is decimal, without leading zeroes, and below 2^63")
    return int(text)


def _hash(text: str) -> bytes:
    decoded = _unbase64(text)
    if len(decoded) != HASH_BYTES:
        raise CheckpointError("a hash has 32 bytes")
    return decoded


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise CheckpointError("base64 is malformed") from None
