"""A source numbers a customer anew: who is known stays protected, put right and found; a stranger stays a stranger."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from asking import answered, approved, asked, asking_world, command, found
from gateway.agency.settings import load_agency
from gateway.demo.template import CREDITOR
from gateway.settings import load
from gateway.wiring import open_desk, open_office
from world import TODAY, Row, World, jsonl, row

BOTH = ("demo-clerk", "officer")
NEW = "K-100001"


def hour(number: int) -> datetime:
    return TODAY + timedelta(hours=number)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The first person has two claims: one with the agency, one held for its address abroad."""
    with asking_world(tmp_path) as made:
        made.drop("held.jsonl", jsonl([of_first(11, **{"address.country": "AT"})]))
        assert made.handover(now=hour(1)).json["claims"]["held"] == 1
        yield made


def of_first(number: int, **changes: Any) -> Row:
    """A claim of the first person, as the source has always numbered them."""
    return row(number, **({"customer_no": "K-000001"} | changes))


def says(world: World, at: int, *rows: Row) -> dict[str, int]:
    """A night after the source has said nothing but this; why claims are held."""
    for path in world.inbox.iterdir():
        path.unlink()
    world.drop(f"export-{at}.jsonl", jsonl(list(rows)))
    return night(world, at)


def night(world: World, at: int) -> dict[str, int]:
    done = command(world, "nightly", "--json", now=hour(at))
    assert (done.code, world.receive(hour(at)).code) == (0, 0), done.err
    reasons: dict[str, int] = done.json["reasons"]
    return reasons


def told(world: World) -> dict[str, list[str]]:
    """The surnames that the agency was told, by invoice number."""
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        lines = [json.loads(line) for _, line in desk.persons.lines()]
    names: dict[str, list[str]] = {}
    for line in lines:
        names.setdefault(line["invoice_no"], []).append(line["last_name"])
    return names


def granted(world: World, kind: str, at: int, invoice: str = "RE-000001") -> str:
    request = asked(world, kind, invoice=invoice, now=hour(at))
    assert approved(world, "request", "approve", request, keys=BOTH, now=hour(at)).code == 0
    answered(world, request, hour(at))
    return request


def lifted(world: World, request: str, at: int) -> None:
    out = world.home / f"lifted-{at}"
    assert approved(world, "request", "lift", request, "--out", out, keys=BOTH, now=hour(at)).code == 0


def leading(world: World, **clue: str) -> dict[str, int]:
    """The subjects a clue leads to, with how many clues did."""
    return {one["subject"]: one["clues"] for one in found(world, **clue)}


def subjects(world: World, *claims: int) -> list[str]:
    numbers = [f"F-{claim:06d}" for claim in claims]
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        keys = office.vault.find(CREDITOR, numbers)
    return [keys[number].subject_id for number in numbers]


@pytest.mark.parametrize("kind", ["restriction", "objection"])
def test_nobody_is_freed_by_a_new_number(world: World, kind: str) -> None:
    """Art. 18(1), 21(1): the held claim of a protected person comes under another number, cleared of all else: it stays, on
    later nights too, and goes when the protection has ended.
    """
    request = granted(world, kind, at=2)
    first = says(world, 3, of_first(11, customer_no=NEW))
    second = night(world, 4)
    before = told(world)
    lifted(world, request, at=5)
    third = night(world, 6)

    assert first == second == {"request-open": 1}
    assert "RE-000011" not in before
    assert third == {}
    assert "RE-000011" in told(world)


def test_a_claim_that_is_booked_under_a_protected_person_is_held_as_well(world: World) -> None:
    """Either stops: the subject of the claim, or the one whose number it bears now; also when it is read again as it is
    stored.
    """
    says(world, 2, row(12, **{"address.country": "AT"}))
    granted(world, "restriction", at=3)
    first = says(world, 4, row(12, customer_no="K-000001", email="ida1@example.org"))
    second = night(world, 5)

    assert first == second == {"abroad": 1, "request-open": 2}  # the other one is the person's own
    assert "RE-000012" not in told(world)


