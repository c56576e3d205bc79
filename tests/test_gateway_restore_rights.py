"""After a restore: what people asked for and were promised since the copy holds, as far as the vault remembers it."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from asking import address, approved, approving, asked, asking_world, command, found
from gateway.demo.template import AGENCY, CREDITOR
from gateway.demo.vetting import make_key
from gateway.settings import load
from gateway.wiring import open_office
from world import TODAY, Result, World, cli, jsonl, row

SINCE = TODAY + timedelta(days=1)
LOST = TODAY + timedelta(days=2)
BOTH = ("demo-clerk", "officer")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with asking_world(tmp_path) as made:
        yield made


def backup(world: World, which: str) -> Path:
    """The newest copy of a database, put by."""
    assert command(world, "backup", now=LOST).code == 0
    newest = max((world.home / "backup" / which).glob("*.db"))
    kept = world.home / "kept"
    kept.mkdir(exist_ok=True)
    for path in (newest, newest.with_name(f"{newest.name}.json")):
        shutil.copy(path, kept)
    return kept / newest.name


def restored(world: World, gateway: Path, keys: tuple[str, ...] = BOTH) -> Result:
    """`gateway.db` is lost, and comes back from a copy, with the newest vault."""
    vault = backup(world, "vault")
    (world.creditor.parent / "gateway.db").write_bytes(b"lost")
    return approved(world, "restore", gateway, vault, keys=keys, now=LOST)


def match(world: World) -> None:
    """The agency states its books; nothing leaves before."""
    for path in (world.home / "agency" / "witness").iterdir():
        path.unlink()
    stated = cli("agency", "statement", CREDITOR, "--config", world.agency, now=LOST + timedelta(hours=1))
    assert stated.code == 0
    assert command(world, "feedback", now=LOST + timedelta(hours=2)).code in {0, 4}


def night(world: World) -> Result:
    return command(world, "nightly", "--json", now=LOST + timedelta(hours=3))


def test_an_erased_claim_stays_marked_whatever_the_next_export_holds(world: World) -> None:
    """Art. 17: an export that goes on holding the claim brings nobody back, though the copy is older than the erasure, and
    older than a rotation of the keys that its digests stand under.
    """
    copy = backup(world, "gateway")
    assert approved(world, "key", "rotate", "index", keys=("demo-clerk",), now=SINCE).code == 0
    request = asked(world, "erasure", now=SINCE)
    done = approved(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH, now=SINCE)
    assert command(world, "nightly", now=SINCE + timedelta(hours=1)).code == 0
    back = restored(world, copy)
    match(world)
    world.drop("again.jsonl", jsonl([row(1, paid_amount="30.00"), row(2), row(3, customer_no="K-000002")]))
    told = night(world)

    assert (done.code, back.code, told.code) == (0, 0, 0)
    assert told.json["rejections"] == {"claim_no: erased": 1}
    assert (told.json["claims"]["handed_over"], found(world, invoice_no="RE-000001")) == (0, [])


def test_an_objection_of_the_time_that_is_lost_goes_on_stopping(world: World) -> None:
    """Art. 18, 21: the request is open again with its day of receipt, and nothing of the person is handed over."""
    copy = backup(world, "gateway")
    request = asked(world, "objection", now=SINCE)
    assert command(world, "nightly", now=SINCE + timedelta(hours=1)).code == 0
    back = restored(world, copy)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        kept = sum(case.restricted for case in office.cases.at(AGENCY))
    match(world)
    (again,) = command(world, "request", "list", "--json", now=LOST).json["requests"]
    world.drop("more.jsonl", jsonl([row(11, customer_no="K-000001"), row(12)]))
    told = night(world)

    assert back.code == 0 and "open again" in back.out
    assert kept == 1
    assert (again["request"], again["kind"], again["state"], again["received"]) == (
        request,
        "objection",
        "opened",
        SINCE.date().isoformat(),
    )
    assert (told.json["claims"]["handed_over"], told.json["reasons"]) == (1, {"request-open": 1})
    assert command(world, "audit", "verify").code == 0


def test_a_person_whom_only_the_vault_knows_can_still_be_identified(world: World) -> None:
    """Art. 12(2): the copy holds no row of the claim; the request about it is identified, and its preview says so."""
    copy = backup(world, "gateway")
    world.drop("more.jsonl", jsonl([row(11)]))
    assert world.handover(now=SINCE).code == 0
    request = asked(world, "erasure", invoice="RE-000011", now=SINCE)
    assert restored(world, copy).code == 0
    subject = found(world, invoice_no="RE-000011")
    with open_office(load(world.creditor)) as office, office.connection.begin():
        (held,) = office.requests.subjects(request)
    identified = command(world, "request", "identify", request, "--proof", "reference", "--subject", held, now=LOST)
    nowhere = command(world, "request", "preview", request, "--ground", "unlawful", now=LOST)
    address(world, request, now=LOST)
    preview = command(world, "request", "preview", request, "--ground", "unlawful", now=LOST)

    assert (nowhere.code, "where the answer goes" in nowhere.err) == (2, True)
    assert (identified.code, preview.code) == (0, 0)
    assert "1 more claims are known to the vault alone" in preview.out
    assert all(one["subject"] == held for one in subject)


def test_what_an_agency_only_keeps_is_only_kept_here_too(world: World) -> None:
    """Art. 18: a restriction that the copy does not know is taken over from the agency's signed statement."""
    copy = backup(world, "gateway")
    request = asked(world, "restriction", now=SINCE)
    assert command(world, "nightly", now=SINCE + timedelta(hours=1)).code == 0
    world.receive(SINCE + timedelta(hours=2))
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        office.vault.destroy_request(request)  # as if the vault did not remember it
        office.requests.end(request)
    assert restored(world, copy).code == 0
    with open_office(load(world.creditor)) as office, office.connection.begin():
        before = sum(case.restricted for case in office.cases.at(AGENCY))
    match(world)
    with open_office(load(world.creditor)) as office, office.connection.begin():
        after = sum(case.restricted for case in office.cases.at(AGENCY))

    assert (before, after) == (0, 1)


