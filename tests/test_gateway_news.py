"""What the facts feed says after the hand-over reaches the agency the same night, once, though no row has changed."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.steps.change import changed
from gateway.steps.remitted import without_remitted
from judging import ADDRESS, CLAIM
from keys.references import new_id
from schemas.answers import AgencyPayment
from schemas.codes import PaidTo, RecallReason
from schemas.facts import Fact, FactKind, Facts
from schemas.messages import CasePayment
from schemas.screening import Changed, Told
from world import TODAY, Row, World, cli, jsonl, row, running_world


def fact(kind: str, number: int, on: str, **more: str) -> Row:
    return {"kind": kind, "claim_no": f"F-{number:06d}", "date": on} | more


def feed(world: World, today: str, *facts: Row) -> None:
    rows = [*facts, {"kind": "complete", "date": today}]
    (world.creditor.parent / "facts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))


def night(world: World, now: datetime) -> Any:
    found = world.handover(now=now)

    assert (found.code, world.receive(now=now).code) == (0, 0)
    return found.json["claims"]


def cases(world: World) -> dict[str, Row]:
    out = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency).out.splitlines()
    return {one["invoice_no"][-1]: one for one in map(json.loads, out)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Eight claims that are with the agency; the export lies where it lay."""
    with running_world(tmp_path_factory.mktemp("news")) as world:
        world.configure("settle_seconds = 0\n", 'settle_seconds = 0\nfacts = "facts.jsonl"\n')
        feed(world, "2026-06-30")
        world.drop("export.jsonl", jsonl([row(number, paid_amount="0.00") for number in range(1, 9)]))
        assert night(world, TODAY)["cleared"] == 8
        yield world


FACTS = (
    fact("payment", 1, "2026-07-01", amount="30.00"),
    {"kind": "credit", "invoice_no": "RE-000002", "date": "2026-07-01", "amount": "20.50"},
    fact("dispute", 3, "2026-07-01"),
    {"kind": "insolvency", "customer_no": "K-000004", "date": "2026-07-01"},
    fact("death", 5, "2026-07-01"),
    fact("address", 6, "2026-07-01", street="Neuer Weg", house_no="1", postcode="96049", city="Bamberg", country="DE"),
    fact("payment", 7, "2026-06-29", amount="120.50"),
    fact("payment", 8, "2026-07-01", amount="120.50"),
)


def test_what_only_the_feed_knows_is_told_once(told: World) -> None:
    """Payments, a credit, a dispute, insolvency, death and an address; a feed that lists all again tells nothing again.

    What was paid in full before the hand-over is recalled, what was paid after it is not. A dispute that has ended, and a
    second payment, are told; with the row that brings the first payment, nothing is.
    """
    feed(told, "2026-07-01", *FACTS)
    first = night(told, TODAY + timedelta(days=1))
    found = cases(told)
    feed(told, "2026-07-02", *FACTS)
    again = night(told, TODAY + timedelta(days=2))
    later = [one for one in FACTS if one["kind"] != "dispute"]
    feed(told, "2026-07-03", *later, fact("payment", 1, "2026-07-02", amount="10.00"))
    told.drop("next.jsonl", jsonl([row(1, paid_amount="30.00")]))
    third = night(told, TODAY + timedelta(days=3))
    last = cases(told)

    assert (first["changed"], again["changed"], third["changed"]) == (8, 0, 2)
    assert {one: case["open"] for one, case in found.items()} == dict(
        zip("12345678", (9050, 10000, 12050, 12050, 12050, 12050, 0, 0), strict=True)
    )
    assert sorted(one for one, case in found.items() if case["standing"] == "recalled") == ["4", "5", "7"]
    assert [one for one, case in found.items() if case["restricted"]] == ["3"]
    assert found["6"]["street"] == "Neuer Weg"
    assert (last["1"]["open"], last["3"]["restricted"]) == (8050, False)


HANDED_OVER = date(2026, 6, 30)
EARLY, LATE = date(2026, 6, 29), date(2026, 7, 1)


