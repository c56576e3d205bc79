"""The one table of states: every pair that it does not name raises, and changes nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from gateway.errors import IntegrityError
from gateway.state import (
    CLAIM_TRANSITIONS,
    PACKAGE_TRANSITIONS,
    CaseEvent,
    ClaimState,
    IllegalTransitionError,
    PackageState,
    advance,
    judge_again,
    standing_after,
)
from gateway.store.packages import Addressee, FileOfPackage, Outgoing, Packages
from gateway.store.tables import PackageRow
from keys.sqlite import create_store
from schemas.codes import CaseStanding
from schemas.package import PackageType

NOW = datetime(2026, 6, 30, 3, 0, tzinfo=UTC)
PACKAGE = "a" * 26
NORTH = Addressee("ostsee", "nordlicht", PackageType.CASES)
PAIRS = list(product(PackageState, PackageState))


def test_every_state_is_in_the_table() -> None:
    """No state is without a row, and a package that has left or ended never becomes open again."""
    assert set(PACKAGE_TRANSITIONS) == set(PackageState)
    assert set(CLAIM_TRANSITIONS) == set(ClaimState)
    assert all(PackageState.OPEN not in following for following in PACKAGE_TRANSITIONS.values())


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_a_package_only_goes_along_the_table(old: PackageState, new: PackageState) -> None:
    """Each allowed pair gives the new state; each other one raises, and is a fault of integrity."""
    if new in PACKAGE_TRANSITIONS[old]:
        assert advance(old, new) is new
    else:
        with pytest.raises(IllegalTransitionError, match=f"{old} cannot become {new}"):
            advance(old, new)


@pytest.mark.parametrize(("old", "new"), list(product(ClaimState, ClaimState)))
def test_a_cleared_claim_is_never_cleared_again(old: ClaimState, new: ClaimState) -> None:
    """What has been handed over is never handed over again; everything else may be judged again."""
    if new is ClaimState.CLEARED and old in {ClaimState.CLEARED, ClaimState.CHANGED}:
        with pytest.raises(IllegalTransitionError):
            judge_again(old, new)
    else:
        assert judge_again(old, new) is new


@pytest.mark.parametrize("event", CaseEvent)
def test_what_happens_to_a_case_is_in_the_table(event: CaseEvent) -> None:
    """Erased is for ever, whatever comes; a recalled or refused case is never worked again."""
    after = {old: standing_after(old, event) for old in CaseStanding}
    working = {CaseStanding.ACTIVE, CaseStanding.PAUSED, CaseStanding.UNDER_REVIEW, CaseStanding.QUESTION}

    assert after[CaseStanding.ERASED] in {CaseStanding.ERASED, None}
    for ended in (CaseStanding.REFUSED, CaseStanding.RECALLED, CaseStanding.CLOSED):
        assert after[ended] not in working


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = create_store(tmp_path / "gateway.db", PackageRow.metadata)
    with engine.connect() as made:
        yield made
    engine.dispose()


def content(connection: Connection) -> list[tuple[object, ...]]:
    with connection.begin():
        return [
            tuple(row)
            for table in ("package", "package_file")
            for row in connection.execute(text(f"select * from {table}"))
        ]


STEPS = (PackageState.EMPTY, PackageState.SEALED, PackageState.UPLOADED)


@pytest.mark.parametrize(("old", "new"), list(product(PackageState, STEPS)))
def test_an_illegal_step_of_the_store_changes_nothing(
    connection: Connection, old: PackageState, new: PackageState
) -> None:
    """Whatever the store is told to do with a package in whatever state: along the table, or not at all."""
    packages = Packages(connection)
    with connection.begin():
        packages.open(PACKAGE, NORTH, "erp", NOW)
        connection.execute(text("update package set state = :state"), {"state": old.value})
    before = content(connection)
    files = (FileOfPackage("name", 1, "0" * 64),)
    outgoing = Outgoing(PACKAGE, "ostsee", PackageType.CASES, 1, 2, PackageState.SEALED, files)
    steps = {
        PackageState.EMPTY: lambda: packages.finish_empty(PACKAGE, 1),
        PackageState.SEALED: lambda: packages.seal(outgoing, 1, 2),
        PackageState.UPLOADED: lambda: packages.uploaded(PACKAGE, 3, NOW),
        PackageState.VOID: lambda: packages.voided(PACKAGE, 3),
        PackageState.DELIVERED: lambda: packages.delivered(PACKAGE, NOW),
        PackageState.WITHDRAWN: lambda: packages.withdraw(PACKAGE, files),
    }
    if new in PACKAGE_TRANSITIONS[old]:
        with connection.begin():
            steps[new]()

        assert content(connection) != before
    else:
        with pytest.raises(IllegalTransitionError), connection.begin():
            steps[new]()

        assert content(connection) == before


@pytest.mark.parametrize("state", [state for state in PackageState if state is not PackageState.OPEN])
def test_only_an_open_package_can_be_forgotten(connection: Connection, state: PackageState) -> None:
    """What was sealed, sent or counted stays."""
    packages = Packages(connection)
    with connection.begin():
        packages.open(PACKAGE, NORTH, "erp", NOW)
        connection.execute(text("update package set state = :state"), {"state": state.value})
    before = content(connection)
    with pytest.raises(IntegrityError, match="only an open package"), connection.begin():
        packages.remove(PACKAGE)

    assert content(connection) == before
