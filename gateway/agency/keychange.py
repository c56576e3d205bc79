"""Changing keys at the agency: what creditors' keys count today, confirming a new one, and offering ours.

The same rules as at the creditor (`steps.keychange`). There is no roster here: whoever runs the command has compared the
fingerprint; that it was confirmed, and when, is kept.
"""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.agency.answers import Envelope
from gateway.agency.desk import Correspondent, Desk
from gateway.errors import PartnerError, UsageError
from gateway.steps.keychange import SIGNING, fingerprint_of, in_force, is_usable, own_in_force
from keys.agekey import add_identity
from keys.keyfile import KeyFile, KeyState, create_key, read_keys, set_state
from keys.labels import Purpose
from keys.material import Secret
from keys.recipients import parse_recipient
from keys.references import new_id
from keys.sshsig import AllowedSigner, parse_public_line, public_line
from schemas.calendar import day_in_germany
from schemas.keychange import KeyChange
from schemas.messages import KeyOffer
from schemas.package import Direction, PackageType, Part

OwnPurpose = Literal["signing", "cases", "identities"]


def with_keys_in_force(desk: Desk, today: date) -> Desk:
    """The desk with the keys that count today on both sides, in a transaction of its own."""
    with desk.cases_connection.begin():
        changes = {one: desk.cases.key_changes(one) for one in {*desk.creditors, *_principals(desk)}}
        own = [one for name in desk.creditors for one in desk.answers.sent(name) if isinstance(one, KeyOffer)]
    identities = {
        part: own_in_force(found, [one for one in own if one.purpose == part], today)
        for part, found in desk.opener.identities.items()
    }
    signers = tuple(one for name in sorted(changes) for one in _signers(desk, name, changes[name], today))
    creditors = {name: _current(one, changes[name], today) for name, one in desk.creditors.items()}
    return replace(desk, opener=replace(desk.opener, identities=identities, signers=signers), creditors=creditors)


def offers(desk: Desk, creditor: str) -> list[KeyOffer]:
    """What a creditor has offered, in order, inside the caller's transaction."""
    return [one.message for one in desk.cases.messages(creditor) if isinstance(one.message, KeyOffer)]


def confirm(desk: Desk, creditor: str, fingerprint: str, now: datetime) -> KeyOffer:
    """From here on an offered key counts, and those before it until their day. Raises UsageError, PartnerError."""
    with desk.cases_connection.begin():
        if creditor not in desk.creditors:
            raise UsageError("no creditor of that name is configured: see [[creditors]]")
        found = [one for one in offers(desk, creditor) if one.fingerprint == fingerprint]
        known = {change.key for change in desk.cases.key_changes(creditor)}
        if not found or found[-1].key in known:
            raise UsageError(
                "this creditor offered no key of that fingerprint, or it was confirmed already: `inkasso agency key offers`"
            )
        offer = found[-1]
        if offer.purpose not in {SIGNING, Part.ANSWERS} or not is_usable(offer, classic=False):
            raise PartnerError("the key that was offered is not what the offer says: ask for another")
        if offer.old_until < day_in_germany(now):
            raise PartnerError("the overlap of that offer has passed: ask the creditor to offer the key again")
        if offer.purpose == SIGNING:
            current = {public_line(one.key) for one in desk.opener.signers if one.principal == creditor}
        else:
            current = {str(one) for one in desk.creditors[creditor].recipients}
        change = KeyChange(offer.purpose, offer.key, tuple(sorted(current - {offer.key})), offer.old_until)
        desk.cases.change_key(creditor, change, now)
    return offer


def offer_key(desk: Desk, keys: Path, root: Secret, offered: tuple[OwnPurpose, date], now: datetime) -> str:
    """Queues the offer of a new key of ours for every creditor; its fingerprint. Raises UsageError."""
    purpose, old_until = offered
    if old_until <= day_in_germany(now):
        raise UsageError("the old key must last longer than today: creditors need time to confirm the new one")
    if not desk.creditors:
        raise UsageError("no creditor is configured: hand the new key over as the first one was")
    key = _next_signer(keys, root, now) if purpose == SIGNING else add_identity(keys / f"{purpose}.agekey")
    fingerprint = fingerprint_of(purpose, key)
    with desk.cases_connection.begin():
        for creditor in desk.creditors:
            offer = KeyOffer(
                message_id=new_id(), purpose=purpose, key=key, fingerprint=fingerprint, old_until=old_until
            )
            desk.answers.queue(Envelope(creditor, PackageType.ANSWERS, None), [offer])
    return fingerprint


def switch_signing(keys: Path, now: datetime) -> None:
    """The signing key that waits takes over; harmless to repeat after a kill. Raises UsageError if none waits."""
    following = _signing(keys, KeyState.NEXT)
    if not following:
        raise UsageError("no signing key waits: `inkasso agency key offer signing` first")
    for file in _signing(keys, KeyState.ACTIVE):
        set_state(keys, file, KeyState.RETIRED, now)
    set_state(keys, following[0], KeyState.ACTIVE, now)


def _next_signer(keys: Path, root: Secret, now: datetime) -> str:
    waiting = _signing(keys, KeyState.NEXT)
    file = waiting[0] if waiting else create_key(keys, root, Purpose.PACKAGE_SIGNING, now, state=KeyState.NEXT)
    return public_line(Ed25519PrivateKey.from_private_bytes(file.open(root).reveal()).public_key())


def _signing(keys: Path, state: KeyState) -> list[KeyFile]:
    return [one for one in read_keys(keys) if one.purpose is Purpose.PACKAGE_SIGNING and one.state is state]


def _principals(desk: Desk) -> set[str]:
    return {one.principal for one in desk.opener.signers}


def _signers(desk: Desk, creditor: str, changes: list[KeyChange], today: date) -> list[AllowedSigner]:
    """A creditor's signers: a new key may sign what the old ones may."""
    configured = [one for one in desk.opener.signers if one.principal == creditor]
    by_line = {public_line(one.key): one for one in configured}
    return [
        by_line.get(line) or AllowedSigner(creditor, Direction.TO_AGENCY.namespaces, parse_public_line(line))
        for line in in_force(list(by_line), changes, SIGNING, today)
    ]


def _current(creditor: Correspondent, changes: list[KeyChange], today: date) -> Correspondent:
    found = in_force([str(one) for one in creditor.recipients], changes, Part.ANSWERS, today)
    return replace(creditor, recipients=tuple(map(parse_recipient, found)))
