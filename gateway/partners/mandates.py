"""Mandates on record: a version is one text for ever, signed by a person here and countersigned by the agency.

Rules: a mandate that was used and has changed since needs a new version, and versions only go up; the person signs the
page that shows it (an approval), the agency the mandate's digest, with the key that signs its answers (namespace
`mandate@inkasso-gateway`). Every package names the same digest in its signed manifest.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from audit.store import append
from gateway.errors import PartnerError, UsageError
from gateway.office import Office
from gateway.partners.keys import with_keys_in_force
from gateway.people.approvals import Build, Given, actor_of, settle
from keys.references import new_id
from keys.sshsig import SignatureError, fingerprint, parse_public_line, verify
from schemas.calendar import day_in_germany
from schemas.canonical import digest
from schemas.mandate import Mandate
from schemas.mandated import MandateCountersigned, MandateIssued, MandateSigned

MANDATE_NAMESPACE: Final = "mandate@inkasso-gateway"
_ACTOR: Final = "system:mandates"


def countersigned_bytes(mandate_digest: str) -> bytes:
    """What an agency signs: the mandate's digest as 64 hex digits and LF."""
    return f"{mandate_digest}\n".encode()


def require_versions(office: Office, mandates: Sequence[Mandate]) -> None:
    """Every mandate is the text its version was. Raises UsageError."""
    with office.connection.begin():
        for mandate in mandates:
            found = office.mandates.find(mandate.id, mandate.version)
            newest = office.mandates.newest(mandate.id)
            if mandate.version < newest or (
                found is not None and not hmac.compare_digest(found.digest, digest(mandate))
            ):
                raise UsageError(
                    f"mandate {mandate.id} has changed since version {newest} was used: give it version {newest + 1}, "
                    "have it signed, and run again; nothing was done"
                )


def issue(office: Office, mandates: Sequence[Mandate], now: datetime) -> None:
    """Puts versions on record that are used for the first time. Raises UsageError."""
    require_versions(office, mandates)
    with office.connection.begin():
        for mandate in mandates:
            _issue(office, mandate, now)


def sign(office: Office, mandate: Mandate, page: Build, given: Given, now: datetime) -> None:
    """A person signs the page that shows a mandate. Raises UsageError, ApprovalError."""
    require_versions(office, [mandate])
    with office.connection.begin():
        approved = settle(page, given, office, now)
        _issue(office, mandate, now)
        entry = MandateSigned(
            id=new_id(),
            time=now,
            actor=actor_of(approved),
            mandate=mandate.id,
            mandate_version=mandate.version,
            mandate_digest=digest(mandate),
            approved=approved,
        )
        position = append(office.connection, entry).position
        office.mandates.sign(mandate.id, mandate.version, position)


def countersign(office: Office, mandate: Mandate, signature: bytes, now: datetime) -> None:
    """The agency's signature over a mandate's digest, once verified. Raises UsageError, PartnerError."""
    require_versions(office, [mandate])
    agency = office.configuration.agency(mandate.agency)
    key = _signed_by(with_keys_in_force(office, agency, day_in_germany(now)).signers, digest(mandate), signature)
    with office.connection.begin():
        _issue(office, mandate, now)
        entry = MandateCountersigned(
            id=new_id(),
            time=now,
            actor=_ACTOR,
            mandate=mandate.id,
            mandate_version=mandate.version,
            mandate_digest=digest(mandate),
            agency=mandate.agency,
            key=key,
            signature=signature.decode("ascii"),
        )
        office.mandates.countersign(mandate.id, mandate.version, append(office.connection, entry).position)


def _issue(office: Office, mandate: Mandate, now: datetime) -> None:
    if office.mandates.find(mandate.id, mandate.version) is not None:
        return
    entry = MandateIssued(
        id=new_id(),
        time=now,
        actor=_ACTOR,
        mandate=mandate.id,
        mandate_version=mandate.version,
        mandate_digest=digest(mandate),
    )
    position = append(office.connection, entry).position
    office.mandates.issue(mandate.id, mandate.version, digest(mandate), position)


def _signed_by(lines: Sequence[str], mandate_digest: str, signature: bytes) -> str:
    for line in lines:
        key = parse_public_line(line)
        try:
            verify(countersigned_bytes(mandate_digest), signature, key, MANDATE_NAMESPACE)
        except SignatureError:
            continue
        return fingerprint(key)
    raise PartnerError(
        "the countersignature is not by a key of the agency over this version's digest: send it the page again"
    )
