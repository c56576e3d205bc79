"""Requests at their edges: kills, canaries, mails, what agencies forward and answer, and the table of fates."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from asking import answered, approved, approving, asked, asking_world, command, found, text_of
from gateway.agency.settings import load_agency
from gateway.demo.template import AGENCY, CREDITOR
from gateway.figures.tables import load_figures
from gateway.rights.fate import Standing, decide
from gateway.rights.life import load_request
from gateway.rights.markers import end_markers
from gateway.settings import load
from gateway.state import ClaimState
from gateway.steps.acknowledge import Refusal
from gateway.store.requests import Marker
from gateway.store.tables import PackageRow
from gateway.wiring import open_desk, open_office
from schemas.codes import CaseStanding
from schemas.figures import LegalFigures, Retention, RetentionKind
from schemas.request import ErasureClaim, Fate
from world import TODAY, Result, World, cli, killed

LATER = datetime(2026, 7, 2, 3, 0, tzinfo=UTC)
CANARY = "zqcanary"
BOTH = ("demo-clerk", "officer")
FIGURES = load_figures(LegalFigures())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with asking_world(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    "function",
    [
        "gateway.rights.erasure:seal_waiting",
        "gateway.rights.erasure:erase",
        "gateway.retention.erasing:truncate_log",
        "gateway.rights.erasure:change",
    ],
)
def test_an_erasure_that_was_decided_is_finished_after_a_kill(world: World, function: str) -> None:
    """Wherever a run dies after the decision, the next night ends it: notice sent once, person gone, log whole."""
    request = asked(world, "erasure")
    ready = approving(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH)
    assert not isinstance(ready, Result)
    _, reached = killed(world, function, 1, *map(str, ready))
    night = command(world, "nightly", "--json", now=LATER)
    world.receive(LATER)
    shown = command(world, "request", "show", request, "--json").json
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        told = [len(desk.cases.messages(CREDITOR, [ref])) for ref in desk.cases.cases(CREDITOR)]

    certificate = text_of(answered(world, request, LATER.replace(hour=5)) / "certificate.pdf")

    assert reached == function
    assert "Art. 17 Abs. 1 lit. d DSGVO" in certificate
    assert (night.code, shown["state"], sorted(told)) == (0, "executed", [0, 0, 1])
    assert found(world, invoice_no="RE-000001") == []
    assert command(world, "audit", "verify").code == 0


@pytest.mark.parametrize(
    ("received", "counted", "due"),
    [
        ("2026-07-01", "2026-07-01", "2026-08-03"),
        # No agency was asked before it had the case, and a day that no table covers stops nobody's night.
        ("1926-07-01", "2026-06-30", "2026-07-30"),
    ],
)
def test_what_an_agency_forwards_is_open_from_its_day_of_receipt(
    world: World, received: str, counted: str, due: str
) -> None:
    """`request.forwarded`: the agency's receipt starts the deadline; an objection stops the person at once."""
    reply(world, {"type": "request.forwarded", "request": "objection", "received_on": received})
    night = command(world, "nightly", "--json", now=LATER)
    (request,) = command(world, "request", "list", "--json").json["requests"]

    assert night.code == 0
    assert (request["kind"], request["received"], request["due"]) == ("objection", counted, due)
    assert command(world, "request", "show", request["request"], "--json").json["stops the hand-over"] == "yes"
    assert request["notices_open"] == 1  # the first of the cases is of the person who has one


def test_an_agencys_file_number_leads_to_its_person(world: World) -> None:
    """What letters of the agency quote is enough, however it is written; a number of nobody leads to nobody."""
    reply(world, {"type": "case.status", "status": "letter-sent", "since": "2026-07-01"})
    assert command(world, "nightly", "--json", now=LATER).code == 0
    (one,) = found(world, agency_ref=" o 0")
    (same,) = found(world, invoice_no="RE-000001")

    assert one["subject"] == same["subject"]
    assert found(world, agency_ref="O-9") == []


