"""Messages about cases that were handed over: kept while they wait, then sealed in packages of their own.

Whatever learns that something has changed (a row of an export, a person's command, a data subject's request) queues a
message here, in its own transaction; what waits is sealed before the next delivery: stops in `stops` packages, which go
first and wait for no other, the rest in `cases` packages. The item is kept under the claim's key, as that of the case.
"""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Final, TypeVar

from audit.items import commitment
from audit.store import append, items_of
from gateway.handover.batch import MAXIMUM_CLAIMS, OPENING_BYTES, SYSTEM_ACTOR
from gateway.handover.judge import key_of
from gateway.handover.missing import OPEN_CASES
from gateway.handover.sealing import addressing_of, envelope_recipients, outgoing_of, publish
from gateway.log.trail import show, trail_for
from gateway.office import Office
from gateway.partners.keys import with_keys_in_force
from gateway.steps.pseudonymise import opening_of, opening_text
from gateway.steps.seal import Envelope, Lines, PackageWriter, Sealed
from gateway.store.cases import CaseRecord, MessageRecord
from gateway.store.packages import Addressee
from gateway.store.payload import ItemKept, open_message, seal_message
from keys.claimkeys import ClaimKey
from keys.references import new_id
from keys.sshsig import sign
from schemas.calendar import day_in_germany
from schemas.canonical import encode, encode_model
from schemas.case import Identity
from schemas.case_entry import AnswersDropped
from schemas.entry import PackageSealed
from schemas.messages import BooksAgreed, CaseErase, KeyOffer, ToAgency

_CHUNK: Final = 4_000
_T = TypeVar("_T")


def queue(
    office: Office,
    case: CaseRecord,
    message: ToAgency,
    key: ClaimKey,
    now: datetime,
    *,
    identity: Identity | None = None,
    batch: str | None = None,
) -> None:
    """Keeps a message about a case until it is sealed, inside the caller's transaction.

    `identity` goes with a rectification alone; `batch` is the screening it comes from.
    """
    record = _record(message, key, identity, now)
    office.cases.keep([record._replace(agency=case.agency, entity=case.entity, batch=batch)])


def queue_for_agency(
    office: Office, agency: str, entity: str, message: BooksAgreed | KeyOffer | CaseErase, now: datetime
) -> None:
    """Keeps a message that is about no case here until it is sealed, inside the caller's transaction."""
    office.cases.keep([_record(message, None, None, now)._replace(agency=agency, entity=entity)])


def queue_again(office: Office, messages: Sequence[MessageRecord]) -> None:
    """Keeps what these messages say once more, in their order, inside the caller's transactions: under new ids, but those
    that still wait only move behind, so that nothing grows however often packages are voided.
    """
    keys = office.vault.by_id(sorted({one.claim for one in messages if one.claim is not None}))
    for one in messages:
        if one.package is None:
            office.voids.wait_behind(one)
            continue
        key, message_id = None if one.claim is None else key_of(keys, one.claim), new_id()
        said = open_message(one.payload, key, one.message_id).item.encode().split(b"\n")[:2]
        item = b"".join(encode(json.loads(line) | {"message_id": message_id}) + b"\n" for line in said)
        kept = ItemKept(item=item.decode(), opening=opening_text(os.urandom(OPENING_BYTES)))
        again = one._replace(message_id=message_id, package=None, item=None)
        office.cases.keep([again._replace(payload=seal_message(kept, key, message_id))])


def seal_waiting(office: Office, now: datetime) -> list[str]:
    """Seals everything that waits, stops first; the ids of the packages. Each is finished or never happened.

    An answer to a question, and the document with it, does not outlive the work on its case; nor does a document leave that
    was released before a request restricted its case: the question is open again, and who answers it sees the restriction.
    """
    with office.connection.begin():
        if dropped := office.documents.drop_overtaken(OPEN_CASES):
            append(office.connection, AnswersDropped(id=new_id(), time=now, actor=SYSTEM_ACTOR, answers=dropped))
        waiting, documented = office.cases.waiting(), office.documents.with_document()
    parts = [(addressee, part) for addressee, messages in waiting for part in _packages(messages, documented)]
    return [_seal(office, addressee, part, now) for addressee, part in parts]