def some(kind: FactKind, amount: int | None = None, on: date = LATE) -> Facts:
    """What a feed says if this is all it says."""
    found = Fact(kind=kind, on=on, amount=amount)
    if amount is None:
        return Facts(fresh=True, kinds=frozenset({kind}))
    return Facts(fresh=True, paid=amount, sums=(found,))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (some(FactKind.PAYMENT, CLAIM.amount, EARLY), RecallReason.PAID_BEFORE_HANDOVER),
        (some(FactKind.PAYMENT, CLAIM.amount, HANDED_OVER), None),
        (some(FactKind.PAYMENT, CLAIM.amount - 1, EARLY), None),
        (some(FactKind.CREDIT, CLAIM.amount, LATE), None),
        (some(FactKind.RETURN), RecallReason.NOT_OWED),
        (some(FactKind.WITHDRAWAL), RecallReason.NOT_OWED),
        (some(FactKind.FRAUD), RecallReason.WRONG_PERSON),
        (some(FactKind.INSOLVENCY), RecallReason.INSOLVENCY),
        (some(FactKind.DEATH), RecallReason.DECEASED),
        (some(FactKind.DISPUTE), None),
        (some(FactKind.ADDRESS), None),
    ],
)
def test_a_case_is_recalled_for_a_reason_and_once(facts: Facts, reason: RecallReason | None) -> None:
    """Paid before the hand-over, never owed, or not to be collected (§ 89 InsO, § 1958 BGB): what is paid later is told."""
    found = changed(Told(claim=CLAIM), CLAIM, facts, HANDED_OVER)
    assert found is not None
    again = changed(found.told, CLAIM, facts, HANDED_OVER)
    assert again is not None

    assert found.recalled is reason
    assert again.says_nothing


def test_a_feed_that_is_missing_takes_nothing_back() -> None:
    """What only a feed said of a dispute, an address or a payment stands until a feed says otherwise."""
    moved = ADDRESS.model_copy(update={"street": "Neuer Weg"})
    told = changed(Told(claim=CLAIM), CLAIM, Facts(fresh=True, kinds=frozenset({FactKind.DISPUTE})), HANDED_OVER)
    housed = changed(Told(claim=CLAIM), CLAIM, Facts(fresh=True, address=moved), HANDED_OVER)
    paid = changed(Told(claim=CLAIM), CLAIM, some(FactKind.PAYMENT, CLAIM.paid + 1), HANDED_OVER)
    assert told is not None
    assert housed is not None
    assert paid is not None

    missing = Facts(missing=True)
    assert [changed(one.told, CLAIM, missing, HANDED_OVER) for one in (told, housed, paid)] == [None, None, None]


@given(st.data())
def test_row_and_feed_are_told_as_one_account(data: st.DataObject) -> None:
    """However payments and credits reach row and feed, what was told in all is the greater of the two, to the cent."""
    known, payments, credited, row_paid, lowered, told_in_all = Told(claim=CLAIM), [], [], CLAIM.paid, 0, CLAIM.paid
    for _ in range(data.draw(st.integers(1, 6))):
        amount = data.draw(st.integers(1, 500))
        kind = data.draw(st.sampled_from((FactKind.PAYMENT, FactKind.CREDIT)))
        (payments if kind is FactKind.PAYMENT else credited).append(Fact(kind=kind, on=LATE, amount=amount))
        if data.draw(st.booleans()):
            row_paid, lowered = (
                (row_paid + amount, lowered) if kind is FactKind.PAYMENT else (row_paid, lowered + amount)
            )
        sums = (*payments, *credited)
        fed = sum(one.amount or 0 for one in sums)
        row = CLAIM.model_copy(update={"paid": row_paid, "amount": CLAIM.amount - lowered})
        found = changed(known, row, Facts(fresh=True, paid=fed, sums=sums), HANDED_OVER)
        assert found is not None
        known, told_in_all = found.told, told_in_all + found.paid + found.credited

        assert told_in_all == max(row_paid + lowered, fed)
        assert known.credited <= sum(one.amount or 0 for one in credited)


def answered(world: World, *rows: Row) -> None:
    """The agency says this, and the creditor takes it."""
    path = world.home / f"reply-{new_id()}.json"
    path.write_text(json.dumps(rows))
    assert cli("agency", "reply", path, "--config", world.agency).code == 0
    assert cli("feedback", "--config", world.creditor).code == 0


