"""What takes back a case overtakes it wherever it is: in the outbox, at the agency's server, or in its stores."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from asking import approved, asked
from audit.store import entries
from gateway.agency.settings import load_agency
from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.wiring import open_desk, open_office
from keys.sqlite import open_store
from schemas.codes import CaseStanding
from schemas.entry import ErasureGround
from world import TODAY, World, cli, jsonl, row


def recall(world: World, number: int, reason: str = "not-owed") -> int:
    return cli("claim", "recall", f"F-{number:06d}", "--reason", reason, "--config", world.creditor).code


def standings(world: World) -> list[str]:
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        return sorted(one.standing for one in desk.cases.cases("nordlicht").values())


def cases_of(world: World) -> list[dict[str, Any]]:
    """The agency's cases as its own system takes them, by invoice number."""
    exported = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency).out.splitlines()
    return sorted(map(json.loads, exported), key=lambda one: str(one["invoice_no"]))


def test_a_recall_stops_a_case_the_agency_has(world: World) -> None:
    """The stop goes out first, is carried out, and its confirmation is signed and in the log."""
    world.drop("export.jsonl", jsonl([row(1), row(2)]))
    world.handover()
    world.receive()
    cli("feedback", "--config", world.creditor)

    assert recall(world, 1) == 0
    night = cli("nightly", "--config", world.creditor)
    assert night.code == 0
    assert re.search(r"Stops\n  sealed +1\n  uploaded +1\n", night.out)
    assert "packages of answers applied" in night.out
    assert world.receive().code == 0
    assert standings(world) == [CaseStanding.RECALLED, CaseStanding.UNDER_REVIEW]
    confirmed = cli("feedback", "--json", "--config", world.creditor)
    assert (confirmed.code, confirmed.json["answers"]) == (0, {"package.receipt": 1, "notice.ack": 1})
    assert recall(world, 1) == 3
    assert recall(world, 99) == 3
    for command in (("F-Quaste",), ("F-000001", "--source", "Quaste")):
        refused = cli("claim", "recall", *command, "--reason", "other", "--config", world.creditor)
        assert "Quaste" not in refused.out + refused.err


def test_a_recall_overtakes_an_upload(world: World) -> None:
    """The kit carries out the stop before it looks at the cases that came earlier, and refuses the recalled one."""
    world.drop("export.jsonl", jsonl([row(1), row(2)]))
    world.handover()
    recall(world, 1)
    world.handover()
    world.receive()
    confirmed = cli("feedback", "--json", "--config", world.creditor)

    assert standings(world) == [CaseStanding.RECALLED, CaseStanding.UNDER_REVIEW]
    assert confirmed.code == 0
    assert confirmed.json["packages"] == {"applied": 3, "delivered": 2}
    with open_desk(load_agency(world.agency)) as desk, desk.identities_connection.begin():
        names = [json.loads(line)["invoice_no"] for _, line in desk.persons.lines()]
    assert names == ["RE-000002"]


def test_a_recall_withdraws_what_has_not_left(world: World) -> None:
    """A sealed package in the outbox is withdrawn, its number closed by a void manifest, its other claims go again."""
    key = world.agency.parent.parent / "server" / "authorized_keys"
    allowed = key.read_bytes()
    key.write_bytes(b"")
    world.drop("export.jsonl", jsonl([row(1), row(2), row(3)]))
    refused = world.handover()
    recall(world, 2)
    key.write_bytes(allowed)
    after = world.handover()
    received = world.receive()

    assert (refused.code, after.code, received.code) == (4, 0, 0)
    assert standings(world) == [CaseStanding.UNDER_REVIEW, CaseStanding.UNDER_REVIEW]
    assert "package.withdrawn" in world.events()
    assert {path.name[27:] for path in world.sftp.iterdir() if "void" in path.name} == {"void.json", "void.json.sig"}


