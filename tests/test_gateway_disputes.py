"""A dispute that an agency reported: it restricts on both sides, and a person settles it; other grounds are none of its."""

import json
from typing import Any

import pytest

from asking import answered, approved, asked, command
from forger import CANARY
from gateway.settings import load
from gateway.wiring import open_office
from keys.references import new_id
from world import World, cli, jsonl, row


def restricted(world: World) -> tuple[bool, bool]:
    """Whether the one case may only be kept, at the creditor and at the agency."""
    assert (world.handover().code, world.receive().code, cli("feedback", "--config", world.creditor).code) == (0, 0, 0)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        (case,) = office.cases.at("ostsee")
    return case.restricted, exported(world)["restricted"]


def exported(world: World) -> Any:
    return json.loads(cli("agency", "export", "nordlicht", "--config", world.agency).out)


def reply(world: World, **fields: str) -> None:
    path = world.home / f"reply-{new_id()}.json"
    path.write_text(json.dumps([{"case_ref": exported(world)["case_ref"]} | fields]))
    assert cli("agency", "reply", path, "--config", world.agency).code == 0


@pytest.fixture
def disputed(world: World) -> World:
    """One case at the agency, which has reported a dispute of it."""
    world.drop("export.jsonl", jsonl([row(1)]))
    assert restricted(world) == (False, False)
    reply(world, type="package.receipt", verdict="accepted")
    dispute(world)
    assert restricted(world) == (True, True)
    return world


def dispute(world: World, ground: str = "not-delivered") -> None:
    reply(world, type="case.dispute", ground=ground, raised_on="2026-06-30")


def settle(world: World) -> int:
    return approved(world, "claim", "settle", "F-000001", "--end", "refuted", keys=("demo-clerk",)).code


def lift(world: World, request: str) -> int:
    lifting = ("request", "lift", request, "--out", world.home / "lifted")
    return approved(world, *lifting, keys=("demo-clerk",)).code


def test_a_person_settles_a_dispute_and_the_case_is_worked_again(disputed: World) -> None:
    """With an approval and a ground, once, and in the log; a dry run changes nothing, and without a person nothing ends."""
    before = disputed.events()
    looked = command(disputed, "claim", "settle", "F-000001", "--end", "refuted", "--dry-run")
    unknown = command(disputed, "claim", "settle", CANARY, "--end", "refuted")
    alone = command(disputed, "claim", "settle", "F-000001", "--end", "refuted")
    unchanged = disputed.events()

    assert (looked.code, unknown.code, alone.code, unchanged) == (0, 3, 2, before)
    assert CANARY not in unknown.err + unknown.out
    assert settle(disputed) == 0
    assert disputed.events()[-1] == "dispute.settled"
    assert restricted(disputed) == (False, False)
    assert settle(disputed) == 3


@pytest.mark.parametrize("first", ["the dispute", "the request"])
def test_a_dispute_and_a_request_are_grounds_of_their_own(disputed: World, first: str) -> None:
    """Whichever is lifted first leaves the other: the case is worked again when both have ended, on both sides."""
    request = asked(disputed, "restriction", "--ground", "accuracy")
    assert approved(disputed, "request", "approve", request, keys=("demo-clerk",)).code == 0
    answered(disputed, request)
    found = []
    for what in sorted(("the dispute", "the request"), key=lambda one: one != first):
        assert (settle(disputed) if what == "the dispute" else lift(disputed, request)) == 0
        found.append(restricted(disputed))

    assert found == [(True, True), (False, False)]


def test_a_dispute_that_a_source_knows_is_a_ground_of_its_own(disputed: World) -> None:
    """The source's dispute began and ended beside the agency's: neither end is the other's."""
    disputed.drop("begun.jsonl", jsonl([row(1, disputed=True)]))
    assert restricted(disputed) == (True, True)
    assert settle(disputed) == 0
    between = restricted(disputed)
    dispute(disputed, "defective")
    assert restricted(disputed) == (True, True)
    disputed.drop("ended.jsonl", jsonl([row(1, note="settled")]))
    ended = restricted(disputed)
    assert settle(disputed) == 0

    assert (between, ended) == ((True, True), (True, True))
    assert restricted(disputed) == (False, False)


def test_a_dispute_that_crosses_the_end_of_another_still_restricts(disputed: World) -> None:
    """The agency has reported a new one when the end of the first arrives: it keeps what is contested restricted."""
    assert settle(disputed) == 0
    assert disputed.handover().code == 0
    dispute(disputed, "defective")
    assert disputed.receive().code == 0
    crossed = exported(disputed)["restricted"]

    assert crossed is True
    assert restricted(disputed) == (True, True)


@pytest.mark.parametrize("kept", ["in the inbox", "put away"])
def test_an_export_that_comes_back_as_it_was_says_anew_what_it_said(world: World, kept: str) -> None:
    """A dispute begins, ends and begins again, each file with the same bytes as two nights before: both sides know."""
    if kept == "put away":
        world.configure("settle_seconds = 0\n", 'settle_seconds = 0\nprocessed = "processed"\n')
        (world.creditor.parent / "processed").mkdir()
    found, rows = [], {disputed: jsonl([row(1, disputed=disputed), row(2)]) for disputed in (False, True)}
    for number, disputed in enumerate((False, True, False, True)):
        for path in world.inbox.iterdir():
            path.unlink()
        world.drop(f"{number}.jsonl", rows[disputed])
        again = [world.handover().json["claims"] for _ in range(2)]
        assert world.receive().code == 0
        cases = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency).out.splitlines()
        found.append({one["invoice_no"]: one["restricted"] for one in map(json.loads, cases)})
        assert (again[1]["changed"], again[1]["cleared"]) == (0, 0)

    assert found == [{"RE-000001": disputed, "RE-000002": False} for disputed in (False, True, False, True)]
