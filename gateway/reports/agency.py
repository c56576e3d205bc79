"""The report on an agency's work: plain figures by mandate, computed from what both sides have said of each case.

No person, claim number or case reference is in it, and no case that was erased. Amounts in cents, shares in per mille,
spans in hours or days, each the median and the longest. A recovery is what the debtor paid after the hand-over, to
whomever, put to the principal or not; its age is that of the claim when it was handed over, from the day it was due.

Fees: what the agency says the debtor was charged, VAT included, or what it has put to costs beyond ours, if that is more;
against the fee of an undisputed claim (0.9) or of a disputed one (1.3), § 13e(1) RDG with VV 2300, 7002 RVG, and VAT
only where the creditor cannot deduct it. A case with a court order or enforcement bears other costs as well (§ 788 ZPO),
and is not judged; neither is one that no figure covers.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_low
from typing import Final, NamedTuple

from gateway.figures.fees import Rate, lawful_fee
from gateway.figures.tables import NotCoveredError, covering
from schemas.answers import AgencyPayment, CaseClosed, CaseDispute, CaseQuestion, CaseStatus, FromAgency, PackageReceipt
from schemas.claim import Disputed
from schemas.codes import CaseStanding, DisputeGround, PaidTo, ReceiptVerdict, RefusalCode, StatusCode
from schemas.figures import LegalFigures
from schemas.messages import CaseAnswer, CaseNew, CasePayment, ToAgency

_AGES: Final = ((30, "to 30 days"), (90, "to 90 days"), (180, "to 180 days"), (365, "to a year"))
_OLDER: Final = "older"
_COURT: Final = {StatusCode.COURT_ORDER, StatusCode.ENFORCEMENT}
_HOUR: Final = timedelta(hours=1)


class Figure(NamedTuple):
    """One number: what it is about, of what, and what it counts: `count`, `cents`, `per mille`, `hours` or `days`."""

    group: str
    name: str
    value: int
    unit: str


class Terms(NamedTuple):
    """What a lawful fee depends on beside the case: the figures, and whether the creditor deducts VAT."""

    figures: LegalFigures
    vat_deductible: bool


class Spans(NamedTuple):
    """From the upload to the signed receipt, and from the hand-over to the first thing done; None if not yet."""

    receipt: timedelta | None
    action: timedelta | None


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """What one case adds to the report. `ceiling` is None for a case whose fees are not judged."""

    standing: CaseStanding
    spans: Spans
    age: str
    principal: int
    paid_to_agency: int
    paid_to_creditor: int
    verdict: ReceiptVerdict
    refusal: RefusalCode | None
    questions: int
    questions_open: int
    complaints: int
    disputes: tuple[DisputeGround, ...]
    charged: int
    ceiling: int | None


class Settlement(NamedTuple):
    """What one statement of an agency says is settled, and when it was made."""

    made: date
    remitted: int
    fees: int
    vat: int


def case_figures(
    new: CaseNew,
    messages: Sequence[ToAgency | FromAgency],
    *,
    standing: CaseStanding,
    spans: Spans,
    opened: date,
    terms: Terms,
) -> CaseFigures:
    """One case, from every message about it that was applied, in order; `opened` is the day of the hand-over."""
    receipts = [one for one in messages if isinstance(one, PackageReceipt) and one.about == new.message_id]
    answered = {one.question for one in messages if isinstance(one, CaseAnswer)}
    asked = {one.message_id for one in messages if _asks(one)}
    disputes = tuple(one.ground for one in messages if isinstance(one, CaseDispute))
    return CaseFigures(
        standing=standing,
        spans=spans,
        age=_age((opened - new.due_date).days),
        principal=new.principal_open,
        paid_to_agency=sum(one.amount for one in _payments(messages) if one.paid_to is PaidTo.AGENCY),
        paid_to_creditor=sum(one.amount for one in messages if isinstance(one, CasePayment)),
        verdict=receipts[-1].verdict if receipts else ReceiptVerdict.UNDER_REVIEW,
        refusal=receipts[-1].refusal if receipts else None,
        questions=len(asked),
        questions_open=len(asked - answered),
        complaints=sum(isinstance(one, CaseStatus) and one.status is StatusCode.COMPLAINT for one in messages),
        disputes=disputes,
        charged=_charged(new, messages),
        ceiling=_ceiling(new, messages, opened, disputed=bool(disputes), terms=terms),
    )


def figures_of(cases: Sequence[CaseFigures]) -> Iterator[Figure]:
    """The figures of one mandate, in the order they are shown."""
    yield Figure("cases", "handed over", len(cases), "count")
    yield from _counts("cases", Counter(f"now {one.standing}" for one in cases))
    yield from _counts("answers", Counter(str(one.verdict) for one in cases))
    decided = [one for one in cases if one.verdict in {ReceiptVerdict.ACCEPTED, ReceiptVerdict.REFUSED}]
    taken = sum(one.verdict is ReceiptVerdict.ACCEPTED for one in decided)
    yield from _share("acceptance", "accepted of those decided", taken, len(decided))
    yield from _counts("refused by the agency", Counter(str(one.refusal) for one in cases if one.refusal is not None))
    yield from _spans("time", "receipt", "hours", [one.spans.receipt for one in cases])
    yield from _spans("time", "first action", "days", [one.spans.action for one in cases])
    yield from _recovery(cases)
    yield from _fees(cases)
    yield Figure("questions", "asked", sum(one.questions for one in cases), "count")
    yield Figure("questions", "open", sum(one.questions_open for one in cases), "count")
    yield Figure("complaints and disputes", "complaints", sum(one.complaints for one in cases), "count")
    yield from _counts(
        "complaints and disputes", Counter(f"disputed: {ground}" for c in cases for ground in c.disputes)
    )


def settlement_figures(statements: Iterable[Settlement]) -> Iterator[Figure]:
    """What an agency's statements say: each is the state of that day, so they are not added up."""
    for one in statements:
        for name in ("remitted", "fees", "vat"):
            yield Figure("statements", f"{one.made} {name}", getattr(one, name), "cents")


