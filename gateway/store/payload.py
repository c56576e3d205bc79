"""What is kept of a claim, as two ciphertexts under its two keys: destroying a key forgets what it was over.

One is over the claim as read, which is erased as soon as nobody works on it and the person asks; the other over its number,
and the bytes and openings of the items that the log committed to, so that what was logged can be shown to be what was
judged and sent. Both are bound to claim and package.
"""

from gateway.errors import IntegrityError
from gateway.store.claims import Screening
from keys.claimkeys import ClaimKey
from keys.labels import Label, bound
from keys.wrap import unwrap, wrap
from schemas.base import Strict
from schemas.claim import Claim, Number
from schemas.messages import Opening
from schemas.screening import Told


class ItemKept(Strict):
    """The bytes of an item and the opening of its commitment."""

    item: str
    opening: Opening


class SourceData(Strict):
    """A claim as read. `told`: what the agency knows of it, where that is more than the row says."""

    claim: Claim
    told: Told | None = None

    @property
    def known(self) -> Told:
        """What the agency knows of a claim that was handed over."""
        return self.told or Told(claim=self.claim)


class Payload(Strict):
    """A claim's number, the item of its verdict, and the item of its message if it was handed over."""

    claim_no: Number
    verdict: ItemKept
    message: ItemKept | None = None


def seal_payload(payload: Payload, key: ClaimKey, package: str) -> bytes:
    """The ciphertext of a payload under its claim's key."""
    return wrap(key.key, payload.model_dump_json().encode(), bound(Label.SCREENING, key.claim_id, package))


def open_payload(ciphertext: bytes, key: ClaimKey, package: str) -> Payload:
    """The payload of one screening. Raises keys.wrap.WrapError if it was altered or moved."""
    return Payload.model_validate_json(unwrap(key.key, ciphertext, bound(Label.SCREENING, key.claim_id, package)))


def seal_source(source: SourceData, key: ClaimKey, package: str) -> bytes:
    """The ciphertext of a claim as read. Raises IntegrityError if its key was destroyed: then a marker keeps it out."""
    if key.source is None:
        raise IntegrityError(
            "an export holds a claim whose source data was erased, and no marker keeps it out: restore both databases "
            "from the newest backup"
        )
    return wrap(key.source, source.model_dump_json().encode(), bound(Label.SOURCE, key.claim_id, package))


def open_source(found: Screening, key: ClaimKey) -> SourceData | None:
    """The claim as it was read for one screening; None once it was erased. Raises keys.wrap.WrapError, and IntegrityError
    if only its key is gone, or only its ciphertext: no erasure ends like that.
    """
    if found.source is None and key.source is None:
        return None
    if found.source is None or key.source is None:
        raise IntegrityError(
            "of the source data of a claim, the key or the ciphertext is gone: restore both databases of one night"
        )
    plain = unwrap(key.source, found.source, bound(Label.SOURCE, key.claim_id, found.package))
    return SourceData.model_validate_json(plain)


def source_of(found: Screening, key: ClaimKey) -> SourceData:
    """The claim as it was read for one screening, where it is worked on. Raises IntegrityError, keys.wrap.WrapError."""
    source = open_source(found, key)
    if source is None:
        raise IntegrityError(
            "the source data of a claim that is worked on is gone: restore both databases of one night"
        )
    return source


def seal_message(kept: ItemKept, key: ClaimKey | None, message_id: str) -> bytes:
    """The item of a message under its claim's key; in clear if it is about no claim, for then it names nobody."""
    plain = kept.model_dump_json().encode()
    return plain if key is None else wrap(key.key, plain, bound(Label.MESSAGE, key.claim_id, message_id))


def open_message(payload: bytes, key: ClaimKey | None, message_id: str) -> ItemKept:
    """The item of a message. Raises keys.wrap.WrapError if it was altered or moved."""
    plain = payload if key is None else unwrap(key.key, payload, bound(Label.MESSAGE, key.claim_id, message_id))
    return ItemKept.model_validate_json(plain)