def test_a_changed_row_becomes_the_right_message_the_same_night(world: World) -> None:
    """A payment, a credit, another address, a dispute and a claim no longer owed are told, and nothing is held for them."""
    world.drop("export.jsonl", jsonl([row(number) for number in range(1, 7)]))
    world.handover()
    world.receive()
    changes = [
        row(1, paid_amount="50.00"),
        row(2, amount="100.50"),
        row(3, **{"address.street": "Neuer Weg"}),
        row(4, disputed=True),
        row(5, amount="0.00"),
        row(6, dunning_fees="0.00", note="new"),
    ]
    world.drop("next.jsonl", jsonl(changes))
    night = world.handover()

    assert night.code == 0
    assert (night.json["claims"]["changed"], night.json["claims"]["held"]) == (6, 0)
    assert world.receive().code == 0
    exported = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency).out.splitlines()
    found = sorted(map(json.loads, exported), key=lambda one: one["invoice_no"])
    assert [one["open"] for one in found] == [7050, 8050, 10050, 10050, -2000, 10050]
    assert [one["street"] for one in found[2:4]] == ["Neuer Weg", "Musterweg"]
    assert [one["standing"] for one in found[4:]] == ["recalled", "under-review"]
    assert [one["restricted"] for one in found] == [False, False, False, True, False, False]


def test_a_recall_can_be_looked_at_first_and_can_name_who_did_it(world: World, tmp_path: Path) -> None:
    """A dry run changes nothing; a recall needs no approval, and the log names the person who gives one."""
    world.drop("export.jsonl", jsonl([row(1), row(2)]))
    world.handover()
    wanted = ("claim", "recall", "F-000001", "--reason", "not-owed", "--config", world.creditor)
    before = world.events()
    looked = cli(*wanted, "--dry-run")
    written = cli(*wanted, "--preview-to", tmp_path / "preview")

    assert (looked.code, written.code, world.events()) == (0, 0, before)
    given = ("--preview", tmp_path / "preview", "--key", world.home / "clerk" / "demo-clerk")
    assert cli(*wanted, *given).code == 0
    assert recall(world, 2) == 0
    assert world.events()[len(before) :] == ["case.recalled", "case.recalled"]
    with open_store(world.creditor.parent / "gateway.db").connect() as connection:
        actors = [one.entry.actor for one in entries(connection)][-2:]
    assert [actor.partition(":")[0] for actor in actors] == ["key", "system"]


def test_what_vanishes_from_a_full_export_is_asked_about(world: World) -> None:
    """It is not assumed paid: the agency is told nothing, and a clerk finds it until it is back; never of another source's
    word.
    """

    def listed() -> list[str]:
        found = cli("claim", "list", "--vanished", "--json", "--config", world.creditor).json["vanished"]
        return [one["claim_no"] for one in found]

    world.drop("1.jsonl", jsonl([row(1), row(2), row(3)]))
    world.handover()
    world.drop("2.jsonl", jsonl([row(1)]))
    world.handover()
    undeclared = listed()
    world.configure("settle_seconds = 0\n", "settle_seconds = 0\ncomplete_exports = true\n")
    world.drop("3.jsonl", jsonl([row(1), row(2, note="x")]))
    night = world.handover()
    gone = listed()
    recall(world, 3)
    world.drop("4.jsonl", jsonl([row(2)]))
    world.handover()
    later = listed()
    world.drop("5.jsonl", jsonl([row(2), row(1)]))
    world.handover()

    assert (undeclared, gone, later, listed()) == ([], ["F-000003"], ["F-000001"], [])
    assert (night.code, night.json["packages"]["sealed"]) == (0, 0)
    assert world.events().count("claims.missed") == 3


