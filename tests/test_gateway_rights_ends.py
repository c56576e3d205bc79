"""What ends, and when: a request, the time for its answer, a restriction, and what the calendar would end meanwhile."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from asking import address, answered, approved, asked, asking_world, command, found, text_of
from audit.store import entries
from gateway.demo.template import AGENCY, CREDITOR
from gateway.errors import UsageError
from gateway.handover.waiting import seal_waiting
from gateway.rights.erasure import end_restrictions
from gateway.settings import load
from gateway.store.case_tables import CaseRow
from gateway.store.request_tables import NoticeRow
from gateway.store.requests import RequestRecord
from gateway.wiring import open_office
from schemas.codes import CaseStanding, NoticeResult
from schemas.custody import EpochRotated
from schemas.request import RequestState
from world import TODAY, World, jsonl, killed, row

BOTH = ("demo-clerk", "officer")
CLERK = ("demo-clerk",)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with asking_world(tmp_path) as made:
        yield made


def record(world: World, request: str) -> RequestRecord | None:
    with open_office(load(world.creditor)) as office, office.connection.begin():
        return office.requests.get(request)


def all_answered(world: World) -> None:
    """Every notice has its agency's answer, for given."""
    with open_office(load(world.creditor)) as office, office.connection.begin():
        values = {"answered": TODAY.isoformat(), "result": NoticeResult.EXECUTED}
        office.connection.execute(update(NoticeRow).values(**values))


def closed_cases(world: World) -> None:
    """Every case was closed ten days ago, for given."""
    with open_office(load(world.creditor)) as office, office.connection.begin():
        office.connection.execute(
            update(CaseRow).values(standing=CaseStanding.CLOSED, closed="2026-06-20T10:00:00+00:00")
        )


def test_what_was_answered_takes_no_longer(world: World) -> None:
    """Art. 12(3): an extension tells the person that an answer is to come."""
    request = asked(world, "access")
    assert approved(world, "request", "approve", request, keys=CLERK).code == 0
    answered(world, request)
    out = world.home / "extension"
    told = command(world, "request", "extend", request, "--reason", "complex", "--out", out)

    assert (told.code, "has been answered" in told.err, out.exists()) == (2, True, False)
    assert "request.extended" not in world.events()


def test_nobody_came_back_tomorrow(world: World) -> None:
    """Art. 12(3): a day of receipt in the future would put the deadline off."""
    request = asked(world, "access")
    assert approved(world, "request", "approve", request, keys=CLERK).code == 0
    answered(world, request)
    told = command(world, "request", "reopen", request, "--received", "2026-07-01")

    assert (told.code, "in the future" in told.err) == (2, True)


def test_a_request_whose_restriction_was_lifted_late_is_kept_for_its_years_from_then(world: World) -> None:
    """Art. 5(1)(e), 18(3): the file of a restriction of years ago does not end in the night after it was lifted, nor its
    notices before their agencies have answered.
    """
    request = asked(world, "restriction")
    assert approved(world, "request", "approve", request, keys=CLERK).code == 0
    answered(world, request)
    all_answered(world)
    assert command(world, "nightly", now=TODAY + timedelta(hours=1)).code == 0
    closed = record(world, request)
    later = datetime(2030, 3, 1, 3, tzinfo=UTC)
    lifted = approved(world, "request", "lift", request, "--out", world.home / "lift", keys=CLERK, now=later)
    kept = []
    for year in (2030, 2034):
        if year == 2034:
            with open_office(load(world.creditor)) as office, office.connection.begin():
                waiting = [one.answered is None for one in office.requests.notices(request)]
        command(world, "retention", now=datetime(year, 3, 1, 5, tzinfo=UTC))
        kept.append(record(world, request) is not None)
    all_answered(world)
    command(world, "retention", now=datetime(2034, 3, 1, 6, tzinfo=UTC))

    assert closed is not None and closed.state is RequestState.CLOSED
    assert (lifted.code, waiting, kept, record(world, request)) == (0, [False, True], [True, True], None)


def test_a_claim_that_is_only_kept_does_not_count_as_erased_here(world: World) -> None:
    """Both books: of a claim whose source data alone was erased, the case is here, and its agency's line is compared."""
    closed_cases(world)
    request = asked(world, "erasure")
    done = approved(world, "request", "approve", request, "--ground", "no-longer-needed", keys=BOTH)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        kept, gone = len(office.cases.at(AGENCY)), office.erasures.remembered(AGENCY, CREDITOR)

    assert (done.code, kept, gone) == (0, 3, set())


