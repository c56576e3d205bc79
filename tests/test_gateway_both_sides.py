"""Both sides against a model: whatever is lost, repeated, out of order or killed, their books say what the model says.

Each case is accepted at most once, every accepted recall stops, no number is used twice, and nothing is said that was not
to be said. The long form is `torture_both_sides.py`.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sides_machine import BothSides
from sides_steps import Answer, Change, Day, Feedback, Find, Lose, Night, Recall, Receive, Repeat, Step

FEW = settings(
    max_examples=10,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
ALL = 9  # more files than a package has: it is lost as a whole
KILLED_AFTER_UPLOAD = ("gateway.store.packages.Packages.uploaded", 1)


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The world that every history of this module begins with."""
    BothSides.prepare(tmp_path_factory.mktemp("sides"))
    yield


def history(first: set[int], *steps: Step) -> BothSides:
    """What is left of a history when everything has arrived."""
    made = BothSides()
    made.begin(first=first)
    for step in steps:
        made.happens(step=step)
    made.teardown()
    return made


def test_both_sides_agree_over_random_histories() -> None:
    """Send, lose, repeat, reorder, crash, answer, recall: after each step, and to the cent when all has arrived."""
    run_state_machine_as_test(BothSides, settings=FEW)


@pytest.mark.parametrize(
    ("standing", "steps"),
    [
        (
            "active",
            (Day(), Answer(0, "accepted"), Lose(0, ALL), Repeat(1), Day(), Find(0), Feedback(), Repeat(0), Day()),
        ),
        ("refused", (Day(), Answer(0, "payment"), Answer(0, "dispute"), Answer(0, "refused"), Feedback())),
        ("paused", (Day(), Answer(0, "accepted"), Lose(0, ALL), Answer(0, "paused"), Feedback(), Find(0))),
        ("closed", (Day(), Answer(0, "accepted"), Recall(0), Answer(0, "closed"), Day())),
        ("recalled", (Night(), Lose(0, 1), Recall(0), Night(), Receive(), Repeat(1, renamed=True), Find(0), Day())),
        ("recalled", (Day(), Answer(0, "accepted"), Change(1, "ended"), Night(kill=KILLED_AFTER_UPLOAD, between=True))),
    ],
)
def test_a_case_stands_on_both_sides_where_its_history_leads(standing: str, steps: tuple[Step, ...]) -> None:
    """Accepted once, refused with what was told before, paused before its acceptance came, recalled wherever it was."""
    made = history({1}, *steps)

    assert {where for where, _ in made.sides.agencys.values()} == {standing}


def test_a_case_that_is_recalled_before_it_leaves_never_does() -> None:
    """Its package is withdrawn, the others of it go out once, and nothing of its row is told to anybody."""
    steps = (
        Night(-1),
        Change(2, "disputed"),
        Night(3),
        Recall(0),
        Change(1, "paid"),
        Night(0),
        Day(),
        Change(2, "settled"),
    )
    made = history({1, 2, 3}, *steps)

    assert made.model.dead == {1}
    assert made.sides.agencys == {2: ("under-review", False), 3: ("under-review", False)}
