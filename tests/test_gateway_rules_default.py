"""Default in payment branch by branch, the costs it makes owed, the reminder history, and the credit bureau."""

from datetime import UTC, date, datetime

import pytest

from gateway.rules.bureau import bureau_eligible
from gateway.rules.costs import costs, removed
from gateway.rules.default import default, history, mahnungen
from judging import EMAIL, FIRM, LETTER, TODAY, Situation, reminder
from schemas.calendar import day_in_germany
from schemas.claim import Disputed, ReminderChannel
from schemas.facts import Facts
from schemas.screening import CostKind, CreditorCost, Default, DefaultGround

MAHNUNG, CALENDAR, NOTICE = DefaultGround.MAHNUNG, DefaultGround.CALENDAR, DefaultGround.NOTICE


def day(text: str) -> date:
    return date.fromisoformat(text)


def by(*sent: object, **declared: object) -> Situation:
    return Situation({"reminders": sent}, declared=declared)


NOTICED = {"notice_since": day("2026-01-10")}


@pytest.mark.parametrize(
    ("situation", "since", "ground"),
    [
        (by(reminder(2, "2026-02-20")), "2026-02-24", MAHNUNG),
        (by(reminder(2, "2026-02-20", EMAIL)), "2026-02-22", MAHNUNG),
        (by(reminder(2, "2026-02-20"), post_days=1), "2026-02-22", MAHNUNG),
        (by(reminder(3, "2026-03-01"), reminder(2, "2026-02-20")), "2026-02-24", MAHNUNG),
        (by(reminder(2, "2026-03-27")), "2026-03-31", MAHNUNG),  # over the short night of 29 March
        (by(reminder(1, "2026-02-20")), None, None),
        (by(reminder(2, "2026-01-23")), None, None),  # sent on the last day of payment
        (by(reminder(2, "2026-01-26")).with_(Situation({"due_date": day("2026-01-24")})), None, None),  # a Saturday
        (by(payment_date_agreed=True), "2026-01-24", CALENDAR),
        (by(payment_date_agreed=True).with_(Situation({"due_date": day("2025-12-31")})), "2026-01-01", CALENDAR),
        (by(payment_date_agreed=True).with_(Situation({"due_date": day("2024-02-28")})), "2024-02-29", CALENDAR),
        (by(**NOTICED), "2026-02-24", NOTICE),  # the thirtieth day is a Sunday
        (by(**NOTICED).with_(Situation({"due_date": day("2026-01-12")})), "2026-02-13", NOTICE),  # received on the 13th
        (by(notice_since=day("2026-01-11")), None, None),
        (by().with_(Situation({"debtor": FIRM})), "2026-02-24", NOTICE),
        (by(reminder(2, "2026-02-20"), **NOTICED), "2026-02-24", MAHNUNG),  # the same day: a Mahnung goes first
        (by(reminder(2, "2026-01-24"), payment_date_agreed=True), "2026-01-24", CALENDAR),
    ],
)
def test_default_begins_with_the_earliest_branch(
    situation: Situation, since: str | None, ground: DefaultGround | None
) -> None:
    """§ 286(1) to (3) BGB with §§ 187, 188, 193."""
    claim, known, _, _ = situation.parts
    expected = None if since is None or ground is None else Default(since=day(since), ground=ground)

    assert default(claim, known) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-28T22:59:59", "2026-03-28"),
        ("2026-03-28T23:00:00", "2026-03-29"),
        ("2026-03-29T21:59:59", "2026-03-29"),
        ("2026-03-29T22:00:00", "2026-03-30"),
        ("2026-10-24T21:59:59", "2026-10-24"),
        ("2026-10-24T22:00:00", "2026-10-25"),
        ("2026-10-25T22:59:59", "2026-10-25"),
        ("2026-10-25T23:00:00", "2026-10-26"),
        ("2026-12-31T23:00:00", "2027-01-01"),
        ("2028-02-28T23:00:00", "2028-02-29"),
    ],
)
def test_days_begin_at_midnight_in_germany(moment: str, expected: str) -> None:
    """Both changes of the clock, a year's end, a leap day."""
    assert day_in_germany(datetime.fromisoformat(moment).replace(tzinfo=UTC)) == day(expected)


def test_a_deferral_makes_earlier_reminders_void() -> None:
    """Who was granted more time was not in default before, and needs a new Mahnung after (§ 271 BGB)."""
    deferred = {"facts": Facts(fresh=True, deferred_to=day("2026-05-29"))}
    early = Situation(known=deferred)
    late = early.with_(by(reminder(2, "2026-06-01")))

    assert early.verdict().rules == ("not-in-default",)
    assert late.verdict().default == Default(since=day("2026-06-05"), ground=MAHNUNG)


