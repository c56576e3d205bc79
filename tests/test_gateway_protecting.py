"""Whoever can write to `gateway.db`, and has no key, frees nobody whose claims a request stops (Art. 18, 21 GDPR)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from asking import answered, approved, asked, asking_world, command
from audit.entry import encode
from audit.store import entries
from gateway.errors import IntegrityError
from gateway.log.protecting import require_protected
from gateway.settings import load
from gateway.wiring import open_office
from keys.sqlite import open_store
from schemas.request_entry import RequestDecided, RequestExecuted
from world import TODAY, World, jsonl, row

LATER = TODAY + timedelta(days=1)
NEW = [row(4, customer_no="K-000002"), row(5)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A restriction of one person that stays until it is lifted, and new claims of that person and of another."""
    with asking_world(tmp_path) as made:
        request = asked(made, "restriction", invoice="RE-000003")
        assert approved(made, "request", "approve", request, keys=("demo-clerk",)).code == 0
        answered(made, request)
        made.drop("second.jsonl", jsonl(NEW))
        yield made


def stops_no_more(connection: Connection) -> None:
    connection.execute(text("UPDATE request SET stops = 0"))


def was_never_there(connection: Connection) -> None:
    for table in ("notice", "request_subject", "request"):
        connection.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize("alter", [stops_no_more, was_never_there])
def test_nobody_is_freed_in_the_database_alone(world: World, alter: Callable[[Connection], None]) -> None:
    """Row and log must agree, or nothing leaves; `doctor` says so, too."""
    sent = sorted(world.sftp.rglob("*"))
    with open_store(world.creditor.parent / "gateway.db").connect() as connection, connection.begin():
        alter(connection)
    night, doctor = world.handover(now=LATER), command(world, "doctor", now=LATER)

    says = "do not agree on which requests stop the hand-over"
    assert (night.code, says in night.err, says in doctor.out) == (5, True, True)
    assert sorted(world.sftp.rglob("*")) == sent


def test_an_entry_that_was_written_over_frees_nobody(world: World) -> None:
    """What ends a protection counts as it was signed; a start finds it at the log's end, this finds it anywhere."""
    with open_office(load(world.creditor)) as office:
        require_protected(office)
        with office.connection.begin():
            stops_no_more(office.connection)
            office.connection.execute(text("DROP TRIGGER log_entry_update"))
            for index, entry in list(entries(office.connection)):
                if isinstance(entry, RequestDecided | RequestExecuted):
                    values = {"leaf": encode(entry.model_copy(update={"stops": False})), "index": index}
                    office.connection.execute(text('UPDATE entry SET leaf = :leaf WHERE "index" = :index'), values)
        with pytest.raises(IntegrityError, match="not the one that the log was signed with"):
            require_protected(office)


def test_whom_a_request_is_about_stands_in_the_vault_as_well(world: World) -> None:
    """A person who was taken out of `gateway.db` stays protected, as the vault has it."""
    with open_store(world.creditor.parent / "gateway.db").connect() as connection, connection.begin():
        connection.execute(text("DELETE FROM request_subject"))
    night = world.handover(now=LATER)

    assert night.json["claims"]["handed_over"] == 1
