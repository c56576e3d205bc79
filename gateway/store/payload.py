"""What is kept of a claim, as one ciphertext under the claim's own key: destroying that key forgets it.

It holds the claim as read, and the bytes and openings of the items that the log committed to, so that what was logged
can be shown to be what was judged and sent. The ciphertext is bound to claim and package.
"""

from keys.labels import Label, bound
from keys.vault import ClaimKey
from keys.wrap import unwrap, wrap
from schemas.base import Strict
from schemas.claim import Claim
from schemas.messages import Opening
from schemas.screening import Told


class ItemKept(Strict):
    """The bytes of an item and the opening of its commitment."""

    item: str
    opening: Opening


class Payload(Strict):
    """A claim as read, the item of its verdict, and the item of its message if it was handed over.

    `told`: what the agency knows of it, where that is more than the row says.
    """

    claim: Claim
    told: Told | None = None
    verdict: ItemKept
    message: ItemKept | None = None

    @property
    def known(self) -> Told:
        """What the agency knows of a claim that was handed over."""
        return self.told or Told(claim=self.claim)


def seal_payload(payload: Payload, key: ClaimKey, package: str) -> bytes:
    """The ciphertext of a payload under its claim's key."""
    return wrap(key.key, payload.model_dump_json().encode(), bound(Label.SCREENING, key.claim_id, package))


def open_payload(ciphertext: bytes, key: ClaimKey, package: str) -> Payload:
    """The payload of one screening. Raises keys.wrap.WrapError if it was altered or moved."""
    return Payload.model_validate_json(unwrap(key.key, ciphertext, bound(Label.SCREENING, key.claim_id, package)))


def seal_message(kept: ItemKept, key: ClaimKey | None, message_id: str) -> bytes:
    """The item of a message under its claim's key; in clear if it is about no claim, for then it names nobody."""
    plain = kept.model_dump_json().encode()
    return plain if key is None else wrap(key.key, plain, bound(Label.MESSAGE, key.claim_id, message_id))


def open_message(payload: bytes, key: ClaimKey | None, message_id: str) -> ItemKept:
    """The item of a message. Raises keys.wrap.WrapError if it was altered or moved."""
    plain = payload if key is None else unwrap(key.key, payload, bound(Label.MESSAGE, key.claim_id, message_id))
    return ItemKept.model_validate_json(plain)
