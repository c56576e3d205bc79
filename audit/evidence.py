"""The evidence for one item: its bytes, r, and the two paths that lead from it to a signed checkpoint.

Whoever holds it and the log's public key can check, without us and for ever, that exactly this was logged; erasing the
item later takes nothing from a proof that was given away.
"""

import base64
from typing import Annotated, NamedTuple

from pydantic import Field

from audit.checkpoint import Checkpoint, CheckpointError, open_checkpoint, parse_path, parse_proof
from audit.entry import decode
from audit.items import commitment
from audit.merkle import leaf_hash
from audit.note import VerifierKey
from audit.proofs import check_inclusion
from schemas.base import Strict
from schemas.entry import Entry

_Text = Annotated[str, Field(max_length=1 << 20)]


class ItemEvidence(Strict):
    """`item` and `opening` in base64, `path` from the item to its entry's root; `entry` is the entry's tlog-proof."""

    place: Annotated[int, Field(ge=0)]
    item: _Text
    opening: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    path: Annotated[tuple[str, ...], Field(max_length=63)]
    entry: _Text


class Proven(NamedTuple):
    """What evidence proves: these bytes are an item of this entry, in the log under this checkpoint."""

    item: bytes
    place: int
    position: int
    entry: Entry
    checkpoint: Checkpoint


def check_evidence(raw: bytes, key: VerifierKey) -> Proven:
    """What the evidence proves under a key of the log. Raises CheckpointError, NoteError, ProofError, EntryError."""
    try:
        found = ItemEvidence.model_validate_json(raw)
        item = base64.b64decode(found.item, validate=True)
        opening = base64.b64decode(found.opening, validate=True)
        proof_text = found.entry.encode()
    except ValueError:  # of the model, of base64, or of a text that is no ASCII or no Unicode
        raise CheckpointError("not an item's evidence of this version") from None
    proof = parse_proof(proof_text)
    checkpoint = open_checkpoint(proof.checkpoint, key)
    check_inclusion(proof.index, checkpoint.size, leaf_hash(proof.extra), checkpoint.root, proof.path)
    entry = decode(proof.extra)
    items = getattr(entry, "items", None)
    if items is None:
        raise CheckpointError("the entry of the evidence has no items")
    leaf = leaf_hash(commitment(opening, item))
    check_inclusion(found.place, items.count, leaf, bytes.fromhex(items.root), parse_path(found.path))
    return Proven(item, found.place, proof.index, entry, checkpoint)
