"""What `request show` and `request open` say: who approved, when, about which case, and what else is pending."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asking import answered, approved, asked, asking_world, command, found
from gateway.demo.template import AGENCY
from gateway.people.signers import file_key
from gateway.settings import load
from gateway.wiring import open_office
from world import World

NOW = datetime(2026, 7, 1, 3, 0, 1, 234567, tzinfo=UTC)
BOTH = ("demo-clerk", "officer")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with asking_world(tmp_path) as made:
        yield made


def test_who_approved_is_shown_whole_and_when_as_the_log_has_it(world: World) -> None:
    """Two approved an erasure: both keys stand there. Moments have whole seconds, and those of the log."""
    request = asked(world, "erasure", invoice="RE-000002", now=NOW)
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        claims = list(office.vault.of_subjects(office.requests.subjects(request)))
        refs = office.vault.references_of(claims, AGENCY).values()
    done = approved(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH, now=NOW)
    shown = command(world, "request", "show", request, "--json").json
    (decided,) = [one for one in shown["steps"] if one[2] == "request decided"]
    keys = ", ".join(f"key:{file_key(world.home / 'clerk' / name).key.fingerprint}" for name in BOTH)

    assert done.code == 0
    assert decided == ["2026-07-01T03:00:01+00:00", keys, "request decided"]
    assert {one[0] for one in shown["steps"]} == {"2026-07-01T03:00:01+00:00"}
    assert {one[2] for one in shown["notices"]} == {"2026-07-01T03:00:01+00:00"}
    assert sorted(one[4] for one in shown["notices"]) == sorted(refs)
    assert keys in command(world, "request", "show", request).out


def test_a_second_request_of_the_same_kind_is_opened_and_the_first_is_named(world: World) -> None:
    """Art. 12(5): a person decides whether it repeats the first. Another kind or person does not, nor what was answered."""
    subject, other = (found(world, invoice_no=one)[0]["subject"] for one in ("RE-000001", "RE-000002"))
    opening = ("--channel", "letter", "--received", "2026-06-30")
    first = asked(world, "access")
    beside = [
        command(world, "request", "open", "erasure", *opening, "--subject", subject),
        command(world, "request", "open", "access", *opening, "--subject", other),
        command(world, "request", "open", "access", *opening),
    ]
    second = command(world, "request", "open", "access", *opening, "--subject", subject)
    unknown = beside[2].out.split()[0]
    known = command(world, "request", "identify", unknown, "--proof", "reference", "--subject", subject)
    for request in (first, unknown, second.out.split()[0]):
        command(world, "request", "identify", request, "--proof", "reference", "--subject", subject)
        assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
        answered(world, request)
    third = command(world, "request", "open", "access", *opening, "--subject", subject)
    sentence = f"request {first} of the same person, access as well, has not been answered either\n"

    assert [one.code for one in (*beside, second, known, third)] == [0] * 6
    assert sentence in second.out and sentence in known.out
    assert not any("same person" in one.out for one in (*beside, third))
