"""What is right instead (Art. 16 GDPR), put in the place of what was sent.

Rules: a correction replaces an address or a name as a whole, never half of one; it travels in the fields that travelled
before, and in no others.
"""

import json
from collections.abc import Collection

from gateway.handover.judge import key_of
from gateway.office import Office
from gateway.rights.life import Opened
from gateway.store.payload import open_payload
from schemas.case import Identity


def corrected(office: Office, opened: Opened, claims: Collection[str]) -> dict[str, Identity]:
    """The corrected identity of each claim that was handed over, inside the caller's transactions."""
    correction = opened.file.correction
    if correction is None:
        return {}
    keys = office.vault.by_id(sorted(claims))
    found = {}
    for one in office.claims.history(claims):
        payload = open_payload(one.payload, key_of(keys, one.claim), one.package)
        if payload.message is None:
            continue
        line = json.loads(payload.message.item.split("\n")[1])
        line.pop("message_id")
        for part in (correction.name, correction.address):
            if part is not None:
                line = {name: value for name, value in line.items() if name not in type(part).model_fields}
                line |= part.model_dump(mode="json", exclude_none=True)
        found[one.claim] = Identity.model_validate_json(json.dumps(line))
    return found
