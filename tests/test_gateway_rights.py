"""What a person asks for, from intake to answer, on both sides: access, erasure, restriction, rectification."""

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asking import answered, approved, asked, asking_world, command, found, text_of
from audit.store import commitments
from gateway.agency.settings import load_agency
from gateway.demo.template import CREDITOR
from gateway.wiring import open_desk
from keys.sqlite import open_store
from world import TODAY, World, jsonl, row

LATER = datetime(2026, 7, 2, 3, 0, tzinfo=UTC)
MUCH_LATER = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world in which three claims have been handed over, and two people may approve."""
    with asking_world(tmp_path) as made:
        yield made


@pytest.mark.parametrize("language", ["de", "en"])
def test_access_tells_what_the_agency_got_and_the_log_committed_to(world: World, language: str) -> None:
    """Each disclosure's values are those of the line the agency opened, and its evidence opens the log's commitment."""
    request = asked(world, "access", "--language", language)
    assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
    out = answered(world, request)
    data = json.loads((out / "data.json").read_bytes())
    (disclosed,) = data["disclosures"]
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        lines = [json.loads(case.line) for case in desk.cases.cases(CREDITOR).values() if case.line is not None]
    (opened,) = [line for line in lines if line["message_id"] == disclosed["message"]]
    told = {one["field"]: one["value"] for one in disclosed["values"]}
    evidence = disclosed["evidence"]
    with open_store(world.creditor.parent / "gateway.db").connect() as connection:
        committed = commitments(connection, evidence["entry"])[evidence["item"]]
    opening = urlsafe_b64decode(evidence["opening"] + "=")
    letter = text_of(out / "letter.pdf")

    assert {name: told[name] for name in ("case_ref", "due_date", "currency")} == {
        name: opened[name] for name in ("case_ref", "due_date", "currency")
    }
    assert set(opened) - {"type", "message_id"} <= set(told)
    assert hmac.digest(opening, evidence["bytes"].encode(), "sha256") == committed
    assert all(value in letter for value in ("Beispiel", "RE-000001", "Ostsee Inkasso", told["case_ref"]))
    assert [claim["claim"]["claim_no"] for claim in data["claims"]] == ["F-000001"]


def test_a_letter_is_the_same_bytes_for_the_same_day(world: World) -> None:
    """Documents are deterministic for a given date."""
    request = asked(world, "access")
    approved(world, "request", "approve", request, keys=("demo-clerk",))
    first, second = (answered(world, request, now) for now in (TODAY, TODAY.replace(hour=4)))

    assert (first / "letter.pdf").read_bytes() == (second / "letter.pdf").read_bytes()


def test_an_erased_person_is_gone_on_both_sides_and_does_not_come_back(world: World) -> None:
    """Preview, notice, erasure, the agency's signed answer, the certificate; the next export hands nothing over."""
    world.configure('role = "controller"', 'role = "processor"')
    world.vet()
    request = asked(world, "erasure")
    preview = command(world, "request", "preview", request, "--ground", "unlawful").out
    done = approved(world, "request", "approve", request, "--ground", "unlawful", keys=("demo-clerk", "officer"))
    gone = found(world, invoice_no="RE-000001", email="ida1@example.org", customer_no="K-000001")
    for path in world.inbox.iterdir():
        path.unlink()
    world.drop("second.jsonl", jsonl([row(1, amount="150.00"), row(2)]))
    night = command(world, "nightly", "--json", now=LATER)
    received = world.receive(LATER)
    second = command(world, "nightly", "--json", now=LATER.replace(hour=4))
    out = answered(world, request, LATER.replace(hour=5))
    certificate = text_of(out / "certificate.pdf")
    shown = command(world, "request", "show", request, "--json").json
    closed = command(world, "nightly", "--json", now=LATER.replace(hour=6))
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        left = [case.line for case in desk.cases.cases(CREDITOR).values() if case.line is not None]

    assert "claim F-000001: erased" in preview
    assert (done.code, gone) == (0, [])
    assert night.json["rejections"] == {"claim_no: erased": 1}
    assert (night.json["claims"]["handed_over"], night.json["final_erasures"]) == (0, True)
    assert (received.code, second.code, closed.code) == (0, 0, 0)
    assert [one[1::2] for one in shown["notices"]] == [["case.erase", "executed"]]
    assert len(left) == 2
    assert "RE-000001" not in certificate
    assert "Art. 17 Abs. 1 lit. d DSGVO" in certificate
    assert command(world, "audit", "verify").code == 0
    assert command(world, "request", "list", "--all", "--json").json["requests"][0]["state"] == "closed"


