"""The books of one creditor at one agency, computed the same way on both sides, and the digest both sign.

A line says of one case what was handed over, what was credited, what was paid to whom, and where the case stands; the
digest is SHA-256 over the canonical lines in order of reference. Amounts in cents. A difference names case and field.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

from schemas.answers import AgencyPayment, CaseClosed, FromAgency
from schemas.canonical import encode
from schemas.codes import CaseStanding, ClosingCode, PaidTo
from schemas.messages import CaseCredit, CaseNew, CasePayment, ToAgency


@dataclass(frozen=True, slots=True)
class BookLine:
    """One case in the books."""

    standing: CaseStanding
    restricted: bool
    principal: int = 0
    credited: int = 0
    paid_to_creditor: int = 0
    paid_to_agency: int = 0
    closed: ClosingCode | None = None


class Difference(NamedTuple):
    """What the two books of one case say differently; None for a book that does not hold the case."""

    case_ref: str
    field: str
    ours: object
    theirs: object


def book_line(standing: CaseStanding, *, restricted: bool, messages: Iterable[ToAgency | FromAgency]) -> BookLine:
    """The line of one case, from every message about it in both directions.

    What the debtor paid is counted in full, whatever it was put to (§ 367(1) BGB). The agency's report of a payment to the
    creditor is not counted beside the creditor's own. The creditor's payments and credits of a refused case are not counted:
    whether they crossed the refusal is seen on one side only.
    """
    sums = {"principal": 0, "credited": 0, "paid_to_creditor": 0, "paid_to_agency": 0}
    closed = None
    for one in messages:
        match one:
            case CaseNew():
                sums["principal"] += one.principal_open
            case CasePayment() | CaseCredit() if standing is CaseStanding.REFUSED:
                pass
            case CaseCredit():
                sums["credited"] += one.amount
            case CasePayment():
                sums["paid_to_creditor"] += one.amount
            case AgencyPayment() if one.paid_to is PaidTo.AGENCY:
                sums["paid_to_agency"] += one.amount
            case CaseClosed():
                closed = one.code
            case _:
                pass
    return BookLine(standing=standing, restricted=restricted, closed=closed, **sums)


def books_digest(books: Mapping[str, BookLine]) -> str:
    """What both sides sign."""
    lines = (encode(_plain(case_ref, books[case_ref])) + b"\n" for case_ref in sorted(books))
    hashed = hashlib.sha256()
    for line in lines:
        hashed.update(line)
    return hashed.hexdigest()


def differences(ours: Mapping[str, BookLine], theirs: Mapping[str, BookLine]) -> list[Difference]:
    """Every field of every case in which two books differ."""
    found = []
    for case_ref in sorted({*ours, *theirs}):
        one, other = ours.get(case_ref), theirs.get(case_ref)
        if one is None or other is None:
            found.append(Difference(case_ref, "(the case)", one and str(one.standing), other and str(other.standing)))
            continue
        found += [
            Difference(case_ref, part.name, getattr(one, part.name), getattr(other, part.name))
            for part in fields(BookLine)
            if getattr(one, part.name) != getattr(other, part.name)
        ]
    return found


def _plain(case_ref: str, line: BookLine) -> dict[str, object]:
    return {"case_ref": case_ref} | {name: value for name, value in asdict(line).items() if value is not None}
