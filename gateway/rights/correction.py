"""What is right instead (Art. 16 GDPR), put in the place of what is held and of what was sent.

Rules: a correction replaces an address or a name as a whole, never half of one; it travels in the fields that travelled
before, and in no others. It starts from what the agency was told last, so a second one takes back nothing of the first. The
items that the log committed to stay as they were sent: they are the proof of what was disclosed.
"""

import json
from collections.abc import Collection, Iterator

from gateway.handover.corrections import corrected, name_of
from gateway.handover.judge import key_of
from gateway.office import Office
from gateway.rights.life import Opened
from gateway.rights.told import told_last
from gateway.store.payload import SourceData, open_source, seal_source
from gateway.traces import traces_of
from schemas.case import Identity
from schemas.claim import Claim
from schemas.request import Corrected, Correction


def put_right(office: Office, opened: Opened, claims: Collection[str]) -> tuple[Corrected, ...]:
    """What is held of these claims becomes right, inside the caller's transactions; what was put right.

    Held claims go out with it, and the person is found by it.
    """
    right = opened.file.correction
    if right is None:
        return ()
    keys = office.vault.by_id(sorted(claims))
    found = [
        (one, source)
        for one in office.claims.history(claims)
        if (source := open_source(one, key_of(keys, one.claim))) is not None
    ]
    wrong = tuple(dict.fromkeys(one for _, source in found for one in _wrong(source.claim, right)))
    granted = Corrected(right=right, wrong=wrong)
    for one, source in found:
        after = _after(source, granted)
        if after != source:
            office.claims.put_right(one.claim, one.package, seal_source(after, keys[one.claim], one.package))
            office.vault.trace(opened.record.entity, {one.claim: traces_of(after.claim)}, one.package)
    return (granted,)


def _wrong(claim: Claim, right: Correction) -> Iterator[Correction]:
    if right.name is not None and name_of(claim.debtor) != right.name:
        yield Correction(name=name_of(claim.debtor))
    if right.address is not None and claim.debtor.address != right.address:
        yield Correction(address=claim.debtor.address)


def _after(source: SourceData, granted: Corrected) -> SourceData:
    told = source.told
    if told is not None:
        told = told.model_copy(update={"claim": corrected(told.claim, granted)})
    return source.model_copy(update={"claim": corrected(source.claim, granted), "told": told})


def identities(office: Office, opened: Opened, claims: Collection[str]) -> dict[str, Identity]:
    """The corrected identity of each claim that was handed over, inside the caller's transactions."""
    correction = opened.file.correction
    if correction is None:
        return {}
    keys = office.vault.by_id(sorted(claims))
    found = {}
    parts = [part for part in (correction.name, correction.address) if part is not None]
    for claim, line in told_last(office, keys).items():
        for part in parts:
            for name in type(part).model_fields:
                line.pop(name, None)
            line.update(part.model_dump(mode="json", exclude_none=True))
        found[claim] = Identity.model_validate_json(json.dumps(line))
    return found
