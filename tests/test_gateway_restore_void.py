"""Numbers that were closed, and receipts that were collected, in the time that a restore lost."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from asking import asked, enrol_officer
from keys.references import new_id
from schemas.package import Addressing, Direction, PackageType
from test_gateway_restore import History, backup, forget_lost_log, restore
from test_gateway_void import agency, assert_in_order, feedback, invoices, lose, sent, unanswered, void
from test_gateway_void_order import handed_over
from world import TODAY, World, cli, jsonl, row, running_world

DAY = TODAY + timedelta(days=1)
LOST = DAY + timedelta(hours=1)
LATER = LOST + timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A case that its agency has; what has a receipt leaves the server."""
    with running_world(tmp_path) as made:
        enrol_officer(made)
        assert cli("key", "export", "--root", made.home / "root.age", "--config", made.creditor).code == 0
        made.configure("remove_after_receipt = false", "remove_after_receipt = true")
        handed_over(made, row(1))
        yield made


def sent_at(world: World, number: int, now: datetime) -> str:
    """A package with one case that lies at the server; its id."""
    before = set(unanswered(world))
    world.drop(f"{new_id()}.jsonl", jsonl([row(number)]))
    assert world.handover(now=now).code == 0
    (package,) = set(unanswered(world)) - before
    return package


def restored(world: World, copies: tuple[Path, Path], newest_vault: Path) -> list[str]:
    """Everything since the copies is lost, and the agency has stated its books; the failures of taking them."""
    gateway, vault = copies
    assert restore(History(world, gateway, gateway, (vault,)), gateway, newest_vault, LOST).code == 0
    forget_lost_log(world)
    assert agency(world, "statement", "nordlicht", now=LATER).code == 0
    failures: list[str] = feedback(world, LATER)["failures"]
    return failures


def exchange(world: World) -> None:
    """What waits leaves, is received, and is answered."""
    assert (world.handover(now=LATER).code, world.receive(now=LATER).code) == (0, 0)
    feedback(world, LATER)


def test_a_number_of_which_a_void_manifest_alone_is_left_is_not_used_again(world: World) -> None:
    """It was sealed, lost and voided in the lost time: another package of that number would never be taken."""
    copies = backup(world, TODAY)
    lost = sent_at(world, 2, DAY)
    newest = backup(world, DAY)[1]
    lose(world, lost)
    assert void(world, lost, now=DAY).code == 0
    assert world.handover(now=DAY).code == 0
    failures = restored(world, copies, newest)
    sent_at(world, 3, LATER)
    exchange(world)

    assert failures == []
    assert invoices(world, LATER) == ["RE-000001", "RE-000003"]
    assert_in_order(world, LATER)


def test_a_number_of_which_nothing_is_left_can_be_closed(world: World) -> None:
    """Two packages of the lost time, and the server has lost the first: the agency would wait for it for ever."""
    copies = backup(world, TODAY)
    lose(world, sent_at(world, 2, DAY))
    lose(world, sent_at(world, 3, DAY))
    lying = sent_at(world, 4, DAY)
    newest = backup(world, DAY)[1]
    restored(world, copies, newest)
    lose(world, lying)
    sent_at(world, 5, LATER)
    waiting = world.receive(now=LATER)
    done = [void(world, number, now=LATER).code for number in ("2", "3", "4", "6")]
    again = void(world, "3", now=LATER)
    exchange(world)

    assert "but 2 has not arrived: it waits" in waiting.err
    assert done == [0, 0, 0, 2]
    assert again.code == 2
    assert invoices(world, LATER) == ["RE-000001", "RE-000005"]
    assert_in_order(world, LATER)


def test_a_package_that_was_withdrawn_in_the_lost_time_is_withdrawn_again(world: World) -> None:
    """Its files are gone from the outbox for good: its number stays closed, and the request still stops it."""
    world.configure(f"port = {world.port}\n", "port = 9\n")
    world.drop("more.jsonl", jsonl([row(2)]))
    assert world.handover().code == 4
    world.configure("port = 9\n", f"port = {world.port}\n")
    copies = backup(world, TODAY)
    asked(world, "restriction", "--ground", "accuracy", invoice="RE-000002", now=DAY)
    assert world.handover(now=DAY).code == 0
    newest = backup(world, DAY)[1]
    lost = world.events().count("package.withdrawn")
    failures = restored(world, copies, newest)
    before = world.events().count("package.withdrawn")
    exchange(world)

    assert (lost, before, failures) == (1, 0, [])
    assert world.events().count("package.withdrawn") == 1
    sent_at(world, 3, LATER)
    exchange(world)
    assert invoices(world, LATER) == ["RE-000001", "RE-000003"]
    assert_in_order(world, LATER)


def test_a_receipt_of_the_lost_time_is_placed_again_behind_newer_ones(world: World) -> None:
    """Its number was passed over, and is taken when it comes; once, and no other below the last."""
    package = sent(world, row(2))
    copies = backup(world, TODAY)
    assert world.receive(now=DAY).code == 0
    assert feedback(world, DAY)["packages"]["delivered"] == 1
    restored(world, copies, copies[1])
    sent_at(world, 3, LATER)
    exchange(world)
    waits = unanswered(world)
    resealed = agency(world, "reseal", package, now=LATER)
    told = feedback(world, LATER)
    twice = agency(world, "reseal", package, now=LATER)
    again = feedback(world, LATER)

    assert package in waits
    assert (resealed.code, twice.code) == (0, 0)
    assert (told["packages"], told["failures"]) == ({"applied": 1, "delivered": 1}, [])
    assert again["packages"]["applied"] == 0
    assert ["repeats number 2" in one for one in again["failures"]] == [True]


def test_what_lies_under_a_name_of_ours_and_is_not_ours_holds_no_restore_up(world: World) -> None:
    """Whoever can write to the agency's server cannot keep its statement from being taken."""
    copies = backup(world, TODAY)
    name = f"{new_id()}.manifest.json"
    for one in (name, f"{name}.sig"):
        (world.sftp / one).write_bytes(b"strange")
    failures = restored(world, copies, copies[1])

    assert len(failures) == 1
    assert world.handover(now=LATER).code == 0


def test_no_number_is_larger_than_either_side_ever_uses() -> None:
    """After a restore any higher number is believed, so it must be one that a database holds."""
    with pytest.raises(ValidationError):
        Addressing(
            direction=Direction.TO_CREDITOR,
            package_type=PackageType.RECEIPT,
            package_id="0" * 26,
            sequence=2**64,
            sender="ostsee",
            recipient="nordlicht",
        )
