"""An agency that signs correctly and lies: whatever it sends about its own cases, it gains nothing and breaks nothing."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.agency.answers import Envelope
from gateway.agency.post import post
from gateway.agency.settings import load_agency
from gateway.feedback import collect, run
from gateway.handover.outbox import send
from gateway.handover.probe import seal_probe
from gateway.handover.waiting import queue, seal_waiting
from gateway.office import Office
from gateway.settings import load
from gateway.steps.acknowledge import Refusal
from gateway.traces import by_agency_ref
from gateway.wiring import open_desk, open_office
from keys.references import new_id
from schemas.answers import FromAgency, FromAgencyAdapter, PackageReceipt, Statement
from schemas.codes import CaseStanding, RecallReason, RestrictionGround
from schemas.messages import CasePayment, CaseRecall, CaseRestrict
from schemas.package import PackageType
from world import TODAY, World, cli, jsonl, row, running_world

FUTURE = "2026-07-01"


@pytest.fixture(scope="module")
def cheated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three cases that the agency has taken; of the first, a payment and a restriction were sent, and a recall waits."""
    with running_world(tmp_path_factory.mktemp("lies")) as made:
        hand_over(made, 3)
        with open_office(load(made.creditor)) as office:
            tell(office, lambda ref: CaseRestrict(message_id="1" * 26, case_ref=ref, ground=RestrictionGround.ACCURACY))
            tell(
                office,
                lambda ref: CasePayment(
                    message_id="2" * 26, case_ref=ref, amount=1, currency="EUR", booked_on=TODAY.date()
                ),
            )
            seal_waiting(office, TODAY)
            send(office, office.configuration.agency("ostsee"), TODAY, lambda _: None)
            tell(office, lambda ref: CaseRecall(message_id="3" * 26, case_ref=ref, reason=RecallReason.OTHER))
        yield made


def hand_over(world: World, cases: int) -> None:
    """Cases that the agency has accepted."""
    world.drop("export.jsonl", jsonl([row(number) for number in range(1, cases + 1)]))
    world.handover()
    world.receive()
    reply(world, [{"type": "package.receipt", "case_ref": ref, "verdict": "accepted"} for ref in refs(world)])
    assert cli("feedback", "--config", world.creditor).code == 0


def reply(world: World, rows: list[dict[str, Any]]) -> None:
    path = world.home / f"reply-{new_id()}.json"
    path.write_text(json.dumps(rows))
    assert cli("agency", "reply", path, "--config", world.agency).code == 0


def refs(world: World) -> list[str]:
    """The references of the cases, in order of their invoices."""
    found = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency).out.splitlines()
    return [one["case_ref"] for one in sorted(map(json.loads, found), key=lambda one: one["invoice_no"])]


def tell(office: Office, made: Callable[[str], Any]) -> None:
    """Queues a message about the claim of the first invoice."""
    with office.connection.begin(), office.vault_connection.begin():
        (key,) = office.vault.find("nordlicht", ["F-000001"]).values()
        case = office.cases.of_claims("ostsee", [key.claim_id])[key.claim_id]
        queue(office, case, made(office.vault.references_of([case.claim], "ostsee")[case.claim]), key, TODAY)


def lie(world: World, *answers: FromAgency, about: str | None = None) -> None:
    """Signed and sealed by the agency's own kit, past what the kit would have refused."""
    kind = PackageType.ANSWERS if about is None else PackageType.RECEIPT
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        desk.answers.queue(Envelope("nordlicht", kind, about), answers)
    with open_desk(load_agency(world.agency)) as desk:
        post(desk, TODAY)


def said(kind: str, **fields: Any) -> FromAgency:
    text = json.dumps({"type": kind, "message_id": new_id()} | fields)
    return FromAgencyAdapter.validate_json(text)


def feedback(world: World) -> Any:
    return cli("feedback", "--json", "--config", world.creditor)


def known(world: World) -> Any:
    """What the creditor knows of cases, notices and requests, and what closings have taught it."""
    with open_office(load(world.creditor)) as office, office.connection.begin():
        return (
            office.cases.at("ostsee"),
            office.requests.notices(),
            office.requests.stopped(),
            office.outcomes.of("nordlicht-erp"),
        )