def test_of_two_who_fit_only_the_chosen_one_is_told(world: World) -> None:
    """Surname and postcode fit two people: both are listed, a second clue orders them, and no answer holds the other's."""
    both = found(world, surname="Beispiel", postcode="96047", invoice_no="RE-000001")
    request = asked(world, "access")
    assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
    data = json.loads((answered(world, request) / "data.json").read_bytes())
    (one,) = found(world, invoice_no="RE-000001")

    assert [candidate["clues"] for candidate in both] == [2, 1]
    assert both[0]["subject"] == one["subject"]
    assert [claim["claim"]["claim_no"] for claim in data["claims"]] == ["F-000001"]
    assert {
        value["value"] for told in data["disclosures"] for value in told["values"] if value["field"] == "invoice_no"
    } == {"RE-000001"}


def test_an_approval_of_another_preview_approves_nothing(world: World) -> None:
    """What people signed is what is done: neither another request nor another ground goes under their signatures."""
    first, second = asked(world, "erasure"), asked(world, "erasure", invoice="RE-000002")
    ready = approving(world, "request", "approve", first, "--ground", "unlawful", keys=BOTH)
    assert not isinstance(ready, Result)
    other = command(world, "request", "approve", second, *ready[3:])
    ground = command(world, "request", "approve", first, "--ground", "objection", *ready[5:])

    assert (other.code, ground.code) == (2, 2)
    assert all("the preview that was approved is not what would happen now" in one.err for one in (other, ground))
    assert len(found(world, invoice_no="RE-000002")) == len(found(world, invoice_no="RE-000001")) == 1
    assert command(world, *ready).code == 0


def test_one_restriction_outlives_the_end_of_another(world: World) -> None:
    """Art. 18, 21: while a second request restricts the same person, lifting the first one frees no case on either side."""
    first, second = asked(world, "restriction"), asked(world, "objection")
    for request in (first, second):
        assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
        answered(world, request)
    restricted = []
    for request in (first, second):
        lifting = ("request", "lift", request, "--out", world.home / f"lifted-{request}")
        assert approved(world, *lifting, keys=("demo-clerk",)).code == 0
        with open_office(load(world.creditor)) as office, office.connection.begin():
            restricted.append(sum(case.restricted for case in office.cases.at(AGENCY)))

    assert restricted == [1, 0]


def test_who_acts_for_a_person_shows_that_before(world: World) -> None:
    """A proof of authority that is yet to be seen is none, and a contested request that is opened again stops once more."""
    subject = found(world, invoice_no="RE-000001")[0]["subject"]
    opening = ("request", "open", "access", "--channel", "email", "--received", "2026-06-29", "--contested")
    request = command(world, *opening, "--subject", subject).out.split()[0]
    proof = world.home / "proof.json"
    proof.write_text(json.dumps({"name": CANARY, "authority": "lawyer", "seen_on": "2026-07-01"}))
    identifying = ("request", "identify", request, "--proof", "document", "--subject", subject)
    early = command(world, *identifying, "--representation", proof)
    in_time = command(world, *identifying, "--representation", proof, now=LATER)
    approved(world, "request", "approve", request, keys=("demo-clerk",), now=LATER)
    answered(world, request, LATER)
    command(world, "request", "reopen", request, "--received", "2026-07-02", now=LATER)

    assert (early.code, in_time.code) == (2, 0)
    assert "future" in early.err and CANARY not in early.err
    assert command(world, "request", "show", request, "--json").json["stops the hand-over"] == "yes"


def test_a_claim_of_another_legal_entity_is_no_answer(world: World) -> None:
    """Art. 4(7), 15: each controller answers for its own data; a subject of another one is not this one's to disclose."""
    subject = found(world, invoice_no="RE-000001")[0]["subject"]
    with open_office(load(world.creditor)) as office, office.connection.begin():
        office.connection.execute(update(PackageRow).values(entity="another"))
    arguments = ("request", "open", "access", "--channel", "email", "--received", "2026-06-29", "--subject", subject)
    refused = command(world, *arguments)

    assert refused.code == 2
    assert "no claim is held" in refused.err


