"""The digest by which an erased claim is known: pseudonymous, and found only by who has both number and key."""

from gateway.office import Office
from keys.labels import Label, stacked_digest


def erased_digest(office: Office, entity: str, claim_no: str) -> bytes:
    """The digest as `gateway.db` holds it."""
    return stacked_digest(office.marker, Label.ERASED_CLAIM, entity, claim_no)
