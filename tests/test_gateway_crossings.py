"""What crosses on its way: both books agree again once everything has arrived, and a recalled case is not worked."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gateway.agency.receive import erase as forget
from gateway.agency.settings import load_agency
from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.steps.acknowledge import Refusal
from gateway.wiring import open_desk, open_office
from keys.references import new_id
from schemas.entry import ErasureGround
from world import TODAY, Result, World, cli, jsonl, row


def exchange(world: World) -> None:
    assert (world.handover().code, world.receive().code, cli("feedback", "--config", world.creditor).code) == (0, 0, 0)


def reply(world: World, **fields: Any) -> Result:
    exported: Any = json.loads(cli("agency", "export", "nordlicht", "--config", world.agency).out)
    path = world.home / f"reply-{new_id()}.json"
    # No file is taken twice: each is unlike the others.
    content = json.dumps([{"type": "package.receipt", "case_ref": exported["case_ref"]} | fields])
    path.write_text(f"{content}{' ' * len(list(world.home.iterdir()))}")
    return cli("agency", "reply", path, "--config", world.agency)


def recall(world: World) -> None:
    assert cli("claim", "recall", "F-000001", "--reason", "not-owed", "--config", world.creditor).code == 0


def _a_recall_crosses_a_refusal(world: World) -> None:
    exchange(world)
    recall(world)
    assert reply(world, verdict="refused", refusal="abroad").code == 0


def _a_payment_crosses_a_refusal(world: World) -> None:
    exchange(world)
    assert reply(world, verdict="refused", refusal="abroad").code == 0
    world.drop("paid.jsonl", jsonl([row(1, paid_amount="50.00")]))


def _a_package_is_withdrawn_for_a_recall(world: World) -> None:
    world.drop("more.jsonl", jsonl([row(2)]))
    world.configure(f"port = {world.port}", "port = 1")
    assert world.handover().code == 4
    recall(world)
    world.configure("port = 1", f"port = {world.port}")


@pytest.mark.parametrize(
    "crossing", [_a_recall_crosses_a_refusal, _a_payment_crosses_a_refusal, _a_package_is_withdrawn_for_a_recall]
)
def test_books_agree_again_once_everything_has_arrived(world: World, crossing: Callable[[World], None]) -> None:
    """Whoever heard last, both sides keep the same standing and the same cents."""
    world.drop("export.jsonl", jsonl([row(1)]))
    crossing(world)
    exchange(world)
    exchange(world)
    assert cli("agency", "statement", "nordlicht", "--config", world.agency).code == 0
    assert cli("feedback", "--config", world.creditor).code == 0
    found = cli("report", "reconcile", "--agency", "ostsee", "--json", "--config", world.creditor)

    assert (found.code, found.json["differences"]) == (0, [])


PAID = {
    "type": "case.payment",
    "amount": 5000,
    "currency": "EUR",
    "received_on": "2026-06-30",
    "paid_to": "agency",
    "costs": 0,
    "interest": 0,
    "principal": 5000,
}
DISPUTED = {"type": "case.dispute", "ground": "paid", "raised_on": "2026-06-30"}
CLOSED = {"type": "case.closed", "code": "other", "closed_on": "2026-06-30", "fees": 0}
PAUSED = {"type": "case.status", "status": "paused", "since": "2026-06-30"}


def _told_before_a_refusal(world: World, told: dict[str, Any]) -> None:
    assert reply(world, **told).code == 0
    assert reply(world, verdict="refused", refusal="abroad").code == 0


def _done_before_its_acceptance_comes(world: World, done: dict[str, Any]) -> None:
    assert reply(world, verdict="accepted").code == 0
    late = {path: path.read_bytes() for path in (world.sftp / "answers").iterdir()}
    for path in late:
        path.unlink()
    assert reply(world, **done).code == 0
    assert cli("feedback", "--config", world.creditor).code == 0
    for path, content in late.items():
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("crossing", "said"),
    [
        (_told_before_a_refusal, PAID),
        (_told_before_a_refusal, DISPUTED),
        (_done_before_its_acceptance_comes, PAUSED),
        (_done_before_its_acceptance_comes, CLOSED),
    ],
)
def test_receipts_and_answers_are_counted_apart_and_either_may_come_first(
    world: World, crossing: Callable[[World, dict[str, Any]], None], said: dict[str, Any]
) -> None:
    """No payment, dispute or closing is lost for it, and the kit says none of them when it knows better."""
    world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    world.drop("export.jsonl", jsonl([row(1)]))
    exchange(world)
    crossing(world, said)
    told = cli("feedback", "--json", "--config", world.creditor)
    late = reply(world, verdict="accepted") if crossing is _done_before_its_acceptance_comes else reply(world, **said)
    assert cli("agency", "statement", "nordlicht", "--config", world.agency).code == 0
    assert cli("feedback", "--config", world.creditor).code == 0
    found = cli("report", "reconcile", "--agency", "ostsee", "--json", "--config", world.creditor)

    assert (told.code, told.json["refusals"], late.code) == (0, {}, 3)
    assert (found.code, found.json["differences"]) == (0, [])


@pytest.mark.parametrize("verdict", ["accepted", "question"])
def test_a_case_whose_recall_has_arrived_is_not_taken_on_again(world: World, verdict: str) -> None:
    """Accepted at most once: after the recall the agency may close the case, and nothing else."""
    world.drop("export.jsonl", jsonl([row(1)]))
    exchange(world)
    assert reply(world, verdict="accepted", agency_ref="A-1").code == 0
    recall(world)
    exchange(world)
    more = {"question": "invoice"} if verdict == "question" else {"agency_ref": "A-2"}
    refused = reply(world, verdict=verdict, **more)

    assert (refused.code, "the case was recalled" in refused.err) == (3, True)
    assert "A-2" not in refused.err


def test_a_statement_from_before_an_erasure_is_asked_for_again(world: World) -> None:
    """Its lines about the erased went with them: it is no difference of the books, and nothing can be compared with it."""
    world.drop("export.jsonl", jsonl([row(1), row(2)]))
    exchange(world)
    assert cli("agency", "statement", "nordlicht", "--config", world.agency).code == 0
    assert cli("feedback", "--config", world.creditor).code == 0
    compare = ("report", "reconcile", "--agency", "ostsee", "--config", world.creditor)
    before = cli(*compare)
    with open_office(load(world.creditor)) as office:
        with office.connection.begin():
            (claim, _) = office.claims.ids("", 2)
        erase(office, [claim], ErasureGround.RETENTION, None, TODAY + timedelta(hours=1))
    after = cli(*compare)

    assert (before.code, after.code, after.out) == (0, 1, "")
    assert "claims were erased since ostsee stated its books" in after.err


def test_a_case_that_is_erased_here_and_kept_there_leaves_the_books_equal(world: World) -> None:
    """Its line is taken as the agency states it, for as long as it does; a case that nobody erased is still a difference,
    and so is one that the agency goes on working on.
    """
    world.drop("export.jsonl", jsonl([row(1), row(2), row(3)]))
    exchange(world)
    for number in ("F-000001", "F-000002"):
        assert cli("claim", "recall", number, "--reason", "other", "--config", world.creditor).code == 0
    exchange(world)
    later, compare = TODAY + timedelta(hours=1), ("report", "reconcile", "--agency", "ostsee")
    with open_office(load(world.creditor)) as office:
        with office.vault_connection.begin():
            keys = office.vault.find("nordlicht", ["F-000001", "F-000002", "F-000003"])
        erase(office, [keys[one].claim_id for one in ("F-000001", "F-000002")], ErasureGround.REQUEST, None, later)
    assert cli("agency", "statement", "nordlicht", "--config", world.agency, now=later).code == 0
    taken = cli("feedback", "--json", "--config", world.creditor, now=later)
    kept = cli(*compare, "--json", "--config", world.creditor, now=later)
    shown = cli(*compare, "--config", world.creditor, now=later)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        (remembered, other) = sorted(office.erasures.remembered("ostsee", "nordlicht"))
        office.connection.execute(text("delete from erased_case where case_ref = :ref"), {"ref": other})
    strange = cli(*compare, "--json", "--config", world.creditor, now=later)
    last = later + timedelta(hours=1)
    with (
        open_desk(load_agency(world.agency)) as desk,
        desk.cases_connection.begin(),
        desk.identities_connection.begin(),
    ):
        for case in desk.cases.cases("nordlicht", [remembered, other]).values():
            forget(desk, case)
    assert cli("agency", "statement", "nordlicht", "--config", world.agency, now=last).code == 0
    assert cli("feedback", "--config", world.creditor, now=last).code == 0
    gone = cli(*compare, "--json", "--config", world.creditor, now=last)
    with open_office(load(world.creditor)) as office:
        with office.connection.begin():
            forgotten = office.erasures.remembered("ostsee", "nordlicht")
        erase(office, [keys["F-000003"].claim_id], ErasureGround.REQUEST, None, last)
    after = last + timedelta(hours=1)
    assert cli("agency", "statement", "nordlicht", "--config", world.agency, now=after).code == 0
    assert cli("feedback", "--config", world.creditor, now=after).code == 0
    worked = cli(*compare, "--json", "--config", world.creditor, now=after)

    assert (worked.code, [one["ours"] for one in worked.json["differences"]]) == (1, ["erased"])
    assert (taken.code, taken.json["refusals"]) == (0, {})
    assert (kept.code, kept.json["erased_here"], kept.json["differences"]) == (0, 2, [])
    assert kept.json["ours"]["cases"] == 3
    assert "erased here, kept by ostsee, and taken as it states them: 2 cases" in shown.out
    assert remembered not in kept.out
    assert (strange.code, [one["case_ref"] for one in strange.json["differences"]]) == (1, [other])
    assert (gone.code, gone.json["erased_here"], gone.json["ours"]["cases"]) == (0, 0, 1)
    assert forgotten == set()
    assert cli("audit", "verify", "--config", world.creditor, now=last).code == 0
    assert cli("audit", "sample", "--config", world.creditor, now=last).code == 0


def test_what_an_agency_says_of_a_claim_that_was_erased_here_is_not_kept(world: World) -> None:
    """A status on its way while the claim is erased changes nothing, stands nowhere, and is told as what it is."""
    world.drop("export.jsonl", jsonl([row(1)]))
    exchange(world)
    assert reply(world, verdict="accepted").code == 0
    assert cli("feedback", "--config", world.creditor).code == 0
    with open_office(load(world.creditor)) as office:
        with office.vault_connection.begin():
            (key,) = office.vault.find("nordlicht", ["F-000001"]).values()
        erase(office, [key.claim_id], ErasureGround.RETENTION, None, TODAY)
    assert reply(world, type="case.status", status="paused", since="2026-06-29").code == 0
    found = cli("feedback", "--json", "--config", world.creditor)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        kept = office.connection.execute(text("SELECT refused FROM message WHERE type = 'case.status'")).scalars().all()

    assert found.json["refusals"] == {Refusal.ERASED: 1}
    assert kept == [Refusal.ERASED]
