"""What people approve of a request is what happens: to whom, about which claims, with which correction, to which address."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from asking import address, answered, approved, approving, asked, asking_world, command, found, text_of
from gateway.demo.template import AGENCY, CREDITOR
from gateway.retention.erasing import erase
from gateway.rights.incoming import forwarded
from gateway.settings import load
from gateway.wiring import open_office
from keys.references import new_id
from schemas.answers import RequestForwarded
from schemas.codes import RequestKind
from schemas.entry import ErasureGround
from world import TODAY, Result, World, cli, jsonl, row

LATER = TODAY + timedelta(hours=1)
BOTH = ("demo-clerk", "officer")
CLERK = ("demo-clerk",)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with asking_world(tmp_path) as made:
        yield made


def correct(world: World, request: str, correction: dict[str, object], name: str = "right") -> Result:
    path = world.home / f"{name}.json"
    path.write_text(json.dumps(correction))
    return command(world, "request", "correct", request, "--correction", path, now=LATER)


def called(first: str, last: str) -> dict[str, object]:
    return {"name": {"first_name": first, "last_name": last}}


def another_person(world: World, request: str) -> None:
    subject = found(world, invoice_no="RE-000003")[0]["subject"]
    identified = ("--proof", "reference", "--subject", subject)
    assert command(world, "request", "identify", request, *identified, now=LATER).code == 0


def another_representative(world: World, request: str) -> None:
    subject = found(world, invoice_no="RE-000001")[0]["subject"]
    path = world.home / "representative.json"
    path.write_text(json.dumps({"name": "Max Muster", "authority": "guardian", "seen_on": "2026-06-30"}))
    identified = ("--proof", "reference", "--subject", subject, "--representation", path)
    assert command(world, "request", "identify", request, *identified, now=LATER).code == 0


def another_address(world: World, request: str) -> None:
    address(world, request, now=LATER)


def another_correction(world: World, request: str) -> None:
    assert correct(world, request, called("Eva", "Falsch"), "other").code == 0


@pytest.mark.parametrize(
    ("kind", "arguments", "change"),
    [
        ("access", (), another_person),
        ("access", (), another_address),
        ("access", (), another_representative),
        ("objection", (), another_person),
        ("rectification", (), another_person),
        ("rectification", (), another_correction),
        ("erasure", ("--ground", "unlawful"), another_person),
        ("objection", ("--refuse", "no-ground"), another_person),
    ],
)
def test_an_approval_is_for_one_person_one_correction_and_one_address(
    world: World, kind: str, arguments: tuple[str, ...], change: Callable[[World, str], None]
) -> None:
    """Signed before something of it changed, it approves nothing, and says so."""
    request = asked(world, kind)
    if kind == "rectification":
        assert correct(world, request, called("Ida", "Richtig")).code == 0
    ready = approving(world, "request", "approve", request, *arguments, keys=BOTH)
    change(world, request)
    assert not isinstance(ready, Result)
    done = command(world, *ready, now=LATER)

    assert (done.code, "is not what would happen now" in done.err) == (2, True)
    assert "request.decided" not in world.events()


@pytest.mark.parametrize("correction", [{}, {"name": {}}, {"name": {"first_name": "X"}}, {"name": {"last_name": "X"}}])
def test_half_a_correction_is_refused(world: World, correction: dict[str, object]) -> None:
    """Art. 16: what replaces a name is a whole one; nothing wipes a name."""
    request = asked(world, "rectification")
    told = correct(world, request, correction)

    assert (told.code, "whole name" in told.err) == (2, True)


def test_what_was_put_right_is_answered_to_the_right_name(world: World) -> None:
    """Art. 5(1)(d): the letter about a name that was wrong does not bear it."""
    request = asked(world, "rectification")
    assert correct(world, request, called("Ida", "Richtig")).code == 0
    assert approved(world, "request", "approve", request, keys=CLERK, now=LATER).code == 0
    letter = text_of(answered(world, request, LATER) / "letter.pdf")

    assert "Ida Richtig" in letter.partition("Musterweg")[0]


def test_nobody_decides_what_cannot_be_answered(world: World) -> None:
    """Art. 12(4): a refusal is told as well; where to is settled before, and by whom it was approved."""
    opened = command(world, "request", "open", "access", "--channel", "letter", "--received", "2026-06-30")
    request = opened.out.split()[0]
    refusal = ("request", "approve", request, "--refuse", "identity")
    before = approved(world, *refusal, keys=BOTH)
    address(world, request)
    done = approved(world, *refusal, keys=BOTH)
    letter = text_of(answered(world, request) / "letter.pdf")
    late = command(world, "request", "address", request, "--recipient", world.home / "address.json")

    assert (before.code, "where the answer goes" in before.err) == (2, True)
    assert (done.code, late.code) == (0, 2)
    assert "Ida Beispiel" in letter


def test_a_ground_belongs_to_what_restricts(world: World) -> None:
    """Art. 18(1): no other request has one, so no agency hears of the end of what never began."""
    day = ("--channel", "letter", "--received", "2026-06-30")
    told = command(world, "request", "open", "access", *day, "--ground", "objection")

    assert (told.code, "this request has none" in told.err) == (2, True)
    assert "request.opened" not in world.events()


def restricted(world: World) -> int:
    with open_office(load(world.creditor)) as office, office.connection.begin():
        return sum(one.restricted for one in office.cases.at(AGENCY))


def test_the_last_of_two_restrictions_frees_the_case_however_it_ends(world: World) -> None:
    """Art. 18: the second one made no notice, because the agency knew; that it is refused ends what both held."""
    first, second = asked(world, "restriction"), asked(world, "restriction", now=LATER)
    held = restricted(world)
    assert approved(world, "request", "approve", first, "--refuse", "no-ground", keys=BOTH, now=LATER).code == 0
    between = restricted(world)
    assert approved(world, "request", "approve", second, "--refuse", "no-ground", keys=BOTH, now=LATER).code == 0

    assert (held, between, restricted(world)) == (1, 1, 0)


def test_a_restriction_that_is_opened_again_restricts_at_once(world: World) -> None:
    """Art. 18(1): the person is known, so nothing waits for another identification."""
    request = asked(world, "restriction")
    assert approved(world, "request", "approve", request, "--refuse", "no-ground", keys=BOTH).code == 0
    answered(world, request)
    free = restricted(world)
    assert command(world, "request", "reopen", request, "--received", "2026-06-30", now=LATER).code == 0
    world.drop("more.jsonl", jsonl([row(11, customer_no="K-000001")]))

    assert (free, restricted(world)) == (0, 1)
    assert world.handover(now=LATER).json["claims"]["handed_over"] == 0


OTTO = {"customer_no": "K-000001", "debtor.first_name": "Otto", "debtor.last_name": "Anders"}


def of_one(world: World, kind: str, *claims: str) -> tuple[str, Result]:
    """A request about a customer number that two people have, and what its identification as one of them says."""
    world.drop("other.jsonl", jsonl([row(7, **OTTO)]))
    assert world.handover().json["claims"]["handed_over"] == 1
    request = asked(world, kind)
    subject = found(world, invoice_no="RE-000001")[0]["subject"]
    named = [part for claim in claims for part in ("--claim", claim)]
    identified = ("--proof", "reference", "--subject", subject, *named)
    return request, command(world, "request", "identify", request, *identified, now=LATER)


def test_a_request_may_be_about_one_of_two_people_under_a_customer_number(world: World) -> None:
    """Art. 15(4), 17: the claims of the one who asks are named; the other's stay, are told to nobody, and are worked on."""
    request, _ = of_one(world, "erasure", "F-000007")
    preview = command(world, "request", "preview", request, "--ground", "unlawful", now=LATER)
    done = approved(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH, now=LATER)
    letter = text_of(answered(world, request, LATER) / "letter.pdf")
    left = [len(found(world, invoice_no=invoice)) for invoice in ("RE-000001", "RE-000007")]

    assert done.code == 0
    assert ("LOOK" in preview.out, "F-000001" in preview.out, "F-000007" in preview.out) == (False, False, True)
    assert ("Otto Anders" in letter, "F-000001" in letter) == (True, False)
    assert left == [1, 0]