def refused_figures(refused: Counter[str]) -> Iterator[Figure]:
    """The agency's answers that changed nothing here, by why."""
    yield from _counts("answers we refused", refused)


def _asks(message: ToAgency | FromAgency) -> bool:
    receipt = isinstance(message, PackageReceipt) and message.verdict is ReceiptVerdict.QUESTION
    return receipt or isinstance(message, CaseQuestion)


def _payments(messages: Iterable[ToAgency | FromAgency]) -> Iterator[AgencyPayment]:
    return (one for one in messages if isinstance(one, AgencyPayment))


def _age(days: int) -> str:
    return next((name for up_to, name in _AGES if days <= up_to), _OLDER)


def _charged(new: CaseNew, messages: Sequence[ToAgency | FromAgency]) -> int:
    told = [one.fees or 0 for one in messages if isinstance(one, CaseStatus | CaseClosed)]
    put_to_costs = sum(one.costs for one in _payments(messages)) - sum(one.amount for one in new.creditor_costs)
    return max(0, put_to_costs, *told)


def _ceiling(
    new: CaseNew, messages: Sequence[ToAgency | FromAgency], opened: date, *, disputed: bool, terms: Terms
) -> int | None:
    if any(isinstance(one, CaseStatus) and one.status in _COURT for one in messages):
        return None
    disputed = disputed or new.disputed is Disputed.YES
    rate = Rate.DISPUTED if disputed else Rate.USUAL
    vat = covering(terms.figures.vat_rates, opened)
    if vat is None:
        return None
    try:
        fee = lawful_fee(terms.figures, new.principal_open, rate, disputed, opened).total
    except NotCoveredError:
        return None
    # Half up, as § 2(2) RVG rounds.
    return fee if terms.vat_deductible else fee + (2 * fee * vat.percent + 100) // 200


def _counts(group: str, found: Counter[str]) -> Iterator[Figure]:
    for name, count in sorted(found.items(), key=lambda one: (-one[1], one[0])):
        yield Figure(group, name, count, "count")


def _share(group: str, name: str, part: int, whole: int) -> Iterator[Figure]:
    if whole:
        yield Figure(group, name, (2_000 * part + whole) // (2 * whole), "per mille")


def _spans(group: str, name: str, unit: str, spans: Iterable[timedelta | None]) -> Iterator[Figure]:
    per = _HOUR if unit == "hours" else _HOUR * 24
    found = [span // per for span in spans if span is not None]
    if found:
        yield Figure(group, f"to the {name}, median", median_low(found), unit)
        yield Figure(group, f"to the {name}, longest", max(found), unit)


def _recovery(cases: Sequence[CaseFigures]) -> Iterator[Figure]:
    for name in (*(name for _, name in _AGES), _OLDER):
        chosen = [one for one in cases if one.age == name]
        principal = sum(one.principal for one in chosen)
        paid = sum(one.paid_to_agency + one.paid_to_creditor for one in chosen)
        if chosen:
            yield Figure("handed over, by age", name, principal, "cents")
            yield Figure("paid to the agency, by age", name, sum(one.paid_to_agency for one in chosen), "cents")
            yield Figure("paid to us, by age", name, sum(one.paid_to_creditor for one in chosen), "cents")
            yield from _share("recovered, by age", name, paid, principal)


def _fees(cases: Sequence[CaseFigures]) -> Iterator[Figure]:
    judged = [one for one in cases if one.ceiling is not None and one.charged]
    above = [one.charged - (one.ceiling or 0) for one in judged if one.charged > (one.ceiling or 0)]
    yield Figure("fees charged to debtors", "cases with fees, judged", len(judged), "count")
    unjudged = sum(one.ceiling is None and one.charged > 0 for one in cases)
    yield Figure("fees charged to debtors", "cases with fees, not judged", unjudged, "count")
    yield Figure("fees charged to debtors", "charged", sum(one.charged for one in cases), "cents")
    yield Figure("fees charged to debtors", "cases above the ceiling", len(above), "count")
    yield Figure("fees charged to debtors", "above the ceiling", sum(above), "cents")