@pytest.mark.parametrize("by_feed", [True, False])
def test_what_the_agency_passed_on_is_not_told_back_to_it(world: World, *, by_feed: bool) -> None:
    """It comes back in our books as a payment of the claim, once; what the debtor pays us beside it is told as ever."""
    world.configure("settle_seconds = 0\n", 'settle_seconds = 0\nfacts = "facts.jsonl"\n')
    feed(world, "2026-06-30")
    rows = [row(number, paid_amount="0.00") for number in (1, 2, 3)]
    world.drop("export.jsonl", jsonl(rows))
    assert night(world, TODAY)["cleared"] == 3
    assert cli("feedback", "--config", world.creditor).code == 0
    at = {number: case["case_ref"] for number, case in cases(world).items()}
    payment = {
        "type": "case.payment",
        "currency": "EUR",
        "received_on": "2026-06-30",
        "paid_to": "agency",
        "interest": 0,
    }
    taken = payment | {"case_ref": at["1"], "amount": 6000, "costs": 1000, "principal": 5000}
    answered(
        world, *({"type": "package.receipt", "case_ref": one, "verdict": "accepted"} for one in at.values()), taken
    )
    for day, (first, second) in enumerate([("50.00", "0.00"), ("70.00", "0.00"), ("70.00", "40.00")], start=1):
        now = TODAY + timedelta(days=day)
        if by_feed:
            sums = [("50.00", 1), *([("20.00", 1)] if day > 1 else []), *([("40.00", 2)] if day > 2 else [])]
            told = [fact("payment", number, "2026-07-01", amount=amount) for amount, number in sums]
            feed(world, now.date().isoformat(), *told)
        else:
            feed(world, now.date().isoformat())
            paid = [row(1, paid_amount=first), row(2, paid_amount=second), rows[2]]
            world.drop(f"export-{day}.jsonl", jsonl(paid))
        night(world, now)
    answered(world, payment | {"case_ref": at["2"], "amount": 4000, "costs": 0, "principal": 4000})
    again = night(world, TODAY + timedelta(days=4)) if not by_feed else None

    assert {number: case["open"] for number, case in cases(world).items()} == {"1": 5050, "2": 4050, "3": 12050}
    assert again is None or again["changed"] == 0


ONE, TWO = ("0" * 25 + digit for digit in "12")


@pytest.mark.parametrize(
    ("paid", "listed", "told", "known", "rest"),
    [
        (5000, (), (), (), 0),  # all that is new is the principal it received, or all of it
        (6000, (), (), (), 0),
        (4500, (), (), (), 4500),  # less a fee: nobody can tell whose it is
        (8000, ((5000, 2), (3000, 2)), (), (), 3000),
        (8000, ((5000, 1), (3000, 2)), (), (), 8000),  # booked before the agency received anything
        (7000, ((5000, 2), (7000, 3)), (), (ONE,), 7000),  # the first came back before, the second has not
        (12000, ((5000, 2), (5000, 3), (2000, 3)), (), (), 2000),
        (10000, (), (), (), 0),  # both in one sum
        (13000, ((10000, 3), (3000, 3)), (), (), 3000),
        (5000, ((5000, 2), (5000, 3)), ((5000, 2),), (), 0),  # one was told before the agency reported it
        (5000, ((5000, 2), (5000, 3)), ((5000, 2), (5000, 3)), (), 5000),
        (5000, ((5000, 1),), (), (), 5000),  # the debtor's own, whatever the agency says it received since
        (7000, ((3000, 3), (5000, 3), (7000, 20)), ((8000, 3),), (), 7000),  # two were told in one sum
    ],
)
def test_only_what_nothing_else_explains_came_from_the_agency(
    paid: int, listed: tuple[tuple[int, int], ...], told: tuple[tuple[int, int], ...], known: tuple[str, ...], rest: int
) -> None:
    """The agency has reported two payments of a principal of 50 euros, and each is found again once at most."""
    ref = "C1-" + "0" * 18
    collected = [
        AgencyPayment.model_construct(
            message_id=one, amount=6000, principal=5000, received_on=date(2026, 7, 2), paid_to=PaidTo.AGENCY
        )
        for one in (ONE, TWO)
    ]
    before = [
        CasePayment.model_construct(case_ref=ref, amount=amount, booked_on=date(2026, 7, day)) for amount, day in told
    ]
    sums = tuple(Fact(kind=FactKind.PAYMENT, on=date(2026, 7, day), amount=amount) for amount, day in listed)
    change = Changed(claim=CLAIM, told=Told(claim=CLAIM, remitted=known), paid=paid)
    found = without_remitted(change, [*collected, *before], Facts(sums=sums))

    assert (found.paid, found.remitted) == (rest, paid - rest)
    assert found.says_nothing is False
