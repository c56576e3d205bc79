"""What is held of claims, for a person who may see it: personal data, so each showing is an entry before it is made.

Rules: `show` logs the reading first, and only then opens anything; what was sent is told from the items that were sealed.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from gateway.handover.judge import key_of
from gateway.log.logbook import claims_of
from gateway.office import Office
from gateway.reports.held import sentences
from gateway.state import ClaimState
from gateway.store.claims import Screening
from gateway.store.packages import Dates
from gateway.store.payload import Payload, open_payload, open_source
from keys.claimkeys import ClaimKey
from schemas.mandate import Language

_DAY: Final = len("YYYY-MM-DD")


class Judged(NamedTuple):
    """One verdict: the day it was made for, what it was, the rules that fired, and what they say."""

    day: str
    verdict: str
    rules: tuple[str, ...]
    says: str


class Passed(NamedTuple):
    """One message to or from an agency: its package, and the days on which it was made or sealed, and uploaded."""

    agency: str
    type: str
    package: str
    made: str
    uploaded: str


class ShownClaim(NamedTuple):
    """One claim: its fields as last read, its verdicts, its messages, and how its cases stand."""

    fields: Mapping[str, object]
    verdicts: tuple[Judged, ...]
    messages: tuple[Passed, ...]
    cases: tuple[str, ...]


def show(
    office: Office, claim_no: str | None, customer_no: str | None, language: Language, now: datetime
) -> list[ShownClaim]:
    """All claims of a number at the source, at any entity. Call it in no transaction. Raises InputError for none."""
    with office.vault_connection.begin():
        claims = claims_of(office, claim_no, customer_no)
    office.readings.record("claim show" if customer_no is None else "subject show", claims, now)
    with office.connection.begin(), office.vault_connection.begin():
        keys = office.vault.by_id(claims)
        return [one for claim in claims if (one := _shown(office, claim, keys, language)) is not None]


def _shown(office: Office, claim: str, keys: dict[str, ClaimKey], language: Language) -> ShownClaim | None:
    history = office.claims.history([claim])
    if not history:
        return None
    payloads = [open_payload(one.payload, key_of(keys, claim), one.package) for one in history]
    source = open_source(history[-1], key_of(keys, claim))
    verdicts = [_judged(one, payload, language) for one, payload in zip(history, payloads, strict=True)]
    return ShownClaim(
        fields={"claim_no": payloads[-1].claim_no} if source is None else source.claim.model_dump(mode="json"),
        verdicts=tuple(verdicts),
        messages=tuple(_messages(office, claim, history)),
        cases=tuple(f"{case.agency}: {case.standing}" for case in office.cases.all_of_claims([claim])),
    )


def _judged(one: Screening, payload: Payload, language: Language) -> Judged:
    """A verdict; nothing is said of one that no rule speaks against, unless the claim is held because of its package."""
    says = sentences(one.rules, language) if one.rules or one.verdict == ClaimState.HELD else ""
    return Judged(json.loads(payload.verdict.item)["today"], one.verdict, one.rules, says)


def _messages(office: Office, claim: str, history: Sequence[Screening]) -> list[Passed]:
    told = office.cases.of_claim_messages([claim])
    handed_over = [one.package for one in history if one.message_item is not None]
    dates = office.packages.dates({*handed_over, *(one.package for one in told if one.package is not None)})
    found = [_passed(dates[package].agency, "case.new", package, dates) for package in handed_over if package in dates]
    return found + [_passed(one.agency, one.type, one.package or "", dates, one.made) for one in told]


def _passed(agency: str, type_: str, package: str, dates: Mapping[str, Dates], made: str = "") -> Passed:
    sealed = dates.get(package)
    if sealed is None:
        return Passed(agency, type_, package, made[:_DAY], "")
    return Passed(agency, type_, package, sealed.created[:_DAY], (sealed.uploaded or "")[:_DAY])
