"""People's rights over random histories: what is told, stopped and erased stays true whatever else happens."""

import json
import pkgutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from asking import text_of
from histories import DECISION_KILLS, KILLS, RESTORE_KILLS, VOID_KILLS, Histories
from sides_steps import AGENCY_KILLS, FEEDBACK_KILLS, NIGHT_KILLS

FEW = settings(
    max_examples=3,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_rights_hold_over_random_histories(tmp_path: Path) -> None:
    """Art. 15 to 19: disclosures are told, restrictions stop, notices are followed, and erased people do not come back."""
    Histories.prepare(tmp_path)
    run_state_machine_as_test(Histories, settings=FEW)


@pytest.mark.parametrize(
    "target", KILLS + DECISION_KILLS + RESTORE_KILLS + VOID_KILLS + NIGHT_KILLS + AGENCY_KILLS + FEEDBACK_KILLS
)
def test_a_process_can_end_where_histories_end_one(target: str) -> None:
    """Few of these are drawn in the short form: a function that has moved is noticed here."""
    assert callable(pkgutil.resolve_name(target))


class First:
    """Draws what stands first."""

    def draw(self, choices: object) -> object:
        """The first of what may be drawn."""
        elements = getattr(choices, "elements", ())
        assert isinstance(elements, Sequence)
        return elements[0]


def test_rights_hold_in_a_history_that_has_everything(tmp_path: Path) -> None:
    """A request of every kind, each decided, one lifted, one lost in a restore, and an export that goes on as before."""
    Histories.prepare(tmp_path)
    history = Histories()
    history.begin()
    for claim in (1, 3, 5):
        history.export(claim=claim, paid=0)
    history.night(kill="gateway.handover.batch.publish", received=True)
    for kind in ("restriction", "rectification", "access"):
        history.ask(data=First(), kind=kind)
        history.decide(data=First(), kill=None)
    history.back_up()
    history.lift(data=First())
    history.ask(data=First(), kind="objection")
    history.ask(data=First(), kind="erasure")
    while set(history.known.requests) - history.known.decided:
        history.decide(data=First(), kill="gateway.retention.erasing._complete")
    history.restore(data=First(), days=30, kill="gateway.rights.lost.protect")
    history.export(claim=1, paid=3)
    history.night(kill=None, received=True)
    restored, erased = len(history.copies), set(history.erased)
    history.teardown()

    assert (restored, erased) == (1, {1})


def test_rights_hold_in_a_history_that_numbers_a_person_anew(tmp_path: Path) -> None:
    """Art. 16, 18: twice, while the person is protected; a copy older than the second number is restored on the way."""
    Histories.prepare(tmp_path)
    history = Histories()
    history.begin()
    history.export(claim=1, paid=0)
    history.night(kill=None, received=True)
    for kind in ("restriction", "rectification"):
        history.ask(data=First(), kind=kind)
        history.decide(data=First(), kill=None)
    history.export(claim=1, paid=1, anew=True)
    history.night(kill="gateway.handover.batch.publish", received=True)
    history.back_up()
    history.export(claim=2, paid=0, anew=True)
    history.night(kill=None, received=True)
    history.restore(data=First(), days=1, kill=None)
    history.night(kill=None, received=True)
    protected = set(history.handed_over)
    history.lift(data=First())
    history.night(kill=None, received=True)
    free, subjects = set(history.handed_over), history.who(1)
    history.teardown()

    assert (protected, free, len(subjects)) == ({1}, {1, 2}, 2)


def test_an_access_answer_says_which_package_was_never_taken(tmp_path: Path) -> None:
    """Art. 15(1)(c): what was voided lay at the agency's server; that it signed not to have taken it is told as well."""
    Histories.prepare(tmp_path)
    history = Histories()
    history.begin()
    history.export(claim=1, paid=0, anew=False)
    history.void(data=First(), lost=False, kill=None)
    history.ask(data=First(), kind="access")
    history.decide(data=First(), kill=None)
    (answer,) = history.world.home.glob("answer-*")
    told = json.loads((answer / "data.json").read_bytes())["disclosures"]
    letter = text_of(answer / "letter.pdf")
    history.teardown()

    assert sorted(one["not_taken"] for one in told) == [False, True]
    assert letter.count("dieses Paket nicht angenommen") == 1
