"""Reconciliation at the creditor: both sides' books side by side, to the cent, and one digest when they agree.

The agency's books are its newest statement. Where there is no difference, the creditor says so in a signed message, so
that both sides have signed the same digest; the comparison is an entry either way.

A case that was erased here, and that its agency keeps for a reason of its own (Art. 17(3) GDPR), stands in its books
alone: there is nothing here to put beside it, and its line is taken as stated, so that the digest is over the same cases
on both sides. One that the agency still works on, unrestricted, is a difference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from audit.store import append
from gateway.errors import OverdueError
from gateway.handover.judge import key_of
from gateway.handover.missing import OPEN_CASES
from gateway.handover.waiting import queue_for_agency
from gateway.office import Office
from gateway.steps.books import BookLine, Difference, book_line, books_digest, differences
from gateway.store.cases import CaseRecord, MessageRecord
from gateway.store.payload import open_message, open_payload
from keys.claimkeys import ClaimKey
from keys.references import new_id
from schemas.answers import FromAgency, FromAgencyAdapter, Statement, StatementCase
from schemas.codes import CaseStanding
from schemas.entry import BooksCompared
from schemas.messages import BooksAgreed, CaseNew, ToAgency, ToAgencyAdapter

_ACTOR: Final = "system:report-reconcile"
BOOKED: Final = ("case.payment", "case.credit", "case.closed")
"""The types of messages that move money or end a case."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Two books: how many cases and cents each has, every difference, and the digest if there is none.

    `erased_here`: cases that the agency keeps, and we erased; of these both books say what the agency states.
    """

    statement: Statement
    ours: dict[str, BookLine]
    theirs: dict[str, BookLine]
    differences: list[Difference]
    erased_here: int

    @property
    def digest(self) -> str | None:
        """What both sides sign; None while the books differ, or the agency's lines do not bear out its digest."""
        return None if self.differences else books_digest(self.ours)

    def as_json(self) -> dict[str, object]:
        """Both books as sums, and every difference, for `--json`."""
        return {
            "ours": sums(self.ours),
            "theirs": sums(self.theirs),
            "settled": {name: getattr(self.statement, name) for name in ("remitted", "fees", "vat")},
            "differences": [one._asdict() for one in self.differences],
            "erased_here": self.erased_here,
            "books": self.digest,
        }


def reconcile(office: Office, agency: str, entity: str, now: datetime) -> Reconciliation:
    """Compares with the newest statement, and answers it. Raises OverdueError if the agency owes one."""
    with office.connection.begin(), office.vault_connection.begin():
        cases = [one for one in office.cases.at(agency, entity) if one.standing is not CaseStanding.ERASED]
        keys = office.vault.by_id([one.claim for one in cases])
        messages = [
            one
            for one in office.cases.messages(agency, (*BOOKED, "statement", "statement.case", "books.agreed"))
            if one.entity == entity and one.refused is None
        ]
        statement, theirs = _theirs(office, messages, keys, agency)
        erased = {one: theirs[one] for one in office.erasures.remembered(agency, entity) & theirs.keys()}
        ours = erased | _ours(office, cases, keys, messages)
        differing = [*differences(ours, theirs), *_worked_on(erased), *_unborne(statement, theirs)]
        found = Reconciliation(statement, ours, theirs, differing, len(erased))
        office.erasures.forget(agency, entity, theirs.keys(), statement.made.isoformat())
        entry = BooksCompared(
            id=new_id(),
            time=now,
            actor=_ACTOR,
            agency=agency,
            statement=statement.message_id,
            differences=len(found.differences),
            books=found.digest,
        )
        append(office.connection, entry)
        agreed = {opened_line(one, keys) for one in messages if one.type == "books.agreed"}
        if found.digest is not None and not any(statement.message_id in str(one) for one in agreed):
            answer = BooksAgreed(message_id=new_id(), statement=statement.message_id, books=found.digest)
            queue_for_agency(office, agency, entity, answer, now)
    return found