def test_a_restriction_of_one_of_two_people_stops_both_and_pauses_one(world: World) -> None:
    """Art. 18: at first both cases are paused; named, the other's goes on, and nothing new is handed over for the number."""
    request, identified = of_one(world, "restriction", "F-000007")
    world.drop("more.jsonl", jsonl([row(11, customer_no="K-000001")]))
    night = world.handover(now=LATER)
    alone = command(world, "request", "preview", request, now=LATER)

    assert (identified.code, restricted(world), night.json["claims"]["handed_over"]) == (0, 1, 0)
    assert "F-000001" not in alone.out


@pytest.mark.parametrize("claim", ["F-000003", "F-999999"])
def test_only_claims_of_the_person_can_be_named(world: World, claim: str) -> None:
    request, identified = of_one(world, "access", claim)
    shown = command(world, "request", "preview", request)

    assert (identified.code, "not one of the subjects" in identified.err) == (2, True)
    assert shown.code == 2


def test_an_access_answer_to_one_of_two_people_says_nothing_of_the_other(world: World) -> None:
    """Art. 15(4): neither the other's claims, name, disclosures nor requests are in the letter or beside it."""
    request, _ = of_one(world, "access", "F-000007")
    other = asked(world, "objection")
    assert approved(world, "request", "approve", request, keys=CLERK, now=LATER).code == 0
    answer = answered(world, request, LATER)
    letter, data = text_of(answer / "letter.pdf"), json.loads((answer / "data.json").read_text())
    others = ("F-000001", "RE-000001", "Ida", other)

    assert "Otto Anders" in letter
    assert [one["claim_no"] for one in data["claims"]] == ["F-000007"]
    assert [one["request"] for one in data["requests"]] == [request]
    assert not [one for one in others if one in letter or one in json.dumps(data)]


