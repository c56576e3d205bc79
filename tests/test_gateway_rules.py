"""The decision table: every rule the day before, on the day and the day after; a cent below, equal and above."""

from datetime import date
from itertools import permutations

import pytest

from gateway.rules.ordered import RULES, rule
from gateway.rules.rule import Severity
from judging import CLAIM, EMAIL, FIRM, LETTER, Situation, reminder
from schemas.claim import Disputed
from schemas.facts import FactKind, Facts
from schemas.mandate import Handling
from schemas.screening import Cleared, Default, DefaultGround, Held, History, Refused
from schemas.worth import SuccessRate, Worth


def day(text: str) -> date:
    return date.fromisoformat(text)


def told(*kinds: FactKind, **sums: object) -> dict[str, object]:
    return {"facts": Facts(fresh=True, kinds=frozenset(kinds), **sums)}


def due(text: str, today: str, **declared: object) -> Situation:
    return Situation({"due_date": day(text)}, declared=declared, today=day(today))


def born(text: str, contract: str) -> Situation:
    return Situation({"debtor.birth_date": day(text), "contract_date": day(contract)})


def arose(contract: str, today: str, **claim: object) -> Situation:
    return Situation({"contract_date": day(contract), **claim}, today=day(today))


def reminded(*sent: object, fees: int = 0) -> Situation:
    return Situation({"reminders": sent, "fees": fees})


def worth(minimum: int, **changes: object) -> Situation:
    rate = SuccessRate(percent=50, **changes)
    return Situation(known={"worth": Worth(rates=(rate,), minimum_gain=minimum)})


def term(days: int, contract: str = "2026-11-20", **declared: object) -> Situation:
    invoice = day(contract)
    claim = {
        "contract_date": invoice,
        "invoice_date": invoice,
        "due_date": date.fromordinal(invoice.toordinal() + days),
    }
    return Situation(claim, declared=declared, today=day("2027-06-30"))


