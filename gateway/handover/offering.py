"""Offering our new public keys to every agency that has cases of ours: see `steps.keychange`.

The signing key is the one that waits for its turn (`inkasso key rotate package-signing`); a new key for answers is put
before the old ones, which go on opening until their day has passed.
"""

from datetime import date, datetime
from typing import Literal

from audit.store import append
from gateway.custody.escrow import escrow_of, write_escrow
from gateway.custody.rotation import next_key, public_key
from gateway.errors import UsageError
from gateway.handover.waiting import queue_for_agency
from gateway.office import Office
from gateway.steps.keychange import fingerprint_of, own_in_force
from gateway.store.payload import open_message
from keys.agekey import add_identity
from keys.labels import Purpose
from keys.recipients import AgeIdentity
from keys.references import new_id
from keys.sshsig import public_line
from schemas.calendar import day_in_germany
from schemas.custody import KeyOffered
from schemas.messages import KeyOffer, ToAgencyAdapter
from schemas.package import Part

_ACTOR = "system:key-offer"
OwnPurpose = Literal["signing", "answers"]


def offer_key(office: Office, purpose: OwnPurpose, old_until: date, now: datetime) -> str:
    """Queues the offer of a new key for every agency; its fingerprint, to be read out. Raises UsageError."""
    if old_until <= day_in_germany(now):
        raise UsageError("the old key must last longer than today: agencies need time to confirm the new one")
    with office.connection.begin():
        addressees = sorted(office.cases.agencies())
    if not addressees:
        raise UsageError("no agency has a case of ours: hand it the new key as the first one was handed over")
    key = _new_key(office, purpose, now)
    fingerprint = fingerprint_of(purpose, key)
    entry = KeyOffered(
        id=new_id(), time=now, actor=_ACTOR, fingerprint=fingerprint, old_until=old_until, purpose=purpose
    )
    with office.connection.begin():
        append(office.connection, entry)
        for agency, entity in addressees:
            offer = KeyOffer(
                message_id=new_id(), purpose=purpose, key=key, fingerprint=fingerprint, old_until=old_until
            )
            queue_for_agency(office, agency, entity, offer, now)
    return fingerprint


def answers_keys(office: Office, agency: str, today: date) -> tuple[AgeIdentity, ...]:
    """What still opens an agency's answers today, inside the caller's transaction."""
    made = []
    for one in office.cases.messages(agency, ("key.offer",)):
        if one.outbound:
            line = open_message(one.payload, None, one.message_id).item.partition("\n")[0]
            offer = ToAgencyAdapter.validate_json(line)
            made += [offer] if isinstance(offer, KeyOffer) and offer.purpose == "answers" else []
    return own_in_force(office.answers_key, made, today)


def _new_key(office: Office, purpose: OwnPurpose, now: datetime) -> str:
    if purpose == "signing":
        return public_line(public_key(office, next_key(office, Purpose.PACKAGE_SIGNING, now)))
    escrow_of(office)
    key = add_identity(office.keys / f"{Part.ANSWERS}.agekey")
    write_escrow(office, now)
    return key
