"""The agency's statement: its books of one creditor, case by case and as a whole, for the creditor to put beside its own."""

from datetime import datetime
from typing import Literal, NamedTuple

from gateway.agency.answers import Envelope
from gateway.agency.desk import Desk
from gateway.errors import UsageError
from gateway.steps.books import BookLine, book_line, books_digest
from keys.references import new_id
from schemas.answers import FromAgency, LastPackage, Statement, StatementCase
from schemas.codes import CaseStanding
from schemas.messages import BooksAgreed, CaseNew, KeyOffer, ToAgency
from schemas.package import PackageType


class Settled(NamedTuple):
    """What the agency passed on, what it charges the creditor, and the tax on that, in cents."""

    remitted: int = 0
    fees: int = 0
    vat: int = 0


def books(desk: Desk, creditor: str) -> dict[str, BookLine]:
    """The books of one creditor, inside the caller's transaction; an erased case has none."""
    messages: dict[str, list[ToAgency | FromAgency]] = {}
    for kept in desk.cases.messages(creditor):
        if not isinstance(kept.message, BooksAgreed | KeyOffer):
            messages.setdefault(kept.message.case_ref, []).append(kept.message)
    for answer in desk.answers.sent(creditor):
        messages.setdefault(str(getattr(answer, "case_ref", "")), []).append(answer)
    return {
        case_ref: book_line(
            case.standing,
            restricted=case.restricted,
            messages=[CaseNew.model_validate_json(case.line), *messages.get(case_ref, ())],
        )
        for case_ref, case in desk.cases.cases(creditor).items()
        if case.line is not None and case.standing is not CaseStanding.ERASED
    }


def state(desk: Desk, creditor: str, settled: Settled, now: datetime) -> Statement:
    """Queues a statement for a creditor. Raises UsageError for one that is not ours and has sent nothing.

    A creditor of our configuration may ask for empty books: after a restore it cannot know that nothing was sent.
    """
    with desk.cases_connection.begin():
        last = desk.cases.last_packages(creditor)
        if not last and creditor not in desk.creditors:
            raise UsageError("no creditor of that name is configured, and nothing has come from one: see [[creditors]]")
        lines = books(desk, creditor)
        statement = Statement(
            message_id=new_id(),
            creditor=creditor,
            made=now,
            cases=len(lines),
            principal=sum(one.principal for one in lines.values()),
            credited=sum(one.credited for one in lines.values()),
            paid_to_creditor=sum(one.paid_to_creditor for one in lines.values()),
            paid_to_agency=sum(one.paid_to_agency for one in lines.values()),
            remitted=settled.remitted,
            fees=settled.fees,
            vat=settled.vat,
            books=books_digest(lines),
            last=tuple(
                LastPackage(package_type=_type(kind), sequence=sequence, manifest_digest=digest)
                for kind, sequence, digest in last
                if kind in {PackageType.CASES, PackageType.STOPS}
            ),
        )
        desk.answers.queue(Envelope(creditor, PackageType.ANSWERS, None), [statement, *map(_line, lines.items())])
    return statement


def _type(kind: str) -> Literal["cases", "stops"]:
    return "stops" if kind == PackageType.STOPS else "cases"


def _line(found: tuple[str, BookLine]) -> StatementCase:
    case_ref, line = found
    return StatementCase(
        message_id=new_id(),
        case_ref=case_ref,
        standing=line.standing,
        restricted=line.restricted,
        principal=line.principal,
        credited=line.credited,
        paid_to_creditor=line.paid_to_creditor,
        paid_to_agency=line.paid_to_agency,
        closed=line.closed,
    )