MAHNUNG = reminder(2, "2026-02-20")
LAST_DAY_BEFORE_DEFAULT, FIRST_DAY_OF_DEFAULT = day("2026-02-23"), day("2026-02-24")
TABLE: dict[str, tuple[list[Situation], list[Situation]]] = {
    "unmatched": ([Situation(known={"unmatched": True})], [Situation()]),
    "date-in-future": (
        [
            Situation({"contract_date": day("2026-07-01")}),
            Situation({"debtor.birth_date": day("2026-07-01")}),
            reminded(MAHNUNG, reminder(3, "2026-07-01")),
        ],
        [
            Situation({"contract_date": day("2026-06-30")}),
            Situation({"debtor.birth_date": day("2026-06-30")}),
            Situation({"debtor.birth_date": None}),
            reminded(MAHNUNG, reminder(3, "2026-06-30")),
        ],
    ),
    "due-before-invoice": (
        [Situation({"due_date": day("2026-01-09")})],
        [Situation({"due_date": day("2026-01-10")}), Situation({"due_date": day("2026-01-11")})],
    ),
    "postcode": (
        [Situation({"debtor.address.postcode": code}) for code in ("1234", "123456", "D-10115", "9604\u0667", "")],
        [Situation(), Situation({"debtor.address.postcode": "1010", "debtor.address.country": "AT"})],
    ),
    "address-missing": (
        [Situation({f"debtor.address.{part}": ""}) for part in ("street", "postcode", "city")],
        [Situation({"debtor.address.house_no": ""})],
    ),
    "blank-name": (
        [Situation({"debtor.last_name": None}), Situation({"debtor": FIRM, "debtor.company_name": None})],
        [Situation({"debtor.first_name": None}), Situation({"debtor": FIRM})],
    ),
    "name-characters": (
        [Situation({"debtor.last_name": f"Bei{letter}spiel"}) for letter in ("\x07", "\u200b", "\u202e")],
        [Situation({"debtor.last_name": name}) for name in ("O\u2019Neill", "Nguyễn", "Y\u0131lmaz")],
    ),
    "mojibake": (
        [Situation({"debtor.last_name": name}) for name in ("MÃ¶ller", "M\N{REPLACEMENT CHARACTER}ller")],
        [Situation({"debtor.last_name": name}) for name in ("Möller", "Übelhör", "Łukasz")],
    ),
    "negative-amount": (
        [Situation({"amount": -1}), Situation({"paid": -1})],
        [Situation({"amount": 0, "paid": 0}), Situation({"amount": 1, "paid": 0})],
    ),
    "overpaid": ([Situation({"paid": 12_051})], [Situation({"paid": 12_050}), Situation({"paid": 12_049})]),
    "abroad": ([Situation({"debtor.address.country": "AT"}), Situation({"debtor.address.country": ""})], [Situation()]),
    "currency": ([Situation({"currency": code}) for code in ("CHF", "eur", "€")], [Situation()]),
    "nothing-open": ([Situation({"paid": 12_050})], [Situation({"paid": 12_049}), Situation({"paid": 12_051})]),
    "balance-conflict": (
        [Situation(known=told(paid=1)), Situation(known=told(paid=1_999))],
        [Situation(known=told(paid=paid)) for paid in (0, 2_000, 2_001)],
    ),
    "withdrawn": ([Situation(known=told(FactKind.WITHDRAWAL))], [Situation(known=told())]),
    "returned": ([Situation(known=told(FactKind.RETURN))], [Situation(known=told(returned_on=day("2026-01-30")))]),
    "return-in-transit": (
        [Situation(known=told(returned_on=day(sent))) for sent in ("2026-06-16", "2026-06-30")],
        [Situation(known=told(returned_on=day("2026-06-15"))), Situation(known=told())],
    ),
    "fraud": ([Situation(known=told(FactKind.FRAUD))], [Situation(known=told())]),
    "not-due": (
        [
            due("2026-06-30", "2026-06-30"),
            due("2026-06-27", "2026-06-29"),  # a Saturday
            due("2026-06-28", "2026-06-29"),  # a Sunday
            due("2026-03-28", "2026-03-30"),  # over the night without its third hour
            due("2026-10-24", "2026-10-26"),  # over the night that has it twice
            due("2024-02-29", "2024-02-29"),
            due("2026-01-01", "2026-01-02"),  # New Year's Day
            due("2026-01-06", "2026-01-07"),  # Epiphany, somewhere
            due("2026-01-06", "2026-01-07", land="BY"),
            due("2025-05-08", "2025-05-09", land="BE"),  # a holiday of one year in one Land
            due("2026-04-03", "2026-04-07"),  # Good Friday to Easter Monday
        ],
        [
            due("2026-06-29", "2026-06-30"),
            due("2026-06-26", "2026-06-27"),
            due("2026-03-28", "2026-03-31"),
            due("2026-10-24", "2026-10-27"),
            due("2024-02-29", "2024-03-01"),
            due("2025-12-31", "2026-01-01"),
            due("2026-01-06", "2026-01-07", land="HH"),
            due("2026-05-08", "2026-05-09", land="BE"),
            due("2026-04-03", "2026-04-08"),
        ],
    ),
    "deferred": (
        [Situation(known=told(deferred_to=day(last))) for last in ("2026-06-30", "2026-07-01")],
        [Situation(known=told(deferred_to=day("2026-06-29"))), Situation()],
    ),
    "not-in-default": (
        [
            Situation(today=LAST_DAY_BEFORE_DEFAULT),
            Situation({"reminders": ()}),
            Situation({"reminders": (reminder(1, "2026-02-20"),)}),
            Situation({"reminders": (reminder(2, "2026-01-23"),)}),  # on the last day of payment
        ],
        [
            Situation(today=FIRST_DAY_OF_DEFAULT),
            Situation({"reminders": (reminder(2, "2026-01-24"),)}),
            Situation({"reminders": ()}, declared={"payment_date_agreed": True}),
        ],
    ),
    "payment-blocked": ([Situation(known=told(FactKind.BLOCKED_PAYMENT))], [Situation(known=told())]),
    "limitation-suspected": (
        [
            arose("2022-12-31", "2026-01-01"),
            arose("2022-01-01", "2026-01-01"),
            arose("2022-12-31", "2026-01-02", suspended_days=1),
            arose("2020-02-29", "2024-01-01"),
            Situation(
                {"contract_date": day("2022-11-30"), "due_date": day("2022-12-30")},
                told(deferred_to=day("2023-01-31")),
                declared={"payment_date_agreed": True},
                today=day("2026-01-01"),
            ),
        ],
        [
            arose("2022-12-31", "2025-12-31"),
            arose("2023-01-01", "2026-01-01"),
            arose("2022-12-31", "2026-01-01", suspended_days=1),
            Situation(
                {"contract_date": day("2022-12-31"), "due_date": day("2023-01-02")},
                declared={"payment_date_agreed": True},
                today=day("2026-01-01"),
            ),
        ],
    ),
    "limitation-near": (
        [arose("2023-05-01", last) for last in ("2026-10-03", "2026-12-31")],
        [arose("2023-05-01", last) for last in ("2026-10-02", "2027-01-01")],
    ),
    "disputed": ([Situation({"disputed": Disputed.YES})], [Situation(), Situation({"disputed": Disputed.UNKNOWN})]),
    "dispute-unknown": (
        [Situation({"disputed": Disputed.UNKNOWN})],
        [Situation(), Situation({"disputed": Disputed.YES})],
    ),
    "minor": (
        [born("2008-01-09", "2026-01-08"), born("2008-02-29", "2026-02-28"), born("2009-01-01", "2026-12-31")],
        [
            born("2008-01-08", "2026-01-08"),
            born("2008-01-07", "2026-01-08"),
            born("2008-02-29", "2026-03-01"),
            Situation({"debtor.birth_date": None}),
            Situation({"debtor": FIRM, "debtor.birth_date": day("2020-01-01")}),
        ],
    ),
    "insolvency": ([Situation(known=told(FactKind.INSOLVENCY))], [Situation(known=told())]),
    "death": ([Situation(known=told(FactKind.DEATH))], [Situation(known=told())]),
    "address-unknown": ([Situation(known=told(FactKind.ADDRESS))], [Situation(known=told())]),
    "request-open": ([Situation(known={"request_open": True})], [Situation()]),
    "credit-possible": (
        [term(51), term(15, large_online_seller=True)],
        [
            term(50),
            term(14, large_online_seller=True),
            term(51, contract="2026-11-19"),  # the day before the directive applies
            term(51, consumer_credit=Handling.ASSESSED),
            term(51, consumer_credit=Handling.HOLD),
            term(51).with_(Situation({"debtor": FIRM})),
        ],
    ),
    "credit-held": (
        [term(51, consumer_credit=Handling.HOLD)],
        [term(50, consumer_credit=Handling.HOLD), term(51), term(51, consumer_credit=Handling.ASSESSED)],
    ),
    "instalments-possible": (
        [Situation({"by_instalments": True})],
        [
            Situation(),
            Situation({"by_instalments": True}, declared={"instalments": Handling.ASSESSED}),
            Situation({"by_instalments": True, "debtor": FIRM}),
        ],
    ),
    "instalments-held": (
        [Situation({"by_instalments": True}, declared={"instalments": Handling.HOLD})],
        [Situation(declared={"instalments": Handling.HOLD}), Situation({"by_instalments": True})],
    ),
    "no-mandate": ([Situation(known={"mandates": 0})], [Situation(known={"mandates": 1})]),
    "two-mandates": ([Situation(known={"mandates": 2})], [Situation(known={"mandates": 1})]),
    "agency-unfit": ([Situation(known={"agency_fit": False})], [Situation()]),
    "below-minimum": (
        [Situation({"amount": 3_499})],
        [Situation({"amount": 3_500}), Situation({"amount": 3_501}), Situation({"paid": 12_050})],
    ),
    "not-worth-it": (
        [worth(5_026), worth(5_026, up_to_amount=10_050), worth(5_026, up_to_days=158)],
        [worth(5_025), worth(5_024), worth(5_026, up_to_amount=10_049), worth(5_026, up_to_days=157), Situation()],
    ),
    **{
        name: ([Situation(known={"mixed_up": frozenset({name})})], [Situation()])
        for name in ("invoice-repeated", "identity-conflict", "two-customers")
    },
    "repeated": ([Situation(known={"repeated": True})], [Situation()]),
    "changed-after-hand-over": ([Situation(known={"handed_over": True})], [Situation()]),
    "hold-expired": (
        [Situation(known={"held_since": day("2026-05-30"), "hold_days": 30})],
        [
            Situation(known={"held_since": day("2026-05-31"), "hold_days": 30}),
            Situation(known={"held_since": day("2026-06-01"), "hold_days": 30}),
            Situation(),
        ],
    ),
    "fees-removed": (
        [
            reminded(reminder(2, "2026-02-20", fee=1)),  # the first Mahnung is free
            reminded(MAHNUNG, reminder(3, "2026-03-10", fee=77)),
            reminded(MAHNUNG, reminder(3, "2026-03-10", EMAIL, 1)),
            reminded(MAHNUNG, reminder(3, "2026-02-23", fee=1)),  # sent before default began
            reminded(MAHNUNG, reminder(3, "2026-03-10", fee=76), fees=77),
        ],
        [
            reminded(MAHNUNG, reminder(3, "2026-03-10", fee=76)),
            reminded(MAHNUNG, reminder(3, "2026-03-10", fee=75), fees=75),
            reminded(MAHNUNG, reminder(3, "2026-02-24", LETTER, 76)),
            reminded(MAHNUNG, reminder(3, "2026-03-10", fee=90)).with_(Situation(declared={"letter_cost": 90})),
        ],
    ),
    "rate-replaced": (
        [
            Situation({"interest_rate": 626}),
            Situation({"interest_rate": 628}),
            Situation({"interest_rate": 1_027}),
            Situation({"interest_rate": 627}, today=day("2026-07-01")),  # no row covers the day
        ],
        [Situation({"interest_rate": 627}), Situation({"interest_rate": 1_027, "debtor": FIRM}), Situation()],
    ),
}
CASES = [
    (name, one, fires)
    for name, cases in TABLE.items()
    for fires, part in zip((True, False), cases, strict=True)
    for one in part
]