def test_what_is_owed_is_kept_and_the_person_is_told_why(world: World) -> None:
    """Art. 17(3)(e): a claim that is worked on stays, by the approval of two, with remedies."""
    request = asked(world, "erasure")
    alone = approved(world, "request", "approve", request, "--ground", "no-longer-needed", keys=("demo-clerk",))
    twice = approved(
        world, "request", "approve", request, "--ground", "no-longer-needed", keys=("demo-clerk", "demo-clerk")
    )
    both = approved(
        world, "request", "approve", request, "--ground", "no-longer-needed", keys=("demo-clerk", "officer")
    )
    letter = text_of(answered(world, request) / "letter.pdf")

    assert (alone.code, twice.code, both.code) == (2, 2, 0)
    assert "different keys" in alone.err and "different keys" in twice.err
    assert "Art. 17 Abs. 3 lit. e" in letter and "Art. 77" in letter
    assert len(found(world, invoice_no="RE-000001")) == 1


def test_a_restriction_stops_both_sides_at_once_until_it_is_lifted(world: World) -> None:
    """Art. 18: the night after it was opened hands nothing over for the person; lifting tells the person first."""
    request = asked(world, "restriction", invoice="RE-000002")
    world.drop("second.jsonl", jsonl([row(4, customer_no="K-000002"), row(5)]))
    night = command(world, "nightly", "--json", now=LATER)
    world.receive(LATER)
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        paused = sum(case.restricted for case in desk.cases.cases(CREDITOR).values())
    approved(world, "request", "approve", request, keys=("demo-clerk",), now=LATER)
    answered(world, request, LATER)
    still = command(world, "nightly", "--json", now=LATER.replace(hour=4))
    lifted = approved(
        world,
        "request",
        "lift",
        request,
        "--out",
        world.home / "lifted",
        keys=("demo-clerk",),
        now=LATER.replace(hour=5),
    )
    after = command(world, "nightly", "--json", now=LATER.replace(hour=6))
    world.receive(LATER.replace(hour=6))
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        resumed = sum(case.restricted for case in desk.cases.cases(CREDITOR).values())

    assert night.json["reasons"] == {"request-open": 1}
    assert (night.json["claims"]["handed_over"], paused) == (1, 2)
    assert still.json["claims"]["handed_over"] == 0
    assert lifted.code == 0 and "Art. 18 Abs. 3" in text_of(world.home / "lifted" / "letter.pdf")
    assert (after.json["claims"]["handed_over"], resumed) == (1, 0)


def test_a_rectification_reaches_every_recipient_in_the_fields_that_travelled(world: World) -> None:
    """Art. 16, 19: the agency gets the whole right name, and nothing that had not travelled."""
    request = asked(world, "rectification")
    right = world.home / "right.json"
    right.write_text(json.dumps({"name": {"first_name": "Ida", "last_name": "Richtig"}}))
    early = approved(world, "request", "approve", request, keys=("demo-clerk",))
    assert command(world, "request", "correct", request, "--correction", right).code == 0
    done = approved(world, "request", "approve", request, keys=("demo-clerk",))
    command(world, "nightly", now=LATER)
    world.receive(LATER)
    command(world, "nightly", now=LATER.replace(hour=4))
    shown = command(world, "request", "show", request, "--json").json

    assert early.code == 2 and "what is right instead is missing" in early.err
    assert done.code == 0
    assert [one[1::2] for one in shown["notices"]] == [["case.rectify", "executed"]]
    assert [one[2] for one in shown["steps"]] == [
        "opened",
        "request identified",
        "request corrected",
        "request decided",
        "request executed",
    ]


@pytest.mark.parametrize(
    ("clues", "subjects"),
    [
        ({"invoice_no": " re 000001"}, 1),
        ({"email": "IDA1@EXAMPLE.ORG"}, 1),
        ({"customer_no": "K-000002"}, 1),
        ({"surname": "BEISPIEL", "postcode": "96047"}, 2),
        ({"surname": "Beispiel", "postcode": "96048"}, 0),
        ({"claim_no": "F-000003"}, 1),
        ({"invoice_no": "RE-999999"}, 0),
    ],
)
def test_a_clue_leads_to_a_list_and_never_to_a_guess(world: World, clues: dict[str, str], subjects: int) -> None:
    """How somebody writes a name or number does not matter; who shares a clue is listed, and said to be for a person."""
    listed = found(world, **clues)
    shown = command(world, "subject", "find", "--clues", world.home / "clues.json").out

    assert len(listed) == subjects
    assert ("2 people fit: a person chooses, nobody guesses" in shown) == (subjects > 1)
    assert ("nothing is held under any of these" in shown) == (subjects == 0)


