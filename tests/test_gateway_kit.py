"""The agency's kit at work: it decides, reports, states its books, and can do no more than its cases allow."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from gateway.agency.settings import load_agency
from gateway.wiring import open_desk
from keys.references import new_id
from world import World, cli, jsonl, row, running_world

CANARY = "CANARY-SECRET"


def cases(world: World) -> list[dict[str, Any]]:
    """The agency's cases as its own system takes them, by invoice number."""
    found = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency)
    return sorted(map(json.loads, found.out.splitlines()), key=lambda one: one["invoice_no"])


def reply(world: World, tmp_path: Path, rows: list[dict[str, Any]] | str, *options: str) -> Any:
    path = tmp_path / "reply.txt"
    path.write_text(rows if isinstance(rows, str) else json.dumps(rows))
    return cli("agency", "reply", path, *options, "--config", world.agency)


@pytest.fixture
def refs(world: World) -> list[str]:
    """Case references of four cases that the agency has and the creditor knows delivered."""
    return handed_over(world)


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, list[str]]]:
    """A world for everything that is refused: nothing of it changes."""
    with running_world(tmp_path_factory.mktemp("refused")) as made:
        yield made, handed_over(made)


def handed_over(world: World) -> list[str]:
    world.drop("export.jsonl", jsonl([row(number) for number in range(1, 5)]))
    world.handover()
    world.receive()
    cli("feedback", "--config", world.creditor)
    return [one["case_ref"] for one in cases(world)]


def accepted(ref: str, number: int) -> dict[str, Any]:
    return {"type": "package.receipt", "case_ref": ref, "verdict": "accepted", "agency_ref": f"2026/{number}"}


PAYMENT = {
    "type": "case.payment",
    "amount": 9000,
    "currency": "EUR",
    "received_on": "2026-06-30",
    "paid_to": "agency",
    "costs": 3000,
    "interest": 100,
    "principal": 5900,
}


def test_the_books_follow_the_work_and_are_equal_to_the_cent(world: World, refs: list[str], tmp_path: Path) -> None:
    """Accepted, refused, asked, paid, disputed, closed: the creditor's books say what the agency's say, and both sign."""
    decided = [
        accepted(refs[0], 1),
        {"type": "package.receipt", "case_ref": refs[1], "verdict": "refused", "refusal": "abroad"},
        {"type": "package.receipt", "case_ref": refs[2], "verdict": "question", "question": "address"},
        accepted(refs[3], 4),
        PAYMENT | {"case_ref": refs[0]},
        {"type": "case.dispute", "case_ref": refs[3], "ground": "not-delivered", "raised_on": "2026-06-29"},
        {"type": "case.closed", "case_ref": refs[0], "code": "paid-in-part", "closed_on": "2026-06-30", "fees": 3000},
    ]
    assert reply(world, tmp_path, decided).code == 0
    assert cli("agency", "statement", "nordlicht", "--remitted", "5900", "--config", world.agency).code == 0
    found = cli("feedback", "--json", "--config", world.creditor)
    assert (found.code, found.json["refusals"]) == (0, {})

    books = cli("report", "reconcile", "--agency", "ostsee", "--json", "--config", world.creditor)

    assert (books.code, books.json["differences"]) == (0, [])
    assert books.json["ours"] == books.json["theirs"]
    assert (books.json["ours"]["cases"], books.json["ours"]["paid_to_agency"]) == (4, 9000)
    world.handover()
    assert world.receive().code == 0
    assert cases(world)[3]["restricted"] is True


def test_a_difference_is_told_by_case_and_field(world: World, refs: list[str], tmp_path: Path) -> None:
    """What only one side has booked is a difference, and nothing is signed."""
    reply(world, tmp_path, [accepted(refs[0], 1)])
    cli("agency", "statement", "nordlicht", "--config", world.agency)
    cli("feedback", "--config", world.creditor)
    cli("claim", "recall", "F-000002", "--reason", "not-owed", "--config", world.creditor)
    books = cli("report", "reconcile", "--agency", "ostsee", "--json", "--config", world.creditor)

    assert books.code == 1
    assert books.json["books"] is None
    assert books.json["differences"] == [
        {"case_ref": refs[1], "field": "standing", "ours": "recalled", "theirs": "under-review"}
    ]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"type": "case.closed", "code": "paid", "closed_on": "2026-06-30"}, "standing"),
        (PAYMENT | {"costs": 1}, "costs, interest and principal"),
        (PAYMENT | {"note": CANARY}, "note: unknown key"),
        ({"type": "case.status", "status": CANARY, "since": "2026-06-30"}, "status: is none of: "),
        ({"type": "case.status", "status": "paused", "since": "2027-01-01"}, "standing|future"),
        ({"type": CANARY}, "its type is none of: "),
        ({"type": "statement.case"}, "is missing|not an answer"),
        (accepted("", 1) | {"case_ref": "C1-0000000000000000ZZ"}, "case_ref"),
        (accepted("", 1) | {"case_ref": CANARY}, "case_ref"),
        ({"type": "notice.ack", "result": "executed"}, "no stop of this case waits"),
    ],
)
def test_one_wrong_row_refuses_the_whole_file(
    refused: tuple[World, list[str]], tmp_path: Path, wrong: dict[str, Any], reason: str
) -> None:
    """A file of answers is taken whole or not at all; the refusal names row and field, and no value."""
    world, refs = refused
    before = cases(world)
    found = reply(world, tmp_path, [accepted(refs[0], 1), {"case_ref": refs[1]} | wrong])

    assert found.code == 3
    assert "row 2" in found.err
    assert CANARY not in found.err + found.out
    assert any(one in found.err for one in reason.split("|"))
    assert cases(world) == before


