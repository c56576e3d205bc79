"""A package that was uploaded and never received: its number is closed, and what was in it goes out again, once."""

import json
import shutil
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from asking import approved, command
from gateway.settings import load
from gateway.wiring import open_office
from keys.references import new_id
from world import TODAY, Result, World, cli, jsonl, killed, row

EXPIRED = TODAY + timedelta(days=20)


def agency(world: World, *arguments: str | Path, now: datetime = TODAY) -> Result:
    return cli("agency", *arguments, "--config", world.agency, now=now)


def feedback(world: World, now: datetime = TODAY) -> Any:
    return command(world, "feedback", "--json", now=now).json


def unanswered(world: World) -> list[str]:
    with open_office(load(world.creditor)) as office, office.connection.begin():
        return [one.package_id for one in office.packages.unanswered("ostsee")]


def sent(world: World, *rows: dict[str, Any]) -> str:
    """A package with these rows that lies at the server; its id."""
    before = set(unanswered(world))
    world.drop(f"{new_id()}.jsonl", jsonl(list(rows)))
    assert world.handover().code == 0
    (package,) = set(unanswered(world)) - before
    return package


def lose(world: World, package: str) -> Path:
    """Takes a package off the server; where it is kept."""
    kept = world.home / f"lost-{package}"
    kept.mkdir()
    for path in world.sftp.glob(f"{package}.*"):
        path.rename(kept / path.name)
    return kept


def void(world: World, package: str, reason: str = "lost", *more: str, now: datetime = TODAY) -> Result:
    asked = ("package", "void", package, "--agency", "ostsee", "--reason", reason, *more)
    return approved(world, *asked, keys=("demo-clerk",), now=now)


def names_of_voids(world: World) -> set[str]:
    return {path.name[26:] for path in world.sftp.iterdir() if "void" in path.name}


def invoices(world: World, now: datetime = TODAY) -> list[str]:
    """What the agency works on, in order of the invoices."""
    found = [json.loads(line) for line in agency(world, "export", "nordlicht", "--joined", now=now).out.splitlines()]
    return sorted(one["invoice_no"] for one in found if one["standing"] != "recalled")


def assert_in_order(world: World, now: datetime = TODAY) -> None:
    """Both books are equal, nothing waits, and the log verifies."""
    assert agency(world, "statement", "nordlicht", now=now).code == 0
    feedback(world, now)
    books = command(world, "report", "reconcile", "--agency", "ostsee", "--json", now=now)

    assert (books.code, books.json["differences"]) == (0, [])
    assert command(world, "audit", "verify", now=now).code == 0
    assert unanswered(world) == []


def finish(world: World, now: datetime = TODAY) -> Any:
    """The void manifest leaves, is answered, and what went out again arrives; what the first answer was."""
    assert world.handover(now=now).code == 0
    world.receive(now=now)
    told = feedback(world, now)
    assert (world.handover(now=now).code, world.receive(now=now).code) == (0, 0)
    feedback(world, now)
    return told


def test_a_lost_package_is_voided_and_its_claims_arrive_once_under_another_number(world: World) -> None:
    """The number behind it is received at last; a claim that was recalled meanwhile stays here, and nothing is doubled."""
    lost = sent(world, row(1), row(2))
    kept = lose(world, lost)
    sent(world, row(3))
    blocked = world.receive()
    assert command(world, "claim", "recall", "F-000002", "--reason", "not-owed").code == 0
    shown = command(world, "package", "void", "1", "--agency", "ostsee", "--reason", "lost", "--dry-run")
    before = world.events()
    done, twice = void(world, "1"), void(world, lost)
    night, received = world.handover(), world.receive()
    told = feedback(world)
    again, then = world.handover(), world.receive()
    feedback(world)
    shutil.copytree(kept, world.sftp, dirs_exist_ok=True)
    turned_up = world.receive()

    assert (blocked.code, "1 has not arrived: it waits" in blocked.err) == (4, True)
    assert shown.out.splitlines() == [
        f"package: {lost}, number 1 of type cases, from nordlicht to ostsee",
        "reason: lost",
        "a void manifest closes its number; if ostsee then signs that it has not taken the package,",
        "1 claim and 0 messages go out again under another number",
    ]
    assert (done.code, twice.code, "voided already" in twice.err) == (0, 2, True)
    assert world.events()[len(before)] == "package.voided"
    assert (night.code, received.code, received.json["packages"]["received"]) == (0, 0, 3)
    assert told["voided"] == 1
    assert (again.json["claims"]["cleared"], then.code) == (1, 0)
    assert (turned_up.code, turned_up.json["packages"]["received"]) == (0, 0)
    assert invoices(world) == ["RE-000001", "RE-000003"]
    assert_in_order(world)


