"""The closed enumerations that messages are written in. There is no free text; what has no code does not travel.

What an agency's own system says is mapped to these before it leaves (`gateway/agency/codes.toml`). A code that the
creditor has no need for (that somebody is a soldier, ill, poor or in prison) becomes `other` (Art. 5(1)(c) GDPR).
"""

from enum import StrEnum


class ReceiptVerdict(StrEnum):
    """What the agency answers to one message; `under-review` is followed by another answer."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    QUESTION = "question"
    UNDER_REVIEW = "under-review"


class RefusalCode(StrEnum):
    """Why the agency does not take a message. `stopped`: a stop for the case came first. `instruction-not-supported`: the
    case has an instruction of its own that the agency cannot follow.
    """

    AMOUNT_TOO_LOW = "amount-too-low"
    AMOUNT_TOO_HIGH = "amount-too-high"
    NOT_PLAUSIBLE = "not-plausible"
    CONTRAVENTION = "contravention"
    INSOLVENCY = "insolvency"
    DECEASED = "deceased"
    MINOR = "minor"
    LIMITATION = "limitation"
    CURRENCY = "currency"
    ABROAD = "abroad"
    FRAUD = "fraud"
    NOT_ASSIGNABLE = "not-assignable"
    STOPPED = "stopped"
    UNKNOWN_CASE = "unknown-case"
    REPEATED = "repeated"
    INSTRUCTION_NOT_SUPPORTED = "instruction-not-supported"
    OTHER = "other"


class PackageFault(StrEnum):
    """Why an agency has not taken a package that its creditor signed, and never will."""

    EXPIRED = "expired"
    UNOPENED = "unopened"
    VOIDED = "voided"
    """its creditor has closed its number by a void manifest, and it had not been taken before"""


class VoidReason(StrEnum):
    """Why a creditor no longer waits for the receipt of a package that it has uploaded."""

    LOST = "lost"
    DAMAGED = "damaged"
    EXPIRED = "expired"


class QuestionCode(StrEnum):
    """What the agency needs to know before it goes on (§ 13a(2) RDG for the first three)."""

    CONTRACT = "contract"
    INVOICE = "invoice"
    DELIVERY = "delivery"
    REMINDER = "reminder"
    ADDRESS = "address"
    PAYMENT = "payment"
    IDENTITY = "identity"
    STILL_OWED = "still-owed"
    OTHER = "other"


class AnswerCode(StrEnum):
    """The creditor's answer to a question. `document`: a released document travels with it."""

    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    DOCUMENT = "document"
    NOT_AVAILABLE = "not-available"


class CreditReason(StrEnum):
    """Why the creditor owes itself less than it invoiced."""

    RETURNED = "returned"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    GOODWILL = "goodwill"
    CORRECTION = "correction"


class RecallReason(StrEnum):
    """Why a case must not be worked any further."""

    PAID_BEFORE_HANDOVER = "paid-before-handover"
    NOT_OWED = "not-owed"
    DUPLICATE = "duplicate"
    WRONG_PERSON = "wrong-person"
    INSOLVENCY = "insolvency"
    DECEASED = "deceased"
    MINOR = "minor"
    OTHER = "other"


class RestrictionGround(StrEnum):
    """Why a case may only be kept for now (Art. 18(1), 21 GDPR)."""

    DISPUTED = "disputed"
    ACCURACY = "accuracy"
    UNLAWFUL = "unlawful"
    LEGAL_CLAIMS = "legal-claims"
    OBJECTION = "objection"


class StatusCode(StrEnum):
    """What happened to a case that goes on."""

    LETTER_SENT = "letter-sent"
    BALANCE_CHANGED = "balance-changed"
    INSTALMENT = "instalment"
    DEFERRED = "deferred"
    COURT_ORDER = "court-order"
    ENFORCEMENT = "enforcement"
    MONITORING = "monitoring"
    PAUSED = "paused"
    RESUMED = "resumed"
    COMPLAINT = "complaint"
    OTHER = "other"


class DisputeEnd(StrEnum):
    """How a dispute that an agency reported was settled, so that work may go on. Whoever was right is recalled instead."""

    WITHDRAWN = "withdrawn"
    REFUTED = "refuted"
    CORRECTED = "corrected"


class DisputeGround(StrEnum):
    """What the debtor contests, as far as the creditor needs it to decide."""

    NOT_OWED = "not-owed"
    PAID = "paid"
    WITHDRAWN = "withdrawn"
    NOT_DELIVERED = "not-delivered"
    DEFECTIVE = "defective"
    WRONG_PERSON = "wrong-person"
    IDENTITY_MISUSED = "identity-misused"
    LIMITATION = "limitation"
    FEES_ONLY = "fees-only"
    OTHER = "other"


class ClosingCode(StrEnum):
    """Why the agency ends its work on a case."""

    PAID = "paid"
    PAID_IN_PART = "paid-in-part"
    PAID_BEFORE_HANDOVER = "paid-before-handover"
    CREDITED = "credited"
    UNCOLLECTABLE = "uncollectable"
    INSOLVENCY = "insolvency"
    DECEASED = "deceased"
    MINOR = "minor"
    LIMITATION = "limitation"
    LIQUIDATED = "liquidated"
    DISMISSED = "dismissed"
    DISPUTED = "disputed"
    ADDRESS_UNKNOWN = "address-unknown"
    ABROAD = "abroad"
    DATA_MISSING = "data-missing"
    NOT_DOCUMENTED = "not-documented"
    DUPLICATE = "duplicate"
    FRAUD = "fraud"
    RECALLED = "recalled"
    OTHER = "other"


class PaidTo(StrEnum):
    """Whom the debtor paid."""

    AGENCY = "agency"
    CREDITOR = "creditor"


class NoticeResult(StrEnum):
    """What the agency did about a stop (Art. 19 GDPR); `unknown`: the case has never been there."""

    EXECUTED = "executed"
    RESTRICTED_UNTIL = "restricted-until"
    KEPT_BECAUSE = "kept-because"
    UNKNOWN = "unknown"


class RetentionGround(StrEnum):
    """Why the agency keeps what it was asked to erase (Art. 17(3)(b), (e) GDPR)."""

    TAX = "tax"
    COMMERCIAL = "commercial"
    LEGAL_CLAIMS = "legal-claims"
    TITLE = "title"


class RequestKind(StrEnum):
    """What a data subject asked the agency for."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"


class CaseStanding(StrEnum):
    """Where a case stands in the books of either side; whether it is restricted stands beside it."""

    UNDER_REVIEW = "under-review"
    QUESTION = "question"
    ACTIVE = "active"
    PAUSED = "paused"
    REFUSED = "refused"
    RECALLED = "recalled"
    CLOSED = "closed"
    ERASED = "erased"


class ErasureScope(StrEnum):
    """What an erasure destroys of a claim: everything, or the claim as its source delivered it."""

    CLAIM = "claim"
    SOURCE = "source"
