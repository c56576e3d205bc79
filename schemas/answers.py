"""Messages from an agency: one line each in the one sealed file of a `receipt` or `answers` package.

No identity and no free text comes back. Amounts in cents, dates by the calendar in Germany. `agency_ref` is the
agency's own file number.
"""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import Instant, Strict
from schemas.codes import (
    CaseStanding,
    ClosingCode,
    DisputeGround,
    NoticeResult,
    PackageFault,
    PaidTo,
    QuestionCode,
    ReceiptVerdict,
    RefusalCode,
    RequestKind,
    RetentionGround,
    StatusCode,
)
from schemas.identifiers import CaseRef, Digest, MessageId, PackageId, PartyId
from schemas.messages import Currency, KeyOffer, Paid
from schemas.money import Cents

AgencyRef = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,39}$")]
_Sum = Annotated[Cents, Field(ge=0)]
_Count = Annotated[int, Field(ge=0, le=10**9)]  # more packages or cases than either side ever has


class PackageReceipt(Strict):
    """The agency's answer to one message of a package whose manifest has this digest.

    `accepted` of a case names its `agency_ref`, `refused` a code, `question` what is asked.
    """

    type: Literal["package.receipt"] = "package.receipt"
    message_id: MessageId
    package_id: PackageId
    manifest_digest: Digest
    about: MessageId
    verdict: ReceiptVerdict
    agency_ref: AgencyRef | None = None
    refusal: RefusalCode | None = None
    question: QuestionCode | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.verdict is ReceiptVerdict.REFUSED) != (self.refusal is not None):
            raise _fault("a refusal, and nothing else, has a refusal code")
        if (self.verdict is ReceiptVerdict.QUESTION) != (self.question is not None):
            raise _fault("a question, and nothing else, has a question code")
        if self.agency_ref is not None and self.verdict is not ReceiptVerdict.ACCEPTED:
            raise _fault("only what is accepted has an agency_ref")
        return self


class PackageRefused(Strict):
    """The agency has taken nothing of a package, and never will: its number is closed.

    It could not be opened, or its creditor has voided it before it was taken; then `manifest_digest` is that of the void
    manifest. The creditor sends what was in it again, under another number.
    """

    type: Literal["package.refused"] = "package.refused"
    message_id: MessageId
    package_id: PackageId
    manifest_digest: Digest
    fault: PackageFault


class _AboutCase(Strict):
    message_id: MessageId
    case_ref: CaseRef


class CaseStatus(_AboutCase):
    """Something happened to a case that goes on; `fees` are what the debtor is charged by now, VAT included."""

    type: Literal["case.status"] = "case.status"
    status: StatusCode
    since: date
    fees: _Sum | None = None


class AgencyPayment(_AboutCase):
    """The debtor paid, and what it was put to: costs, then interest, then principal (§ 367(1) BGB)."""

    type: Literal["case.payment"] = "case.payment"
    amount: Paid
    currency: Currency
    received_on: date
    paid_to: PaidTo
    costs: _Sum
    interest: _Sum
    principal: _Sum

    @model_validator(mode="after")
    def _split_adds_up(self) -> Self:
        if self.costs + self.interest + self.principal != self.amount:
            raise _fault("costs, interest and principal are the amount")
        return self


class CaseDispute(_AboutCase):
    """The debtor contests the claim; it is restricted on both sides until that is settled."""

    type: Literal["case.dispute"] = "case.dispute"
    ground: DisputeGround
    raised_on: date


class CaseQuestion(_AboutCase):
    """The agency must know something to go on."""

    type: Literal["case.question"] = "case.question"
    question: QuestionCode


class CaseClosed(_AboutCase):
    """The agency has ended its work; `fees` are what the debtor was charged in all, VAT included."""

    type: Literal["case.closed"] = "case.closed"
    code: ClosingCode
    closed_on: date
    fees: _Sum = 0


class NoticeAck(_AboutCase):
    """What was done about a stop, by the stop's message id (Art. 19 GDPR)."""

    type: Literal["notice.ack"] = "notice.ack"
    about: MessageId
    result: NoticeResult
    until: date | None = None
    ground: RetentionGround | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.result is NoticeResult.RESTRICTED_UNTIL) != (self.until is not None):
            raise _fault("a restriction, and nothing else, has an end")
        kept = self.result in {NoticeResult.KEPT_BECAUSE, NoticeResult.RESTRICTED_UNTIL}
        if (self.ground is not None and not kept) or (self.result is NoticeResult.KEPT_BECAUSE and self.ground is None):
            raise _fault("what is kept, and nothing else, has a ground")
        return self


class RequestForwarded(_AboutCase):
    """A data subject asked the agency for something the creditor must decide; the deadline runs from `received_on`."""

    type: Literal["request.forwarded"] = "request.forwarded"
    request: RequestKind
    received_on: date


class LastPackage(Strict):
    """The newest package of a type that the agency has from the creditor."""

    package_type: Literal["cases", "stops"]
    sequence: _Count
    manifest_digest: Digest


class StatementCase(_AboutCase):
    """One case as it stands in the agency's books; belongs to the statement of the same package."""

    type: Literal["statement.case"] = "statement.case"
    standing: CaseStanding
    restricted: bool
    principal: _Sum
    credited: _Sum
    paid_to_creditor: _Sum
    paid_to_agency: _Sum
    closed: ClosingCode | None = None


class Statement(Strict):
    """The agency's books of one creditor at a moment: what `books` is the digest of, and what is settled.

    `remitted` is what the agency passed on, `fees` what it charges the creditor, `vat` the tax on these.
    """

    type: Literal["statement"] = "statement"
    message_id: MessageId
    creditor: PartyId
    made: Instant
    cases: _Count
    principal: _Sum
    credited: _Sum
    paid_to_creditor: _Sum
    paid_to_agency: _Sum
    remitted: _Sum = 0
    fees: _Sum = 0
    vat: _Sum = 0
    books: Digest
    last: tuple[LastPackage, ...] = ()


CaseAnswers = CaseStatus | AgencyPayment | CaseDispute | CaseQuestion | CaseClosed | NoticeAck | RequestForwarded
FromAgency = PackageReceipt | PackageRefused | CaseAnswers | Statement | StatementCase | KeyOffer
FromAgencyAdapter: TypeAdapter[FromAgency] = TypeAdapter(Annotated[FromAgency, Field(discriminator="type")])


def _fault(sentence: str) -> PydanticCustomError:
    # The rule's name is all that is ever shown of a validation failure, so it is the sentence.
    return PydanticCustomError(sentence, "{rule}", {"rule": sentence})
