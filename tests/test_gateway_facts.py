"""The facts feed: what it says is taken at its word, what it does not say is a no only if it is complete and fresh, and
what it says between screening and sealing still stops a claim.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.agency.settings import load_agency
from gateway.handover.feed import Feed, Named
from gateway.pipeline import Night, hand_over
from gateway.settings import load
from gateway.wiring import open_desk, open_office
from judging import TODAY
from schemas.facts import FactKind
from world import TODAY as NOW
from world import World, cli, jsonl, row

ME = Named("F-000001", "RE-000001", "K-000001")
HEAD = "kind;claim_no;invoice_no;customer_no;date;amount"
CANARY = "Quastenfacts"


def feed(*rows: str, complete: str | None = "2026-06-30", head: str = HEAD) -> bytes:
    end = [] if complete is None else [f"complete;;;;{complete};"]
    return "".join(f"{line}\n" for line in (head, *rows, *end)).encode()


def read(tmp_path: Path, content: bytes, name: str = "facts.csv") -> Feed:
    path = tmp_path / name
    path.write_bytes(content)
    return Feed("shop", path, TODAY)


@pytest.fixture
def fed(world: World) -> World:
    """A world whose source has a facts feed; the file is written by the test."""
    world.configure("settle_seconds = 0\n", 'settle_seconds = 0\nfacts = "facts.csv"\n')
    return world


def tell(world: World, *rows: str, complete: str | None = "2026-06-30") -> None:
    part = world.home / "part"
    part.write_bytes(feed(*rows, complete=complete))
    part.rename(world.creditor.parent / "facts.csv")


@pytest.mark.parametrize(
    ("complete", "fresh"),
    [("2026-06-30", True), ("2026-06-29", True), ("2026-06-28", False), ("2026-07-01", False), (None, False)],
)
def test_silence_is_a_no_only_in_a_complete_feed_of_today_or_yesterday(
    tmp_path: Path, complete: str | None, fresh: bool
) -> None:
    """An old, future or unfinished feed leaves everything it does not say unknown, and that is told."""
    found = read(tmp_path, feed("dispute;F-000002;;;2026-06-01;", complete=complete))

    assert found.of(ME).fresh is fresh
    assert (found.failure is None) is fresh
    assert FactKind.DISPUTE in found.of(Named("F-000002", "", "")).kinds


def test_facts_of_one_claim_come_together_by_any_of_its_numbers(tmp_path: Path) -> None:
    """Sums are added up, the latest day counts, a known new address makes the old one no fault."""
    found = read(
        tmp_path,
        feed(
            "payment;F-000001;;;2026-06-01;10.00;;",
            "credit;;RE-000001;;2026-06-02;2.50;;",
            "return;F-000001;;;2026-06-20;1.00;;",
            "deferral;F-000001;;;2026-07-15;;;",
            "deferral;F-000001;;;2026-06-15;;;",
            "fraud;;;K-000001;2026-06-15;;;",
            "complete;;;;2026-06-30;;;",
            complete=None,
            head=f"{HEAD};street;city",
        ),
    )
    facts = found.of(ME)

    assert facts.paid == 1_350
    assert facts.returned_on == date(2026, 6, 20)
    assert facts.deferred_to == date(2026, 7, 15)
    assert facts.kinds == {FactKind.FRAUD}
    assert found.of(Named("F-9", "RE-9", "K-9")) is found.silent


def test_a_new_address_replaces_the_one_of_the_row(tmp_path: Path) -> None:
    """The newest address fact counts; without an address it says that the one on record is wrong."""
    head = f"{HEAD};street;house_no;postcode;city;country"
    moved = "address;;;K-000001;2026-06-20;;Neuer Weg;1;20095;Hamburg;DE"
    lost = "address;;;K-000001;{};;;;;;"
    end = "complete;;;;2026-06-30;;;;;;"

    known = read(tmp_path, feed(moved, lost.format("2026-06-19"), end, complete=None, head=head)).of(ME)
    assert known.address is not None
    assert (known.address.city, known.kinds) == ("Hamburg", frozenset())
    gone = read(tmp_path, feed(moved, lost.format("2026-06-21"), end, complete=None, head=head)).of(ME)
    assert (gone.address, gone.kinds) == (None, {FactKind.ADDRESS})


def test_json_lines_say_the_same(tmp_path: Path) -> None:
    """One object a row, with the same names."""
    rows: list[dict[str, Any]] = [
        {"kind": "payment", "claim_no": "F-000001", "date": "2026-06-01", "amount": "10.00"},
        {"kind": "complete", "date": "2026-06-30"},
    ]
    found = read(tmp_path, "".join(json.dumps(one) + "\n" for one in rows).encode(), "facts.jsonl")

    assert found.failure is None
    assert found.of(ME).paid == 1_000


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (f"{CANARY};F-1;;;2026-06-01;", "kind: fact-kind"),
        (f"dispute;F-1;;;{CANARY};", "date: date"),
        ("dispute;F-1;;;2026-02-30;", "date: date"),
        ("dispute;;;;2026-06-01;", "claim_no: one-number"),
        (f"dispute;{CANARY};RE-1;;2026-06-01;", "claim_no: one-number"),
        (f"payment;;;{CANARY};2026-06-01;1.00", "claim_no: claim-or-invoice-number"),
        ("payment;F-1;;;2026-06-01;", "amount: amount"),
        ("payment;F-1;;;2026-06-01;-1.00", "amount: amount"),
        ("payment;F-1;;;2026-06-01;0.00", "amount: amount"),
        ("payment;F-1;;;2026-06-01;1,00", "amount: amount"),
        (f"payment;F-1;;;2026-06-01;{CANARY}", "amount: amount"),
        ("dispute;F-1;;;2026-06-01;1.00", "amount: amount"),
        (f"dispute;F-1;;;2026-06-01;;{CANARY}", "(row): columns"),
        (f"dispute;F-1{CANARY * 20};;;2026-06-01;", "(row): too-long"),
        (f"payment;F-1\0{CANARY};;;2026-06-01;1.00", "(row): text-nul"),
    ],
)
def test_a_row_that_cannot_be_read_makes_silence_unknown(tmp_path: Path, line: str, rule: str) -> None:
    """It is told by row, field and rule, never by its value; the other rows still count."""
    found = read(tmp_path, feed("insolvency;;;K-000001;2026-06-01;", line))

    assert str(found.failure).endswith(f"first row 2, {rule}; what it does not say counts as unknown")
    assert CANARY not in str(found.failure)
    assert found.of(ME).kinds == {FactKind.INSOLVENCY}
    assert not found.silent.fresh


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (feed(head=f"{HEAD};{CANARY}"), "facts.csv"),
        (feed(head=f"{HEAD};kind"), "facts.csv"),
        (b"", "facts.csv"),
        (feed(f'"{CANARY}'), "facts.csv"),
        (feed(CANARY * 10_000), "facts.csv"),
        (feed(complete="2026-06-30\ndispute;F-1;;;2026-06-01;"), "facts.csv"),
        (feed(), "facts.xlsx"),
        (b'{"kind": "complete", "date": "2026-06-30", "date": "2026-06-30"}\n', "facts.jsonl"),
        (b'{"kind": "complete", "date": 20260630.0}\n', "facts.jsonl"),
        (f'["{CANARY}"]\n'.encode(), "facts.jsonl"),
        (b"[" * 60_000 + b"\n", "facts.jsonl"),
    ],
)
def test_a_file_that_is_no_feed_says_nothing(tmp_path: Path, content: bytes, name: str) -> None:
    """Everything it could say is unknown; what is wrong is told without a value."""
    found = read(tmp_path, content, name)

    assert found.failure is not None
    assert CANARY not in str(found.failure)
    assert not found.silent.fresh


def test_a_missing_feed_is_told_and_the_night_goes_on(fed: World) -> None:
    """Exit code 3; a source that says itself what is disputed is screened on what it says."""
    fed.drop("claims.jsonl", jsonl([row(1), row(2, disputed=None)]))
    found = fed.handover()

    assert found.code == 3
    assert "facts feed of source nordlicht-erp: it cannot be read" in found.err
    assert found.json["claims"]["handed_over"] == 1
    assert found.json["reasons"] == {"dispute-unknown": 1}


def test_what_was_held_is_judged_on_fresh_facts_each_night(fed: World) -> None:
    """Unknown becomes no with a complete feed, and what a feed takes back no longer speaks against the claim."""
    fed.drop("claims.jsonl", jsonl([row(1, disputed=None), row(2), row(3)]))
    tell(fed, "dispute;F-000002;;;2026-06-25;", "withdrawal;F-000003;;;2026-06-25;", complete=None)
    first = fed.handover().json
    tell(fed, "dispute;F-000002;;;2026-06-25;", "withdrawal;F-000003;;;2026-06-25;")
    second = fed.handover().json
    tell(fed)
    third = fed.handover().json

    assert (first["claims"]["cleared"], first["reasons"]) == (0, {"dispute-unknown": 1, "disputed": 1, "withdrawn": 1})
    assert (second["claims"]["handed_over"], second["reasons"]) == (1, {"disputed": 1})
    assert third["claims"]["handed_over"] == 1


def test_a_refusal_is_judged_again_when_its_row_comes_again(fed: World) -> None:
    """A withdrawal told by mistake does not refuse the claim for ever: the next export has its row again."""
    tell(fed, "withdrawal;F-000001;;;2026-06-25;")
    fed.drop("a.jsonl", jsonl([row(1)]))
    refused = fed.handover().json["claims"]
    fed.drop("b.jsonl", jsonl([row(1), row(2)]))
    still = fed.handover().json["claims"]
    tell(fed)
    fed.drop("c.jsonl", jsonl([row(1), row(3)]))
    found = fed.handover().json["claims"]

    assert (refused["refused"], refused["handed_over"]) == (1, 0)
    assert (still["refused"], still["unchanged"], still["handed_over"]) == (0, 2, 1)
    assert (found["refused"], found["handed_over"]) == (0, 2)


@pytest.mark.parametrize(
    ("late", "verdict"),
    [
        ("dispute;F-000002;;;2026-06-30;", "held"),
        ("payment;F-000002;;;2026-06-30;120.50", "refused"),
        ("insolvency;;;K-000002;2026-06-30;", "refused"),
    ],
)
def test_facts_that_come_after_screening_stop_the_claim_before_sealing(fed: World, late: str, verdict: str) -> None:
    """The feed is read again right before a package is sealed; the claim that it now names is not in it."""
    fed.drop("claims.jsonl", jsonl([row(1), row(2)]))
    tell(fed)
    told = []

    def progress(what: str, _count: int) -> None:
        if what == "screened" and not told:
            told.append(what)
            tell(fed, late)

    configuration = load(fed.creditor)
    with open_office(configuration) as office:
        night = Night(configuration.settings.mandates, TODAY, NOW, False, progress)
        figures = hand_over(office, night)
    received = fed.receive().json

    assert told == ["screened"]
    assert (figures.cleared, figures.handed_over, getattr(figures, verdict)) == (1, 1, 1)
    assert (figures.exit_code, received["messages"]) == (0, 1)


def test_a_feed_that_never_rests_stops_its_file_alone(fed: World) -> None:
    """After a few attempts nothing of the file is handed over, and that is told (3); the next night it is."""
    fed.drop("claims.jsonl", jsonl([row(1)]))
    tell(fed)
    payments = iter(range(30, 100))

    def progress(what: str, _count: int) -> None:
        if what == "screened":
            tell(fed, f"payment;F-000001;;;2026-06-30;{next(payments)}.00")

    configuration = load(fed.creditor)
    with open_office(configuration) as office:
        figures = hand_over(office, Night(configuration.settings.mandates, TODAY, NOW, False, progress))
    assert (figures.exit_code, figures.handed_over) == (3, 0)
    assert "kept changing" in str(figures.failures[0])

    assert fed.handover().json["claims"]["handed_over"] == 1


def test_a_payment_makes_what_travels_smaller(fed: World) -> None:
    """The feed's payments are all there were, so the greater of the two sums counts, also in the sealed sums."""
    fed.drop("claims.jsonl", jsonl([row(1, paid_amount="20.00")]))
    tell(fed, "payment;F-000001;;;2026-03-01;20.00", "payment;F-000001;;;2026-06-29;30.00")

    assert fed.handover().code == 0
    assert fed.receive().code == 0
    with open_desk(load_agency(fed.agency)) as desk:
        (case,) = [json.loads(found.line) for found in desk.cases.cases("nordlicht").values()]
    assert (case["payments"], case["principal_open"], case["interest_base"]) == (5_000, 7_050, 7_050)


