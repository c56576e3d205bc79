"""Retention: what ends by calendar is erased by the night, and nothing a day too early (Art. 5(1)(e) GDPR)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from asking import asked, command
from gateway.rights.erasure import end_restrictions
from gateway.settings import load
from gateway.store.case_tables import CaseRow
from gateway.store.cases import MessageRecord
from gateway.store.payload import ItemKept, seal_message
from gateway.store.requests import Marker, Restriction
from gateway.wiring import open_office
from keys.references import new_id
from schemas.answers import CaseStatus
from schemas.codes import CaseStanding, StatusCode
from schemas.request import ErasureClaim, RequestState
from world import TODAY, World, cli, jsonl, row

REFUSED = {"amount": "20.00"}  # all of it is paid: nothing is open
CANARY = "Quastenflosser"
NORM = "Art. 17(1)(d) GDPR"
MARKED = (date(2026, 7, 19), date(2036, 6, 30), date(2036, 6, 30), date(2036, 7, 1))


def retention(world: World, now: datetime, *arguments: str) -> dict[str, Any]:
    found = cli("retention", "--json", *arguments, "--config", world.creditor, now=now)

    assert (found.code, found.err) == (0, "")
    found_json: dict[str, Any] = found.json
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

    found = retention(world, TODAY + timedelta(days=days), "--dry-run")

    assert (found["ended"], found["erased"]) == (ended, 0)


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


@pytest.mark.parametrize("standing", [CaseStanding.ACTIVE, CaseStanding.RECALLED])
def test_proceedings_hold_a_claim(world: World, standing: CaseStanding) -> None:
    """Art. 17(3)(e): a court order says that a court has the claim; the calendar ends it neither while it is worked on, nor
    three years after a recall.
    """
    handed_over(world, standing=standing)
    told(world, StatusCode.COURT_ORDER)
    found = retention(world, datetime(2040, 1, 1, 12, tzinfo=UTC))

    assert (found["ended"], found["erased"]) == ({"refused": 1}, 1)


@pytest.mark.parametrize("ground", list(ErasureClaim))
def test_proceedings_are_shown_as_why_a_claim_is_kept(world: World, ground: ErasureClaim) -> None:
    """Art. 17(3)(e): whoever decides about an erasure sees that the claim is kept while a court has it, on any ground."""
    handed_over(world)
    told(world, StatusCode.COURT_ORDER)
    request = asked(world, "erasure")
    shown = command(world, "request", "preview", request, "--ground", ground)

    assert shown.code == 0
    assert "disclosed: kept (1 claim), Art. 17(3)(e) GDPR" in shown.out
    assert "claim F-000001: kept" in shown.out


def test_a_dry_run_shows_what_goes_next_and_why(world: World) -> None:
    """Of each kind what has ended, the day on which the night ends the next, how many then, and the norm; no names."""
    handed_over(world, standing=CaseStanding.CLOSED, closed="2026-07-10T10:00:00+00:00")
    today = datetime(2026, 7, 20, 12, tzinfo=UTC)
    with open_office(load(world.creditor)) as office:
        with office.connection.begin():
            office.requests.mark([Marker(bytes([n]), NORM, day, new_id()) for n, day in enumerate(MARKED)])
        office.readings.record("claim show", [new_id()], TODAY)
    lines = [
        ["refused", "Art. 5(1)(e) GDPR", 0, "2026-07-31", 1],
        ["closed-claim", "§§ 195, 199 BGB", 0, "2030-01-01", 1],
        ["marker", NORM, 1, "2036-07-01", 2],
        ["readings", "Art. 5(1)(e) GDPR", 0, "2028-01-01", 1],
    ]
    shown = retention(world, today, "--dry-run")
    table = cli("retention", "--dry-run", "--config", world.creditor, now=today)

    assert [list(one.values()) for one in shown["coming"]] == lines
    assert shown["ended"] == {"marker": 1}
    assert table.code == 0
    rows = [line.split() for line in table.out.splitlines()]
    assert all(any({day, str(count)} <= set(row) for row in rows) for _, _, _, day, count in lines)
    assert all(norm in table.out for _, norm, *_ in lines)
    assert CANARY not in table.out


def test_a_dry_run_shows_restrictions_requests_and_titles(world: World) -> None:
    """A restriction ends on its last day by its own norm, or by a title's once one is told of; so does a request."""
    handed_over(world, standing=CaseStanding.CLOSED, closed="2026-07-10T10:00:00+00:00")
    request = cli(
        "request", "open", "access", "--channel", "email", "--received", "2026-06-29", "--config", world.creditor
    )
    with open_office(load(world.creditor)) as office, office.connection.begin():
        (case,) = office.cases.at("ostsee")
        office.requests.restrict([Restriction(case.claim, date(2029, 12, 31), NORM, new_id())])
        office.requests.change(request.out.split()[0], state=RequestState.CLOSED, answered=date(2026, 7, 3))
    restricted = coming_of(world, "restriction", "request")
    told(world, StatusCode.COURT_ORDER)
    titled = coming_of(world, "restriction", "closed-claim", "title")

    assert restricted == [
        ["request", "Art. 5(2) GDPR, § 41 BDSG, § 31(2) Nr. 1 OWiG", 0, "2030-01-01", 1],
        ["restriction", NORM, 0, "2030-01-01", 1],
    ]
    assert titled == [["restriction", "§ 197(1) Nr. 3 BGB", 0, "2056-08-02", 1]]


def test_a_dry_run_foretells_nothing_that_a_request_keeps(world: World) -> None:
    """What a person has asked to see has no day on which it ends, until that is answered."""
    handed_over(world, standing=CaseStanding.CLOSED, closed="2026-07-10T10:00:00+00:00")
    clues = world.home / "clues.json"
    clues.write_text('{"invoice_no": "RE-000001"}')
    found = cli("subject", "find", "--clues", clues, "--json", "--config", world.creditor).json["candidates"]
    before = coming_of(world, "closed-claim")
    opening = ("request", "open", "access", "--channel", "email", "--received", "2026-06-29")
    assert cli(*opening, "--subject", found[0]["subject"], "--config", world.creditor).code == 0

    assert (len(before), coming_of(world, "closed-claim")) == (1, [])


def test_a_world_without_claims_has_nothing_to_end(world: World) -> None:
    """The plain form says so, and names no day."""
    shown = cli("retention", "--dry-run", "--config", world.creditor)

    assert (shown.code, "nothing is kept for a period yet" in shown.out) == (0, True)


def coming_of(world: World, *kinds: str) -> list[list[object]]:
    """What a dry run of 20 July says of these kinds."""
    shown = retention(world, datetime(2026, 7, 20, 12, tzinfo=UTC), "--dry-run")["coming"]
    return [list(one.values()) for one in shown if one["kind"] in kinds]


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