@pytest.mark.parametrize("turned", [False, True], ids=["new claim first", "new claim last"])
def test_new_claims_under_the_new_number_are_held_with_the_old_ones(world: World, turned: bool) -> None:
    """Art. 18(1): in whichever order the file has them; they go when the protection has ended, and strangers always do."""
    request = granted(world, "restriction", at=2)
    rows = [of_first(12, customer_no=NEW), of_first(1, customer_no=NEW), row(13)]
    first = says(world, 3, *(reversed(rows) if turned else rows))
    second = night(world, 4)
    third = says(world, 5, of_first(14, customer_no=NEW))
    before = told(world)
    lifted(world, request, at=6)
    night(world, 7)

    assert first == second == {"abroad": 1, "request-open": 2}
    assert third == {"abroad": 1, "request-open": 3}
    assert {"RE-000012", "RE-000014"}.isdisjoint(before)
    assert "RE-000013" in before
    assert {"RE-000012", "RE-000014"} <= told(world).keys()


def test_a_new_number_leads_to_the_person_and_no_claim_changes_whose_it_is(world: World) -> None:
    """A claim stays with its subject. New claims belong to their number; whoever finds one subject is shown the other, and
    says whether they are one person. All of it can be shown by the new number.
    """
    before = subjects(world, 1, 11)
    says(world, 2, of_first(1, customer_no=NEW), of_first(11, **{"address.country": "AT"}))
    alone = leading(world, customer_no=NEW)
    shown = command(world, "subject", "show", NEW, "--json", now=hour(3))
    says(world, 4, of_first(1, customer_no=NEW), of_first(12, customer_no=NEW))
    old, new = subjects(world, 1, 12)

    assert subjects(world, 1, 11) == before == [old, old]
    assert alone == {old: 1}
    assert (shown.code, shown.out.count('"F-000001"') > 0, shown.out.count('"F-000011"') > 0) == (0, True, True)
    assert new != old
    assert leading(world, customer_no=NEW) == {old: 1, new: 1}
    assert leading(world, customer_no="K-000001") == leading(world, claim_no="F-000011") == {old: 1, new: 0}
    assert leading(world, claim_no="F-000012") == {old: 0, new: 1}
    assert subjects(world, 2)[0] not in {old, new}


def test_a_new_number_is_forgotten_with_the_claim(world: World) -> None:
    """Art. 17: of whom was erased no number leads anywhere."""
    says(world, 2, of_first(1, customer_no=NEW))
    request = asked(world, "erasure", now=hour(3))
    erased = approved(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH, now=hour(3))

    assert erased.code == 0
    assert leading(world, customer_no=NEW) == leading(world, customer_no="K-000001") == {}


@pytest.mark.parametrize("turned", [False, True], ids=["new claim first", "new claim last"])
def test_what_was_put_right_is_read_under_the_new_number(world: World, turned: bool) -> None:
    """Art. 16: in a claim that is known and in a new one; a stranger's name that is the same stays as it is."""
    request = asked(world, "rectification", now=hour(2))
    path = world.home / "right.json"
    path.write_text(json.dumps({"name": {"first_name": "Ida", "last_name": "Richtig"}}))
    assert command(world, "request", "correct", request, "--correction", path, now=hour(2)).code == 0
    assert approved(world, "request", "approve", request, keys=BOTH, now=hour(2)).code == 0
    rows = [of_first(12, customer_no=NEW), of_first(11, customer_no=NEW), row(13)]
    says(world, 3, *(reversed(rows) if turned else rows))
    names = told(world)

    assert [names[f"RE-{invoice:06d}"] for invoice in (11, 12, 13)] == [["Richtig"], ["Richtig"], ["Beispiel"]]


