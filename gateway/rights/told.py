"""Who owes, as the agencies were told: what is left to go by once the claim as its source delivered it was erased."""

import json

from gateway.handover.judge import key_of
from gateway.office import Office
from gateway.store.payload import open_message, open_payload
from keys.claimkeys import ClaimKey


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