def test_the_table_knows_every_rule() -> None:
    """No rule is without cases, and no id or sentence stands twice."""
    assert TABLE.keys() == {one.id for one in RULES}
    for sentence in ("id", "sentence_de", "sentence_en"):
        assert len({getattr(one, sentence) for one in RULES}) == len(RULES)


@pytest.mark.parametrize(("name", "situation", "fires"), CASES, ids=[f"{name}-{fires}" for name, _, fires in CASES])
def test_a_rule_fires_exactly_on_its_side_of_the_boundary(name: str, situation: Situation, fires: bool) -> None:
    """Each rule alone, on the row as it is."""
    assert rule(name).check(*situation.parts) is fires


@pytest.mark.parametrize("name", TABLE)
def test_a_verdict_tells_the_rule_that_fired(name: str) -> None:
    """A note stops nothing; what holds or refuses is told, also when the facts come from the feed."""
    if name == "hold-expired":
        return _expiry_speaks_only_beside_another()
    for situation in TABLE[name][0]:
        verdict = situation.verdict()
        match rule(name).severity:
            case Severity.NOTE:
                assert isinstance(verdict, Held) or (isinstance(verdict, Cleared) and name in verdict.notes)
            case Severity.HOLD:
                assert not isinstance(verdict, Cleared)
                assert name in verdict.rules
            case Severity.REFUSE:
                assert isinstance(verdict, Refused)
                assert name in verdict.rules
    return None