@pytest.mark.parametrize("kind", ["access", "objection"])
def test_who_turns_out_not_to_be_meant_is_let_go(world: World, kind: str) -> None:
    """Art. 5(1)(f), 18: the answer does not go to the address of the first one, whose case goes on at both sides."""
    request = asked(world, kind)
    world.drop("moved.jsonl", jsonl([row(9, **{"address.street": "Zwillingsgasse"})]))
    assert world.handover().code == 0
    other = found(world, invoice_no="RE-000009")[0]["subject"]
    proven = ("request", "identify", request, "--proof", "document", "--subject", other)
    assert command(world, *proven).code == 0
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        about = set(office.vault.of_subjects(office.requests.subjects(request)))
        restricted = {one.claim for one in office.cases.at(AGENCY) if one.restricted}
    assert approved(world, "request", "approve", request, keys=CLERK).code == 0
    letter = text_of(answered(world, request) / "letter.pdf")
    shown = command(world, "request", "show", request, "--json").json["notices"]

    assert restricted == (about if kind == "objection" else set())
    assert ("Zwillingsgasse 5a" in letter, "Musterweg" in letter) == (True, False)
    assert ("F-000001" in letter, "F-000009" in letter) == (False, True)
    types = ["case.restrict", "case.restrict", "case.unrestrict"]
    assert sorted(one[1] for one in shown) == (types if kind == "objection" else [])


def test_a_certificate_calls_nothing_final_before_the_old_key_is_gone(world: World) -> None:
    """A rotation that was killed has wrapped the survivors anew, and the old key still lies in both places."""
    request = asked(world, "erasure")
    done = approved(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH)
    _, reached = killed(world, "gateway.custody.copies:copy_store", 1, "nightly")
    before = text_of(answered(world, request) / "certificate.pdf")
    night = command(world, "nightly", now=TODAY + timedelta(hours=1))
    after = text_of(answered(world, request, TODAY + timedelta(hours=2)) / "certificate.pdf")
    final = "unlesbar seit der Vernichtung"

    assert (done.code, reached, night.code) == (0, "gateway.custody.copies:copy_store", 0)
    assert (final in before, final in after) == (False, True)


def test_an_entry_says_what_its_rotation_made_final_and_no_more(world: World) -> None:
    """What was erased after the survivors were wrapped anew is in every copy since, under the key that lives."""
    first = asked(world, "erasure")
    assert approved(world, "request", "approve", first, "--ground", "unlawful", keys=BOTH).code == 0
    _, reached = killed(world, "gateway.custody.copies:copy_store", 1, "nightly")
    second = asked(world, "erasure", invoice="RE-000002")
    assert approved(world, "request", "approve", second, "--ground", "unlawful", keys=BOTH).code == 0
    said = []
    for hours in (1, 2):
        command(world, "nightly", now=TODAY + timedelta(hours=hours))
        with open_office(load(world.creditor)) as office, office.connection.begin():
            rotated = [one.entry for one in entries(office.connection) if isinstance(one.entry, EpochRotated)]
            said.append(rotated[-1].record)

    assert (reached, said) == ("gateway.custody.copies:copy_store", [1, 2])


@pytest.mark.parametrize(
    ("kind", "ground", "stops"),
    [
        ("access", (), True),
        ("erasure", ("--ground", "no-longer-needed"), True),  # all of it is kept: refused, and not examined by that
        ("access", ("--refuse", "excessive"), True),
        ("objection", ("--refuse", "no-ground"), True),
        ("erasure", ("--ground", "unlawful"), False),  # nothing is left
    ],
)
def test_what_was_contested_stays_restricted_until_it_is_lifted(
    world: World, kind: str, ground: tuple[str, ...], stops: bool
) -> None:
    """Art. 18(1)(a), (3): whatever was asked for along with that, and whatever was decided of it; then both sides go on."""
    request = asked(world, kind, "--contested")
    done = approved(world, "request", "approve", request, *ground, keys=BOTH)
    answered(world, request)
    held = record(world, request)
    lifted = approved(world, "request", "lift", request, "--out", world.home / "lift", keys=CLERK)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        restricted = [one.claim for one in office.cases.at(AGENCY) if one.restricted]

    assert held is not None
    assert (done.code, held.stops, lifted.code, restricted) == (0, stops, 0 if stops else 2, [])


def test_what_is_kept_of_a_contested_claim_stays_restricted(world: World) -> None:
    """Art. 17(3)(e), 18(1)(a): one claim goes, the other is worked on, and contested until somebody lifts that."""
    world.drop("more.jsonl", jsonl([row(4, customer_no="K-000001", amount="20.00")]))
    assert world.handover().json["claims"]["refused"] == 1
    request = asked(world, "erasure", "--contested")
    done = approved(world, "request", "approve", request, "--ground", "no-longer-needed", keys=BOTH)
    answered(world, request)
    before = record(world, request)
    lifted = approved(world, "request", "lift", request, "--out", world.home / "lift", keys=CLERK)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        restricted = [one.claim for one in office.cases.at(AGENCY) if one.restricted]

    assert before is not None and "in-part" in done.out
    assert (before.stops, lifted.code, restricted) == (True, 0, [])