def test_what_remains_of_the_other_person_is_not_told(world: World) -> None:
    """Art. 15(4): once the claims of the one have ended, the customer number names the other alone, and warns of nobody."""
    other, _ = of_one(world, "access", "F-000007")
    assert approved(world, "request", "approve", other, keys=CLERK, now=LATER).code == 0
    answered(world, other, LATER)
    with open_office(load(world.creditor)) as office:
        with office.vault_connection.begin():
            (key,) = office.vault.find(CREDITOR, ["F-000007"]).values()
        erase(office, [key.claim_id], ErasureGround.RETENTION, None, LATER)
    request = asked(world, "access", now=LATER)
    assert approved(world, "request", "approve", request, keys=CLERK, now=LATER).code == 0
    data = (answered(world, request, LATER) / "data.json").read_text()

    assert other not in data
    assert "Otto" not in data


def test_a_correction_of_one_of_two_people_is_not_read_over_the_other(world: World) -> None:
    """Art. 5(1)(d), 16: they share number and address; one of them has moved."""
    address_of = {"street": "Neuweg", "house_no": "1", "postcode": "10115", "city": "Berlin", "country": "DE"}
    request, _ = of_one(world, "rectification", "F-000007")
    assert correct(world, request, {"address": address_of}).code == 0
    assert approved(world, "request", "approve", request, keys=CLERK, now=LATER).code == 0
    world.drop("again.jsonl", jsonl([row(11, customer_no="K-000001")]))
    assert world.handover(now=LATER).json["claims"]["handed_over"] == 1
    world.receive(LATER)
    lines = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency, now=LATER).out.splitlines()
    streets = {one["invoice_no"]: one["street"] for one in map(json.loads, lines)}

    assert (streets["RE-000007"], streets["RE-000011"], streets["RE-000001"]) == ("Neuweg", "Musterweg", "Musterweg")


