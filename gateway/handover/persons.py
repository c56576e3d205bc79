"""Whom a claim is about: the subject that the vault keeps it under, and those that its customer number leads to.

A source may number a customer anew, or book a claim under another customer, and the person stays the same. So a request of
any of these subjects stops a claim, and what any of them had put right is read; a number that the file gives to a claim of
such a person leads to that person from its first row on. Nobody is freed by a number, and no claim changes its subject.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from gateway.handover.corrections import Corrections
from gateway.handover.mixups import Look
from gateway.log.protecting import stopped
from gateway.office import Office
from gateway.readers.values import RefusedError, number
from keys.claimkeys import ClaimKey
from keys.customers import Bearer
from keys.remembered import contested
from keys.vault import Vault
from schemas.claim import Claim

_NO_BATCH: Final = ""  # the claims are known, so what is told of them is not taken back with a batch
Subjects = tuple[str, ...]
Asking = tuple[Claim, ClaimKey | None]
"""A claim as a row or a stored form says it, and its key if the vault knows it."""


class Persons:
    """Requests and corrections of one legal entity's people, in one run over a file or over held claims."""

    def __init__(self, office: Office, entity: str) -> None:
        self._office = office
        self._entity = entity
        self.corrections = Corrections(office, entity)
        self._in_file: dict[str, set[Bearer]] = {}
        with office.connection.begin(), office.vault_connection.begin():
            self._stopped = stopped(office)
            self._contested = contested(office.vault_connection)
            watched = {*self._stopped, *self.corrections.subjects}
            self._bearer = office.vault.customers.bearer(entity, watched) if watched else None

    def watching(self, looks: Iterable[Look]) -> Iterator[Look]:
        """The looks of a first pass; which numbers claims of these people bear in the file is noted on the way."""
        for look in looks:
            _, claim_no, cells = look
            bearer = None if self._bearer is None else self._bearer(claim_no)
            if bearer is not None:
                self._note(cells.get("customer_no"), bearer)
            yield look

    def remember(self) -> None:
        """Keeps the numbers that were noted, whatever becomes of their rows: later nights do not see the file again."""
        if self._in_file:
            borne = [(bearer, number) for number, bearers in self._in_file.items() for bearer in bearers]
            with self._office.vault_connection.begin():
                self._office.vault.renumber(self._entity, borne, _NO_BATCH)

    def of(self, claims: Sequence[Asking]) -> list[Subjects]:
        """Whom each of these claims is about, in order; nobody if there is nothing to heed. Outside any transaction."""
        if self._bearer is None:
            return [()] * len(claims)
        with self._office.vault_connection.begin():
            found = about(self._office.vault, self._entity, claims)
        return [
            tuple(
                dict.fromkeys([*subjects, *sorted({one.subject for one in self._in_file.get(claim.customer_no, ())})])
            )
            for subjects, (claim, _) in zip(found, claims, strict=True)
        ]

    def requests(self, subjects: Subjects) -> frozenset[str]:
        """The requests of these that stop the hand-over."""
        return requests(self._stopped, subjects)

    def contest(self, subjects: Subjects) -> bool:
        """Whether any of these says, in a request that stops the hand-over, that nothing is owed."""
        return bool(self.requests(subjects) & self._contested)

    def _note(self, cell: object, bearer: Bearer) -> None:
        with suppress(RefusedError):  # the row is rejected when it is read
            self._in_file.setdefault(number(cell), set()).add(bearer)


def about(vault: Vault, entity: str, claims: Sequence[Asking]) -> list[Subjects]:
    """Whom claims are about: the subject that each is kept under first, inside the caller's transaction on the vault."""
    leads = vault.customers.leads(entity, {claim.customer_no for claim, _ in claims})
    found = []
    for claim, key in claims:
        own = () if key is None else (key.subject_id,)
        found.append(tuple(dict.fromkeys([*own, *sorted(leads.get(claim.customer_no, ()))])))
    return found


def requests(stopped: dict[str, frozenset[str]], subjects: Subjects) -> frozenset[str]:
    """The requests of these subjects, of all that stop the hand-over."""
    return frozenset[str]().union(*(stopped.get(subject, frozenset()) for subject in subjects))
