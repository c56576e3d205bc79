"""Both sides against a model: whatever is lost, repeated, out of order or killed, their books say what the model says.

Each case is accepted at most once, every accepted recall stops, no number is used twice, and nothing is said that was not
to be said. The long form is `torture_both_sides.py`.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sides_machine import BothSides
from sides_steps import Answer, Change, Day, Feedback, Find, Lose, Night, Recall, Receive, Repeat, Step, Void

FEW = settings(
    max_examples=6,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
ALL = 9  # more files than a package has: it is lost as a whole


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The world that every history of this module begins with."""
    BothSides.prepare(tmp_path_factory.mktemp("sides"))
    yield


def history(*steps: Step) -> BothSides:
    """What is left of a history when everything has arrived."""
    made = BothSides()
    made.begin(first={1})
    for step in steps:
        made.happens(step=step)
    made.teardown()
    return made


def test_both_sides_agree_over_random_histories() -> None:
    """Send, lose, repeat, reorder, crash, answer, recall: after each step, and to the cent when all has arrived."""
    run_state_machine_as_test(BothSides, settings=FEW)


Books = dict[int, tuple[str, bool]]
ACCEPTED = (Day(), Answer(0, "accepted"))
CONTESTED = (*ACCEPTED, Change(1, "disputed"), Day(), Change(1, "settled"), Night(), Answer(0, "dispute"))
HISTORIES: dict[str, tuple[Books, tuple[Step, ...]]] = {
    "an acceptance is lost, and comes twice": (
        {1: ("active", False)},
        (*ACCEPTED, Lose(0, ALL), Repeat(1), Day(), Find(0), Feedback(), Repeat(0), Day()),
    ),
    "told, then refused": (
        {1: ("refused", True)},
        (Day(), Answer(0, "payment"), Answer(0, "dispute"), Answer(0, "refused"), Feedback()),
    ),
    "paused before its acceptance comes": (
        {1: ("paused", False)},
        (*ACCEPTED, Lose(0, ALL), Answer(0, "paused"), Feedback(), Find(0)),
    ),
    "the second answer comes first": (
        {1: ("closed", False)},
        (*ACCEPTED, Answer(0, "paused"), Lose(0, ALL), Answer(0, "closed"), Feedback(), Find(0)),
    ),
    "the second package comes first": (
        {1: ("under-review", False), 2: ("under-review", False)},
        (Night(), Change(2), Night(), Lose(1, ALL), Receive(), Find(0)),
    ),
    "closed while its recall is under way": (
        {1: ("closed", False)},
        (*ACCEPTED, Recall(0), Answer(0, "closed"), Day()),
    ),
    "recalled, and not worked": ({1: ("recalled", False)}, (*ACCEPTED, Recall(0), Day(), Answer(0, "paused"))),
    "recalled before it is looked at": ({1: ("recalled", False)}, (Night(), Recall(0), Day())),
    "recalled before it arrives": (
        {1: ("recalled", False)},
        (Night(), Lose(0, 1), Recall(0), Night(), Receive(), Repeat(1, renamed=True), Find(0), Day()),
    ),
    "a new dispute crosses the end of another": ({1: ("active", True)}, (*CONTESTED, Receive())),
    "killed before a package has its names": (
        {1: ("under-review", False)},
        (Night(kill=("gateway.handover.batch.publish", 1)), Day()),
    ),
    "killed between upload and entry": (
        {1: ("recalled", False)},
        (*ACCEPTED, Change(1, "ended"), Night(kill=("gateway.store.packages.Packages.uploaded", 1), between=True)),
    ),
    "an answer without its names": (
        {1: ("active", False)},
        (Day(), Answer(0, "accepted", ("gateway.agency.post._place", 1))),
    ),
    "recalled before it leaves; the others go out again": (
        {2: ("under-review", False), 3: ("under-review", False)},
        (
            Change(2),
            Change(3),
            Night(-1),
            Change(2, "disputed"),
            Night(3),
            Recall(0),
            Change(1, "paid"),
            Night(0),
            Day(),
            Change(2, "settled"),
        ),
    ),
    "lost, and voided": ({1: ("under-review", False)}, (Night(), Lose(0, ALL), Void(0), Day(), Day())),
    "voided, and the agency has it": (
        {1: ("under-review", False)},
        (Night(), Receive(), Lose(0, ALL), Void(0), Day(), Find(0), Day()),
    ),
    "recalled, and its package is voided: nobody is told more": (
        {},
        (Night(), Lose(0, ALL), Recall(0), Void(0), Day(), Change(1, "paid"), Day(), Change(1, "disputed"), Day()),
    ),
    "a restriction and its end are voided, and it is restricted again": (
        {1: ("active", True)},
        (
            *ACCEPTED,
            Feedback(),
            Change(1, "disputed"),
            Night(),
            Lose(0, ALL),
            Change(1, "settled"),
            Night(),
            Void(0),
            Void(0),
            Night(),
            Receive(),
            Feedback(),
            Change(1, "disputed"),
        ),
    ),
    "restricted before it leaves, and withdrawn": (
        {1: ("under-review", False)},
        (Change(2), Night(-1), Change(1, "disputed"), Night(4), Recall(1), Day(), Change(1, "settled"), Day()),
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_a_case_stands_on_both_sides_where_its_history_leads(name: str) -> None:
    """Accepted once, recalled wherever it is, restricted as long as there is a ground, and no answer lost on its way."""
    expected, steps = HISTORIES[name]
    made = history(*steps)

    assert made.sides.agencys == expected