def test_two_restrictions_of_two_people_end_each_for_its_own(world: World) -> None:
    """Art. 18: neither holds the other's case, so none stays restricted once both are lifted."""
    first, _ = of_one(world, "restriction", "F-000007")
    second = asked(world, "restriction", now=LATER)
    subject = found(world, invoice_no="RE-000001")[0]["subject"]
    named = ("--proof", "reference", "--subject", subject, "--claim", "F-000001")
    assert command(world, "request", "identify", second, *named, now=LATER).code == 0
    held = restricted(world)
    for request in (first, second):
        assert approved(world, "request", "approve", request, keys=CLERK, now=LATER).code == 0
        answered(world, request, LATER)
        lift = ("request", "lift", request, "--out", world.home / f"lift-{request}")
        assert approved(world, *lift, keys=CLERK, now=LATER).code == 0

    assert (held, restricted(world)) == (2, 0)


def test_who_objected_is_known_again_when_no_claim_was_left(world: World) -> None:
    """Art. 21(1): the last claim has ended by the calendar; a new one of the same customer is held."""
    request = asked(world, "objection", invoice="RE-000003")
    assert approved(world, "request", "approve", request, keys=CLERK).code == 0
    with open_office(load(world.creditor)) as office:
        with office.vault_connection.begin():
            keys = office.vault.find(CREDITOR, ["F-000002", "F-000003"])
        erase(office, [key.claim_id for key in keys.values()], ErasureGround.RETENTION, None, LATER)
    world.drop("new.jsonl", jsonl([row(11, customer_no="K-000002"), row(12)]))
    night = world.handover(now=LATER)

    assert (night.json["claims"]["handed_over"], night.json["reasons"]) == (1, {"request-open": 1})


def test_a_refusal_says_that_what_is_contested_stays_restricted(world: World) -> None:
    """Art. 12(4), 18(1)(a), (3): the letter says what goes on, and not only what does not."""
    request = asked(world, "restriction", "--contested")
    assert approved(world, "request", "approve", request, "--refuse", "no-ground", keys=BOTH, now=LATER).code == 0
    letter = text_of(answered(world, request, LATER) / "letter.pdf")

    assert "Sie bestreiten die Forderung" in letter


def test_an_address_has_lines_and_a_ground_its_erasure(world: World) -> None:
    """A letter without an address reaches nobody; a ground that changes nothing is not swallowed."""
    request = asked(world, "access")
    path = world.home / "nowhere.json"
    path.write_text(json.dumps({"name": "Ida Beispiel", "lines": []}))
    nowhere = command(world, "request", "address", request, "--recipient", path)
    grounded = command(world, "request", "preview", request, "--ground", "unlawful")

    assert (nowhere.code, "lines" in nowhere.err, "Ida" in nowhere.err) == (3, True, False)
    assert (grounded.code, "is that of an erasure" in grounded.err) == (2, True)


def test_a_request_that_an_agency_forwards_is_not_swallowed_by_the_other_persons(world: World) -> None:
    """Art. 21, 15(4): one objection waits for its answer, about the other's claim; this one is opened, and restricts."""
    of_one(world, "objection", "F-000007")
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        (key,) = office.vault.find(CREDITOR, ["F-000001"]).values()
        case = office.cases.of_claims(AGENCY, [key.claim_id])[key.claim_id]
        answer = RequestForwarded(
            message_id=new_id(),
            case_ref=office.vault.references_of([key.claim_id], AGENCY)[key.claim_id],
            request=RequestKind.OBJECTION,
            received_on=TODAY.date(),
        )
        for _ in range(2):
            forwarded(office, case, key.subject_id, answer, LATER)

    assert world.events().count("request.opened") == 2
    assert restricted(world) == 2
