"""A right against what is still on its way: packages in the outbox, held claims, the next export, files beyond reach."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from asking import answered, approved, asked, asking_world, command, found, text_of
from folder_server import killed_at
from gateway.agency.settings import load_agency
from gateway.documents.norms import quoted
from gateway.wiring import open_desk
from schemas.mandate import Language
from schemas.provided import Provided
from world import TODAY, World, cli, jsonl, killed, row

LATER = TODAY.replace(day=1, month=7)
DOCS = Path(__file__).parents[1] / "docs"
CANARY = b"zqcanary"
BOTH = ("demo-clerk", "officer")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with asking_world(tmp_path) as made:
        yield made


def put_right(world: World, invoice: str, correction: dict[str, object], hour: int = 3) -> str:
    """A rectification that was asked for and granted."""
    now = LATER.replace(hour=hour)
    request = asked(world, "rectification", invoice=invoice, now=now)
    path = world.home / f"right-{hour}.json"
    path.write_text(json.dumps(correction))
    assert command(world, "request", "correct", request, "--correction", path, now=now).code == 0
    assert approved(world, "request", "approve", request, keys=("demo-clerk",), now=now).code == 0
    return request


def told(world: World, invoice: str) -> list[tuple[str, str]]:
    """Surname and street of everything the agency holds about an invoice."""
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        lines = [json.loads(line) for _, line in desk.persons.lines()]
    return [(line["last_name"], line["street"]) for line in lines if line["invoice_no"] == invoice]


RIGHT = {"name": {"first_name": "Ida", "last_name": "Richtig"}}


def test_a_rectification_overtakes_a_package_in_the_outbox(world: World) -> None:
    """Art. 16: what lies sealed and has not left is withdrawn; the agency gets the right name alone, and no notice of it."""
    world.drop("more.jsonl", jsonl([row(number, customer_no="K-000001") for number in (1, 11)]))
    killed(world, "gateway.pipeline:_deliver", 1)
    request = put_right(world, "RE-000011", RIGHT)
    night = command(world, "nightly", "--json", now=LATER.replace(hour=4))
    received = world.receive(LATER.replace(hour=5))
    notices = command(world, "request", "show", request, "--json").json["notices"]

    assert (night.code, received.code) == (0, 0)
    assert told(world, "RE-000011") == [("Richtig", "Musterweg")]
    assert [one[1] for one in notices] == ["case.rectify"]  # of the first claim, which the agency has
    assert world.events().count("package.withdrawn") == 1


def test_a_rectification_that_overtakes_its_case_is_read_beside_it(world: World) -> None:
    """Art. 16, 19: where a sealed case may be at the agency already, the stop goes first and the kit keeps what is right."""
    world.drop("more.jsonl", jsonl([row(11)]))
    assert world.handover(now=LATER).json["claims"]["handed_over"] == 1
    kept = [(path, path.read_bytes()) for path in world.sftp.iterdir() if path.is_file()]
    for path, _ in kept:
        path.unlink()
    put_right(world, "RE-000011", RIGHT)
    command(world, "nightly", "--json", now=LATER.replace(hour=4))
    first = world.receive(LATER.replace(hour=5))
    for path, content in kept:
        path.write_bytes(content)
    second = world.receive(LATER.replace(hour=6))

    assert (first.code, second.code) == (0, 0)
    assert sorted(told(world, "RE-000011")) == [("Beispiel", "Musterweg"), ("Richtig", "Musterweg")]


def test_what_was_put_right_stays_right_whatever_the_source_goes_on_saying(world: World) -> None:
    """Art. 5(1)(d), 16: a held claim, a changed row and a new one go out with the right name; a later name stands."""
    held = row(11, customer_no="K-000001", disputed=True)
    world.drop("held.jsonl", jsonl([held]))
    world.handover(now=LATER)
    put_right(world, "RE-000001", RIGHT)
    rows = [row(1, paid_amount="30.00"), held | {"disputed": False}, row(12, customer_no="K-000001")]
    world.drop("again.jsonl", jsonl(rows))
    night = command(world, "nightly", "--json", now=LATER.replace(hour=4))
    world.drop("moved.jsonl", jsonl([row(13, customer_no="K-000001", **{"debtor.last_name": "Umgezogen"})]))
    command(world, "nightly", "--json", now=LATER.replace(hour=5))
    world.receive(LATER.replace(hour=6))
    names = {invoice: [name for name, _ in told(world, f"RE-{invoice:06d}")] for invoice in (1, 11, 12, 13)}
    by_name = found(world, surname="Richtig", postcode="96047")

    assert night.json["claims"]["handed_over"] == 2
    assert names == {1: ["Beispiel", "Richtig"], 11: ["Richtig"], 12: ["Richtig"], 13: ["Umgezogen"]}
    assert len(by_name) == 1


def test_what_was_not_granted_is_read_over_nothing(world: World) -> None:
    """Art. 16: opened again with another correction, that counts for nothing until it is granted, nor once refused."""
    request = put_right(world, "RE-000001", RIGHT)
    answered(world, request, now=LATER.replace(hour=4))
    again = ("--received", "2026-07-01")
    assert command(world, "request", "reopen", request, *again, now=LATER.replace(hour=5)).code == 0
    path = world.home / "undecided.json"
    path.write_text(json.dumps({"name": {"first_name": "Ida", "last_name": "Unentschieden"}}))
    assert command(world, "request", "correct", request, "--correction", path, now=LATER.replace(hour=5)).code == 0
    world.drop("again.jsonl", jsonl([row(12, customer_no="K-000001")]))
    command(world, "nightly", "--json", now=LATER.replace(hour=6))
    subject = found(world, invoice_no="RE-000001")[0]["subject"]
    identified = ("--proof", "reference", "--subject", subject)
    assert command(world, "request", "identify", request, *identified, now=LATER.replace(hour=7)).code == 0
    refusal = ("--refuse", "accurate")
    done = approved(world, "request", "approve", request, *refusal, keys=BOTH, now=LATER.replace(hour=7))
    world.drop("more.jsonl", jsonl([row(13, customer_no="K-000001")]))
    command(world, "nightly", "--json", now=LATER.replace(hour=8))
    world.receive(LATER.replace(hour=9))

    assert done.code == 0
    assert [told(world, f"RE-0000{number}")[-1][0] for number in (12, 13)] == ["Richtig", "Richtig"]


def test_a_second_rectification_takes_back_nothing_of_the_first(world: World) -> None:
    """Art. 16: the address that was put right before stays right when the name is."""
    address = {"street": "Rechtsweg", "house_no": "7", "postcode": "96047", "city": "Bamberg", "country": "DE"}
    for hour, correction in ((3, {"address": address}), (5, RIGHT)):
        put_right(world, "RE-000001", correction, hour)
        command(world, "nightly", "--json", now=LATER.replace(hour=hour + 1))
        world.receive(LATER.replace(hour=hour + 1, minute=30))

    assert told(world, "RE-000001")[-1] == ("Richtig", "Rechtsweg")


def test_a_restriction_overtakes_a_package_in_the_outbox(world: World) -> None:
    """Art. 18: what has not left does not leave; an agency that never had the case gets no notice about it."""
    world.drop("more.jsonl", jsonl([row(11), row(12)]))
    killed(world, "gateway.pipeline:_deliver", 1)
    request = asked(world, "restriction", invoice="RE-000011", now=LATER)
    night = command(world, "nightly", "--json", now=LATER.replace(hour=4))
    world.receive(LATER.replace(hour=5))

    assert (night.code, night.json["reasons"]) == (0, {"request-open": 1})
    assert (told(world, "RE-000011"), len(told(world, "RE-000012"))) == ([], 1)
    assert command(world, "request", "show", request, "--json").json["notices"] == []


@pytest.mark.parametrize("beside", [(), (12,)], ids=["alone", "beside another"])
def test_an_erasure_overtakes_a_package_in_the_outbox(world: World, beside: tuple[int, ...]) -> None:
    """Art. 17: what lies sealed and has not left is withdrawn with the erased claim; its other claims go out anew."""
    world.drop("more.jsonl", jsonl([row(11), *map(row, beside)]))
    killed(world, "gateway.pipeline:_deliver", 1)
    request = asked(world, "erasure", invoice="RE-000011", now=LATER)
    approved(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH, now=LATER)
    night = command(world, "nightly", "--json", now=LATER.replace(hour=4))
    world.receive(LATER.replace(hour=5))
    command(world, "nightly", "--json", now=LATER.replace(hour=6))
    (notice,) = command(world, "request", "show", request, "--json").json["notices"]

    assert (night.code, told(world, "RE-000011"), len(told(world, "RE-000012"))) == (0, [], len(beside))
    assert notice[1::2] == ["case.erase", "unknown"]
    assert world.events().count("package.withdrawn") == 1
    assert command(world, "audit", "verify").code == 0


def test_who_was_told_of_a_restriction_is_not_told_again(world: World) -> None:
    """Art. 19: opened, identified, and asked for once more: one notice; what an agency paused by itself is still told."""
    subject = found(world, invoice_no="RE-000001")[0]["subject"]
    opening = (
        "request",
        "open",
        "restriction",
        "--channel",
        "letter",
        "--received",
        "2026-07-01",
        "--subject",
        subject,
    )
    first = command(world, *opening, now=LATER).out.split()[0]
    command(world, "request", "identify", first, "--proof", "reference", "--subject", subject, now=LATER)
    second = asked(world, "objection", now=LATER)
    notices = [command(world, "request", "show", one, "--json").json["notices"] for one in (first, second)]

    assert [[one[1] for one in found] for found in notices] == [["case.restrict"], []]


@pytest.mark.parametrize("kind", ["access", "restriction", "rectification"])
def test_a_decision_that_was_killed_is_finished_by_the_next_night(world: World, kind: str) -> None:
    """What was approved is carried out, of every kind: no request stays between decision and answer."""
    request = asked(world, kind, now=LATER)
    if kind == "rectification":
        path = world.home / "right.json"
        path.write_text(json.dumps(RIGHT))
        command(world, "request", "correct", request, "--correction", path, now=LATER)
    with killed_at("gateway.rights.deciding._finish"):
        approved(world, "request", "approve", request, keys=("demo-clerk",), now=LATER)
    between = command(world, "request", "show", request, "--json").json["state"]
    night = command(world, "nightly", "--json", now=LATER.replace(hour=4))

    assert (between, night.code) == ("decided", 0)
    assert command(world, "request", "show", request, "--json").json["state"] == "executed"


def test_an_access_answer_has_what_the_person_provided_in_a_file_of_its_own(world: World) -> None:
    """Art. 20: name, address, e-mail, birth date as they were given, by a published schema; nothing of ours or derived."""
    request = asked(world, "access")
    approved(world, "request", "approve", request, keys=("demo-clerk",))
    raw = (answered(world, request) / "provided.json").read_bytes()
    (person,) = json.loads(raw)["persons"]
    told = json.dumps(person)
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "provided (format 1)"}

    assert person["email"] == "ida1@example.org" and person["address"]["street"] == "Musterweg"
    assert Provided.model_validate_json(raw).norm.startswith("Art. 20(1)(a) GDPR")
    assert set(person) == {"first_name", "last_name", "birth_date", "email", "address"}
    assert not re.search("F-0|RE-0|K-0|D1-|C1-|cleared|120", told)
    assert json.loads((DOCS / "provided.schema.json").read_text()) == title | TypeAdapter(Provided).json_schema()


@pytest.mark.parametrize(
    ("norm", "german"),
    [
        (
            "Art. 17(3)(e) GDPR, § 35(3) BDSG, §§ 195, 199 BGB",
            "Art. 17 Abs. 3 lit. e DSGVO, § 35 Abs. 3 BDSG, §§ 195, 199 BGB",
        ),
        ("Art. 17(1)(d) GDPR, § 35(1), (3) BDSG", "Art. 17 Abs. 1 lit. d DSGVO, § 35 Abs. 1, 3 BDSG"),
        ("Art. 4(5), 25 GDPR", "Art. 4 Nr. 5, 25 DSGVO"),
        ("§ 13a(1) Nr. 2 RDG", "§ 13a Abs. 1 Nr. 2 RDG"),
        ("§ 31(2) Nr. 4d BDSG, VV 2300 RVG", "§ 31 Abs. 2 Nr. 4d BDSG, VV 2300 RVG"),
    ],
)
def test_a_norm_is_quoted_as_its_reader_is_used_to(norm: str, german: str) -> None:
    """A letter in German says DSGVO, Abs. and lit.; one in English quotes as the code does."""
    assert (quoted(norm, Language.GERMAN), quoted(norm, Language.ENGLISH)) == (german, norm)


def test_an_erasure_names_what_is_beyond_its_reach_and_leaves_nothing_else(world: World) -> None:
    """Art. 17, 12(1): the person's bytes are in the folder of read files alone, which preview and certificate name; not in
    the part of a package that was killed, nor in any other file of both sides.
    """
    (world.home / "creditor" / "done").mkdir(mode=0o700)
    world.configure('inbox = "inbox"', 'inbox = "inbox"\nprocessed = "done"')
    world.configure('role = "controller"', 'role = "processor"')
    world.vet(LATER)
    rows = [row(11, **{"debtor.last_name": "Zqcanary", "note": "zqcanary", "claim_id": "zqcanary-11"})]
    world.drop("canary.jsonl", jsonl(rows))
    assert world.handover(now=LATER).json["claims"]["handed_over"] == 1
    world.receive(LATER)
    world.drop("part.jsonl", jsonl([row(12, customer_no="K-000011", **{"debtor.last_name": "Zqcanary"})]))
    killed(world, "gateway.handover.batch:sign", 1)
    parts = list((world.home / "creditor").rglob("*.part"))
    request = asked(world, "erasure", invoice="RE-000011", now=LATER)
    preview = command(world, "request", "preview", request, "--ground", "unlawful", now=LATER).out
    approved(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH, now=LATER)
    command(world, "nightly", "--json", now=LATER.replace(hour=4))
    world.receive(LATER.replace(hour=4))
    certificate = text_of(answered(world, request, LATER.replace(hour=5)) / "certificate.pdf")
    sides = (world.creditor.parent, world.agency.parent, world.sftp, world.home / "backup")
    left = [
        path for side in sides for path in side.rglob("*") if path.is_file() and CANARY in path.read_bytes().lower()
    ]

    assert parts
    assert {path.parent.name for path in left} <= {"done", "inbox"}
    assert "beyond reach: files of source" in preview and "`processed`" in preview
    assert "Ordner für erledigte Dateien" in re.sub(r"\s+", " ", certificate)


def test_a_claim_that_a_request_contests_goes_out_as_disputed(world: World) -> None:
    """Art. 18(1)(a), (2) GDPR, § 31(2) Nr. 4 BDSG: released for legal claims, the agency is told that it is contested, and
    the case goes on as any other once the contestation was examined.
    """
    request = asked(world, "objection", "--contested", now=LATER)
    assert approved(world, "request", "approve", request, keys=("demo-clerk",), now=LATER).code == 0
    answered(world, request, now=LATER)
    world.drop("more.jsonl", jsonl([row(11, customer_no="K-000001")]))
    held = world.handover(now=LATER.replace(hour=4)).json["claims"]["held"]
    release = ("claim", "release", "F-000011", "--reason", "legal-claims", "--until", "2026-07-20")
    assert approved(world, *release, keys=BOTH, now=LATER.replace(hour=5)).code == 0
    night = world.handover(now=LATER.replace(hour=6))
    world.receive(LATER.replace(hour=6))
    lines = command_at_agency(world)
    lift = ("request", "lift", request, "--out", world.home / "lift")
    assert approved(world, *lift, keys=("demo-clerk",), now=LATER.replace(hour=7)).code == 0
    world.handover(now=LATER.replace(hour=8))
    world.receive(LATER.replace(hour=8))

    assert (held, night.json["claims"]["handed_over"]) == (1, 1)
    assert (lines["RE-000011"]["disputed"], lines["RE-000011"]["bureau_eligible"]) == ("yes", False)
    assert not any(one["restricted"] for one in command_at_agency(world).values())


def command_at_agency(world: World) -> dict[str, dict[str, object]]:
    """The agency's cases, by invoice."""
    found = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency, now=LATER)
    return {one["invoice_no"]: one for one in map(json.loads, found.out.splitlines())}