def test_a_marker_lasts_until_the_later_of_two_days(world: World) -> None:
    """A claim that is erased twice does not come back on the day that the first erasure named."""
    days = [date(2027, 1, 1), date(2036, 1, 1), date(2030, 1, 1)]
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        for day in days:
            office.requests.mark([Marker(b"digest", "Art. 17(1)(d) GDPR", day, "0" * 26)])
        marked = [office.requests.marked([b"digest"], day) for day in (date(2036, 1, 1), date(2036, 1, 2))]
        for day in (date(2036, 1, 1), date(2036, 1, 2), date(2036, 1, 3)):
            end_markers(office, day, TODAY)
        left = office.requests.has_markers()

    assert marked == [{b"digest"}, set()]
    assert (left, world.events().count("markers.ended")) == (False, 1)


def test_an_answer_to_a_notice_that_was_never_sent_changes_nothing(world: World) -> None:
    """Art. 19: an acknowledgement counts for a message of ours alone."""
    reply(world, {"type": "notice.ack", "about": "0" * 26, "result": "executed"})
    taken = command(world, "feedback", now=LATER)

    assert taken.code == 4
    assert f"{Refusal.UNKNOWN_MESSAGE}  1" in taken.out
    assert Refusal.UNKNOWN_MESSAGE == (
        "this creditor never sent this agency the message it answers, in that package and about that case"
    )


def test_a_mail_is_read_within_bounds_and_never_repeated(world: World, tmp_path: Path) -> None:
    """Subject and first plain text are kept under the request's key; what cannot be read is refused without a word of it."""
    mail = tmp_path / "mail.eml"
    mail.write_bytes(
        f"From: {CANARY}@example.org\r\nSubject: {CANARY} Auskunft\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"Guten Tag {CANARY}\r\n--b\r\nContent-Type: application/pdf\r\n"
        "Content-Disposition: attachment\r\n\r\nx\r\n--b--\r\n".encode()
    )
    html = tmp_path / "html.eml"
    html.write_bytes(f"Subject: {CANARY}\r\nContent-Type: text/html\r\n\r\n<p>{CANARY}</p>".encode())
    arguments = ("request", "open", "access", "--channel", "email", "--received", "2026-06-30", "--letter")
    opened, refused = command(world, *arguments, mail), command(world, *arguments, html)
    other = tmp_path / f"{CANARY}.md"
    other.write_text(CANARY)
    strange = command(world, *arguments, other)
    request = opened.out.split()[0]
    shown = command(world, "request", "show", request, "--json")
    with open_office(load(world.creditor)) as office:
        text = load_request(office, request).file.text

    assert (opened.code, refused.code, strange.code) == (0, 3, 2)
    assert "a letter is a .txt or .eml file" in strange.err
    assert f"{CANARY} Auskunft" in text and f"Guten Tag {CANARY}" in text
    assert not any(CANARY in result.out + result.err for result in (opened, refused, strange, shown))
    assert CANARY.encode() not in (world.creditor.parent / "gateway.db").read_bytes()


def standing(verdict: ClaimState, *cases: CaseStanding, ended: date | None = None) -> Standing:
    return Standing("0" * 26, verdict, cases, ended, False)


HELD, REFUSED = standing(ClaimState.HELD), standing(ClaimState.REFUSED)
WORKED_ON = standing(ClaimState.CLEARED, CaseStanding.ACTIVE)
AGAIN = standing(ClaimState.CLEARED, CaseStanding.ACTIVE, CaseStanding.CLOSED, ended=date(2026, 1, 5))
OVER = standing(ClaimState.CLEARED, CaseStanding.CLOSED, ended=date(2026, 1, 5))
OLD = standing(ClaimState.CLEARED, CaseStanding.RECALLED, ended=date(2023, 1, 5))
BARRED = standing(ClaimState.CLEARED, CaseStanding.CLOSED, ended=date(2022, 12, 31))
TITLED = BARRED._replace(titled=date(2021, 3, 9))
IN_COURT = WORKED_ON._replace(titled=date(2026, 3, 9))
AGAIN_IN_COURT = AGAIN._replace(titled=date(2026, 3, 9))
OLD_TITLE = OVER._replace(titled=date(1999, 1, 1))