def test_a_damaged_package_and_one_that_has_expired_are_voided(world: World) -> None:
    """Whatever still lies there is not taken once the void manifest does."""
    damaged = sent(world, row(1))
    (world.sftp / f"{damaged}.cases.jsonl.zst.age").write_bytes(b"damaged")
    assert "another size" in world.receive().err
    assert void(world, damaged, "damaged").code == 0
    first = finish(world)
    expired = sent(world, row(2))
    late = world.receive(now=EXPIRED)
    assert void(world, expired, "expired", now=EXPIRED).code == 0
    second = finish(world, EXPIRED)

    assert (late.code, "has expired: ask its sender to void it" in late.err) == (4, True)
    assert (first["voided"], second["voided"]) == (1, 1)
    assert invoices(world, EXPIRED) == ["RE-000001", "RE-000002"]
    assert_in_order(world, EXPIRED)


def _received_before_the_void_left(world: World) -> None:
    assert world.receive().code == 0


def _received_and_collected_before_the_void_left(world: World) -> None:
    assert world.receive().code == 0
    feedback(world)
    assert world.handover().code == 0
    assert names_of_voids(world) == set()


def _received_while_the_void_was_uploaded(world: World) -> None:
    kept = world.home / "kept"
    shutil.copytree(world.sftp, kept, ignore=shutil.ignore_patterns("answers"))
    assert world.handover().code == 0
    voids = [path for path in world.sftp.iterdir() if "void" in path.name]
    hidden = [path.rename(world.home / path.name) for path in voids]
    shutil.copytree(kept, world.sftp, dirs_exist_ok=True)
    assert world.receive().code == 0
    for path in hidden:
        path.rename(world.sftp / path.name)


@pytest.mark.parametrize("removes", [False, True])
@pytest.mark.parametrize(
    "crossing",
    [
        _received_before_the_void_left,
        _received_and_collected_before_the_void_left,
        _received_while_the_void_was_uploaded,
    ],
)
def test_a_receipt_that_crosses_the_void_stands(
    world: World, crossing: Callable[[World], None], *, removes: bool
) -> None:
    """The agency has the package: it is delivered, its number is not closed, and no case goes out a second time."""
    if removes:
        world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    package = sent(world, row(1))
    assert void(world, package).code == 0
    crossing(world)
    told = finish(world)
    events = world.events()

    assert told["voided"] == 0
    assert (events.count("package.delivered"), events.count("package.refused")) == (1, 0)
    assert events.count("package.sealed") == 1
    assert invoices(world) == ["RE-000001"]
    assert_in_order(world)


def test_a_void_manifest_also_reaches_an_agency_that_gets_no_cases_now(world: World) -> None:
    """Its check is too old for a new case, and closing a number hands nothing over."""
    much_later = TODAY + timedelta(days=500)
    package = sent(world, row(1))
    assert void(world, package, "expired", now=much_later).code == 0
    night = world.handover(now=much_later)

    assert (night.code, names_of_voids(world)) == (4, {".void.json", ".void.json.sig"})


def test_a_stop_and_a_probe_that_were_lost_go_out_again(world: World) -> None:
    """Each type has a count of its own; a probe hands nothing over, and is made anew by whoever asks for one."""
    sent(world, row(1))
    assert (world.receive().code, feedback(world)["packages"]["delivered"]) == (0, 1)
    assert command(world, "claim", "recall", "F-000001", "--reason", "not-owed").code == 0
    assert world.handover().code == 0
    (stop,) = unanswered(world)
    lose(world, stop)
    assert command(world, "agency", "probe", "ostsee").code == 0
    (probe,) = set(unanswered(world)) - {stop}
    lose(world, probe)
    voided = [void(world, "1", "lost", "--type", kind).code for kind in ("stops", "probe")]
    told = finish(world)

    assert voided == [0, 0]
    assert told["voided"] == 2
    assert invoices(world) == []
    assert command(world, "agency", "probe", "ostsee").code == 0
    assert world.receive().code == 0
    assert feedback(world)["packages"]["delivered"] == 1
    assert_in_order(world)


