"""Worth: the sum behind the hold, in every list of held claims, and success rates learned from an agency's closed cases."""

import csv
import io
import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.worth import band_of, learned, worth_of
from gateway.settings import load
from gateway.wiring import open_office
from judging import CLAIM, DECLARATIONS, LAW
from judging import TODAY as DAY
from schemas.screening import Known
from schemas.worth import Band, Outcome, SuccessRate, Worth
from world import TODAY, World, cli, jsonl, row

OWN = Worth(rates=(SuccessRate(percent=60),), learn_from=20)
"""A claim of 100.50 EUR, 158 days since due: above 90 days and up to 180, above 50 EUR and up to 150."""


def percent(worth: Worth, age: int = 158, amount: int = 10_050) -> int:
    claim = CLAIM.model_copy(update={"due_date": DAY - timedelta(days=age), "amount": amount, "paid": 0})
    found = worth_of(claim, Known(declarations=DECLARATIONS, law=LAW, worth=worth), DAY)
    assert found is not None
    return found.percent


def outcome(closed: int, paid: int, days: int = 90, amount: int = 5_000) -> Outcome:
    return Outcome(band=Band(above_days=days, above_amount=amount), closed=closed, paid=paid)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], 60),
        ([outcome(19, 19)], 60),
        ([outcome(20, 7)], 35),
        ([outcome(23, 7)], 30),
        ([outcome(20, 0)], 0),
        ([outcome(500, 500, days=180), outcome(500, 500, amount=15_000), outcome(500, 500, amount=0)], 60),
        ([outcome(500, 500, days=0), outcome(20, 7), outcome(500, 500, days=365)], 35),
    ],
)
def test_an_agencys_cases_count_once_there_are_enough(outcomes: list[Outcome], expected: int) -> None:
    """The configured rate wins until `learn_from` cases of the same age and amount are closed; per cents round down."""
    assert percent(learned(OWN, outcomes)) == expected


@pytest.mark.parametrize(
    ("age", "amount", "expected"),
    [
        *((90, 10_050, 60), (91, 10_050, 35), (180, 10_050, 35), (181, 10_050, 60)),
        *((158, 5_000, 60), (158, 5_001, 35), (158, 15_000, 35), (158, 15_001, 60)),
    ],
)
def test_a_learned_rate_ends_at_the_borders_of_its_band(age: int, amount: int, expected: int) -> None:
    """One day and one cent beyond a border, the creditor's own rate counts again."""
    assert percent(learned(OWN, [outcome(20, 7)]), age, amount) == expected


def test_without_a_least_number_nothing_is_learned() -> None:
    """The creditor decides whether an agency's word counts."""
    assert percent(learned(OWN.model_copy(update={"learn_from": None}), [outcome(10_000, 1)])) == 60


@given(st.integers(1, 2_000), st.integers(1, 1_000_000))
def test_a_claim_is_judged_by_the_band_it_would_be_counted_in(age: int, amount: int) -> None:
    """What a case teaches is used for claims like it and for no others."""
    mine = band_of(age, amount)
    other = Band(above_days=365 if mine.above_days != 365 else 0, above_amount=mine.above_amount)

    assert percent(learned(OWN, [Outcome(band=mine, closed=20, paid=1)]), age, amount) == 5
    assert percent(learned(OWN, [Outcome(band=other, closed=20, paid=1)]), age, amount) == 60


def ask_worth(world: World, least: int) -> None:
    rates = "rates = [{percent = 60}]\nuncollected_fixed = 1000\nminimum_gain = 1000\nlearn_from = "
    world.configure("[[agencies]]", f"[sources.worth]\n{rates}{least}\n\n[[agencies]]")


