"""Changing a key between two parties: offered in a signed message, confirmed out of band, both valid for an overlap.

    offer      the owner sends its new public key, signed with what the partner trusts already, and the last day of the old
    confirm    a person at the partner compares the fingerprint over another way; from then on both keys are in force
    overlap    what is sealed goes to both, what is signed may be by either
    afterwards the day after `old_until` the old key is refused, whatever was signed with it or sealed to it before

Days are calendar days in Germany. An offer alone changes nothing: whoever holds a stolen key can make one.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from keys.recipients import AgeIdentity, HybridRecipient, RecipientError, parse_recipient
from keys.sshsig import SignatureError, fingerprint, parse_public_line
from schemas.keychange import KeyChange
from schemas.messages import KeyOffer

SIGNING = "signing"


def in_force(configured: Sequence[str], changes: Iterable[KeyChange], purpose: str, today: date) -> tuple[str, ...]:
    """The keys of a purpose that count today: the configured and the confirmed ones, without those whose day has passed."""
    found = list(configured)
    over: set[str] = set()
    for change in changes:
        if change.purpose == purpose:
            found += [change.key] if change.key not in found else []
            over |= set(change.retired) if today > change.old_until else set()
    return tuple(key for key in found if key not in over)


def fingerprint_of(purpose: str, key: str) -> str:
    """What is read out on the telephone. Raises SignatureError or RecipientError for a text that is no such key."""
    return fingerprint(parse_public_line(key)) if purpose == SIGNING else parse_recipient(key).fingerprint


def is_usable(offer: KeyOffer, *, classic: bool) -> bool:
    """Whether an offer is what it says: a key of its purpose with its own fingerprint, hybrid unless `classic` is agreed."""
    try:
        same = fingerprint_of(offer.purpose, offer.key) == offer.fingerprint
        return same and (offer.purpose == SIGNING or classic or isinstance(parse_recipient(offer.key), HybridRecipient))
    except (SignatureError, RecipientError):
        return False


def own_in_force(identities: Sequence[AgeIdentity], offers: Iterable[KeyOffer], today: date) -> tuple[AgeIdentity, ...]:
    """Our identities of one part that still open, newest first: an offered key ends those after it in the list."""
    ended = {offer.key for offer in offers if today > offer.old_until}
    for place, one in enumerate(identities):
        if str(one.recipient) in ended:
            return tuple(identities[: place + 1])
    return tuple(identities)