def _packages(messages: Sequence[MessageRecord], documented: set[str]) -> Iterator[Sequence[MessageRecord]]:
    """What goes into a package each, in order; a message with a document has one of its own."""
    for has_document, run in groupby(messages, key=lambda one: one.message_id in documented):
        yield from slices(list(run), 1 if has_document else MAXIMUM_CLAIMS)


def slices(items: Sequence[_T], size: int) -> list[Sequence[_T]]:
    """`items` in pieces of at most `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _record(message: ToAgency, key: ClaimKey | None, identity: Identity | None, now: datetime) -> MessageRecord:
    about = {} if identity is None else identity.model_dump(mode="json", exclude_none=True)
    item = encode_model(message) + b"\n" + encode(about | {"message_id": message.message_id}) + b"\n"
    kept = ItemKept(item=item.decode(), opening=opening_text(os.urandom(OPENING_BYTES)))
    return MessageRecord(
        message_id=message.message_id,
        outbound=True,
        agency="",
        entity="",
        type=message.type,
        claim=None if key is None else key.claim_id,
        package=None,
        batch=None,
        item=None,
        made=now.isoformat(),
        refused=None,
        payload=seal_message(kept, key, message.message_id),
    )


def _seal(office: Office, addressee: Addressee, messages: Sequence[MessageRecord], now: datetime) -> str:
    package_id = new_id()
    with office.connection.begin():
        office.packages.open(package_id, addressee, "", now)
        sequence = office.packages.reserve_sequence(package_id, addressee)
    agency = with_keys_in_force(office, office.configuration.agency(addressee.agency), day_in_germany(now))
    addressing = addressing_of(addressee, package_id, sequence)
    creditor = office.configuration.entity(addressee.entity).creditor
    writer = PackageWriter(
        office.outbox, Envelope(addressing, None, creditor, envelope_recipients(agency), agency.expires_days)
    )
    commitments: list[bytes] = []
    for chunk in slices(messages, _CHUNK):
        writer.add(_lines(office, chunk, commitments))
    _enclose(office, messages, writer)
    trail = trail_for(office, addressee)
    signing = partial(sign, key=office.ring.signing_key(), namespace=addressee.type.namespace)
    sealed = writer.finish(signing, now, trail)
    with office.connection.begin():
        office.cases.sealed(messages, package_id)
        entry = append(office.connection, _entry(sealed, commitments, now), commitments).position
        office.packages.seal(outgoing_of(sealed, len(messages)), None, entry)
        show(office, addressee, trail)
    publish(office, sealed.files)
    return package_id


def _enclose(office: Office, messages: Sequence[MessageRecord], writer: PackageWriter) -> None:
    only = messages[0]
    with office.connection.begin(), office.vault_connection.begin():
        if only.claim is not None and only.message_id in office.documents.with_document():
            key = key_of(office.vault.by_id([only.claim]), only.claim)
            writer.enclose(office.documents.open(only.message_id, key))


def _lines(office: Office, messages: Sequence[MessageRecord], commitments: list[bytes]) -> list[Lines]:
    claims = sorted({one.claim for one in messages if one.claim is not None})
    with office.vault_connection.begin():
        keys = office.vault.by_id(claims)
    lines = []
    for one in messages:
        kept = open_message(one.payload, None if one.claim is None else key_of(keys, one.claim), one.message_id)
        line, identity, _ = kept.item.encode().split(b"\n")
        commitments.append(commitment(opening_of(kept.opening), kept.item.encode()))
        lines.append(Lines(line, encode(json.loads(identity) | {"opening": kept.opening})))
    return lines


def _entry(sealed: Sealed, commitments: Sequence[bytes], now: datetime) -> PackageSealed:
    items = items_of(commitments)
    if items is None:
        raise ValueError("a sealed package has messages")
    return PackageSealed(
        id=new_id(),
        time=now,
        actor=SYSTEM_ACTOR,
        package=sealed.manifest.package_id,
        recipient=sealed.manifest.recipient,
        sequence=sealed.manifest.sequence,
        manifest_digest=sealed.manifest_digest,
        post_quantum=sealed.manifest.post_quantum,
        items=items,
    )
