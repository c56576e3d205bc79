"""Reading personal data is an entry in a log of its own, durable before the first byte is shown."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.retention.calendar import end_readings
from gateway.settings import load
from gateway.wiring import open_office
from world import TODAY, World, cli, row, running_world

NAME = "Kanarienname"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two claims handed over, of one customer."""
    with running_world(tmp_path_factory.mktemp("reading")) as found:
        rows = [row(one, **{"debtor.last_name": NAME, "customer_no": "K-1"}) for one in (1, 2)]
        found.drop("one.jsonl", b"".join(json.dumps(one).encode() + b"\n" for one in rows))
        assert found.handover().code == 0
    return found


def run(world: World, *arguments: str | Path, now: datetime = TODAY):
    return cli(*arguments, "--config", world.creditor, now=now)


def readings(world: World, *arguments: str) -> list[dict[str, object]]:
    return run(world, "audit", "list", "--readings", "2026", "--json", *arguments).json["entries"]


def test_what_is_held_is_shown_and_the_showing_is_an_entry(world: World) -> None:
    """Fields, verdicts and packages; one item a claim; the log is found by claim and by customer, and holds no name."""
    claim = run(world, "claim", "show", "F-000001")
    subject = run(world, "subject", "show", "K-1", "--json")
    both = readings(world, "--subject", "K-1", "--event", "data.read")
    log = (world.creditor.parent / "readings" / "2026.db").read_bytes()

    assert (claim.code, NAME in claim.out, "cleared" in claim.out, "case.new" in claim.out) == (0, True, True, True)
    assert [one["fields"]["debtor"]["last_name"] for one in subject.json["claims"]] == [NAME, NAME]
    assert [(one["command"], one["items"]["count"]) for one in both] == [("claim show", 1), ("subject show", 2)]
    assert len(readings(world, "--claim", "F-000001", "--event", "data.read")) == 2
    assert NAME.encode() not in log
    assert run(world, "claim", "show", "F-9").code == 3


def test_nothing_is_shown_that_could_not_be_logged_first(world: World, tmp_path: Path) -> None:
    """The log of the year is gone, or cannot be written: exit code, and not a byte of the person."""
    claims = [*readings(world), *run(world, "claim", "show", "F-000001", "--json").json["claims"]]
    store = world.creditor.parent / "readings" / "2026.db"
    kept = store.read_bytes()
    store.unlink()
    gone = [run(world, *command) for command in (("claim", "show", "F-000001"), ("subject", "show", "K-1"))]
    index = str(run(world, "audit", "list", "--event", "package.sealed", "--json").json["entries"][0]["index"])
    gone.append(run(world, "audit", "open", index, "0", tmp_path / "evidence"))
    store.write_bytes(kept)
    store.chmod(0o600)

    assert claims
    assert [one.code for one in gone] == [5, 5, 5]
    assert not any(NAME in one.out + one.err for one in gone)
    assert not (tmp_path / "evidence").exists()


def test_reading_the_log_is_one_entry_in_it_and_ends(world: World) -> None:
    """Two lists make two entries, each before it is shown, and no more."""
    first = [one["event"] for one in readings(world)]
    second = [one["event"] for one in readings(world)]

    assert first[0] == "readings.begun"
    assert second == [*first, "log.read"]


def test_it_verifies_and_is_exported_like_the_other_log(world: World, tmp_path: Path) -> None:
    """Live with every item opened, and offline by the same verifier; an older file in its place is refused."""
    run(world, "claim", "show", "F-000001")
    live = run(world, "audit", "verify", "--readings", "2026", "--json")
    exported = run(world, "audit", "export", tmp_path / "out", "--readings", "2026")
    store = world.creditor.parent / "readings" / "2026.db"
    older = store.read_bytes()
    run(world, "claim", "show", "F-000001")
    newest = store.read_bytes()
    store.write_bytes(older)
    refused = run(world, "claim", "show", "F-000001")
    store.write_bytes(newest)

    assert (live.code, live.json["fault"], live.json["items"]["not_opened"]) == (0, None, 0)
    assert exported.code == 0
    assert cli("audit", "verify", tmp_path / "out", "--json").json["fault"] is None
    assert refused.code == 5


def test_a_log_of_readings_ends_whole_a_year_after_its_own(world: World) -> None:
    """The running year and the one before it are kept; the end of an older one is an entry of the audit log."""
    for year in (2027, 2028):
        run(world, "claim", "show", "F-000001", now=datetime(year, 3, 1, tzinfo=UTC))
    with open_office(load(world.creditor)) as office:
        kept = end_readings(office, datetime(2027, 12, 31, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC).date())
        ended = end_readings(office, datetime(2028, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC).date())
        years = office.readings.years()

    assert (kept, ended, years) == ([], [2026], [2027, 2028])
    assert world.events()[-1] == "readings.ended"
    assert run(world, "audit", "list", "--readings", "2026", now=datetime(2028, 3, 2, tzinfo=UTC)).code == 3
