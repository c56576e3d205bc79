"""The keys of the agencies as they count today, and confirming a new one: see `steps.keychange`.

A check of an agency (`vetting`) stays about the keys of the configuration; a key that is confirmed here has a person's
approval of its own.
"""

from datetime import date, datetime

from audit.store import append
from gateway.errors import PartnerError, UsageError
from gateway.office import Office
from gateway.people.approvals import Build, Given, Preview, actor_of, settle
from gateway.settings import Agency
from gateway.steps.keychange import in_force, is_usable
from gateway.store.payload import open_message
from keys.references import new_id
from schemas.answers import FromAgencyAdapter
from schemas.calendar import day_in_germany
from schemas.custody import PartnerKeyConfirmed
from schemas.keychange import KeyChange
from schemas.messages import KeyOffer

_FIELDS = {"signing": "signers", "cases": "cases_recipients", "identities": "identities_recipients"}


def with_keys_in_force(office: Office, agency: Agency, today: date) -> Agency:
    """An agency with the keys that count today, in a transaction of its own."""
    with office.connection.begin():
        changes = office.partner_keys.changes(agency.id)
    fields = {name: in_force(getattr(agency, name), changes, purpose, today) for purpose, name in _FIELDS.items()}
    return agency.model_copy(update=fields)


def offers(office: Office, agency: str) -> list[KeyOffer]:
    """What an agency has offered, in order, inside the caller's transaction."""
    found = []
    for one in office.cases.messages(agency, ("key.offer",)):
        if not one.outbound and one.refused is None:
            line = open_message(one.payload, None, one.message_id).item.partition("\n")[0]
            offer = FromAgencyAdapter.validate_json(line)
            if isinstance(offer, KeyOffer):
                found.append(offer)
    return found


def confirming(agency: Agency, offer: KeyOffer) -> Build:
    """The preview of a confirmation."""
    lines = (
        f"agency: {agency.id}",
        f"new {offer.purpose} key: {offer.fingerprint}",
        f"The agency has read out this fingerprint over another way. Its old keys end with {offer.old_until}.",
    )
    return lambda made: Preview("key confirm", made, lines)


def offered(office: Office, agency: Agency, fingerprint: str, today: date) -> KeyOffer:
    """The offer of a key of this fingerprint. Raises UsageError if there is none, PartnerError for one that is no key."""
    with office.connection.begin():
        found = [one for one in offers(office, agency.id) if one.fingerprint == fingerprint]
        known = {change.key for change in office.partner_keys.changes(agency.id)}
    if not found or found[-1].key in known:
        raise UsageError("the agency has offered no key of that fingerprint, or it was confirmed: `inkasso key offers`")
    offer = found[-1]
    if offer.purpose not in _FIELDS or not is_usable(offer, classic=agency.classic_recipients):
        raise PartnerError(
            "the key that was offered is not what the offer says, or is none of ours to trust: ask for another"
        )
    if offer.old_until < today:
        raise PartnerError("the overlap of that offer has passed: ask the agency to offer the key again")
    return offer


def confirm(office: Office, agency: Agency, offer: KeyOffer, given: Given, now: datetime) -> None:
    """From here on the offered key counts, and those before it until their day. Raises UsageError, ApprovalError."""
    current = with_keys_in_force(office, agency, day_in_germany(now))
    retired = tuple(key for key in getattr(current, _FIELDS[offer.purpose]) if key != offer.key)
    with office.connection.begin():
        approved = settle(confirming(agency, offer), given, office, now)
        entry = PartnerKeyConfirmed(
            id=new_id(),
            time=now,
            actor=actor_of(approved),
            agency=agency.id,
            approved=approved,
            fingerprint=offer.fingerprint,
            old_until=offer.old_until,
            purpose=offer.purpose,
        )
        position = append(office.connection, entry).position
        office.partner_keys.add(agency.id, KeyChange(offer.purpose, offer.key, retired, offer.old_until), position)
