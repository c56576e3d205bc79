"""The digest by which an erased claim is known: pseudonymous, and found only by who has both number and key.

In `gateway.db` it stands under all keys of its stack. The vault remembers it under the oldest alone, so that a restore can
bring it under whatever keys the copy of `gateway.db` stands.
"""

from gateway.office import Office
from keys.labels import Label, digest_again, keyed_digest


def erased_digest(office: Office, entity: str, claim_no: str) -> bytes:
    """The digest as `gateway.db` holds it."""
    return stacked(office, remembered_digest(office, entity, claim_no))


def remembered_digest(office: Office, entity: str, claim_no: str) -> bytes:
    """The digest as the vault remembers it."""
    return keyed_digest(office.marker[0], Label.ERASED_CLAIM, entity, claim_no)


def stacked(office: Office, digest: bytes) -> bytes:
    """What the vault remembers, as `gateway.db` holds it."""
    for key in office.marker[1:]:
        digest = digest_again(key, digest)
    return digest