MONEY = {"amount": 3, "received_on": "2026-06-30", "paid_to": "agency", "costs": 1, "interest": 1, "principal": 1}
LIES: dict[str, tuple[str, dict[str, Any], Refusal]] = {
    "another currency": ("case.payment", MONEY | {"currency": "USD"}, Refusal.CURRENCY),
    "a payment to come": ("case.payment", MONEY | {"currency": "EUR", "received_on": FUTURE}, Refusal.DAY),
    "a title without end": ("case.status", {"status": "court-order", "since": "9999-12-31"}, Refusal.DAY),
    "a dispute to come": ("case.dispute", {"ground": "paid", "raised_on": FUTURE}, Refusal.DAY),
    "an end to come": ("case.closed", {"code": "paid", "closed_on": FUTURE}, Refusal.DAY),
    "a request to come": ("request.forwarded", {"request": "access", "received_on": FUTURE}, Refusal.DAY),
    "a notice nobody made": ("notice.ack", {"about": "9" * 26, "result": "executed"}, Refusal.UNKNOWN_MESSAGE),
    "a notice that waits": ("notice.ack", {"about": "3" * 26, "result": "executed"}, Refusal.UNKNOWN_MESSAGE),
    "no stop at all": ("notice.ack", {"about": "2" * 26, "result": "executed"}, Refusal.UNKNOWN_MESSAGE),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_lie_about_a_case_of_ones_own_changes_nothing(cheated: World, name: str) -> None:
    """Money, days and notices that cannot be true are refused with a reason, whoever signed them; nothing moves."""
    kind, fields, reason = LIES[name]
    before = known(cheated)
    lie(cheated, said(kind, case_ref=refs(cheated)[0], **fields))
    found = feedback(cheated)

    assert (found.code, found.json["refusals"]) == (4, {reason: 1})
    assert known(cheated) == before


def test_an_answer_to_a_stop_names_the_case_it_was_about(cheated: World) -> None:
    """One case's confirmation is none of another's."""
    lie(cheated, said("notice.ack", case_ref=refs(cheated)[1], about="1" * 26, result="executed"))

    assert feedback(cheated).json["refusals"] == {Refusal.UNKNOWN_MESSAGE: 1}


def test_a_statement_is_about_the_creditor_it_goes_to(cheated: World) -> None:
    """Another creditor's name in it, a day to come, or sums and a digest that no line bears out: nothing is signed."""
    sums = dict.fromkeys(("cases", "principal", "credited", "paid_to_creditor", "paid_to_agency"), 0)
    head = {"made": TODAY.isoformat(), "books": "0" * 64} | sums
    lie(cheated, said("statement", creditor="suedlicht", **head))
    lie(cheated, said("statement", creditor="nordlicht", **head | {"made": f"{FUTURE}T03:00:00Z"}))
    strange = feedback(cheated).json["refusals"]
    assert cli("agency", "statement", "nordlicht", "--config", cheated.agency).code == 0
    with open_desk(load_agency(cheated.agency)) as desk, desk.cases_connection.begin():
        *_, honest = (one for one in desk.answers.sent("nordlicht") if isinstance(one, Statement))
        lines = [one for one in desk.answers.sent("nordlicht") if one.type == "statement.case"]
    twisted = honest.model_copy(update={"message_id": new_id(), "books": "0" * 64, "cases": 7})
    lie(cheated, twisted, *(one.model_copy(update={"message_id": new_id()}) for one in lines))
    assert feedback(cheated).json["refusals"] == {}
    books = cli("report", "reconcile", "--agency", "ostsee", "--json", "--config", cheated.creditor)

    assert strange == {Refusal.ANOTHER_CREDITOR: 1, Refusal.DAY: 1}
    assert (books.code, books.json["books"]) == (1, None)
    assert {one["field"] for one in books.json["differences"] if one["case_ref"] == "(the statement)"} == {
        "books",
        "cases",
    }


def test_a_request_that_is_forwarded_again_and_again_is_one(cheated: World) -> None:
    """Of one person and kind one request is pending, however often it is told; the earliest day of receipt counts."""
    ref = refs(cheated)[2]
    days = ["2026-06-30", *["2026-06-29"] * 25, "2026-06-30"]
    lie(cheated, *(said("request.forwarded", case_ref=ref, request="access", received_on=day) for day in days))
    assert feedback(cheated).code == 0
    lie(cheated, said("request.forwarded", case_ref=ref, request="restriction", received_on="2026-06-30"))
    assert feedback(cheated).code == 0
    listed = cli("request", "list", "--json", "--config", cheated.creditor).json["requests"]

    assert sorted((one["kind"], one["received"]) for one in listed) == [
        ("access", "2026-06-30"),
        ("restriction", "2026-06-30"),
    ]


def test_an_earlier_receipt_of_a_pending_request_moves_its_deadline(world: World) -> None:
    """Days are counted from when the agency had the case at the earliest, and from the first day that is told."""
    hand_over(world, 1)
    (ref,) = refs(world)
    for received, now in (("2026-07-09", 9), ("2026-07-02", 10), ("2026-07-05", 11)):
        with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
            told = said("request.forwarded", case_ref=ref, request="access", received_on=received)
            desk.answers.queue(Envelope("nordlicht", PackageType.ANSWERS, None), [told])
        world.receive(now=TODAY + timedelta(days=now))
        assert cli("feedback", "--config", world.creditor, now=TODAY + timedelta(days=now)).code == 0
    (only,) = cli("request", "list", "--json", "--config", world.creditor).json["requests"]

    assert (only["received"], only["due"]) == ("2026-07-02", "2026-08-03")
    assert world.events().count("request.received-earlier") == 1


def payment(ref: str, **changes: Any) -> dict[str, Any]:
    money = MONEY | {"type": "case.payment", "case_ref": ref, "currency": "EUR", "costs": 0, "interest": 0}
    return money | changes


@pytest.mark.parametrize(
    ("paid", "counted"),
    [
        (None, 0),
        ({"amount": 10_050, "principal": 10_050}, 1),
        ({"amount": 10_049, "principal": 10_049}, 0),
        ({"amount": 10_050, "costs": 10_000, "principal": 50}, 0),
        ({"amount": 10_050, "principal": 10_050, "paid_to": "creditor"}, 0),
    ],
    ids=["nothing", "all of it", "a cent less", "put to its own costs", "to the creditor, it says"],
)
def test_a_case_closed_as_paid_is_a_success_as_far_as_it_was_paid(
    world: World, paid: dict[str, Any] | None, counted: int
) -> None:
    """A rate that decides what is handed over rises by money that the agency owes, or that the creditor booked itself."""
    hand_over(world, 1)
    (ref,) = refs(world)
    closing = {"type": "case.closed", "case_ref": ref, "code": "paid", "closed_on": "2026-06-30"}
    reply(world, ([] if paid is None else [payment(ref, **paid)]) + [closing])
    assert feedback(world).code == 0
    ((outcome,),) = known(world)[3].values()

    assert (outcome.closed, outcome.paid) == (1, counted)


def test_what_the_creditor_booked_itself_counts(world: World) -> None:
    """A payment that the next export shows is the creditor's own word."""
    hand_over(world, 1)
    (ref,) = refs(world)
    world.drop("later.jsonl", jsonl([row(1, paid_amount="120.50")]))
    assert world.handover().code == 0
    reply(world, [{"type": "case.closed", "case_ref": ref, "code": "paid", "closed_on": "2026-06-30"}])
    assert feedback(world).code == 0
    ((outcome,),) = known(world)[3].values()

    assert (outcome.closed, outcome.paid) == (1, 1)


def receipt(world: World, package: str, about: str, **changes: Any) -> PackageReceipt:
    """A receipt for a package with the digest of the manifest that was sent."""
    with open_office(load(world.creditor)) as office, office.connection.begin():
        sent = office.packages.sent("ostsee", package)
    assert sent is not None
    fields = {"package_id": package, "manifest_digest": sent.manifest_digest, "about": about, "verdict": "accepted"}
    made = said("package.receipt", **(fields | changes))
    assert isinstance(made, PackageReceipt)
    return made


def test_who_names_a_package_and_none_of_its_messages_has_not_received_it(world: World) -> None:
    """The manifest lies open on the server: it takes a message of the package to be believed, for a probe as well."""
    hand_over(world, 1)
    with open_office(load(world.creditor)) as office:
        probe = seal_probe(office, office.configuration.agency("ostsee"), TODAY.date(), TODAY).package_id
        send(office, office.configuration.agency("ostsee"), TODAY, lambda _: None)
    world.drop("more.jsonl", jsonl([row(2)]))
    world.handover()
    with open_office(load(world.creditor)) as office, office.connection.begin():
        uploaded = [one.package_id for one in office.packages.unanswered("ostsee")]
    for package in uploaded:
        lie(world, receipt(world, package, new_id()), about=package)
    guessed = feedback(world)
    assert world.receive().code == 0
    honest = feedback(world)

    assert probe in uploaded
    assert (len(uploaded), guessed.json["refusals"]) == (2, {Refusal.UNKNOWN_MESSAGE: 2})
    assert [one.json["packages"]["delivered"] for one in (guessed, honest)] == [0, 2]


def test_a_case_is_found_by_the_file_number_it_was_taken_under(world: World) -> None:
    """A refused answer leaves no trace, and of a recalled case the first number alone leads to it."""
    world.drop("export.jsonl", jsonl([row(1)]))
    world.handover()
    world.receive()
    with open_office(load(world.creditor)) as office:
        with office.connection.begin():
            (case,) = office.cases.at("ostsee")
        tell(office, lambda ref: CaseRecall(message_id=new_id(), case_ref=ref, reason=RecallReason.OTHER))
        with office.connection.begin():
            office.cases.change(case.message_id, standing=CaseStanding.RECALLED)
    numbers = [f"A-{number}" for number in range(3)]
    answers = [receipt(world, case.package, case.message_id, agency_ref=number) for number in numbers]
    lie(world, *answers, about=case.package)
    assert feedback(world).code == 0
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        found = [office.vault.traced("nordlicht", by_agency_ref("ostsee", number)) for number in numbers]

    assert found == [(case.claim,), (), ()]


def test_a_backlog_is_taken_in_order_some_packages_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many packages wait and whatever their ids, the next in order is always among those that are opened."""
    hand_over(world, 1)
    for _ in range(5):
        lie(world, said("case.status", case_ref=refs(world)[0], status="letter-sent", since="2026-06-30"))
    monkeypatch.setattr(run, "MAXIMUM_PACKAGES", 2)
    taken = [feedback(world) for _ in range(4)]

    assert [one.json["packages"]["applied"] for one in taken] == [2, 2, 1, 0]
    assert [one.code for one in taken] == [4, 4, 0, 0]
    assert "more than 2 packages: run this again" in taken[0].err


def test_a_folder_of_too_many_names_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand tiny files cost the names that are read, and the run says what it did not look at."""
    monkeypatch.setattr(collect, "MAXIMUM_NAMES", 3)
    for number in range(9):
        (world.sftp / "answers" / f"{number}").write_bytes(b"")
    found = feedback(world)

    assert (found.code, found.json["foreign_names"]) == (4, 3)
    assert "holds 3 names or more" in found.err


def test_a_sealed_file_is_fetched_when_its_manifest_is_believed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who can write to the folder, and not sign, fills nobody's disk; nor does what was applied before."""
    hand_over(world, 1)
    fetched: list[str] = []
    monkeypatch.setattr(run, "fetch_answers", lambda _transport, _folder, package_id: fetched.append(package_id))
    folder = world.sftp / "answers"
    for name in (f"{'7' * 26}.answers.jsonl.zst.age", f"{'7' * 26}.manifest.json", f"{'7' * 26}.manifest.json.sig"):
        (folder / name).write_bytes(b"x")

    assert feedback(world).code == 4
    assert fetched == []