def test_a_hold_expires_when_nobody_decides(fed: World) -> None:
    """After `hold_days` a claim that waited for a person is refused; one that waited for time is not."""
    fed.configure("settle_seconds = 0\n", "settle_seconds = 0\nhold_days = 30\n")
    tell(fed)
    fed.drop("claims.jsonl", jsonl([row(1, disputed=True), row(2, reminders=[], order_date="2026-06-01",
        invoice_date="2026-06-01", due_date="2026-06-10")]))  # fmt: skip
    first = fed.handover().json["reasons"]

    def night(day: str) -> Any:
        tell(fed, complete=day)
        return fed.handover(now=NOW.replace(month=int(day[5:7]), day=int(day[8:]))).json

    assert first == {"disputed": 1, "not-in-default": 1}
    assert night("2026-07-30")["reasons"] == {"disputed": 1}  # the second one is in default by then, and handed over
    assert night("2026-07-31")["reasons"] == {"disputed": 1, "hold-expired": 1}
    fed.drop("again.jsonl", jsonl([row(1, disputed=True)]))
    assert night("2026-08-01")["claims"]["unchanged"] >= 1
    fed.drop("changed.jsonl", jsonl([row(1)]))
    assert night("2026-08-02")["claims"]["handed_over"] == 1


def test_what_is_taken_out_is_counted_and_holds_nothing(world: World) -> None:
    """Fees for the first Mahnung, an odd rate, instalments: told of the cleared claim, and not in what travels."""
    rows = [row(1), row(2, interest_rate="9.99", payment_method="instalment"), row(3, disputed=True)]
    world.drop("claims.jsonl", jsonl(rows))
    found = world.handover().json
    world.receive()

    assert found["claims"]["handed_over"] == 2
    assert found["notes"] == {"fees-removed": 2, "instalments-possible": 1, "rate-replaced": 1}
    with open_desk(load_agency(world.agency)) as desk:
        cases = [json.loads(kept.line) for kept in desk.cases.cases("nordlicht").values()]
    assert [(case["interest_points"], case.get("creditor_costs", [])) for case in cases] == [(5, []), (5, [])]