@pytest.mark.parametrize(
    ("claim", "ground", "fate", "until"),
    [
        (HELD, ErasureClaim.NO_LONGER_NEEDED, Fate.KEPT, None),
        (HELD, ErasureClaim.OBJECTION, Fate.ERASED, None),
        (HELD, ErasureClaim.UNLAWFUL, Fate.ERASED, None),
        (REFUSED, ErasureClaim.NO_LONGER_NEEDED, Fate.ERASED, None),
        (WORKED_ON, ErasureClaim.NO_LONGER_NEEDED, Fate.KEPT, None),
        (WORKED_ON, ErasureClaim.OBJECTION, Fate.KEPT, None),
        (WORKED_ON, ErasureClaim.UNLAWFUL, Fate.ERASED, None),
        (AGAIN, ErasureClaim.OBJECTION, Fate.KEPT, None),
        (OVER, ErasureClaim.OBJECTION, Fate.RESTRICTED, date(2029, 12, 31)),
        (OVER, ErasureClaim.UNLAWFUL, Fate.ERASED, None),
        (OLD, ErasureClaim.OBJECTION, Fate.RESTRICTED, date(2026, 12, 31)),
        (BARRED, ErasureClaim.OBJECTION, Fate.ERASED, None),
        # § 197(1) Nr. 3 BGB: a title lengthens, and never shortens.
        (TITLED, ErasureClaim.OBJECTION, Fate.RESTRICTED, date(2051, 3, 9)),
        (TITLED, ErasureClaim.UNLAWFUL, Fate.ERASED, None),
        (OLD_TITLE, ErasureClaim.OBJECTION, Fate.RESTRICTED, date(2029, 12, 31)),
        # Art. 17(3)(e): what a court has before it is not destroyed, on any ground, until the case is over.
        *((IN_COURT, ground, Fate.KEPT, None) for ground in ErasureClaim),
        (AGAIN_IN_COURT, ErasureClaim.UNLAWFUL, Fate.KEPT, None),
    ],
)
def test_what_becomes_of_a_claim_follows_its_standing_and_the_ground(
    claim: Standing, ground: ErasureClaim, fate: Fate, until: date | None
) -> None:
    """Art. 17(1), (3), § 35 BDSG: owed is kept, over is restricted until time-barred, unlawful goes, but out of court."""
    found = decide(claim, ground, FIGURES, date(2026, 6, 30))

    assert (found.fate, found.until) == (fate, until)
    assert fate is not Fate.KEPT or found.norm == "Art. 17(3)(e) GDPR"


def test_a_controllers_own_period_keeps_under_its_own_norm() -> None:
    """A row of the configuration lengthens a period: the day and the norm that a person reads are the row's."""
    row = Retention(
        kind=RetentionKind.CLOSED_CLAIM,
        since=date(2026, 1, 1),
        years=6,
        from_year_end=True,
        norm="§ 257(1) Nr. 2, 3 HGB",
        source="invented for this test",
    )
    found = decide(OVER, ErasureClaim.OBJECTION, load_figures(LegalFigures(retention=(row,))), date(2026, 6, 30))

    assert (found.fate, found.until) == (Fate.RESTRICTED, date(2032, 12, 31))
    assert found.norm == "Art. 17(3)(e) GDPR, § 35(3) BDSG, § 257(1) Nr. 2, 3 HGB"


def reply(world: World, answer: dict[str, str]) -> None:
    """The agency accepts all its cases, says this of the first, and sends it."""
    numbers = [f"F-{number:06d}" for number in (1, 2, 3)]
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        keys = office.vault.find(CREDITOR, numbers)
        found = office.vault.references_of([key.claim_id for key in keys.values()], AGENCY)
    refs = [found[keys[number].claim_id] for number in numbers]
    rows = [
        {"type": "package.receipt", "case_ref": ref, "verdict": "accepted", "agency_ref": f"O-{number}"}
        for number, ref in enumerate(refs)
    ]
    path = world.home / "replies.json"
    path.write_text(json.dumps([*rows, answer | {"case_ref": refs[0]}]))
    assert cli("agency", "reply", path, "--config", world.agency, now=LATER).code == 0
