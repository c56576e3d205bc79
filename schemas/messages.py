"""Messages to an agency: one record each, told apart by `type`, in a closed union.

A message has one line in each sealed file, joined by `message_id`. Its line in the cases file is one of `ToAgency`; its
line in the identities file is an `IdentityLine` for `case.new`, either an `IdentityLine` or an `OpeningLine` for
`case.rectify`, and an `OpeningLine` for every other type. Amounts in cents, dates by the calendar in Germany.

`STOPS` go in packages of their own: they take back, and wait for nothing.
"""

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import Strict
from schemas.case import Case, Identity
from schemas.claim import DebtorKind
from schemas.codes import AnswerCode, CreditReason, RecallReason, RestrictionGround
from schemas.identifiers import CaseRef, Digest, MessageId
from schemas.money import Cents

MESSAGES_VERSION: Final = 1
MAXIMUM_DOCUMENT_BYTES: Final = 5 << 20

Opening = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""32 random bytes, base64url without padding: opens the commitment that the sender's log holds."""
Paid = Annotated[Cents, Field(gt=0)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class CaseNew(Case):
    """A case handed over for the first time."""

    type: Literal["case.new"] = "case.new"
    message_id: MessageId


class _AboutCase(Strict):
    message_id: MessageId
    case_ref: CaseRef


class CasePayment(_AboutCase):
    """The debtor paid the creditor after the hand-over."""

    type: Literal["case.payment"] = "case.payment"
    amount: Paid
    currency: Currency
    booked_on: date


class CaseCredit(_AboutCase):
    """The principal has become smaller."""

    type: Literal["case.credit"] = "case.credit"
    amount: Paid
    currency: Currency
    booked_on: date
    reason: CreditReason


class CaseAnswer(_AboutCase):
    """The answer to a question, by the question's message id; `document` is the SHA-256 of a released PDF."""

    type: Literal["case.answer"] = "case.answer"
    question: MessageId
    answer: AnswerCode
    document: Digest | None = None
    document_bytes: Annotated[int, Field(ge=1, le=MAXIMUM_DOCUMENT_BYTES)] | None = None

    @model_validator(mode="after")
    def _names_what_it_says(self) -> Self:
        has = (self.answer is AnswerCode.DOCUMENT, self.document is not None, self.document_bytes is not None)
        if len(set(has)) != 1:
            sentence = "the answer that is a document, and no other, names its digest and size"
            raise PydanticCustomError(sentence, "{rule}", {"rule": sentence})
        return self


class CaseRecall(_AboutCase):
    """The case must not be worked any further."""

    type: Literal["case.recall"] = "case.recall"
    reason: RecallReason


class CaseRestrict(_AboutCase):
    """The case may be kept, and nothing else, until `case.unrestrict` (Art. 18 GDPR)."""

    type: Literal["case.restrict"] = "case.restrict"
    ground: RestrictionGround


class CaseUnrestrict(_AboutCase):
    """The restriction has ended, whatever it came from.

    `dispute`: the newest dispute of the agency's that is settled; one that crossed this message keeps the case restricted.
    """

    type: Literal["case.unrestrict"] = "case.unrestrict"
    dispute: MessageId | None = None


class CaseRectify(_AboutCase):
    """What is given here or in the identity line replaces what was sent (Art. 16, 19 GDPR)."""

    type: Literal["case.rectify"] = "case.rectify"
    debtor_kind: DebtorKind | None = None
    is_adult: bool | None = None
    contract_date: date | None = None
    invoice_date: date | None = None
    due_date: date | None = None


class CaseErase(_AboutCase):
    """The case and its identity are to be erased (Art. 17, 19 GDPR).

    `instruction` binds a processor (Art. 28(3)(g)); otherwise it is the notice a controller decides about.
    """

    type: Literal["case.erase"] = "case.erase"
    instruction: bool


class BooksAgreed(Strict):
    """The creditor's books say the same as a statement: both sides have now signed this digest."""

    type: Literal["books.agreed"] = "books.agreed"
    message_id: MessageId
    statement: MessageId
    books: Digest


class KeyOffer(Strict):
    """A new public key of the sender, to be confirmed out of band before it is trusted.

    `key` is an OpenSSH line (signing) or an age recipient (the parts); the old one is refused after `old_until`.
    """

    type: Literal["key.offer"] = "key.offer"
    message_id: MessageId
    purpose: Literal["signing", "cases", "identities", "answers"]
    key: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+[ A-Za-z0-9+/=]{1,4000}$")]
    fingerprint: Annotated[str, StringConstraints(pattern=r"^(SHA256:[A-Za-z0-9+/]{43}|[0-9a-f]{64})$")]
    old_until: date


class OpeningLine(Strict):
    """The identity line of a message that says nothing of who it is about."""

    message_id: MessageId
    opening: Opening


class IdentityLine(Identity):
    """Who a message is about, and the opening of its commitment."""

    message_id: MessageId
    opening: Opening


STOPS: Final = ("case.recall", "case.restrict", "case.unrestrict", "case.rectify", "case.erase")
Stop = CaseRecall | CaseRestrict | CaseUnrestrict | CaseRectify | CaseErase
CaseMessage = CaseNew | CasePayment | CaseCredit | CaseAnswer | BooksAgreed | KeyOffer
ToAgency = CaseMessage | Stop
ToAgencyAdapter: TypeAdapter[ToAgency] = TypeAdapter(Annotated[ToAgency, Field(discriminator="type")])
