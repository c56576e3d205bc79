"""Customer numbers, and the subjects they lead to: whose own number it is, and of whom a claim has borne it since.

A source may number a customer anew, or book a claim under another customer. A claim never changes its subject for that: the
new number is kept as one more trace of the claim. Whether two subjects are one person is for a human to say. Every call
works inside the caller's transaction on the vault.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlmodel import col

from keys.labels import Label, stacked_digest
from keys.material import Secret
from keys.sqlite import among
from keys.vault_tables import ClaimRow, SubjectRow, TraceRow


class Bearer(NamedTuple):
    """A known claim and its subject, by their ids: what bears a customer number."""

    claim: str
    subject: str


class Customers:
    """Look-ups by customer number; creates nothing."""

    def __init__(self, connection: Connection, index: tuple[Secret, ...]) -> None:
        self._connection = connection
        self._index = index

    def subjects(self, entity: str, numbers: Iterable[str]) -> dict[str, str]:
        """The subjects whose own these numbers are, by number."""
        by_digest = self._by_digest(entity, numbers)
        query = select(col(SubjectRow.customer), col(SubjectRow.id))
        rows = among(self._connection, query, col(SubjectRow.customer), by_digest)
        return {by_digest[digest]: str(subject) for digest, subject in rows}

    def leads(self, entity: str, numbers: Collection[str]) -> dict[str, frozenset[str]]:
        """All subjects that each of these numbers leads to; a number that leads to none is absent."""
        found = {number: frozenset({subject}) for number, subject in self.subjects(entity, numbers).items()}
        by_digest = self._by_digest(entity, numbers)
        query = select(col(TraceRow.digest), col(ClaimRow.subject)).join(
            ClaimRow, col(ClaimRow.id) == col(TraceRow.claim)
        )
        for digest, subject in among(self._connection, query.distinct(), col(TraceRow.digest), by_digest):
            number = by_digest[digest]
            found[number] = found.get(number, frozenset()) | {str(subject)}
        return found

    def claims_of(self, entity: str, number: str) -> list[str]:
        """The random ids of the claims of all subjects that a number leads to."""
        subjects = self.leads(entity, [number]).get(number, frozenset())
        rows = among(self._connection, select(col(ClaimRow.id)), col(ClaimRow.subject), subjects)
        return [str(claim) for (claim,) in rows]

    def linked(self, subjects: Collection[str]) -> set[str]:
        """Other subjects that may be the same people: a claim of the one has borne the own number of the other."""
        query = (
            select(col(SubjectRow.id), col(ClaimRow.subject))
            .join(TraceRow, col(TraceRow.digest) == col(SubjectRow.customer))
            .join(ClaimRow, col(ClaimRow.id) == col(TraceRow.claim))
            .distinct()
        )
        found = set[str]()
        for column in (col(SubjectRow.id), col(ClaimRow.subject)):
            for pair in among(self._connection, query, column, subjects):
                found.update(pair)
        return found - {*subjects}

    def bearer(self, entity: str, subjects: Collection[str]) -> Callable[[str], Bearer | None]:
        """Tells of any claim number whether the claim is of one of these subjects, without the vault."""
        query = select(col(ClaimRow.number), col(ClaimRow.id), col(ClaimRow.subject))
        rows = among(self._connection, query, col(ClaimRow.subject), subjects)
        numbers = {number: Bearer(claim, subject) for number, claim, subject in rows}
        return lambda claim_no: numbers.get(stacked_digest(self._index, Label.CLAIM_INDEX, entity, claim_no))

    def _by_digest(self, entity: str, numbers: Iterable[str]) -> dict[bytes, str]:
        return {stacked_digest(self._index, Label.CUSTOMER_INDEX, entity, number): number for number in numbers}