def test_mistakes_are_refused_with_words_that_help(world: World) -> None:
    """Unknown and mistyped persons, races, repeated and foreign approvals: nothing is done, and nobody is named."""
    access, erasure = asked(world, "access"), asked(world, "erasure")
    mistyped = world.home / "mistyped.json"
    mistyped.write_text(json.dumps({"reference": "C1-0000000000000000ZZ"}))
    half = world.home / "half.json"
    half.write_text(json.dumps({"surname": "Canaryname"}))
    broken = world.home / "broken.json"
    broken.write_text(json.dumps({"name": "Canaryname", "lines": 7}))
    day = "2026-06-30"
    ground = ("--ground", "unlawful")
    race = approved(world, "request", "approve", erasure, *ground, keys=("demo-clerk", "officer"))
    future = command(world, "request", "open", "access", "--channel", "email", "--received", "2026-07-01")
    results = [
        (race, "answer it first"),
        (future, "received in the future"),
        (command(world, "request", "show", "0" * 26), "no request has that id"),
        (command(world, "request", "answer", access, "--out", world.home / "x"), "nothing has been decided"),
        (command(world, "subject", "find", "--clues", mistyped), "mistyped"),
        (command(world, "subject", "find", "--clues", half), "together with its postcode"),
        (
            command(world, "request", "open", "access", "--channel", "email", "--received", day, "--subject", "0" * 26),
            "no claim is held",
        ),
        (
            command(world, "request", "open", "access", "--channel", "email", "--received", day, "--recipient", broken),
            "lines",
        ),
        (approved(world, "request", "approve", erasure, keys=("demo-clerk", "officer")), "ground"),
    ]

    assert all(result.code in {2, 3} for result, _ in results)
    assert [words for result, words in results if words not in result.err] == []
    assert not any("Canaryname" in result.err + result.out for result, _ in results)


def test_an_unanswered_request_is_overdue_everywhere(world: World) -> None:
    """Art. 12(3): list and night say so, and exit with 1; an extension in time moves the day, once."""
    request = asked(world, "access")
    extended = command(world, "request", "extend", request, "--reason", "complex", "--out", world.home / "e", now=LATER)
    again = command(world, "request", "extend", request, "--reason", "many", "--out", world.home / "f", now=LATER)
    in_time = command(world, "request", "list", now=MUCH_LATER)
    late = command(world, "request", "list", now=MUCH_LATER.replace(month=10))
    night = command(world, "nightly", "--json", now=MUCH_LATER.replace(month=10))

    assert (extended.code, again.code, in_time.code, late.code) == (0, 2, 0, 1)
    assert any(request in failure for failure in night.json["failures"])


def test_nothing_held_is_an_answer_too(world: World) -> None:
    """Art. 15: who is not in the data is told so; a refusal for want of identity needs two."""
    recipient = world.home / "recipient.json"
    recipient.write_text(json.dumps({"name": "Erika Niemand", "lines": ["Musterweg 1", "96047 Bamberg"]}))
    opening = ("request", "open", "access", "--channel", "email", "--received", "2026-06-29", "--recipient", recipient)
    nobody, doubtful = (command(world, *opening).out.split()[0] for _ in range(2))
    assert command(world, "request", "identify", nobody, "--proof", "document").code == 0
    assert approved(world, "request", "approve", nobody, keys=("demo-clerk",)).code == 0
    refusing = ("request", "approve", doubtful, "--refuse", "identity")
    alone = approved(world, *refusing, keys=("officer",))
    both = approved(world, *refusing, keys=("officer", "demo-clerk"))

    assert "Zu Ihnen ist nichts gespeichert" in text_of(answered(world, nobody) / "letter.pdf")
    assert (alone.code, both.code) == (2, 0)
    assert "Art. 12 Abs. 2 und 6" in text_of(answered(world, doubtful) / "letter.pdf")
