"""Who owes, as the agencies were told: what is left to go by once the claim as its source delivered it was erased."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.handover.corrections import name_of
from gateway.handover.judge import key_of
from gateway.office import Office
from gateway.store.payload import open_message, open_payload, open_source
from keys.claimkeys import ClaimKey
from schemas.request import Recipient


def told_last(office: Office, keys: dict[str, ClaimKey]) -> dict[str, dict[str, str]]:
    """The identity of each claim as its agency was told it last: with the case, or by a rectification since."""
    found = {}
    for one in office.claims.history(keys):
        message = open_payload(one.payload, key_of(keys, one.claim), one.package).message
        if message is not None:
            found[one.claim] = _identity(message.item)
    for sent in office.cases.of_claim_messages(keys):
        if sent.claim in found and sent.outbound and sent.type == "case.rectify":
            line = _identity(open_message(sent.payload, keys[sent.claim], sent.message_id).item)
            found[sent.claim] = line or found[sent.claim]
    return found


def _identity(item: str) -> dict[str, str]:
    line: dict[str, str] = json.loads(item.split("\n")[1])
    line.pop("message_id")
    return line


def names_of(office: Office, keys: dict[str, ClaimKey]) -> int:
    """How many people the claims of one customer number name: a shop may have given it to two (Art. 15(4) GDPR)."""
    sources = [open_source(one, keys[one.claim]) for one in office.claims.history(keys)]
    return len({name_of(one.claim.debtor).model_dump_json().casefold() for one in sources if one is not None})


def addressee(office: Office, keys: dict[str, ClaimKey]) -> Recipient | None:
    """To whom and where the latest of these claims was addressed: as its source delivered it or, where that was erased, as
    its agency was told. Nobody where they name several people: a person must say who asks.
    """
    if names_of(office, keys) > 1:
        return None
    told: dict[str, dict[str, str]] | None = None
    known: Mapping[str, Any] = {}
    for one in reversed(office.claims.history(keys)):
        source = open_source(one, keys[one.claim])
        if source is not None:
            debtor = source.claim.debtor
            known = debtor.model_dump(exclude_none=True) | debtor.address.model_dump()
            break
        told = told_last(office, keys) if told is None else told
        if one.claim in told:
            known = told[one.claim]
            break
    person = " ".join(known[name] for name in ("first_name", "last_name") if known.get(name))
    lines = [
        " ".join(known[name] for name in names if known.get(name))
        for names in (("street", "house_no"), ("postcode", "city"))
    ]
    name = known.get("company_name") or person
    lines = [line for line in lines if line]
    return Recipient(name=name, lines=tuple(lines)) if name and lines else None
