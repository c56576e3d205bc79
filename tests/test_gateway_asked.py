"""What agencies wait for a person to say is a list: their open questions and the disputes that are not settled."""

import json
from collections.abc import Mapping

import pytest

from asking import approved, command
from world import World, cli, jsonl, row


def said(world: World, rows: list[Mapping[str, str]], name: str = "rows.json") -> None:
    """What the agency says of its first case, and the creditor has taken."""
    exported = cli("agency", "export", "nordlicht", "--config", world.agency).out.splitlines()
    about = {"case_ref": json.loads(exported[0])["case_ref"]}
    (world.home / name).write_text(json.dumps([{**one, **about} for one in rows]))
    assert cli("agency", "reply", world.home / name, "--config", world.agency).code == 0
    assert cli("feedback", "--config", world.creditor).code == 0


def asked(world: World) -> list[tuple[str, str]]:
    """What the list holds."""
    return [(one["what"], one["code"]) for one in command(world, "claim", "list", "--asked", "--json").json["asked"]]


@pytest.fixture
def at_work(world: World) -> World:
    """One case at the agency."""
    world.drop("export.jsonl", jsonl([row(1)]))
    assert (world.handover().code, world.receive().code) == (0, 0)
    return world


def test_a_question_stands_in_the_list_until_it_is_answered(at_work: World) -> None:
    """One that came with a receipt and one that came later; with claim number and id, by which it can be answered."""
    before = asked(at_work)
    receipt = {"type": "package.receipt", "verdict": "question", "question": "invoice"}
    said(at_work, [receipt, {"type": "case.question", "question": "address"}])
    both = asked(at_work)
    first = command(at_work, "claim", "list", "--asked", "--json").json["asked"][0]
    shown = command(at_work, "claim", "list", "--asked")
    answer = ("claim", "answer", first["claim_no"], "--question", first["message"], "--code", "not-available")

    assert (before, both) == ([], [("question", "invoice"), ("question", "address")])
    assert (first["claim_no"], first["agency"]) == ("F-000001", "ostsee")
    assert "claim answer" in shown.out
    assert command(at_work, *answer).code == 0
    assert asked(at_work) == [("question", "address")]


def test_a_dispute_stands_in_the_list_until_it_is_settled(at_work: World) -> None:
    """The newest one of a case, with its ground."""
    said(at_work, [{"type": "package.receipt", "verdict": "accepted"}])
    said(at_work, [{"type": "case.dispute", "ground": "not-delivered", "raised_on": "2026-06-30"}], "dispute.json")

    assert asked(at_work) == [("dispute", "not-delivered")]
    settling = ("claim", "settle", "F-000001", "--end", "refuted")
    assert approved(at_work, *settling, keys=("demo-clerk",)).code == 0
    assert asked(at_work) == []


def test_an_interface_without_codes_is_named_with_those_that_have_them(at_work: World) -> None:
    """A mistyped name is no missing code."""
    found = cli("agency", "reply", "x.json", "--codes", "rivrty", "--config", at_work.agency)

    assert (found.code, "riverty" in found.err, "rivrty" in found.err) == (2, True, False)


def test_answers_are_read_with_either_separator(at_work: World) -> None:
    """A German spreadsheet writes semicolons."""
    reference = json.loads(cli("agency", "export", "nordlicht", "--config", at_work.agency).out)["case_ref"]
    for separator in ",;":
        lines = (("type", "case_ref", "verdict"), ("package.receipt", reference, "accepted"))
        (at_work.home / "rows.csv").write_text("".join(f"{separator.join(line)}\n" for line in lines))
        found = cli("agency", "reply", at_work.home / "rows.csv", "--dry-run", "--config", at_work.agency)

        assert (found.code, found.out) == (0, "1 answer checked and good\n")


def test_a_statement_for_nobody_says_where_creditors_stand(at_work: World) -> None:
    """The name is not repeated."""
    found = cli("agency", "statement", "nobody", "--config", at_work.agency)

    assert (found.code, "see [[creditors]]" in found.err, "nobody" in found.err) == (2, True, False)


def test_a_sheet_in_which_nothing_was_filled_in_says_so(world: World) -> None:
    """Which column to fill in."""
    world.drop("a.jsonl", jsonl([row(1, amount="30.00")]))
    world.handover()
    sheet = world.home / "held.csv"
    assert command(world, "claim", "list", "--csv", sheet).code == 0
    found = command(world, "claim", "release", "--sheet", sheet, "--until", "2026-07-14")

    assert (found.code, "`release reason`" in found.err) == (2, True)
