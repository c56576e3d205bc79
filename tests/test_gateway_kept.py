"""A controller agency keeps what it was asked to erase, says why, and erases it once the reason has ended (Art. 17(3))."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from asking import approved, asked, asking_world, command
from world import TODAY, Result, World, cli


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with asking_world(tmp_path) as made:
        yield made


def hour(number: int) -> datetime:
    return TODAY + timedelta(hours=number)


def decides(world: World, at: int, **said: str) -> Result:
    """The agency's decision about the case, in its own system's file; it arrives, and a night passes at the creditor."""
    path = world.home / f"decision-{at}.json"
    path.write_text(json.dumps([{"type": "notice.ack", **said}]))
    taken = cli("agency", "reply", path, "--config", world.agency, now=hour(at))
    assert world.receive(hour(at)).code == 0
    assert command(world, "nightly", now=hour(at)).code == 0
    return taken


def notice(world: World, request: str, at: int) -> Any:
    """Case reference and answer of the one notice of a request."""
    (found,) = command(world, "request", "show", request, "--json", now=hour(at)).json["notices"]
    return found


def test_what_an_agency_kept_it_erases_later_and_says_so(world: World) -> None:
    """The later answer replaces the earlier one on both sides; afterwards nothing is left to decide."""
    request = asked(world, "erasure")
    granted = approved(
        world, "request", "approve", request, "--ground", "unlawful", keys=("demo-clerk", "officer"), now=hour(1)
    )
    assert (granted.code, command(world, "nightly", now=hour(1)).code, world.receive(hour(1)).code) == (0, 0, 0)
    case = notice(world, request, 1)[4]
    kept = decides(world, 2, case_ref=case, result="kept-because", ground="legal-claims")
    first = notice(world, request, 3)
    until = decides(world, 4, case_ref=case, result="restricted-until", ground="legal-claims", until="2026-12-31")
    second = notice(world, request, 5)
    executed = decides(world, 6, case_ref=case, result="executed")
    third = notice(world, request, 7)
    exported = cli("agency", "export", "nordlicht", "--joined", "--config", world.agency, now=hour(8)).out
    again = decides(world, 8, case_ref=case, result="executed", creditor="nordlicht")

    assert (kept.code, until.code, executed.code) == (0, 0, 0)
    assert [one[3].split()[0] for one in (first, second, third)] == ["kept-because", "restricted-until", "executed"]
    assert "RE-000001" not in exported
    assert (again.code, "this case was erased" in again.err) == (3, True)


def test_a_case_that_nobody_asked_to_erase_has_no_decision(world: World) -> None:
    """A restriction is carried out as it arrives: there is nothing to answer by hand."""
    request = asked(world, "restriction")
    assert (command(world, "nightly", now=hour(1)).code, world.receive(hour(1)).code) == (0, 0)
    refused = decides(world, 2, case_ref=notice(world, request, 1)[4], result="executed")

    assert (refused.code, "no stop of this case waits for a decision" in refused.err) == (3, True)