def cost(day_sent: str, amount: int, kind: CostKind = CostKind.REMINDER) -> CreditorCost:
    return CreditorCost(kind=kind, on=day(day_sent), amount=amount)


@pytest.mark.parametrize(
    ("situation", "expected", "taken_out"),
    [
        (by(reminder(2, "2026-02-20", fee=250)), (), 250),
        (by(reminder(2, "2026-02-20"), reminder(3, "2026-03-10", fee=500)), (cost("2026-03-10", 76),), 424),
        (by(reminder(1, "2026-02-02", fee=50), reminder(2, "2026-02-20")), (), 50),
        (
            by(reminder(2, "2026-02-20"), reminder(3, "2026-03-10", fee=90), letter_cost=85),
            (cost("2026-03-10", 85),),
            5,
        ),
        (by(reminder(2, "2026-02-20"), reminder(3, "2026-03-10", fee=90), letter_cost=0), (), 90),
        (by(lump_sum=True), (), 0),
        (
            by(lump_sum=True).with_(Situation({"debtor": FIRM, "fees": 4_000})),
            (cost("2026-02-24", 4_000, CostKind.LUMP_SUM),),
            0,
        ),
        (by().with_(Situation({"debtor": FIRM, "fees": 4_000})), (), 4_000),
    ],
)
def test_only_what_is_owed_of_the_creditors_costs_stays(
    situation: Situation, expected: tuple[CreditorCost, ...], taken_out: int
) -> None:
    """No flat fee, nothing for the first Mahnung or an e-mail, 40 EUR from businesses alone (§ 288(5) BGB)."""
    claim, known, _, _ = situation.parts

    assert costs(claim, known) == expected
    assert removed(claim, known) == taken_out


def test_reminder_history_is_told_apart() -> None:
    """A payment reminder is no Mahnung, and the last warning is the one declared as such."""
    sent = (reminder(1, "2026-02-02"), reminder(3, "2026-03-20"), reminder(2, "2026-02-20"))
    claim, known, _, _ = by(*sent, last_warning_level=3).parts
    found = history(mahnungen(claim, known), known)

    assert (found.first_mahnung, found.last_mahnung) == (day("2026-02-20"), day("2026-03-20"))
    assert found.last_warning == day("2026-03-20")
    claim, undeclared, _, _ = by(*sent).parts
    assert history(mahnungen(claim, undeclared), undeclared).last_warning is None


TWO_LETTERS = (reminder(2, "2026-06-02"), reminder(3, "2026-06-16"))


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (by(*TWO_LETTERS, bureau_notice_level=3), True),
        (by(*TWO_LETTERS, bureau_notice_level=2), True),
        (by(*TWO_LETTERS), False),
        (by(*TWO_LETTERS, bureau_notice_level=4), False),
        (by(reminder(2, "2026-06-03"), TWO_LETTERS[1], bureau_notice_level=3), False),  # 27 days ago
        (by(reminder(2, "2026-06-01"), TWO_LETTERS[1], bureau_notice_level=3), True),
        (by(TWO_LETTERS[0], bureau_notice_level=2), False),
        (by(TWO_LETTERS[0], reminder(3, "2026-06-16", EMAIL), bureau_notice_level=2), False),
        (by(reminder(1, "2026-06-02", LETTER), TWO_LETTERS[1], bureau_notice_level=3), False),
        (by(TWO_LETTERS[0], reminder(3, "2026-06-16", ReminderChannel.SMS), bureau_notice_level=2), False),
        (by(TWO_LETTERS[0], reminder(3, "2026-07-01"), bureau_notice_level=3), False),
        (by(*TWO_LETTERS, bureau_notice_level=3).with_(Situation({"disputed": Disputed.YES})), False),
        (by(*TWO_LETTERS, bureau_notice_level=3).with_(Situation({"disputed": Disputed.UNKNOWN})), False),
    ],
)
def test_a_bureau_is_told_only_if_all_four_conditions_hold(situation: Situation, expected: bool) -> None:
    """§ 31(2) Nr. 4 a to d BDSG, on the day and the days around it."""
    claim, known, _, _ = situation.parts

    assert bureau_eligible(claim, mahnungen(claim, known), known, TODAY) is expected


def test_bureau_eligibility_travels_as_false_by_default() -> None:
    """A source that declares nothing about bureaus reports nobody."""
    assert Situation().verdict().bureau_eligible is False