def test_a_restriction_whose_end_was_lost_with_its_case_does_not_outlive_it(world: World) -> None:
    """The agency keeps the restriction of a case that never came, and never heard of its end: it comes free."""
    package = sent(world, row(1))
    lose(world, package)
    sent(world, row(1, disputed=True))
    world.receive()
    feedback(world)
    end = sent(world, row(1, note="settled"))
    lose(world, end)
    assert [void(world, one).code for one in (package, end)] == [0, 0]
    told = finish(world)
    (case,) = map(json.loads, agency(world, "export", "nordlicht").out.splitlines())

    assert told["voided"] == 2
    assert case["restricted"] is False
    assert_in_order(world)


def test_only_what_was_uploaded_and_has_no_receipt_is_voided(world: World) -> None:
    """And by a person who has seen the preview; nothing else leaves a trace."""
    package = sent(world, row(1))
    alone = command(world, "package", "void", package, "--agency", "ostsee", "--reason", "lost")
    assert world.receive().code == 0
    feedback(world)
    before = world.events()
    refused = [void(world, one) for one in (package, "9", new_id())]
    strange = command(world, "package", "void", package, "--agency", "nobody", "--reason", "lost")

    assert (alone.code, "this needs the approval of 1 actor" in alone.err) == (2, True)
    assert [one.code for one in refused] == [2, 2, 2]
    assert "it has what was in it" in refused[0].err
    assert all("no package of this id or number" in one.err for one in refused[1:])
    assert (strange.code, strange.err) == (2, "inkasso: no agency of that name is configured: see [[agencies]]\n")
    assert world.events() == before


CREDITOR_STEPS = [
    ("gateway.handover.outbox:_remove_voided", 1),
    ("gateway.transport.sftp:SftpTransport.upload", 1),
    ("gateway.transport.sftp:SftpTransport.upload", 2),
    ("gateway.store.packages:Packages.voided", 1),
]


@pytest.mark.parametrize(
    ("function", "nth", "where"),
    [
        ("gateway.store.packages:Packages.revoke", 1, "void"),
        ("gateway.handover.void:publish", 1, "void"),
        *((*step, "handover") for step in CREDITOR_STEPS),
        ("gateway.agency.store:CasesStore.receive", 1, "receive"),
        ("gateway.agency.post:_place", 1, "receive"),
        ("gateway.store.packages:Packages.refused", 1, "feedback"),
        ("gateway.feedback.run:_clean_up", 1, "feedback"),
    ],
)
def test_a_kill_while_a_package_is_voided_loses_and_repeats_nothing(
    world: World, function: str, nth: int, where: str
) -> None:
    """Whoever dies where: the number is closed once, and the claim arrives once."""
    world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    package = sent(world, row(1))
    lose(world, package)
    given = ("package", "void", package, "--agency", "ostsee", "--reason", "lost")
    preview = world.home / "void.preview"
    assert command(world, *given, "--preview-to", preview).code == 0
    given = (*given, "--preview", str(preview), "--key", str(world.home / "clerk" / "demo-clerk"))
    commands = {
        "void": given,
        "handover": ("handover", "--json"),
        "receive": ("agency", "receive", "--config", str(world.agency)),
        "feedback": ("feedback", "--json"),
    }
    for name, one in commands.items():
        if name == where:
            assert killed(world, function, nth, *one) == (-signal.SIGKILL, function)
        cli(*one, *(() if "--config" in one else ("--config", world.creditor)))
    finish(world)

    assert [world.events().count(one) for one in ("package.voided", "package.refused")] == [1, 1]
    assert invoices(world) == ["RE-000001"]
    assert list(world.home.glob("creditor/outbox/*.part")) == []
    assert_in_order(world)
