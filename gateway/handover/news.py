"""What the facts feed says of claims that agencies have, also when no row has changed: they are looked up by its numbers.

Rules: a claim is looked at if the feed names it, or if it is restricted and may be so no longer; held ones are read again
with the others. What was told is not told again. The row stays as it was last read.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from gateway.handover.feed import Feed
from gateway.handover.judge import Judge, Judged, key_of
from gateway.office import Office
from gateway.settings import Source
from gateway.store.payload import source_of
from gateway.traces import by_invoice
from schemas.screening import Changed

_CHUNK: Final = 4_000


def news(office: Office, source: Source, feed: Feed, judge: Judge) -> Iterator[list[Judged]]:
    """The changes to tell, a chunk at a time; only those that say something."""
    claims = iter(dict.fromkeys(chain(_named(office, source, feed), _restricted(office, source))))
    while chunk := list(islice(claims, _CHUNK)):
        yield [one for one in _changes(office, source, judge, chunk) if _says_something(one)]


def _changes(office: Office, source: Source, judge: Judge, claims: Sequence[str]) -> list[Judged]:
    with office.connection.begin(), office.vault_connection.begin():
        stored = office.claims.with_agencies(source.id, claims)
        keys = office.vault.by_id([one.claim for one in stored])
    found = []
    for one in stored:
        claim = source_of(one, key_of(keys, one.claim)).claim
        judged = judge.again(claim, one)
        if judged is not None:
            found.append((judged, one))
    return judge.as_changes(found)


def _says_something(judged: Judged) -> bool:
    return isinstance(judged.verdict, Changed) and not judged.verdict.says_nothing


def _named(office: Office, source: Source, feed: Feed) -> Iterator[str]:
    vault, entity, names = office.vault, source.entity, feed.names()
    for numbers in _slices(names["claim_no"]):
        with office.vault_connection.begin():
            found = [key.claim_id for key in vault.find(entity, numbers).values()]
        yield from found
    for numbers in _slices(names["invoice_no"]):
        with office.vault_connection.begin():
            found = [claim for one in numbers for claim in vault.traced(entity, by_invoice(one))]
        yield from found
    for numbers in _slices(names["customer_no"]):
        with office.vault_connection.begin():
            leads = vault.customers.leads(entity, numbers).values()
            found = list(vault.of_subjects({subject for subjects in leads for subject in subjects}))
        yield from found


def _restricted(office: Office, source: Source) -> list[str]:
    with office.connection.begin():
        return office.cases.restricted(source.entity)


def _slices(numbers: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(numbers)
    while some := list(islice(rest, _CHUNK)):
        yield some
