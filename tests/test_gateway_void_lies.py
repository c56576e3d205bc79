"""What an agency that lies gains by refusing packages as a whole, and what the log shows of one that went out again."""

from typing import Any

import pytest
from sqlalchemy import delete

from asking import command
from gateway.agency.settings import load_agency
from gateway.agency.tables import SentRow
from gateway.settings import load
from gateway.steps.acknowledge import Refusal
from gateway.wiring import open_desk, open_office
from keys.references import new_id
from schemas.answers import PackageRefused
from schemas.codes import PackageFault
from test_gateway_feedback_lies import MONEY, lie, refs, said
from test_gateway_void import agency, assert_in_order, feedback, finish, lose, sent, unanswered, void
from test_gateway_void_order import handed_over
from world import World, row

DISPUTE = ("case.dispute", {"ground": "not-delivered", "raised_on": "2026-06-29"})
PAYMENT = ("case.payment", MONEY | {"currency": "EUR"})


def refuse(world: World, package: str) -> None:
    """The agency signs that it could not open a package, past what its kit would have said."""
    with open_office(load(world.creditor)) as office, office.connection.begin():
        found = office.packages.sent("ostsee", package)
    assert found is not None
    answer = PackageRefused(
        message_id=new_id(), package_id=package, manifest_digest=found.manifest_digest, fault=PackageFault.UNOPENED
    )
    lie(world, answer, about=package)


def waiting(world: World) -> int:
    with open_office(load(world.creditor)) as office, office.connection.begin():
        return sum(len(messages) for _, messages in office.cases.waiting())


def test_packages_that_are_refused_one_after_the_other_do_not_double_what_waits(world: World) -> None:
    """Of seven corrections of one case, each in a package of its own, the last one holds and is not sent sixty times."""
    handed_over(world, row(1))
    packages = [sent(world, row(1, invoice_date=f"2026-01-{day}")) for day in range(11, 18)]
    for package in packages:
        refuse(world, package)
        feedback(world)
    grown = waiting(world)
    assert (world.handover().code, world.receive().code) == (0, 0)
    feedback(world)
    (case,) = agency(world, "export", "nordlicht", "--joined").out.splitlines()

    assert grown == 7 + 6 + 5 + 4 + 3 + 2 + 1
    assert '"invoice_date": "2026-01-17"' in case
    assert_in_order(world)


@pytest.mark.parametrize("told", [DISPUTE, PAYMENT])
def test_a_package_whose_cases_were_worked_on_cannot_be_refused(world: World, told: tuple[str, Any]) -> None:
    """What was told of a case says that its package was opened: a dispute is not forgotten, and nothing goes out twice."""
    package = sent(world, row(1))
    assert world.receive().code == 0
    for path in (world.sftp / "answers").iterdir():
        path.unlink()
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        desk.cases_connection.execute(delete(SentRow))
    kind, fields = told
    lie(world, said(kind, case_ref=refs(world)[0], **fields))
    feedback(world)
    voided = void(world, package)
    refuse(world, package)
    lied = feedback(world)
    night = world.handover()

    assert (voided.code, f"`inkasso agency reseal {package}`" in voided.err) == (2, True)
    assert lied["refusals"] == {Refusal.STANDING: 1}
    assert night.json["packages"]["sealed"] == 0
    assert unanswered(world) == [package]
    with open_office(load(world.creditor)) as office, office.connection.begin():
        (case,) = office.cases.at("ostsee")
    assert case.contested is (told is DISPUTE)


def test_a_sample_of_the_log_finds_both_packages_of_a_message_that_went_out_again(world: World) -> None:
    """The receipt is for the second one; of the first the sample says that there is none."""
    handed_over(world, row(1), row(2))
    assert command(world, "claim", "recall", "F-000001", "--reason", "not-owed").code == 0
    assert world.handover().code == 0
    (stop,) = unanswered(world)
    lose(world, stop)
    assert void(world, stop).code == 0
    finish(world)
    sampled = command(world, "audit", "sample", "--count", "500", "--json")

    assert (sampled.code, sampled.err) == (0, "")
    assert {one["outcome"] for one in sampled.json["sampled"]} == {"opened"}
    assert {"signed for", "no receipt"} <= {one["receipt"] for one in sampled.json["sampled"]}
