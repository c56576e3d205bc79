"""What comes back: receipts, feedback, and what is refused of it, through the real server and both command lines."""

import json
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.handover.waiting import queue
from gateway.settings import load
from gateway.wiring import open_office
from schemas.messages import CaseErase
from world import TODAY, World, cli, jsonl, killed, row


def night(world: World, *numbers: int) -> None:
    """A night that hands over, and the agency's morning after it."""
    world.drop("export.jsonl", jsonl([row(number) for number in numbers]))

    assert world.handover().code == 0
    assert world.receive().code == 0


def test_a_receipt_makes_a_package_delivered(world: World) -> None:
    """Without the agency's signed receipt a package is uploaded; with it, it is delivered, and that is an entry."""
    night(world, 1, 2)
    found = cli("feedback", "--json", "--config", world.creditor)

    assert (found.code, found.err) == (0, "")
    assert found.json["packages"] == {"applied": 1, "delivered": 1}
    assert found.json["answers"] == {"package.receipt": 2}
    assert world.events()[-2:] == ["messages.received", "package.delivered"]
    again = cli("feedback", "--json", "--config", world.creditor)
    assert again.json["packages"] == {"applied": 0, "delivered": 0}


def test_after_the_receipt_outbox_and_server_are_empty(world: World) -> None:
    """What was delivered, and the answers that were applied, leave outbox and server, unless the profile keeps them."""
    world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    before = names(world)
    night(world, 1)
    during = names(world)
    found = cli("feedback", "--config", world.creditor)
    again = cli("feedback", "--json", "--config", world.creditor)

    assert (found.code, len(during - before)) == (0, 4 + 3 + 4)
    assert names(world) <= before
    assert again.json["packages"] == {"applied": 0, "delivered": 0}


def names(world: World) -> set[Path]:
    """The files at the server, in the outbox and in quarantine."""
    folders = (world.sftp, world.home / "creditor" / "outbox", world.home / "creditor" / "quarantine")
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_a_receipt_that_does_not_come_is_overdue(world: World) -> None:
    """After the days of the profile the run ends with 1 and names the oldest package; before, it is silent."""
    world.drop("export.jsonl", jsonl([row(1)]))
    world.handover()
    early = cli("feedback", "--config", world.creditor, now=TODAY + timedelta(days=1))
    late = cli("feedback", "--config", world.creditor, now=TODAY + timedelta(days=4))

    assert (early.code, late.code) == (0, 1)
    assert "has not answered 1 package within" in late.err


def stop(world: World, made: Callable[[str], Any]) -> None:
    """Queues a stop for the one case, as a data subject's request does."""
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        (case,) = office.cases.at("ostsee")
        key = office.vault.by_id([case.claim])[case.claim]
        case_ref = office.vault.references_of([case.claim], "ostsee")[case.claim]
        queue(office, case, made(case_ref), key, TODAY)


@pytest.mark.parametrize(
    ("instruction", "answers", "left"),
    [(True, {"package.receipt": 1, "notice.ack": 1}, 0), (False, {"package.receipt": 1}, 1)],
    ids=["an instruction to a processor", "a notice to a controller"],
)
def test_an_erasure_is_carried_out_or_decided(
    world: World, tmp_path: Path, instruction: bool, answers: dict[str, int], left: int
) -> None:
    """A processor erases at once and says so; a controller restricts, decides, and says what it decided (Art. 17, 19)."""
    night(world, 1)
    cli("feedback", "--config", world.creditor)
    stop(world, lambda ref: CaseErase(message_id="0" * 26, case_ref=ref, instruction=instruction))
    world.handover()
    world.receive()
    found = cli("feedback", "--json", "--config", world.creditor)
    exported = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency).out.splitlines()

    assert found.json["answers"] == answers
    assert len(exported) == left
    if left:
        case = json.loads(exported[0])
        assert case["restricted"] is True
        decision = tmp_path / "decision.json"
        decision.write_text(json.dumps([{"type": "notice.ack", "case_ref": case["case_ref"], "result": "executed"}]))
        assert cli("agency", "reply", decision, "--config", world.agency).code == 0
        assert cli("agency", "export", "nordlicht", "--joined", "--config", world.agency).out == ""
        assert cli("feedback", "--json", "--config", world.creditor).json["answers"] == {"notice.ack": 1}


@pytest.mark.parametrize(
    ("agency", "function"),
    [
        (True, "gateway.agency.answers:AnswersStore.seal"),
        (True, "gateway.agency.post:_place"),
        (False, "gateway.store.inbound:Inbound.applied"),
        (False, "gateway.feedback.run:_clean_up"),
    ],
)
def test_a_kill_between_two_steps_of_an_answer_loses_and_repeats_nothing(
    world: World, agency: bool, function: str
) -> None:
    """Whether the kit dies before or after a receipt exists, or the creditor before or after it is applied: once."""
    world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    world.drop("export.jsonl", jsonl([row(1), row(2)]))
    world.handover()
    if agency:
        ended = killed(world, function, 1, "agency", "receive", "--json", "--config", str(world.agency))
    else:
        world.receive()
        ended = killed(world, function, 1, "feedback", "--json")
    world.receive()
    found = cli("feedback", "--json", "--config", world.creditor)
    again = cli("feedback", "--json", "--config", world.creditor)

    assert ended == (-signal.SIGKILL, function)
    assert (found.code, again.code, again.json["packages"]["applied"]) == (0, 0, 0)
    assert world.events().count("package.delivered") == 1
    assert world.events().count("messages.received") == 1