@pytest.mark.parametrize(
    ("kind", "keeps"), [("access", True), ("restriction", True), ("objection", False), ("erasure", False)]
)
def test_the_calendar_ends_nothing_that_a_person_wants_to_see_or_kept(world: World, kind: str, keeps: bool) -> None:
    """Art. 15, 18(1)(b), (c): neither what an access request waits for, nor what is restricted for the person's own claims;
    when that is over, the next night ends it.
    """
    closed_cases(world)
    request = asked(world, kind, now=datetime(2029, 12, 20, 12, tzinfo=UTC))
    first = command(world, "retention", "--json", now=datetime(2030, 1, 2, 12, tzinfo=UTC)).json["ended"]
    left = found(world, invoice_no="RE-000001")
    with open_office(load(world.creditor)) as office, office.connection.begin():
        office.requests.change(request, state=RequestState.ANSWERED, stops=False)
    then = command(world, "retention", "--json", now=datetime(2030, 1, 3, 12, tzinfo=UTC)).json["ended"]

    assert (first, len(left)) == ({"closed-claim": 2 if keeps else 3}, int(keeps))
    assert then == ({"closed-claim": 1} if keeps else {})


def test_what_is_only_kept_does_not_end_while_the_person_wants_to_see_it(world: World) -> None:
    """Art. 15, 17(3)(e): the last day of a restriction comes while an access request waits."""
    closed_cases(world)
    erasure = asked(world, "erasure")
    done = approved(world, "request", "approve", erasure, "--ground", "no-longer-needed", keys=BOTH)
    access = asked(world, "access", now=datetime(2029, 12, 20, 12, tzinfo=UTC))
    ended = []
    with open_office(load(world.creditor)) as office:
        for state in (RequestState.IDENTIFIED, RequestState.ANSWERED):
            with office.connection.begin():
                office.requests.change(access, state=state)
            ended.append(end_restrictions(office, date(2030, 1, 2), TODAY))

    assert (done.code, ended) == (0, [0, 1])


def test_the_log_of_readings_knows_whose_answer_was_written(world: World) -> None:
    """Art. 5(2): who asks who looked at a person is told of the answers, too, which hold everything of that person."""
    request = asked(world, "access")
    assert approved(world, "request", "approve", request, keys=CLERK).code == 0
    answered(world, request)
    listed = [
        command(world, "audit", "list", "--readings", "2026", "--subject", number, "--json").json["entries"]
        for number in ("K-000001", "K-000002")
    ]

    assert [[one["command"] for one in entries] for entries in listed] == [["request answer"], []]


def test_an_agency_that_was_taken_out_and_has_cases_is_asked_for(world: World) -> None:
    """Art. 19: who received data is told; without its keys nothing can be sealed, so nothing is erased either, and what is
    missing is named. With its table back, the same commands go through.
    """
    erasure, objection = asked(world, "erasure"), asked(world, "objection", invoice="RE-000003")
    whole = world.creditor.read_text()
    world.configure(whole[whole.index("\n[[agencies]]") : whole.index("\n[escrow]")], "")
    refused = approved(world, "request", "approve", erasure, "--ground", "unlawful", keys=BOTH)
    taken = approved(world, "request", "approve", objection, keys=CLERK)
    with open_office(load(world.creditor)) as office, pytest.raises(UsageError, match="agency ostsee has cases"):
        seal_waiting(office, TODAY)
    left = len(found(world, invoice_no="RE-000001"))
    world.creditor.write_text(whole)
    done = approved(world, "request", "approve", erasure, "--ground", "unlawful", keys=BOTH)
    night = command(world, "nightly", now=TODAY + timedelta(hours=1))

    assert (refused.code, "agency ostsee has cases" in refused.err, left, taken.code) == (2, True, 1, 0)
    assert (done.code, found(world, invoice_no="RE-000001"), night.code) == (0, [], 0)


def test_a_preview_says_that_one_customer_number_names_two_people(world: World) -> None:
    """Art. 15(4): an answer with the data of both would go to one of them; a clerk is told before, and no name is."""
    other = {"debtor.first_name": "Otto", "debtor.last_name": "Anders"}
    alone = command(world, "request", "preview", asked(world, "access", invoice="RE-000003"))
    world.drop("other.jsonl", jsonl([row(7, customer_no="K-000001", **other)]))
    assert world.handover().json["claims"]["handed_over"] == 1
    nobodys, previews = [], []
    for kind, ground in (("erasure", ("--ground", "unlawful")), ("access", ()), ("access", ("--refuse", "excessive"))):
        request = asked(world, kind)
        nobodys.append(command(world, "request", "preview", request, *ground).code)
        address(world, request)
        previews.append(command(world, "request", "preview", request, *ground).out)

    assert "LOOK" not in alone.out
    assert nobodys == [2, 2, 2]  # neither of them is written to before somebody says which
    assert [("LOOK: the claims name 2 people" in one, "Anders" in one) for one in previews] == [(True, False)] * 3