def _expiry_speaks_only_beside_another() -> None:
    expired = TABLE["hold-expired"][0][0]
    assert isinstance(expired.verdict(), Cleared)

    both = expired.with_(TABLE["disputed"][0][0]).verdict()

    assert isinstance(both, Refused)
    assert both.rules == ("disputed", "hold-expired")


def test_the_base_situation_clears() -> None:
    """Nothing fires where nothing is wrong."""
    assert Situation().fired() == set()
    assert Situation().verdict() == Cleared(
        claim=CLAIM,
        default=Default(since=FIRST_DAY_OF_DEFAULT, ground=DefaultGround.MAHNUNG),
        history=History(first_mahnung=MAHNUNG.sent_on, last_mahnung=MAHNUNG.sent_on),
    )


def test_of_two_rules_the_earlier_in_the_order_speaks_first() -> None:
    """For every pair that can fire together: both are told, in the order of the list, and a refusal wins."""
    order = [one.id for one in RULES]
    stopping = [name for name in TABLE if rule(name).severity is not Severity.NOTE]
    seen = 0
    for first, second in permutations(stopping, 2):
        both = TABLE[first][0][0].with_(TABLE[second][0][0])
        verdict = both.verdict()
        if isinstance(verdict, Cleared) or not {first, second} <= set(verdict.rules):
            continue
        seen += 1

        assert [*verdict.rules] == sorted(verdict.rules, key=order.index)
        assert isinstance(verdict, Refused) is any(rule(name).severity is Severity.REFUSE for name in verdict.rules)
    assert seen > 500
