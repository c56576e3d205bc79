"""Finding a person: by what a letter or mail says, through the vault's blind indexes.

Rules: a clue leads to a list that a human chooses from, never to a guess; nothing personal is in the list. A mistyped
reference is told apart from an unknown one by its check symbols. That nothing is held is an answer, too.
"""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.errors import InputError
from gateway.office import Office
from gateway.traces import by_agency_ref, by_email, by_invoice, by_name
from keys.claimkeys import ClaimKey
from schemas.identifiers import MistypedReferenceError, parse_reference


class Clue(NamedTuple):
    """What somebody wrote, as far as it is known; at least one of these."""

    customer_no: str | None = None
    claim_no: str | None = None
    invoice_no: str | None = None
    reference: str | None = None
    agency_ref: str | None = None
    email: str | None = None
    surname: str | None = None
    postcode: str | None = None


class Candidate(NamedTuple):
    """A subject that clues lead to: its random id, how many of the clues, its claims, and where they are.

    No clue leads to a subject that is listed for its customer number alone: claims of it and of another one that the clues
    lead to have borne the same.
    """

    subject: str
    clues: int
    claims: int
    with_agencies: tuple[str, ...]
    standings: tuple[str, ...]


def find(office: Office, entity: str, clue: Clue) -> list[Candidate]:
    """Whom the clues may mean, those first that most of them lead to. Raises InputError for clues that cannot lead."""
    if not any(clue):
        raise InputError("a clue is needed: a number, a reference, an e-mail address, or surname and postcode")
    if (clue.surname is None) != (clue.postcode is None):
        raise InputError("a surname is looked for together with its postcode, and the other way round")
    with office.connection.begin(), office.vault_connection.begin():
        hits = [set(found) for found in _subjects(office, entity, clue)]
        led = {subject for hit in hits for subject in hit}
        subjects = sorted(led | office.vault.customers.linked(led))
        keys = office.vault.of_subjects(subjects)
        cases = office.cases.of_claims(None, list(keys))
    found = []
    for subject in subjects:
        claims = [claim for claim, key in keys.items() if key.subject_id == subject]
        told = [cases[claim] for claim in claims if claim in cases]
        found.append(
            Candidate(
                subject,
                sum(subject in hit for hit in hits),
                len(claims),
                tuple(sorted({one.agency for one in told})),
                tuple(sorted({one.standing for one in told})),
            )
        )
    return sorted(found, key=lambda one: (-one.clues, one.subject))


def _subjects(office: Office, entity: str, clue: Clue) -> Iterable[Iterable[str]]:
    """The subjects that each clue leads to, inside the caller's transactions."""
    vault = office.vault
    if clue.customer_no is not None:
        yield vault.customers.leads(entity, [clue.customer_no]).get(clue.customer_no, ())
    if clue.claim_no is not None:
        yield _of(vault.find(entity, [clue.claim_no]).values())
    if clue.reference is not None:
        yield _of_reference(office, entity, clue.reference)
    if clue.agency_ref is not None:
        for agency in office.configuration.settings.agencies:
            yield _of(vault.by_id(vault.traced(entity, by_agency_ref(agency.id, clue.agency_ref))).values())
    traces = []
    if clue.invoice_no is not None:
        traces.append(by_invoice(clue.invoice_no))
    if clue.email is not None:
        traces.append(by_email(clue.email))
    if clue.surname is not None and clue.postcode is not None:
        traces.append(by_name(clue.surname, clue.postcode))
    for trace in traces:
        yield _of(vault.by_id(vault.traced(entity, trace)).values())


def _of_reference(office: Office, entity: str, text: str) -> set[str]:
    """A reference says nothing of the legal entity whose claim it is. What the vault alone knows since a restore may be of
    any of ours.
    """
    try:
        reference = parse_reference(text.strip())
    except MistypedReferenceError as error:
        raise InputError(f"{error}; look at the letter again") from None
    owners = {
        owner
        for agency in office.configuration.settings.agencies
        for owner in office.vault.owners([reference], agency.id).values()
    }
    vault = office.vault
    keys = vault.of_subjects(owners) if reference.startswith("D") else vault.by_id(sorted(owners))
    own = office.claims.of_entity(entity, keys) | (keys.keys() - office.claims.current(keys).keys())
    return _of(keys[claim] for claim in own)


def _of(keys: Iterable[ClaimKey]) -> set[str]:
    return {key.subject_id for key in keys}
