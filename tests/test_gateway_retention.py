"""Retention: what ends by calendar is erased by the night, and nothing a day too early (Art. 5(1)(e) GDPR)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from gateway.rights.erasure import end_restrictions
from gateway.settings import load
from gateway.store.case_tables import CaseRow
from gateway.store.cases import MessageRecord
from gateway.store.payload import ItemKept, seal_message
from gateway.store.requests import Restriction
from gateway.wiring import open_office
from keys.references import new_id
from schemas.answers import CaseStatus
from schemas.codes import CaseStanding, StatusCode
from schemas.request import RequestState
from world import TODAY, World, cli, jsonl, row

REFUSED = {"amount": "20.00"}  # all of it is paid: nothing is open
CANARY = "Quastenflosser"


def retention(world: World, now: datetime, *arguments: str) -> dict[str, object]:
    found = cli("retention", "--json", *arguments, "--config", world.creditor, now=now)

    assert (found.code, found.err) == (0, "")
    found_json: dict[str, object] = found.json
    return found_json


def handed_over(world: World, standing: CaseStanding = CaseStanding.ACTIVE, closed: str | None = None) -> None:
    """Claim 1 is with the agency, in this standing; claim 2 was refused."""
    rows = [row(1, **{"debtor.last_name": CANARY}), row(2, **REFUSED, **{"debtor.last_name": CANARY})]
    world.drop("export.jsonl", jsonl(rows))
    figures = world.handover().json["claims"]

    assert (figures["handed_over"], figures["refused"]) == (1, 1)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        office.connection.execute(update(CaseRow).values(standing=standing, closed=closed))


@pytest.mark.parametrize(
    ("days", "ended"),
    [(0, {}), (30, {}), (31, {"refused": 1})],
)
def test_a_refused_claim_ends_after_thirty_days(world: World, days: int, ended: dict[str, int]) -> None:
    """A claim that never left is kept for 30 days after its verdict; the day after, it ends."""
    handed_over(world)

    assert retention(world, TODAY + timedelta(days=days), "--dry-run") == {"ended": ended, "erased": 0}


@pytest.mark.parametrize(
    ("standing", "closed", "today", "ended"),
    [
        (CaseStanding.CLOSED, "2026-07-10T10:00:00+00:00", date(2029, 12, 31), 0),
        (CaseStanding.CLOSED, "2026-07-10T10:00:00+00:00", date(2030, 1, 1), 1),
        # 31 December, 23:30 in UTC, is the first of January in Germany: a year more.
        (CaseStanding.CLOSED, "2026-12-31T23:30:00+00:00", date(2030, 1, 1), 0),
        (CaseStanding.CLOSED, "2026-12-31T23:30:00+00:00", date(2031, 1, 1), 1),
        (CaseStanding.ACTIVE, None, date(2040, 1, 1), 0),
        (CaseStanding.PAUSED, None, date(2040, 1, 1), 0),
    ],
)
def test_a_closed_claim_ends_three_years_after_its_year(
    world: World, standing: CaseStanding, closed: str | None, today: date, ended: int
) -> None:
    """§§ 195, 199 BGB: three years to the end of the year by the calendar in Germany; what is worked on never ends."""
    handed_over(world, standing=standing, closed=closed)
    found = retention(world, datetime(today.year, today.month, today.day, 12, tzinfo=UTC), "--dry-run")

    assert found["ended"] == ({"closed-claim": ended} if ended else {}) | {"refused": 1}


@pytest.mark.parametrize(
    ("status", "today", "ended"),
    [
        (StatusCode.LETTER_SENT, date(2030, 1, 1), {"closed-claim"}),
        (StatusCode.COURT_ORDER, date(2030, 1, 1), set()),
        (StatusCode.ENFORCEMENT, date(2056, 8, 1), set()),
        (StatusCode.ENFORCEMENT, date(2056, 8, 2), {"title"}),
    ],
)
def test_a_title_is_kept_for_thirty_years(world: World, status: StatusCode, today: date, ended: set[str]) -> None:
    """§ 197(1) Nr. 3 BGB: a claim whose agency reported a court order or enforcement is kept for thirty years from it."""
    handed_over(world, standing=CaseStanding.CLOSED, closed="2026-09-10T10:00:00+00:00")
    told(world, status)
    found = retention(world, datetime(today.year, today.month, today.day, 12, tzinfo=UTC), "--dry-run")["ended"]

    assert isinstance(found, dict)
    assert found.keys() & {"closed-claim", "title"} == ended


def test_what_a_request_restricts_is_kept_while_there_is_a_title(world: World) -> None:
    """§ 197(1) Nr. 3 BGB: a restriction that was set before the title was told of does not end before the title does."""
    handed_over(world, standing=CaseStanding.CLOSED, closed="2026-09-10T10:00:00+00:00")
    told(world, StatusCode.COURT_ORDER)
    with open_office(load(world.creditor)) as office:
        with office.connection.begin():
            (case,) = office.cases.at("ostsee")
            office.requests.restrict([Restriction(case.claim, date(2029, 12, 31), "§ 195 BGB", new_id())])
        early = end_restrictions(office, date(2030, 1, 1), TODAY)
        with office.connection.begin():
            until = office.requests.restrictions([case.claim])[case.claim].until
        late = end_restrictions(office, date(2056, 8, 2), TODAY)

    assert (early, until, late) == (0, date(2056, 8, 1), 1)
    assert world.events().count("restrictions.prolonged") == 1


def test_a_closed_request_ends_three_years_after_the_year_of_its_answer(world: World) -> None:
    """Its key, its file, whom it was about and its notices go in one step, with an entry; what is not closed stays."""
    opening = ("request", "open", "access", "--channel", "email", "--received", "2026-06-29")
    ended, kept = (cli(*opening, "--config", world.creditor).out.split()[0] for _ in range(2))
    with open_office(load(world.creditor)) as office, office.connection.begin():
        office.requests.change(ended, state=RequestState.CLOSED, answered=date(2026, 7, 3))
        office.requests.change(kept, state=RequestState.ANSWERED, answered=date(2026, 7, 3))
    early = retention(world, datetime(2029, 12, 31, 12, tzinfo=UTC))
    shown = retention(world, datetime(2030, 1, 1, 12, tzinfo=UTC), "--dry-run")
    done = retention(world, datetime(2030, 1, 1, 12, tzinfo=UTC))
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        left = [office.vault.request_key(one) is not None for one in (ended, kept)]
        rows = [office.requests.get(one) is not None for one in (ended, kept)]

    assert (early["ended"], shown["ended"], done["ended"]) == ({}, {"request": 1}, {"request": 1})
    assert (left, rows) == ([False, True], [False, True])
    assert world.events()[-1] == "request.ended"
    assert ended.encode() not in b"".join(path.read_bytes() for path in world.creditor.parent.glob("vault.db*"))


def test_what_has_ended_is_gone_and_the_log_still_verifies(world: World) -> None:
    """The night erases what has ended by itself: its canaries are in no store, and each missing item is accounted for."""
    handed_over(world, standing=CaseStanding.CLOSED, closed="2026-07-10T10:00:00+00:00")
    later = datetime(2030, 1, 2, 3, tzinfo=UTC)

    assert retention(world, later) == {"ended": {"refused": 1, "closed-claim": 1}, "erased": 2}
    assert retention(world, later) == {"ended": {}, "erased": 0}
    assert world.events()[-4:] == ["erasure.intended", "erasure.completed"] * 2
    left = b"".join(path.read_bytes() for path in world.creditor.parent.glob("*.db*"))
    assert CANARY.encode() not in left
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        assert office.vault.count() == 0


def told(world: World, status: StatusCode) -> None:
    """The agency reported this of its one case, on 1 August."""
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        (case,) = office.cases.at("ostsee")
        key = office.vault.by_id([case.claim])[case.claim]
        case_ref = office.vault.references_of([case.claim], "ostsee")[case.claim]
        message = CaseStatus(message_id=new_id(), case_ref=case_ref, status=status, since=date(2026, 8, 1))
        kept = ItemKept(item=message.model_dump_json() + "\n", opening="A" * 43)
        record = MessageRecord(
            message.message_id, False, "ostsee", case.entity, message.type, case.claim, None, None, None, "", None,
            seal_message(kept, key, message.message_id),
        )  # fmt: skip
        office.cases.keep([record])
