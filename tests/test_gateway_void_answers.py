"""What an agency says of voided packages: believed where we signed it, and there whenever it is asked for."""

from datetime import timedelta

import pytest

from asking import command, enrol_officer
from gateway.agency.answers import Envelope
from gateway.agency.post import post
from gateway.agency.receive import erase
from gateway.agency.settings import load_agency
from gateway.wiring import open_desk
from keys.references import new_id
from schemas.answers import PackageRefused
from schemas.codes import PackageFault
from schemas.package import PackageType
from test_gateway_feedback_lies import refs, reply
from test_gateway_restore import LOST, History, backup, forget_lost_log, restore
from test_gateway_void import agency, assert_in_order, feedback, invoices, lose, sent, void
from test_gateway_void_order import handed_over
from world import TODAY, World, cli, row


def close(world: World, package: str) -> None:
    """The agency signs that a package was voided, past what its kit would have done."""
    closed = PackageRefused(
        message_id=new_id(), package_id=package, manifest_digest="0" * 64, fault=PackageFault.VOIDED
    )
    with open_desk(load_agency(world.agency)) as desk:
        with desk.cases_connection.begin():
            desk.answers.queue(Envelope("nordlicht", PackageType.RECEIPT, package), [closed])
        post(desk, TODAY)


@pytest.mark.parametrize("voided", [False, True])
def test_a_package_is_closed_only_by_a_void_manifest_of_ours(world: World, *, voided: bool) -> None:
    """Anything else is an alarm, and hands no claim over a second time."""
    package = sent(world, row(1))
    if voided:
        assert void(world, package).code == 0
    close(world, package)
    told = command(world, "feedback")
    night = world.handover()

    assert (told.code, f"package {package} was voided, by a void manifest that was never made here" in told.err) == (
        5,
        True,
    )
    assert night.json["packages"]["sealed"] == 0
    assert "package.refused" not in world.events()


@pytest.mark.parametrize("collected", [False, True])
def test_a_closed_number_is_answered_for_again_after_a_restore(world: World, *, collected: bool) -> None:
    """An answer of the lost time that lies there is believed; if it was collected, the number is voided once more."""
    enrol_officer(world)
    assert cli("key", "export", "--root", world.home / "root.age", "--config", world.creditor).code == 0
    world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    package = sent(world, row(1))
    lose(world, package)
    gateway, vault = backup(world, TODAY)
    day = TODAY + timedelta(days=1)
    assert void(world, package, now=day).code == 0
    assert (world.handover(now=day).code, world.receive(now=day).code) == (0, 0)
    if collected:
        assert feedback(world, day)["voided"] == 1
    assert restore(History(world, gateway, gateway, (vault,)), gateway, vault).code == 0
    forget_lost_log(world)
    later = LOST + timedelta(hours=1)
    assert agency(world, "statement", "nordlicht", now=later).code == 0
    told = feedback(world, later)
    if collected:
        assert void(world, package, now=later).code == 0
    assert (world.handover(now=later).code, world.receive(now=later).code) == (0, 0)
    once_more = world.receive(now=later)
    again = feedback(world, later)
    assert (world.handover(now=later).code, world.receive(now=later).code) == (0, 0)
    feedback(world, later)

    assert (told["voided"], again["voided"]) == ((0, 1) if collected else (1, 0))
    assert once_more.json["packages"]["sent"] == 0
    assert world.events().count("package.refused") == 1
    assert invoices(world, later) == ["RE-000001"]
    assert_in_order(world, later)


def test_a_receipt_that_was_lost_is_placed_again(world: World) -> None:
    """The agency has the package, so voiding it ends nothing; it is told apart from one that was never answered."""
    package = sent(world, row(1))
    assert world.receive().code == 0
    for path in (world.sftp / "answers").iterdir():
        path.unlink()
    late = TODAY + timedelta(days=15)
    before = command(world, "feedback", now=late)
    assert void(world, package, now=late).code == 0
    assert (world.handover(now=late).code, world.receive(now=late).code) == (0, 0)
    voided = command(world, "feedback", now=late)
    resealed = agency(world, "reseal", package, now=late)
    told = feedback(world, late)

    assert "ask whether it has arrived; if not, `inkasso package void`" in before.err
    assert f"`inkasso agency reseal {package}`" in voided.err
    assert "package void" not in voided.err
    assert (resealed.code, told["packages"]["delivered"], told["failures"]) == (0, 1, [])
    assert_in_order(world, late)


def test_a_receipt_that_is_placed_again_after_all_is_said_once(world: World) -> None:
    """Its number was applied, so it never counts, and does not lie there for every later run to stumble over."""
    world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    package = sent(world, row(1))
    assert world.receive().code == 0
    feedback(world)
    assert agency(world, "reseal", package).code == 0
    first, second = feedback(world), feedback(world)

    assert ["repeats number 1" in one for one in first["failures"]] == [True]
    assert second["failures"] == []
    assert_in_order(world)


def test_a_number_whose_answers_were_all_erased_is_placed_again_with_none(world: World) -> None:
    """The creditor would wait for it for ever, and with it for all that comes behind it."""
    world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    handed_over(world, row(1), row(2))
    status = {"type": "case.status", "status": "letter-sent", "since": "2026-06-30"}
    gone, left = refs(world)
    reply(world, [status | {"case_ref": gone}])
    assert world.receive().code == 0
    (lost,) = (world.sftp / "answers").glob("*.manifest.json")
    for path in (world.sftp / "answers").iterdir():
        path.unlink()
    with (
        open_desk(load_agency(world.agency)) as desk,
        desk.cases_connection.begin(),
        desk.identities_connection.begin(),
    ):
        (case,) = desk.cases.cases("nordlicht", [gone]).values()
        erase(desk, case)
    reply(world, [status | {"case_ref": left}])
    assert world.receive().code == 0
    waiting = command(world, "feedback")
    assert agency(world, "reseal", lost.name[:26]).code == 0
    told = feedback(world)

    assert "but 1 has not arrived: it waits" in waiting.err
    assert (told["packages"]["applied"], told["answers"], told["failures"]) == (2, {"case.status": 1}, [])
    assert command(world, "audit", "verify").code == 0
