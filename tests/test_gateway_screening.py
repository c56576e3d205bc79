"""`inkasso screen`: what agencies would reject is caught before anything is sent, and one page says what to do about it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.rules.ordered import RULES
from world import Result, World, cli, jsonl, row

DOCUMENT = Path(__file__).parent.parent / "docs" / "screening.md"
HEAD = "kind;claim_no;invoice_no;customer_no;date;amount"
CANARY = "Quastenname"


def screened(tmp_path: Path, *rows: dict[str, Any], facts: str = "", options: tuple[str, ...] = ("--json",)) -> Result:
    """`inkasso screen` of an export with a complete feed of the day before."""
    export, feed = tmp_path / "export.jsonl", tmp_path / "facts.csv"
    export.write_bytes(jsonl(rows))
    feed.write_text(f"{HEAD}\n{facts}complete;;;;2026-06-29;\n")
    return cli("screen", export, "--preset", "erp-de", "--facts", feed, "--today", "2026-06-30", *options)


def told(result: Result) -> list[dict[str, Any]]:
    assert (result.code, result.err) == (0, "")
    return [json.loads(line) for line in result.out.splitlines()]


# Codes with which published agency interfaces reject or close cases (facts/fields.md), and what of them is knowable.
@pytest.mark.parametrize(
    ("code", "changes", "facts", "expected"),
    [
        ("MINOR_DEBTOR", {"debtor.birth_date": "2010-01-01"}, "", ("held", "minor")),
        ("DEBTOR_DECEASED", {}, "death;;;K-000001;2026-06-01;\n", ("held", "death")),
        ("INSOLVENCY", {}, "insolvency;;;K-000001;2026-06-01;\n", ("refused", "insolvency")),
        (
            "PERIOD_OF_LIMITATION_REACHED",
            {"order_date": "2022-12-01", "invoice_date": "2022-12-01", "due_date": "2022-12-15"},
            "",
            ("held", "limitation-suspected"),
        ),
        ("CLAIM_DISPUTED", {"disputed": True}, "", ("held", "disputed")),
        ("CLAIM_DISPUTED", {}, "dispute;F-000001;;;2026-06-28;\n", ("held", "disputed")),
        ("PAYMENT_BEFORE_HANDOVER", {}, "payment;;RE-000001;;2026-06-28;120.50\n", ("refused", "nothing-open")),
        ("FRAUD", {}, "fraud;;;K-000001;2026-06-28;\n", ("refused", "fraud")),
        ("UNKNOWN_ADDRESS", {}, "address;;;K-000001;2026-06-28;\n", ("held", "address-unknown")),
        ("UNKNOWN_ADDRESS", {"address.street": ""}, "", ("held", "address-missing")),
        ("DEBTOR_LIVING_ABROAD", {"address.country": "AT", "address.postcode": "1010"}, "", ("held", "abroad")),
        ("INCORRECT_CURRENCY", {"currency": "CHF"}, "", ("held", "currency")),
        ("MISSING_DATA", {"debtor.last_name": " "}, "", ("held", "blank-name")),
        ("MISSING_DATA", {"invoice_no": ""}, "", ("rejected", "invoice_no: missing")),
    ],
)
def test_what_agencies_reject_is_caught_before(
    tmp_path: Path, code: str, changes: dict[str, Any], facts: str, expected: tuple[str, str]
) -> None:
    """One published reason each; `code` says which."""
    (found,) = told(screened(tmp_path, row(1, **changes), facts=facts))

    assert code.isupper()
    assert (found["verdict"], expected[1] in found["reasons"]) == (expected[0], True)


def test_a_claim_handed_in_twice_is_caught_before(tmp_path: Path) -> None:
    """DUPLICATE_CONTRACT: of equal claim numbers the first is held and the later rejected."""
    first, second, third = told(screened(tmp_path, row(1), row(1, amount="99.00"), row(2)))

    assert (first["verdict"], first["reasons"]) == ("held", ["repeated"])
    assert (second["verdict"], second["reasons"]) == ("rejected", ["claim_no: repeated"])
    assert third["verdict"] == "cleared"


SAME = {"customer_no": "K-000001"}
BRUNO = {"debtor.first_name": "Bruno"}


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (SAME | BRUNO, "identity-conflict"),
        (SAME | {"debtor.birth_date": "1980-03-01"}, "identity-conflict"),
        (SAME | {"debtor.birth_date": None}, None),
        (SAME | {"debtor.first_name": " IDA "}, None),
        (SAME | {"email": None}, None),
        (SAME | {"debtor.first_name": "Id\u200ba"}, None),  # what reading spoilt speaks against its own row alone
        ({}, None),  # the same birth date: one person with two accounts
        ({"debtor.birth_date": "1950-03-01"}, "two-customers"),
        ({"debtor.birth_date": None}, "two-customers"),
        ({"debtor.birth_date": None, "email": None}, "two-customers"),
        ({"debtor.birth_date": None, "email": "ida1@example.org"}, None),
        ({"debtor.birth_date": None, "address.house_no": "5b"}, None),
        (BRUNO, None),
        ({"address.postcode": "96049"} | {"invoice_no": "RE-000001"}, "invoice-repeated"),
    ],
)
def test_persons_and_invoices_that_may_be_mixed_up_are_held(
    tmp_path: Path, second: dict[str, Any], reason: str | None
) -> None:
    """Rows that contradict each other about who owes, or what, are all held; rows that do not are not."""
    found = told(screened(tmp_path, row(1), row(2, **second), row(3, **{"address.street": "Anderer Weg"})))

    assert found[0]["reasons"] == ([] if reason is None else [reason])
    assert (reason is None) or reason in found[1]["reasons"]
    assert found[2]["verdict"] == "cleared"


def test_a_mix_up_is_held_at_night_until_the_export_is_right(world: World) -> None:
    """Held claims stay held for it on later nights; when the other row is corrected, the next export clears both."""
    world.drop("a.jsonl", jsonl([row(1), row(2, **SAME, **BRUNO)]))
    first, again = world.handover().json, world.handover().json
    world.drop("b.jsonl", jsonl([row(1), row(2, **SAME)]))
    third = world.handover().json

    assert first["reasons"] == again["reasons"] == {"identity-conflict": 2}
    assert third["claims"]["handed_over"] == 2


def test_an_amount_too_low_is_caught_by_the_mandate(world: World) -> None:
    """AMOUNT_TOO_LOW: below what the mandate takes, to the cent; --source screens under the source's mandates."""
    export = world.drop("x.jsonl", jsonl([row(1, amount="34.99"), row(2, amount="35.00")]))
    found = told(
        cli(
            "screen", export, "--source", "nordlicht-erp", "--mandate", "standard", "--json", "--config", world.creditor
        )
    )

    assert [one["verdict"] for one in found] == ["held", "cleared"]
    assert found[0]["reasons"] == ["below-minimum"]