def close(world: World, codes: list[str]) -> None:
    """The agency accepts its cases and closes them, each with a code."""
    exported = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency).out.splitlines()
    refs = [one["case_ref"] for one in sorted(map(json.loads, exported), key=lambda one: one["invoice_no"])]
    taken = [{"type": "package.receipt", "case_ref": ref, "verdict": "accepted"} for ref in refs]
    money = {
        "type": "case.payment",
        "amount": 10_050,
        "principal": 10_050,
        "costs": 0,
        "interest": 0,
        "currency": "EUR",
    }
    money |= {"received_on": "2026-06-30", "paid_to": "agency"}
    taken += [money | {"case_ref": ref} for ref, code in zip(refs, codes, strict=True) if code == "paid"]
    ended = [
        {"type": "case.closed", "case_ref": ref, "code": code, "closed_on": "2026-06-30"}
        for ref, code in zip(refs, codes, strict=True)
    ]
    path = world.home / "reply.json"
    path.write_text(json.dumps(taken + ended))
    assert cli("agency", "reply", path, "--config", world.agency).code == 0
    assert cli("feedback", "--config", world.creditor).code == 0


def test_what_an_agency_closed_decides_what_is_worth_handing_over(world: World) -> None:
    """Twenty cases end unpaid: the twenty-first claim like them is held, and every list says by what sum.

    A duplicate says nothing of success; expected is 5 % of 100.50 EUR less 95 % of 10.00.
    """
    ask_worth(world, 20)
    world.drop("a.jsonl", jsonl([row(number) for number in range(1, 22)]))
    assert world.handover().json["claims"]["handed_over"] == 21
    assert world.receive().code == 0
    close(world, ["paid", "paid-in-part", *["uncollectable"] * 18, "duplicate"])
    world.drop("b.jsonl", jsonl([row(22), row(23, amount="170.01", disputed=True), row(24, amount="170.01")]))
    told = world.handover().json
    config = ("--config", world.creditor)
    listed, table = cli("claim", "list", "--json", *config), cli("claim", "list", *config)
    cli("claim", "list", "--csv", world.home / "held.csv", *config)
    sheet = csv.DictReader(io.StringIO((world.home / "held.csv").read_text("utf-8-sig")), delimiter=";")
    held = {one["claim_no"]: one["worth"] for one in listed.json["held"]}
    cells = {one["claim"]: one for one in sheet}
    with open_office(load(world.creditor)) as office, office.connection.begin():
        counted = office.outcomes.of("nordlicht-erp")

    assert told["reasons"] == {"not-worth-it": 1, "disputed": 1}
    assert counted == {"ostsee": (outcome(20, 1),)}
    assert held["F-000022"] == {"fee": 5_562, "cost": 1_000, "percent": 5, "expected": -448, "asked": 1_000}
    assert held["F-000023"] is None
    assert cells["F-000022"]["to be expected EUR"] == "-4.48"
    assert (cells["F-000022"]["lawful fee EUR"], cells["F-000022"]["paid of 100"]) == ("55.62", "5")
    assert cells["F-000023"]["lawful fee EUR"] == ""
    assert "fee 55.62, cost 10.00, 5 of 100 paid: -4.48 EUR of 10.00" in table.out


def test_the_sum_is_todays(world: World) -> None:
    """What the facts feed tells meanwhile is in it: 20 EUR were paid, 40 EUR are now."""
    world.configure('preset = "erp-de"', 'preset = "erp-de"\nfacts = "facts.csv"')
    world.configure("[[agencies]]", "[sources.worth]\nminimum_gain = 100000\nrates = [{percent = 100}]\n\n[[agencies]]")
    world.drop("a.jsonl", jsonl([row(1)]))
    world.handover()
    feed = world.creditor.parent / "facts.csv"
    day = TODAY.date().isoformat()
    feed.write_text(
        f"kind;claim_no;invoice_no;customer_no;date;amount\npayment;F-000001;;;{day};40.00\ncomplete;;;;{day};\n"
    )
    found = cli("claim", "list", "--json", "--config", world.creditor).json["held"]

    assert [one["worth"]["expected"] for one in found] == [8_050]
    assert date.fromisoformat(day) == DAY
