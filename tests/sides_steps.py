"""The steps of a history of two sides, and how they are drawn: hand over, lose, repeat, crash, answer, recall, collect."""

from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from both_sides import ALIVE, CLAIMS, Kill
from sides_model import MAY, Row
from world import TODAY

DAY: Final = TODAY.date().isoformat()
COMMIT: Final = "sqlalchemy.engine.base.Transaction.commit"
RENAME: Final = "pathlib.Path.rename"
NIGHT_KILLS: Final = (
    COMMIT,
    RENAME,
    "wire.Server.upload",
    "gateway.handover.batch.publish",
    "gateway.handover.batch.sign",
    "gateway.handover.tell.queue",
    "gateway.handover.waiting.publish",
    "gateway.handover.stops.publish",
    "gateway.store.packages.Packages.withdraw",
    "gateway.store.packages.Packages.uploaded",
    "gateway.store.packages.Packages.voided",
)
AGENCY_KILLS: Final = (
    COMMIT,
    RENAME,
    "gateway.agency.work.post",
    "gateway.agency.post._place",
    "gateway.agency.store.CasesStore.receive",
    "gateway.agency.answers.AnswersStore.seal",
)
FEEDBACK_KILLS: Final = (
    COMMIT,
    "wire.Server.remove",
    "gateway.feedback.run._apply",
    "gateway.feedback.run._clean_up",
    "gateway.feedback.apply.deliver",
)
CHANGES: Final = ("new", "paid", "credited", "disputed", "settled", "ended")
REPLIES: Final[dict[str, dict[str, Any]]] = {
    "accepted": {"type": "package.receipt", "verdict": "accepted"},
    "refused": {"type": "package.receipt", "verdict": "refused", "refusal": "abroad"},
    "question": {"type": "package.receipt", "verdict": "question", "question": "invoice"},
    "paused": {"type": "case.status", "status": "paused", "since": DAY},
    "resumed": {"type": "case.status", "status": "resumed", "since": DAY},
    "payment": {
        "type": "case.payment",
        "currency": "EUR",
        "received_on": DAY,
        "paid_to": "agency",
        "costs": 0,
        "interest": 0,
    },
    "dispute": {"type": "case.dispute", "ground": "not-delivered", "raised_on": DAY},
    "closed": {"type": "case.closed", "code": "paid", "closed_on": DAY, "fees": 3000},
}


class Change(NamedTuple):
    """The source has a claim, or says something else of it."""

    claim: int
    what: str = "new"


class Night(NamedTuple):
    """A hand-over over a line that breaks after so many uploads, or is down; perhaps killed and begun anew, over a line as
    bad as before, or over a good one; `between`: the agency looks before that.
    """

    reach: int | None = None
    kill: Kill = ALIVE
    again: bool = False
    between: bool = False


class Recall(NamedTuple):
    """A person at the creditor recalls a case that is open, wherever it is."""

    pick: int


class Void(NamedTuple):
    """A person at the creditor voids a package that lies at the agency, or lay there, and has no answer here."""

    pick: int


class Feedback(NamedTuple):
    """The creditor collects."""

    kill: Kill = ALIVE


class Receive(NamedTuple):
    """The agency looks for what has arrived."""

    kill: Kill = ALIVE


class Answer(NamedTuple):
    """The agency says something of one of its cases."""

    pick: int
    what: str
    kill: Kill = ALIVE


class Lose(NamedTuple):
    """A file of a package, or all of them, is gone from where it lay: what comes after it comes before it."""

    pick: int
    which: int


class Find(NamedTuple):
    """What was lost is back."""

    pick: int


class Repeat(NamedTuple):
    """What was sent once lies there again, under its own name or another."""

    pick: int
    renamed: bool = False


class Day(NamedTuple):
    """A night, and the morning after it, on which nothing goes wrong."""


Step = Day | Change | Night | Recall | Void | Feedback | Receive | Answer | Lose | Find | Repeat


def kills(points: tuple[str, ...]) -> st.SearchStrategy[Kill]:
    """Two times in three nobody is killed."""
    return st.just(ALIVE) | st.just(ALIVE) | st.tuples(st.sampled_from(points), st.integers(1, 9))


CLAIM: Final = st.sampled_from(CLAIMS)
PICK: Final = st.integers(0, 11)
LOST: Final = st.builds(Lose, PICK, st.integers(0, 5)) | st.builds(Find, PICK)
STEPS: Final[st.SearchStrategy[Step]] = st.one_of(
    st.builds(Change, CLAIM, st.sampled_from(CHANGES)),
    st.builds(Recall, PICK),
    st.builds(Night, st.none() | st.integers(-1, 6), kills(NIGHT_KILLS), st.booleans(), st.booleans()),
    st.builds(Receive, kills(AGENCY_KILLS)),
    st.builds(Feedback, kills(FEEDBACK_KILLS)),
    st.just(Day()) | st.just(Night(-1)),
    st.builds(Answer, PICK, st.sampled_from(sorted(MAY)), kills(AGENCY_KILLS)),
    st.builds(Answer, PICK, st.sampled_from(sorted(MAY)), kills(AGENCY_KILLS)),
    LOST,
    st.builds(Void, PICK),
    st.builds(Repeat, PICK, st.booleans()),
)


def changed(found: Row, what: str) -> Row:
    """What a source says next of a claim; nothing else once it is not owed any more."""
    match what:
        case _ if found.amount == 0:
            return found
        case "paid" if found.paid < 6000:
            return found._replace(paid=found.paid + 500)
        case "credited" if found.amount > 11050:
            return found._replace(amount=found.amount - 250)
        case "disputed" | "settled":
            return found._replace(disputed=what == "disputed")
        case "ended":
            return found._replace(amount=0)
        case _:
            return found