def test_each_row_is_one_line_of_three_keys(tmp_path: Path) -> None:
    """`row`, `verdict`, `reasons`, in the order of the file, and no value of it."""
    rows = [row(1), row(2, disputed=True, **{"debtor.last_name": CANARY}), row(3, due_date=CANARY)]
    result = screened(tmp_path, *rows)
    found = told(result)

    assert [set(one) for one in found] == [{"row", "verdict", "reasons"}] * 3
    assert [(one["row"], one["verdict"]) for one in found] == [(1, "cleared"), (2, "held"), (3, "rejected")]
    assert CANARY not in result.out


def test_a_night_would_say_the_same(world: World) -> None:
    """`screen --source` and a dry run of the hand-over count the same verdicts and reasons."""
    rows = [row(1), row(2, disputed=True), row(3, currency="CHF"), row(4, paid_amount="120.50"), row(5, amount="x")]
    export = world.drop("x.jsonl", jsonl(rows))
    found = told(cli("screen", export, "--source", "nordlicht-erp", "--json", "--config", world.creditor))
    night = world.handover("--dry-run").json

    for verdict in ("cleared", "held", "refused", "rejected"):
        assert sum(one["verdict"] == verdict for one in found) == night["claims"][verdict]
    reasons = [reason for one in found if one["verdict"] != "rejected" for reason in one["reasons"]]
    assert {name: reasons.count(name) for name in reasons} == night["reasons"]