@pytest.mark.parametrize("content", ["", CANARY, f"{CANARY};b\n1;2\n"])
def test_a_file_without_a_header_of_answers_is_none(
    refused: tuple[World, list[str]], tmp_path: Path, content: str
) -> None:
    """What names neither type nor case is refused, not taken as no answers; the refusal repeats nothing of it."""
    found = reply(refused[0], tmp_path, content)
    missing = cli("agency", "reply", tmp_path / "none.csv", "--config", refused[0].agency)

    assert (missing.code, "none.csv cannot be read: name a file that exists" in missing.err) == (2, True)
    assert (found.code, "no header that names `type` and `case_ref`" in found.err) == (3, True)
    assert CANARY not in found.err + found.out


def test_a_file_of_answers_is_taken_once_and_csv_is_as_good(world: World, refs: list[str], tmp_path: Path) -> None:
    """CSV with foreign codes becomes our messages; a dry run keeps nothing, and a second run is refused."""
    rows = "type,case_ref,verdict,agency_ref,refusal,code,closed_on\n"
    rows += f"package.receipt,{refs[0].lower()},accepted,A-1,,,\n"
    rows += f"package.receipt,{refs[1]},refused,,CUSTOMER_ABROAD,,\n"
    rows += f"case.closed,{refs[0]},,,,SOLDIER,2026-06-30\n"
    tried = reply(world, tmp_path, rows, "--codes", "riverty", "--dry-run")
    taken = reply(world, tmp_path, rows, "--codes", "riverty")
    again = reply(world, tmp_path, rows, "--codes", "riverty")

    assert (tried.code, taken.code, again.code) == (0, 0, 3)
    found = cli("feedback", "--json", "--config", world.creditor)
    assert (found.code, found.json["answers"]) == (0, {"package.receipt": 2, "case.closed": 1})


def test_a_reference_that_two_creditors_sent_is_told_apart_by_the_row(
    world: World, refs: list[str], tmp_path: Path
) -> None:
    """Who sends another creditor's reference keeps nobody from answering about the case: the row names its creditor."""
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        own = desk.cases.cases("nordlicht", refs[:1])[refs[0]]
        desk.cases.add([own._replace(sender="elsewhere", message_id=new_id())])
    guessed = reply(world, tmp_path, [accepted(refs[0], 1)])
    named = reply(world, tmp_path, [accepted(refs[0], 1) | {"creditor": "nordlicht"}])

    assert (guessed.code, named.code) == (3, 0)
    assert "row 1, case_ref: several creditors sent this reference: name the `creditor`" in guessed.err
    assert cli("feedback", "--json", "--config", world.creditor).json["answers"] == {"package.receipt": 1}


INIT = {"--name": "ostsee", "--server": "sftp", "--allowed-signers": "signers", "--creditor": "nordlicht"}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"--answers-recipient": CANARY}, "--answers-recipient is not an age recipient (age1pq1…): copy the line"),
        ({"--creditor": f"{CANARY} "}, "--creditor is an id"),
        ({"--server": "nowhere"}, "--server is not a folder"),
        ({"--name": CANARY}, "the agency's id has small letters"),
        ({"--allowed-signers": "nowhere"}, "is not a readable file of allowed signers"),
    ],
)
def test_agency_init_makes_nothing_of_a_wrong_argument(
    refused: tuple[World, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, str],
    says: str,
) -> None:
    """Every argument is examined before anything is made (2); a folder of the server is taken from where one stands."""
    world, _ = refused
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sftp").mkdir()
    (tmp_path / "signers").write_bytes((world.agency.parent / "keys" / "allowed_signers").read_bytes())
    answers = re.search(r'\nanswers_recipients = \["(.*)"\]', world.agency.read_text())
    assert answers is not None
    given = INIT | {"--answers-recipient": answers[1]}
    wrong = cli("agency", "init", "home", *chain.from_iterable((given | changed).items()))
    before = sorted(tmp_path.rglob("*"))
    right = cli("agency", "init", "home", *chain.from_iterable(given.items()))

    assert (wrong.code, wrong.out) == (2, "")
    assert says in wrong.err
    assert CANARY not in wrong.err
    assert before == [tmp_path / "sftp", tmp_path / "signers"]
    assert right.code == 0
    assert [path.name for path in (tmp_path / "sftp").iterdir()] == ["answers"]


def test_an_export_of_an_unknown_creditor_is_refused(refused: tuple[World, list[str]]) -> None:
    """No output is what a creditor without cases gives: another name is a fault (2)."""
    world, _ = refused
    found = cli("agency", "export", "elsewhere", "--config", world.agency)

    assert (found.code, found.out) == (2, "")
    assert "no creditor of that name is configured" in found.err