def test_what_was_learnt_of_a_withdrawn_package_is_told_by_its_cases_alone(world: World) -> None:
    """A claim that changed while its package lay in the outbox arrives once, as it stands now; nothing is said of a case
    that the agency never had, and what was sealed beside that for a case it has is said once.
    """
    key = world.agency.parent.parent / "server" / "authorized_keys"
    allowed = key.read_bytes()
    world.drop("1.jsonl", jsonl([row(1)]))
    world.handover()
    key.write_bytes(b"")
    world.drop("2.jsonl", jsonl([row(number) for number in range(2, 6)]))
    world.handover()
    changed = {number: row(number, paid_amount="50.00") for number in (1, 2)} | {4: row(4, disputed=True)}
    world.drop("3.jsonl", jsonl(list(changed.values())))
    down = world.handover()
    recall(world, 3)
    key.write_bytes(allowed)
    night = world.handover()
    first = world.receive()
    unread = cases_of(world)
    world.drop("5.jsonl", jsonl([row(4, paid_amount="60.00")]))
    after = world.handover()
    second = world.receive()

    assert (down.code, down.json["claims"]["changed"]) == (4, 3)
    assert [one.code for one in (night, first, after, second)] == [0, 0, 0, 0]
    assert [(one["invoice_no"], one["open"]) for one in unread] == [
        ("RE-000001", 7050),
        ("RE-000002", 7050),
        ("RE-000005", 10050),
    ]
    assert [(one["invoice_no"], one["open"], one["restricted"]) for one in cases_of(world)] == [
        ("RE-000001", 7050, False),
        ("RE-000002", 7050, False),
        ("RE-000004", 6050, False),
        ("RE-000005", 10050, False),
    ]
    with open_office(load(world.creditor)) as office, office.connection.begin():
        cases = office.cases.at("ostsee")
        told = Counter(one.type for one in office.cases.messages("ostsee") if one.outbound and one.refused is None)
        assert office.cases.waiting() == []
    assert [one.standing for one in cases] == [CaseStanding.UNDER_REVIEW] * 4
    assert told == {"case.payment": 1, "case.recall": 1}
    assert world.handover().json["packages"]["sealed"] == 0


def test_a_message_about_a_claim_that_was_erased_leaves_with_its_package(world: World) -> None:
    """It lies in the outbox alone, so its package is not withdrawn for the sake of another claim's message."""
    key = world.agency.parent.parent / "server" / "authorized_keys"
    allowed = key.read_bytes()
    world.drop("1.jsonl", jsonl([row(1)]))
    world.handover()
    key.write_bytes(b"")
    world.drop("2.jsonl", jsonl([row(2), row(3)]))
    world.handover()
    world.drop("3.jsonl", jsonl([row(number, paid_amount="50.00") for number in (1, 2)]))
    world.handover()
    with open_office(load(world.creditor)) as office:
        with office.vault_connection.begin():
            (claim,) = (one.claim_id for one in office.vault.find("nordlicht", ["F-000001"]).values())
        erase(office, [claim], ErasureGround.REQUEST, None, TODAY)
    recall(world, 3)
    key.write_bytes(allowed)
    night, received = world.handover(), world.receive()

    assert (night.code, received.code) == (0, 0)
    assert [(one["invoice_no"], one["open"]) for one in cases_of(world)] == [("RE-000001", 7050), ("RE-000002", 7050)]


def test_nothing_more_is_said_of_a_case_that_was_recalled_before_it_left(world: World) -> None:
    """Nobody has it: no row, and no request of the person, takes money, names or addresses there after the recall."""
    world.drop("1.jsonl", jsonl([row(1), row(2)]))
    world.configure(f"port = {world.port}", "port = 1")
    down = world.handover()
    recall(world, 1)
    world.configure("port = 1", f"port = {world.port}")
    night = world.handover()
    moved = {"address.street": "Neuer Weg", "paid_amount": "50.00", "disputed": True}
    world.drop("2.jsonl", jsonl([row(1, **moved)]))
    after = world.handover()
    request = asked(world, "restriction", "--ground", "accuracy")
    assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
    asked_for = world.handover()
    received = world.receive()

    assert [one.code for one in (down, night, after, asked_for, received)] == [4, 0, 0, 0, 0]
    assert (
        after.json["claims"]["changed"],
        after.json["packages"]["sealed"],
        asked_for.json["packages"]["sealed"],
    ) == (1, 0, 0)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        told = [one.type for one in office.cases.messages("ostsee") if one.outbound]
    assert told == ["case.recall"]
    with open_desk(load_agency(world.agency)) as desk, desk.identities_connection.begin():
        names = [json.loads(line)["invoice_no"] for _, line in desk.persons.lines()]
    assert names == ["RE-000002"]
