"""Evidence for single items, and samples: what a person is given, and what a data-protection officer draws.

An item that is shown is personal data, and its showing an entry in the log of readings; a sample shows none.
"""

import base64
import hmac
import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from audit.checkpoint import EntryProof, format_proof, parse_checkpoint
from audit.completions import Position, decode_positions
from audit.evidence import ItemEvidence
from audit.items import commitment
from audit.merkle import leaf_hashes, root
from audit.proofs import Subtree, inclusion_proof
from audit.shown import Opened
from audit.store import commitments, completions, entries, leaves
from gateway.errors import InputError, IntegrityError
from gateway.log.auditing import open_items
from gateway.office import Office
from gateway.store.items import KeptItem
from gateway.store.payload import open_message
from schemas.answers import PackageReceipt
from schemas.canonical import encode_model
from schemas.entry import Items, PackageSealed

_DRAW_BYTES: Final = 16
_RECEIPT: Final = "package.receipt"


class Sampled(NamedTuple):
    """One item that was drawn: opened and as logged, erased by a completion, or without a key.

    `receipt` is about a message that was sent: whether the agency signed for it, naming the manifest that the log names.
    """

    entry: int
    item: int
    outcome: str
    receipt: str = ""


def evidence(office: Office, entry: int, place: int, now: datetime) -> bytes:
    """The evidence for one item, in no transaction of the caller's; the reading is logged before it is opened.

    Raises InputError if it is not there any more.
    """
    with office.connection.begin():
        found = [one for one in office.items.of_entry(entry) if one.item == place]
    whose = {one.claim for one in found if one.claim is not None}
    if whose:
        office.readings.record("audit open", whose, now)
    with office.connection.begin(), office.vault_connection.begin():
        return _evidence(office, entry, place, found)


def _evidence(office: Office, entry: int, place: int, found: Sequence[KeptItem]) -> bytes:
    opened = next(open_items(office, found), None)
    if opened is None:
        raise InputError(f"item {place} of entry {entry} cannot be opened: there is none, it was erased, or has no key")
    checkpoint = office.log.checkpoint()
    size = parse_checkpoint(checkpoint.rpartition(b"\n\n")[0] + b"\n").size
    (leaf,) = leaves(office.connection, entry, 1)
    path = tuple(office.log.inclusion(entry, size))
    hashes = leaf_hashes(commitments(office.connection, entry))
    return encode_model(
        ItemEvidence(
            place=place,
            item=_base64(opened.item),
            opening=_base64(opened.opening),
            path=tuple(map(_base64, inclusion_proof(place, len(hashes), _over(hashes)))),
            entry=format_proof(EntryProof(entry, path, checkpoint, leaf)).decode(),
        )
    )


def sample(office: Office, number: int) -> list[Sampled]:
    """Items drawn at random: each is opened and compared, or explained. Raises IntegrityError for one that is neither."""
    sizes = [(one.position, items.count) for one in entries(office.connection) if (items := _items(one.entry))]
    total = sum(size for _, size in sizes)
    erased = {position for _, encoded in completions(office.connection) for position in decode_positions(encoded)}
    drawn = sorted({_draw(total) for _ in range(number)}) if total else []
    return [_look(office, *_place(sizes, one), erased) for one in drawn]


def _look(office: Office, entry: int, place: int, erased: set[Position]) -> Sampled:
    found = [one for one in office.items.of_entry(entry) if one.item == place]
    if not found:
        if Position(entry, place) in erased:
            return Sampled(entry, place, "erased")
        raise IntegrityError(f"item {place} of entry {entry} is gone, and no completion names it")
    opened: Opened | None = next(open_items(office, found), None)
    if opened is None:
        return Sampled(entry, place, "not opened")
    expected = commitments(office.connection, entry)[place]
    if not hmac.compare_digest(commitment(opened.opening, opened.item), expected):
        raise IntegrityError(f"item {place} of entry {entry} is not the one that was logged")
    return Sampled(entry, place, "opened", _receipt(office, found[0], opened))


def _receipt(office: Office, kept: KeptItem, opened: Opened) -> str:
    sealed = next(entries(office.connection, kept.entry)).entry
    if not isinstance(sealed, PackageSealed) or kept.claim is None:
        return ""
    message_id = json.loads(opened.item.partition(b"\n")[0])["message_id"]
    key = office.vault.by_id([kept.claim])[kept.claim]
    for one in office.cases.of_claim_messages([kept.claim]):
        if one.outbound or one.type != _RECEIPT or one.refused is not None:
            continue
        receipt = PackageReceipt.model_validate_json(
            open_message(one.payload, key, one.message_id).item.partition("\n")[0]
        )
        # What was in a package that was never taken goes out again as the same message, and is signed for there.
        if (receipt.about, receipt.package_id) != (message_id, sealed.package):
            continue
        if not hmac.compare_digest(receipt.manifest_digest, sealed.manifest_digest):
            raise IntegrityError(
                f"the agency signed for item {kept.item} of entry {kept.entry} with another manifest than was logged"
            )
        return "signed for"
    return "no receipt"


def _items(entry: object) -> Items | None:
    return getattr(entry, "items", None)


def _draw(total: int) -> int:
    """A number below `total`; with 128 random bits the bias is nothing."""
    return int.from_bytes(os.urandom(_DRAW_BYTES)) % total


def _place(sizes: Sequence[tuple[int, int]], number: int) -> tuple[int, int]:
    for entry, size in sizes:
        if number < size:
            return entry, number
        number -= size
    raise ValueError("a draw lies outside the items")


def _over(hashes: Sequence[bytes]) -> Subtree:
    return lambda height, position: root(hashes[position << height : (position + 1) << height])


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
