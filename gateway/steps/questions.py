"""The questions of an agency about one case, and which of them have not been answered."""

from collections.abc import Iterable

from schemas.answers import CaseQuestion, FromAgency, PackageReceipt
from schemas.codes import QuestionCode
from schemas.messages import CaseAnswer, ToAgency


def questions(messages: Iterable[ToAgency | FromAgency]) -> dict[str, QuestionCode]:
    """What was asked, by the message that asked it, in order."""
    return {
        one.message_id: one.question
        for one in messages
        if isinstance(one, PackageReceipt | CaseQuestion) and one.question is not None
    }


def open_questions(messages: Iterable[ToAgency | FromAgency]) -> dict[str, QuestionCode]:
    """The questions that no answer names."""
    found = list(messages)
    answered = {one.question for one in found if isinstance(one, CaseAnswer)}
    return {message: code for message, code in questions(found).items() if message not in answered}