def _worked_on(erased: Mapping[str, BookLine]) -> list[Difference]:
    """Cases that were erased here, and that their agency neither ended nor restricted."""
    return [
        Difference(case_ref, "standing", CaseStanding.ERASED, line.standing)
        for case_ref, line in erased.items()
        if line.standing in OPEN_CASES and not line.restricted
    ]


def _theirs(
    office: Office, messages: list[MessageRecord], keys: dict[str, ClaimKey], agency: str
) -> tuple[Statement, dict[str, BookLine]]:
    heads = [one for one in messages if one.type == "statement"]
    if not heads:
        raise OverdueError(
            f"{agency} has made no statement: ask for `inkasso agency statement`, then `inkasso feedback`"
        )
    newest = heads[-1]
    statement = FromAgencyAdapter.validate_json(opened_line(newest, keys))
    lines = {}
    # A statement that did not fit one package goes on in the next ones; the next statement begins anew.
    for one in messages[messages.index(newest) :]:
        found = FromAgencyAdapter.validate_json(opened_line(one, keys)) if one.type == "statement.case" else None
        if isinstance(found, StatementCase):
            lines[found.case_ref] = BookLine(
                standing=found.standing,
                restricted=found.restricted,
                principal=found.principal,
                credited=found.credited,
                paid_to_creditor=found.paid_to_creditor,
                paid_to_agency=found.paid_to_agency,
                closed=found.closed,
            )
    if not isinstance(statement, Statement):
        raise TypeError("a message of type statement is one")
    if len(lines) < statement.cases and office.erasures.since(newest.made):
        raise OverdueError(
            f"claims were erased since {agency} stated its books, and its lines about them with them: ask for "
            "`inkasso agency statement`, then `inkasso feedback`"
        )
    return statement, lines


def _unborne(statement: Statement, theirs: dict[str, BookLine]) -> Iterator[Difference]:
    """What a statement says of its own lines and they do not bear out: one digest is signed by both sides, or none."""
    borne = sums(theirs) | {"books": books_digest(theirs)}
    for name, value in borne.items():
        if getattr(statement, name) != value:
            yield Difference("(the statement)", name, value, getattr(statement, name))


def _ours(
    office: Office, cases: list[CaseRecord], keys: dict[str, ClaimKey], messages: list[MessageRecord]
) -> dict[str, BookLine]:
    by_claim: dict[str, list[ToAgency | FromAgency]] = {}
    for one in messages:
        if one.claim is not None and one.type in BOOKED:
            adapter = ToAgencyAdapter if one.outbound else FromAgencyAdapter
            by_claim.setdefault(one.claim, []).append(adapter.validate_json(opened_line(one, keys)))
    found = {}
    for case in cases:
        new = handed_over(office, case, key_of(keys, case.claim))
        found[new.case_ref] = book_line(
            case.standing, restricted=case.restricted, messages=[new, *by_claim.get(case.claim, ())]
        )
    return found


def handed_over(office: Office, case: CaseRecord, key: ClaimKey) -> CaseNew:
    """The case as it was sealed, from the payload of its screening."""
    screening = office.claims.of_package(case.package, case.claim)
    message = open_payload(screening.payload, key, screening.package).message
    if message is None:
        raise TypeError("a case that was handed over has a message")
    return CaseNew.model_validate_json(message.item.partition("\n")[0])


def opened_line(message: MessageRecord, keys: dict[str, ClaimKey]) -> str:
    """What a message says, one line of JSON."""
    key = None if message.claim is None else key_of(keys, message.claim)
    return open_message(message.payload, key, message.message_id).item.partition("\n")[0]


def sums(books: dict[str, BookLine]) -> dict[str, int]:
    """Cases, and cents, of a book."""
    names = ("principal", "credited", "paid_to_creditor", "paid_to_agency")
    return {"cases": len(books)} | {name: sum(getattr(one, name) for one in books.values()) for name in names}
