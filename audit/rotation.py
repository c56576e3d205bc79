"""A log's next key, shown by an entry that lies under a checkpoint of the key before it."""

from collections.abc import Iterable

from audit.checkpoint import open_checkpoint, parse_proof
from audit.entry import decode
from audit.merkle import leaf_hash
from audit.note import NoteError, VerifierKey, parse_key
from audit.proofs import check_inclusion
from schemas.entry import LogKeyRotated


def names_key(leaf: bytes) -> bool:
    """Whether a leaf of a verified log is the entry that names its next key."""
    return isinstance(decode(leaf), LogKeyRotated) if b'"event":"log.key-rotated"' in leaf else False


def successor(key: VerifierKey, proof: bytes) -> VerifierKey:
    """The key that follows `key`. Raises NoteError, CheckpointError, ProofError, EntryError."""
    found = parse_proof(proof)
    checkpoint = open_checkpoint(found.checkpoint, key)
    check_inclusion(found.index, checkpoint.size, leaf_hash(found.extra), checkpoint.root, found.path)
    entry = decode(found.extra)
    if not isinstance(entry, LogKeyRotated):
        raise NoteError("the entry names no new key")
    following = parse_key(entry.log_key)
    if following.name != key.name:
        raise NoteError("the new key is another log's")
    return following


def key_after(key: VerifierKey, proofs: Iterable[bytes]) -> list[VerifierKey]:
    """`key` and those that followed it, as far as the proofs go from it. Raises as `successor` does."""
    keys = [key]
    for proof in proofs:
        try:
            keys.append(successor(keys[-1], proof))
        except NoteError:
            continue  # a rotation from before the key we begin with
    return keys