def test_a_release_is_bound_to_the_requests_that_the_number_leads_to(world: World) -> None:
    """Art. 18(2): a release on one request ends with the next one, also where only the number leads to both."""
    granted(world, "restriction", at=2)
    says(world, 3, of_first(1, customer_no=NEW), of_first(12, customer_no=NEW, disputed=True))
    release = ("claim", "release", "F-000012", "--reason", "legal-claims", "--until", "2026-07-20")
    assert approved(world, *release, keys=BOTH, now=hour(4)).code == 0
    asked(world, "objection", now=hour(5))
    again = night(world, 6)
    held = command(world, "claim", "list", "--json", now=hour(6)).out

    assert again["request-open"] == 2
    assert "F-000012" in held
    assert "RE-000012" not in told(world)


def test_what_the_facts_feed_says_of_the_new_number_reaches_the_agency(world: World) -> None:
    """§ 87 InsO: the feed names the customer as the source does now; the claim's row has not changed since."""
    world.configure("settle_seconds = 0\n", 'settle_seconds = 0\nfacts = "facts.jsonl"\n')
    feed = world.creditor.parent / "facts.jsonl"
    complete = {"kind": "complete", "date": "2026-06-30"}
    feed.write_text(json.dumps(complete) + "\n")
    says(world, 2, of_first(1, customer_no=NEW))
    insolvency = {"kind": "insolvency", "customer_no": NEW, "date": "2026-06-30"}
    feed.write_text("".join(json.dumps(one) + "\n" for one in (insolvency, complete)))
    night(world, 3)
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        types = [one.message.type for one in desk.cases.messages(CREDITOR)]

    assert types == ["case.recall"]


def test_a_claim_that_waited_under_the_new_number_goes_out_as_it_is_right(world: World) -> None:
    """Art. 16: the rectification is of the person's old claims alone; what was held for it is read by it as well."""
    request = asked(world, "rectification", now=hour(2))
    path = world.home / "right.json"
    path.write_text(json.dumps({"name": {"first_name": "Ida", "last_name": "Richtig"}}))
    assert command(world, "request", "correct", request, "--correction", path, now=hour(2)).code == 0
    held = says(world, 3, of_first(1, customer_no=NEW), of_first(12, customer_no=NEW))
    assert approved(world, "request", "approve", request, keys=BOTH, now=hour(4)).code == 0
    night(world, 5)

    assert held == {"abroad": 1, "request-open": 2}
    assert told(world)["RE-000012"] == ["Richtig"]


def test_a_new_number_is_remembered_although_its_row_was_not_kept(world: World) -> None:
    """Art. 18(1): on a night without a fresh feed the known claim stays as it was, under the old number; the new claim
    beside it is held on later nights, too. A dry run remembers nothing.
    """
    world.configure("settle_seconds = 0\n", 'settle_seconds = 0\nfacts = "facts.jsonl"\n')
    feed = world.creditor.parent / "facts.jsonl"
    complete = {"kind": "complete", "date": "2026-06-30"}
    fresh = [{"kind": "dispute", "claim_no": "F-000011", "date": "2026-06-29"}, complete]
    feed.write_text("".join(json.dumps(one) + "\n" for one in fresh))
    says(world, 2, of_first(11))
    request = asked(world, "restriction", now=hour(3))
    feed.write_text(json.dumps(complete | {"date": "2026-06-01"}) + "\n")
    for path in world.inbox.iterdir():
        path.unlink()
    world.drop("new.jsonl", jsonl([of_first(12, customer_no=NEW), of_first(11, customer_no=NEW)]))
    world.handover("--dry-run", now=hour(4))
    dry = leading(world, customer_no=NEW)
    command(world, "nightly", "--json", now=hour(4))
    feed.write_text("".join(json.dumps(one) + "\n" for one in fresh))
    again = night(world, 5)

    assert command(world, "request", "show", request, "--json").json["state"] == "identified"
    assert dry == {}
    assert again["request-open"] == 2
    assert "RE-000012" not in told(world)
