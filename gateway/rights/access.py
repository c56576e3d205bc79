"""Access (Art. 15 GDPR): everything held of a person, and what each agency received, rebuilt from what was sealed.

Rules: what is told of a disclosure comes from the item that was sealed, never from today's data; each field is told with
the reason the schema gives for it. Third parties are not in the data (Art. 15(4)): claims hold none. What the log alone
still holds of destroyed items is noise, and is named as such (§ 34(1) Nr. 2 BDSG).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Final

from gateway.errors import IntegrityError
from gateway.handover.judge import key_of
from gateway.office import Office
from gateway.rights.asked import requests_held
from gateway.rights.gaps import lost_times
from gateway.rights.life import Opened, claims_of, privacy_of
from gateway.state import PackageState
from gateway.store.cases import CaseRecord, MessageRecord
from gateway.store.claims import Screening
from gateway.store.packages import Dates
from gateway.store.payload import ItemKept, Payload, open_message, open_payload, open_source
from keys.claimkeys import ClaimKey
from schemas.access import Access, CaseHeld, Disclosure, Evidence, HeldClaim, Received, Value
from schemas.calendar import day_in_germany
from schemas.case import Case, Identity
from schemas.policy import Travels, policy

_ADDRESSING: Final = frozenset({"type", "message_id", "opening"})


def access(office: Office, opened: Opened, now: datetime) -> Access:
    """The answer's data, inside the caller's transactions."""
    entity = office.configuration.entity(opened.record.entity)
    keys = claims_of(office, opened)
    history = office.claims.history(keys)
    payloads = {id(one): open_payload(one.payload, key_of(keys, one.claim), one.package) for one in history}
    messages = office.cases.of_claim_messages(keys)
    packages = {one.package for one in history} | {one.package for one in messages if one.package is not None}
    dates = office.packages.dates(packages)
    numbers = {one.claim: payloads[id(one)].claim_no for one in history}
    disclosures = [
        _handed_over(one, payloads[id(one)], dates[one.package])
        for one in history
        if one.message_item is not None and one.package in dates
    ]
    disclosures += [_told(one, keys, numbers, dates) for one in messages if one.outbound and one.package in dates]
    cases = office.cases.all_of_claims(keys)
    claims = [
        _held(keys[claim], [one for one in history if one.claim == claim], payloads, cases, office)
        for claim in sorted(keys)
    ]
    return Access(
        made=now,
        controller=entity.creditor,
        privacy=privacy_of(entity),
        claims=tuple(one for one in claims if one is not None),
        disclosures=tuple(sorted(disclosures, key=lambda one: (one.sealed_on, one.agency, one.message))),
        received=tuple(_received(one, keys, numbers) for one in messages if not one.outbound and one.refused is None),
        requests=requests_held(office, opened),
        lost=lost_times(office),
    )


def released(office: Office, opened: Opened) -> tuple[bytes, ...]:
    """The documents that agencies were sent, each once, inside the caller's transactions (Art. 15(3) GDPR)."""
    keys = claims_of(office, opened)
    with_document = office.documents.with_document()
    sent = [one for one in office.cases.of_claim_messages(keys) if one.message_id in with_document]
    return tuple(
        dict.fromkeys(office.documents.open(one.message_id, keys[one.claim]) for one in sent if one.claim is not None)
    )


def _held(
    key: ClaimKey,
    history: Sequence[Screening],
    payloads: Mapping[int, Payload],
    cases: Sequence[CaseRecord],
    office: Office,
) -> HeldClaim | None:
    if not history:
        return None
    latest = history[-1]
    source, claim = open_source(latest, key), key.claim_id
    restriction = office.requests.restrictions([claim]).get(claim)
    days = [_judged_on(payloads[id(one)].verdict) for one in history]
    return HeldClaim(
        claim_no=payloads[id(latest)].claim_no,
        claim=None if source is None else source.claim,
        verdict=latest.verdict,
        rules=latest.rules,
        judged_on=tuple(days),
        cases=tuple(
            CaseHeld(agency=case.agency, standing=case.standing, restricted=case.restricted)
            for case in cases
            if case.claim == claim
        ),
        kept_until=None if restriction is None else restriction.until,
        first_seen=days[0],
    )


def _judged_on(verdict: ItemKept) -> date:
    return date.fromisoformat(json.loads(verdict.item)["today"])


def _handed_over(screening: Screening, payload: Payload, dates: Dates) -> Disclosure:
    if payload.message is None or screening.message_item is None:
        raise IntegrityError("a claim that was handed over has no message: restore gateway.db from a backup")
    return _disclosure(payload.message, payload.claim_no, screening.package, screening.message_item, dates)


def _told(
    message: MessageRecord, keys: Mapping[str, ClaimKey], numbers: Mapping[str, str], dates: Mapping[str, Dates]
) -> Disclosure:
    if message.claim is None or message.package is None or message.item is None:
        raise IntegrityError("a message that was sealed names no package: restore gateway.db from a backup")
    kept = open_message(message.payload, keys[message.claim], message.message_id)
    return _disclosure(kept, numbers[message.claim], message.package, message.item, dates[message.package])


def _disclosure(kept: ItemKept, claim_no: str, package: str, item: int, dates: Dates) -> Disclosure:
    case, identity, _ = kept.item.split("\n")
    told = json.loads(case)
    return Disclosure(
        agency=dates.agency,
        claim_no=claim_no,
        package=package,
        message=told["message_id"],
        type=told["type"],
        sealed_on=_day(dates.created),
        uploaded_on=None if dates.uploaded is None else _day(dates.uploaded),
        not_taken=dates.state == PackageState.REFUSED,
        values=_values(json.loads(identity) | told),
        evidence=Evidence(entry=dates.sealed_entry, item=item, bytes=kept.item, opening=kept.opening),
    )


def _received(message: MessageRecord, keys: Mapping[str, ClaimKey], numbers: Mapping[str, str]) -> Received:
    if message.claim is None:
        raise IntegrityError("an answer about a claim names none: restore gateway.db from a backup")
    line = open_message(message.payload, keys[message.claim], message.message_id).item
    return Received(
        agency=message.agency,
        claim_no=numbers[message.claim],
        type=message.type,
        received_on=_day(message.made),
        values=_values(json.loads(line)) if line else (),
    )


def _values(fields: Mapping[str, object]) -> tuple[Value, ...]:
    found = []
    for name, value in fields.items():
        if name in _ADDRESSING:
            continue
        reason = _reasons().get(name)
        found.append(
            Value(field=name, value=_text(value), why=reason.why if reason else "", norm=reason.norm if reason else "")
        )
    return tuple(found)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@cache
def _reasons() -> dict[str, Travels]:
    return policy(Case) | policy(Identity)


def _day(moment: str) -> date:
    return day_in_germany(datetime.fromisoformat(moment))
