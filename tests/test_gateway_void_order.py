"""What was in a voided package goes out again behind what was told since, and does not undo it."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from asking import approved, asked, command, enrol_officer
from test_gateway_feedback_lies import reply
from test_gateway_void import EXPIRED, agency, assert_in_order, feedback, finish, lose, sent, unanswered, void
from world import World, row


def handed_over(world: World, *rows: dict[str, Any]) -> None:
    """Cases that their agency has, and has answered."""
    sent(world, *rows)
    assert world.receive().code == 0
    feedback(world)


def cases(world: World) -> list[dict[str, Any]]:
    """What the agency keeps, in order of the invoices."""
    lines = agency(world, "export", "nordlicht", "--joined").out.splitlines()
    return sorted(map(json.loads, lines), key=lambda one: str(one["invoice_no"]))


def told_to_erase(world: World) -> tuple[str, str]:
    """A request, and the package that tells the agency to erase the first of two cases, whose claim is gone here."""
    enrol_officer(world)
    handed_over(world, row(1), row(2))
    request = asked(world, "erasure")
    erasing = ("request", "approve", request, "--ground", "unlawful")
    assert approved(world, *erasing, keys=("demo-clerk", "officer")).code == 0
    assert world.handover().code == 0
    (stop,) = unanswered(world)
    return request, stop


def _the_last_was_taken(world: World, first: str, last: str) -> None:
    """The server lost the first alone; the agency waits for it."""
    lose(world, first)
    world.receive()
    assert void(world, first).code == 0


def _both_were_lost(world: World, first: str, last: str) -> None:
    """Whichever is voided first, and the other goes out again as well."""
    for one in (last, first):
        lose(world, one)
        assert void(world, one).code == 0


TAKEN = pytest.mark.parametrize("taken", [_the_last_was_taken, _both_were_lost])


@TAKEN
def test_a_restriction_that_came_after_a_lost_end_holds(world: World, taken: Callable[[World, str, str], None]) -> None:
    """The books are equal again, and the case is only kept."""
    handed_over(world, row(1))
    handed_over(world, row(1, disputed=True))
    ended = sent(world, row(1, note="settled"))
    taken(world, ended, sent(world, row(1, disputed=True, note="again")))
    finish(world)

    assert [one["restricted"] for one in cases(world)] == [True]
    assert_in_order(world)


@TAKEN
def test_the_last_of_two_rectifications_holds_and_what_only_the_lost_one_said_is_told(
    world: World, taken: Callable[[World, str, str], None]
) -> None:
    """Each says only what has changed: the lost one has a contract date that no other repeats."""
    handed_over(world, row(1))
    first = sent(world, row(1, order_date="2026-01-07", invoice_date="2026-01-11"))
    taken(world, first, sent(world, row(1, order_date="2026-01-07", invoice_date="2026-01-12")))
    finish(world)
    (case,) = cases(world)

    assert (case["contract_date"], case["invoice_date"]) == ("2026-01-07", "2026-01-12")
    assert_in_order(world)


def test_a_lost_notice_of_a_restriction_that_has_ended_is_answered_and_restricts_nothing(world: World) -> None:
    """Every notice of the request is followed to its answer, and the end goes behind the beginning."""
    enrol_officer(world)
    handed_over(world, row(1))
    request = asked(world, "restriction", "--ground", "accuracy")
    assert world.handover().code == 0
    (begun,) = unanswered(world)
    refusing = ("request", "approve", request, "--refuse", "accurate")
    assert approved(world, *refusing, keys=("demo-clerk", "officer")).code == 0
    assert world.handover().code == 0
    (ended,) = set(unanswered(world)) - {begun}
    _the_last_was_taken(world, begun, ended)
    finish(world)
    notices = command(world, "request", "show", request, "--json").json["notices"]

    assert [one["restricted"] for one in cases(world)] == [False]
    assert sorted(one[1:4:2] for one in notices) == [["case.restrict", "executed"], ["case.unrestrict", "executed"]]
    assert_in_order(world)


def test_what_says_that_a_claim_is_to_be_erased_is_not_voided_once_it_is_gone_here(world: World) -> None:
    """Its files are all that is left of it: they are put on the server again, and the agency restricts its case."""
    _, stop = told_to_erase(world)
    lose(world, stop)
    before = world.events()
    refused = [void(world, stop, reason) for reason in ("lost", "damaged")]
    expired = command(world, "package", "void", stop, "--agency", "ostsee", "--reason", "expired", "--dry-run")
    untouched = world.events() == before
    for path in (world.home / "creditor" / "outbox").glob(f"{stop}.*"):
        shutil.copy(path, world.sftp)
    received = world.receive()
    feedback(world)

    assert [(one.code, "from the outbox on its server again" in one.err) for one in refused] == [(2, True)] * 2
    assert "1 message of it cannot, about claims that were erased here since; what is said" in expired.out
    assert untouched
    assert (received.code, [one["restricted"] for one in cases(world)]) == (0, [True, False])
    assert_in_order(world)


@pytest.mark.parametrize("voided", [False, True])
def test_an_erasure_that_an_agency_was_told_of_in_a_package_it_has_not_taken_is_told_again(
    world: World, *, voided: bool
) -> None:
    """Nothing is left of the claim but the notice, and the agency restricts its case all the same."""
    request, stop = told_to_erase(world)
    if voided:
        lose(world, stop)
        assert void(world, stop, "expired").code == 0
        finish(world)
    else:
        assert agency(world, "refuse", stop, now=EXPIRED).code == 0
        assert world.receive().code == 0
        told = command(world, "feedback")
        assert (world.handover().code, world.receive().code) == (0, 0)
        feedback(world)
        assert "could not open package" in told.err
    (restricted, _) = cases(world)
    reply(world, [{"type": "notice.ack", "case_ref": restricted["case_ref"], "result": "executed"}])
    feedback(world)
    (notice,) = command(world, "request", "show", request, "--json").json["notices"]

    assert restricted["restricted"] is True
    assert notice[1:4:2] == ["case.erase", "executed"]
    assert_in_order(world)
    assert command(world, "audit", "sample", "--count", "300").code == 0