def test_a_key_that_was_revoked_since_the_copy_approves_no_restore(world: World) -> None:
    """The roster of the restore is today's: who left approves nothing, and who came since may."""
    copy = backup(world, "gateway")
    make_key(world.home / "clerk", "second")
    public = world.home / "clerk" / "second.pub"
    assert approved(world, "actor", "add", "second", public, keys=("demo-clerk",), now=SINCE).code == 0
    assert approved(world, "actor", "revoke", "officer", keys=("demo-clerk",), now=SINCE).code == 0
    vault = backup(world, "vault")
    (world.creditor.parent / "gateway.db").write_bytes(b"lost")
    gone = approving(world, "restore", copy, vault, keys=BOTH, now=LOST)
    assert not isinstance(gone, Result)
    refused = command(world, *gone, now=LOST)
    done = approved(world, "restore", copy, vault, keys=("demo-clerk", "second"), now=LOST)
    names = json.loads(command(world, "actor", "list", "--json", now=LOST).out)

    assert (refused.code, "not by an active actor" in refused.err) == (2, True)
    assert (done.code, done.err) == (0, "")
    assert "second" in json.dumps(names)


def test_a_database_that_was_restored_can_be_restored_again(world: World) -> None:
    """What the first restore could not match is in the copy made after it, and stays held."""
    first = backup(world, "gateway")
    world.drop("more.jsonl", jsonl([row(11)]))
    assert world.handover(now=SINCE).code == 0
    assert restored(world, first).code == 0
    second = backup(world, "gateway")
    again = restored(world, second)

    assert (again.code, again.err) == (0, "")


@pytest.mark.parametrize("since", ["came back", "was refused and came back", "became known", "contests"])
def test_what_happened_to_a_request_since_the_copy_goes_on_stopping(world: World, since: str) -> None:
    """Art. 18: a restriction that was lifted when the copy was made, or refused and not answered, and asked for again since;
    an objection whose person was known only later; a claim that was contested along with a request for access.
    """
    opening = ("request", "open", "objection", "--channel", "letter", "--received", "2026-06-30")
    subject = found(world, invoice_no="RE-000001")[0]["subject"]
    if since == "came back":
        request = asked(world, "objection")
        assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
        assert command(world, "request", "answer", request, "--out", world.home / "answer").code == 0
        lifted = ("request", "lift", request, "--out", world.home / "lift")
        assert approved(world, *lifted, keys=("demo-clerk",)).code == 0
    elif since == "was refused and came back":
        request = asked(world, "objection")
        assert approved(world, "request", "approve", request, "--refuse", "no-ground", keys=BOTH).code == 0
    elif since == "became known":
        request = command(world, *opening).out.split()[0]
    copy = backup(world, "gateway")
    if since == "was refused and came back":
        assert command(world, "request", "answer", request, "--out", world.home / "answer").code == 0
    if since.endswith("came back"):
        assert command(world, "request", "reopen", request, "--received", "2026-07-01", now=SINCE).code == 0
    elif since == "became known":
        proven = ("request", "identify", request, "--proof", "reference", "--subject", subject)
        assert command(world, *proven, now=SINCE).code == 0
    else:
        request = asked(world, "access", "--contested", now=SINCE)
    assert restored(world, copy).code == 0
    (again,) = command(world, "request", "list", "--json", now=LOST).json["requests"]
    match(world)
    world.drop("more.jsonl", jsonl([row(11, customer_no="K-000001"), row(12)]))
    told = night(world)

    received = "2026-06-30" if since == "became known" else "2026-07-01"
    assert (again["request"], again["state"], again["received"]) == (request, "opened", received)
    contested = {"disputed": 1} if since == "contests" else {}
    assert (told.json["claims"]["handed_over"], told.json["reasons"]) == (1, contested | {"request-open": 1})
    assert command(world, "audit", "verify").code == 0