def test_a_page_about_a_night_tells_euros_by_reason(world: World) -> None:
    """What is open on the claims that a reason holds stands beside their number."""
    world.drop("claims.jsonl", jsonl([row(1), row(2, disputed=True), row(3, disputed=True, amount="1,020.00")]))
    page = cli("handover", "--dry-run", "--config", world.creditor, "--today", "2026-06-30").out

    assert "2  1,100.50  disputed" in page
    assert "1  fees-removed  Reminder fees above what is lawful were taken out of the claim." in page


HEADER = b"kind;claim_no;invoice_no;customer_no;date;amount\n"


@pytest.mark.parametrize(
    ("fact", "changes", "lost"),
    [
        ("insolvency;;;K-000001;2026-05-02;", {}, None),
        ("insolvency;;;K-000001;2026-05-02;", {"amount": "121.00"}, b""),
        ("withdrawal;F-000001;;;2026-06-20;", {}, HEADER),
        ("dispute;F-000001;;;2026-06-20;", {}, None),
        ("payment;F-000001;;;2026-06-20;120.50", {}, HEADER),
    ],
)
def test_a_lost_feed_takes_nothing_back(fed: World, fact: str, changes: dict[str, object], lost: bytes | None) -> None:
    """What stopped a claim last night stops it when the feed is missing, empty or cut off; a fresh silence is a no."""
    path = fed.creditor.parent / "facts.csv"
    tell(fed, fact)
    fed.drop("claims.jsonl", jsonl([row(1)]))
    first = fed.handover().json["claims"]
    path.unlink()
    if lost is not None:
        path.write_bytes(lost)
    fed.drop("again.jsonl", jsonl([row(1, **changes), row(2)]))
    second = fed.handover()
    tell(fed)
    fed.drop("corrected.jsonl", jsonl([row(1, amount="121.50")]))
    third = fed.handover().json["claims"]

    assert first["handed_over"] == 0
    assert (second.code, second.json["claims"]["handed_over"]) == (3, 1)
    assert third["handed_over"] == 1
