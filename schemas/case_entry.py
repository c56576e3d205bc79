"""What people did about single cases: entries without any person or case in clear."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.approval import Approved
from schemas.codes import AnswerCode, DisputeEnd, QuestionCode, RecallReason
from schemas.identifiers import PartyId
from schemas.leaf import Leaf


class CaseRecalled(Leaf):
    """Somebody decided that a case must not be worked any further."""

    event: Literal["case.recalled"] = "case.recalled"
    agency: PartyId
    reason: RecallReason
    approved: Approved | None = None


class DisputeSettled(Leaf):
    """A person decided that a dispute which an agency reported is settled; what else restricts the case goes on doing so."""

    event: Literal["dispute.settled"] = "dispute.settled"
    agency: PartyId
    end: DisputeEnd
    restricted: bool
    approved: Approved


class QuestionAnswered(Leaf):
    """An agency's question was answered; with a document only if a person has released it (§ 13a(2) RDG)."""

    event: Literal["question.answered"] = "question.answered"
    agency: PartyId
    asked: QuestionCode
    answer: AnswerCode
    approved: Approved | None = None

    @model_validator(mode="after")
    def _released(self) -> Self:
        if self.answer is AnswerCode.DOCUMENT and self.approved is None:
            raise PydanticCustomError("a document has an approval", "a document has an approval")
        return self


class AnswersDropped(Leaf):
    """Answers to questions, with their documents, were not sent: nobody works on their cases any more, or a request has
    restricted a case since its document was released (Art. 18(2) GDPR).
    """

    event: Literal["answers.dropped"] = "answers.dropped"
    answers: Annotated[int, Field(ge=1)]


CaseEntry = CaseRecalled | DisputeSettled | QuestionAnswered | AnswersDropped