def test_the_report_is_one_page_of_sums(tmp_path: Path) -> None:
    """Totals in euros by verdict and reason, what fixing a reason alone would free, fees and interest to the cent."""
    rows = [
        row(1),
        row(2, **{"debtor.last_name": CANARY}),
        row(3, disputed=True, amount="1,234.56"),
        row(4, disputed=True, currency="CHF"),
        row(5, disputed=True, **{"address.street": ""}),
        row(6, **{"address.street": ""}),
        row(7, paid_amount="120.50"),
        row(8, due_date=CANARY),
    ]
    result = screened(tmp_path, *rows, options=())
    page = result.out

    assert result.code == 0
    assert CANARY not in page
    assert len(page.splitlines()) < 60
    assert re.search(r"may be handed over today +2 +201\.00$", page, re.MULTILINE)
    assert re.search(r"held: .* +4 +1,415\.56$", page, re.MULTILINE)
    assert re.search(r"refused: .* +1 +0\.00$", page, re.MULTILINE)
    assert re.search(r"rejected: .* +1$", page, re.MULTILINE)
    fix = page[page.index("What to fix first") :].splitlines()[2:]
    assert re.search(r"^ +3 +1,315\.06 +1,214\.56 +The debtor disputes", fix[0])
    assert re.search(r"^ +2 +201\.00 +100\.50 +Street, postcode or town", fix[1])
    # 0.9 of 51.50 with 20 % expenses, twice; 127 days from 24 February to 30 June at 6.27 % on 100.50, twice.
    assert re.search(r"agency's fees at most.* +111\.24$", page, re.MULTILINE)
    assert re.search(r"default interest to date +4\.38$", page, re.MULTILINE)
    assert re.search(r"reminder fees taken out of 2 claims +5\.00$", page, re.MULTILINE)


def test_without_a_feed_the_report_says_what_nobody_knows(tmp_path: Path) -> None:
    """What is unknown is told, and so is a table of base rates that has ended."""
    export = tmp_path / "export.jsonl"
    export.write_bytes(jsonl([row(1), row(2, disputed=None)]))
    found = cli("screen", export, "--preset", "erp-de", "--today", "2026-07-01")

    assert "No facts feed" in found.out
    assert "the table of base rates has ended" in found.out
    assert "Neither the source nor a facts feed says whether the claim is disputed" in found.out


def test_what_cannot_be_meant_is_refused(world: World) -> None:
    """Usage errors end with 2 before anything is read."""
    export = world.drop("x.jsonl", jsonl([row(1)]))
    wrong = (
        "",
        "--preset erp-de --source nordlicht-erp",
        "--source nobody",
        "--source nordlicht-erp --mandate nobody",
        "--source nordlicht-erp --facts facts.csv",
        "--preset erp-de --mandate standard",
        "--preset nothing",
    )
    codes = {options: cli("screen", export, *options.split(), "--config", world.creditor).code for options in wrong}

    assert codes == dict.fromkeys(wrong, 2)


def test_thresholds_of_worth_hold_with_the_sum_behind_them(world: World) -> None:
    """The source's success rates and costs decide; the report says what is to be expected."""
    worth = "[sources.worth]\nuncollected_fixed = 1000\nminimum_gain = 1000\nrates = [{percent = 20}]\n"
    world.configure("[[agencies]]", f"{worth}\n[[agencies]]")
    # 20 % of 89.99 less 80 % of 10.00 is 9.99; of 90.00, 10.00
    export = world.drop("x.jsonl", jsonl([row(1, amount="109.99"), row(2, amount="110.00")]))
    options = ("--source", "nordlicht-erp", "--config", world.creditor)

    assert [one["reasons"] for one in told(cli("screen", export, "--json", *options))] == [["not-worth-it"], []]
    assert re.search(
        r"to be expected, by your success rates +10\.00$", cli("screen", export, *options).out, re.MULTILINE
    )


def test_doctor_warns_before_a_table_ends_and_fails_after(world: World) -> None:
    """60 days before, a sentence; from the day after, something is overdue (1) until a row with its source is added."""
    early, soon, late = (datetime(2026, *day, 12, tzinfo=UTC) for day in ((4, 30), (5, 1), (7, 1)))
    says = [cli("doctor", "--json", "--config", world.creditor, now=now) for now in (early, soon, late)]
    figures = [next(one for one in say.json["findings"] if one["what"] == "legal figures") for say in says]

    assert [one["exit_code"] for one in figures] == [0, 0, 1]
    assert "covers the next 60 days" in figures[0]["says"]
    assert "ends on 2026-06-30" in figures[1]["says"]
    assert "ended on 2026-06-30" in figures[2]["says"]
    row_added = '[[figures.base_rates]]\nsince = 2026-07-01\nrate = 100\nsource = "invented for this test"\n'
    world.configure("[[agencies]]", f"{row_added}\n[[agencies]]")
    fixed = cli("doctor", "--json", "--config", world.creditor, now=late)
    assert next(one for one in fixed.json["findings"] if one["what"] == "legal figures")["exit_code"] == 0


def test_the_rules_are_documented_as_they_run() -> None:
    """docs/screening.md ends with the table that the rules themselves print."""
    assert DOCUMENT.read_text().endswith(cli("report", "rules").out)
    assert all(re.fullmatch(r"[a-z][a-z-]{1,39}", one.id) and one.needs for one in RULES)
