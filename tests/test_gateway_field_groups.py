"""Art. 17 by groups of fields: of a claim that is over and only kept, what its source delivered goes at once."""

import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from asking import answered, approved, approving, asked, asking_world, command, found, text_of
from gateway.demo.template import CREDITOR
from gateway.settings import load
from gateway.store.payload import open_source
from gateway.wiring import open_office
from keys.sqlite import open_copy
from world import TODAY, World, cli, jsonl, killed, row

SINCE = TODAY + timedelta(days=1)
LOST = TODAY + timedelta(days=2)
BOTH = ("demo-clerk", "officer")
BIRTHDAY = "1980-02-29"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Three claims with an agency, the first of them recalled: nobody works on it any more."""
    with asking_world(tmp_path) as made:
        assert command(made, "claim", "recall", "F-000001", "--reason", "other").code == 0
        assert command(made, "nightly", now=TODAY + timedelta(hours=1)).code == 0
        assert made.receive(TODAY + timedelta(hours=2)).code == 0
        assert command(made, "feedback", now=TODAY + timedelta(hours=3)).code == 0
        yield made


def match(world: World) -> None:
    """The agency states its books after a restore; nothing leaves before."""
    for path in (world.home / "agency" / "witness").iterdir():
        path.unlink()
    assert cli("agency", "statement", CREDITOR, "--config", world.agency, now=LOST + timedelta(hours=1)).code == 0
    assert command(world, "feedback", now=LOST + timedelta(hours=2)).code in {0, 4}


def decide(world: World) -> str:
    request = asked(world, "erasure", now=SINCE)
    found = approved(world, "request", "approve", request, "--ground", "no-longer-needed", keys=BOTH, now=SINCE)
    assert found.code == 0
    return request


def sources(world: World) -> dict[str, bool]:
    """By claim number: whether what the source delivered opens."""
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        keys = office.vault.find("nordlicht", [f"F-{one:06d}" for one in (1, 2, 3)])
        current = office.claims.current([one.claim_id for one in keys.values()])
        return {number: open_source(current[key.claim_id], key) is not None for number, key in keys.items()}


def source_key(world: World) -> tuple[str, bytes]:
    """The first claim's id, and the key of its source data as it stands in the vault."""
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        key = office.vault.find("nordlicht", ["F-000001"])["F-000001"]
        query = "SELECT wrapped FROM source WHERE id = ?"
        wrapped = office.vault_connection.exec_driver_sql(query, (key.claim_id,)).scalar()
    return key.claim_id, bytes(wrapped)


def test_each_group_of_fields_has_its_own_fate(world: World) -> None:
    """Preview, certificate and stores agree: the source's fields are gone, what was sent and answered is restricted until
    claims about it are time-barred; two other claims are as before, and the log verifies.
    """
    _, wrapped = source_key(world)
    request = asked(world, "erasure", now=SINCE)
    preview = command(world, "request", "preview", request, "--ground", "no-longer-needed", now=SINCE).out
    assert (
        approved(world, "request", "approve", request, "--ground", "no-longer-needed", keys=BOTH, now=SINCE).code == 0
    )
    certificate = text_of(answered(world, request, SINCE) / "letter.pdf")
    access = asked(world, "access", now=SINCE + timedelta(hours=1))
    assert approved(world, "request", "approve", access, keys=("demo-clerk",), now=SINCE).code == 0
    out = answered(world, access, SINCE + timedelta(hours=2))
    told = json.loads((out / "data.json").read_bytes())
    held = {one["claim_no"]: one.get("claim") for one in told["claims"]}
    residue = [
        path.name
        for path in world.creditor.parent.rglob("*")
        if path.is_file() and path.parent.name != "inbox" and wrapped in path.read_bytes()
    ]

    assert "source: erased (1 claim" in preview and "Art. 17(1)(a) GDPR" in preview
    for group in ("verdicts", "disclosed", "correspondence", "links"):
        assert f"{group}: restricted until 2029-12-31" in preview
    assert "2029" in certificate
    assert sources(world) == {"F-000001": False, "F-000002": True, "F-000003": True}
    assert residue == []
    assert held == {"F-000001": None}
    assert "wurde gelöscht" in text_of(out / "letter.pdf")
    assert {"case.new", "case.recall"} <= {one["type"] for one in told["disclosures"] if one["values"]}
    assert world.events().count("erasure.completed") == 1
    assert command(world, "audit", "verify").code == 0
    said = command(world, "audit", "list", "--event", "erasure.completed").out
    assert "What the source delivered is erased" in said
    shown = command(world, "claim", "show", "F-000001", "--json").json
    assert BIRTHDAY not in json.dumps(shown)


def test_a_copy_from_before_does_not_bring_the_fields_back(world: World) -> None:
    """The copy still holds the ciphertext; its key is gone from the vault, and a restore takes the row's content as well."""
    assert command(world, "backup", now=SINCE).code == 0
    copies = {which: max((world.home / "backup" / which).glob("*.db")) for which in ("gateway", "vault")}
    claim, _ = source_key(world)
    decide(world)
    with open_copy(copies["gateway"]).connect() as connection:
        kept = connection.exec_driver_sql("SELECT source FROM screening WHERE claim = ?", (claim,)).scalars().all()
    (world.creditor.parent / "gateway.db").write_bytes(b"lost")
    back = approved(world, "restore", copies["gateway"], copies["vault"], keys=BOTH, now=LOST)

    match(world)
    for path in world.inbox.iterdir():
        path.unlink()
    world.drop("again.jsonl", jsonl([row(1, amount="150.00"), row(2), row(3, customer_no="K-000002")]))
    told = command(world, "nightly", "--json", now=LOST + timedelta(hours=3))

    assert kept and all(one is not None for one in kept)
    assert back.code == 0
    assert sources(world)["F-000001"] is False
    assert (told.code, told.json["rejections"]) == (0, {"claim_no: erased": 1})
    with open_office(load(world.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
        left = [(one.source, one.row_digest) for one in office.claims.history([claim])]
        assert office.vault.by_id([claim])[claim].source is None
    assert set(left) == {(None, b"")}


def test_a_key_that_is_lost_is_no_erasure(world: World) -> None:
    """Whoever takes a source key out of the vault past the journal is not told that a person was erased."""
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        office.vault_connection.exec_driver_sql("DELETE FROM source")
    shown = command(world, "claim", "show", "F-000001")

    assert (shown.code, shown.out) == (5, "")
    assert "of one night" in shown.err


def test_a_letter_goes_where_the_latest_claim_was_addressed(world: World) -> None:
    """Also if what its source delivered was erased: then to where its agency was told, and not to an older address."""
    world.drop("older.jsonl", jsonl([row(4, customer_no="K-000001", **{"address.city": "Altstadt"})]))
    assert command(world, "nightly", now=TODAY + timedelta(hours=4)).code == 0
    world.drop("newer.jsonl", jsonl([row(5, customer_no="K-000001", **{"address.city": "Neustadt"})]))
    assert command(world, "nightly", now=TODAY + timedelta(hours=5)).code == 0
    assert command(world, "claim", "recall", "F-000005", "--reason", "other").code == 0
    assert command(world, "nightly", now=TODAY + timedelta(hours=6)).code == 0
    decide(world)
    access = asked(world, "access", now=SINCE + timedelta(hours=1))
    assert approved(world, "request", "approve", access, keys=("demo-clerk",), now=SINCE).code == 0
    letter = text_of(answered(world, access, SINCE + timedelta(hours=2)) / "letter.pdf")

    assert sources(world) == {"F-000001": False, "F-000002": True, "F-000003": True}
    assert "Neustadt" in letter.partition("F-0000")[0]


STEPS = {
    "journal": "keys.journal:Journal.append",
    "vault": "keys.vault:Vault.destroy",
    "complete": "gateway.retention.erasing:_complete",
    "rows": "gateway.store.items:KeptItems.destroy_sources",
}


@pytest.mark.parametrize("step", STEPS)
def test_it_is_finished_after_a_kill(world: World, step: str) -> None:
    """Killed before any step, the next start takes the fields, once; the request says so."""
    request = asked(world, "erasure")
    ready = approving(world, "request", "approve", request, "--ground", "no-longer-needed", keys=BOTH)
    assert isinstance(ready, tuple)
    assert killed(world, STEPS[step], 1, *map(str, ready)) == (-signal.SIGKILL, STEPS[step])
    assert command(world, "nightly", now=LOST).code in {0, 1}

    assert sources(world)["F-000001"] is False
    assert world.events().count("erasure.completed") == 1
    assert command(world, "audit", "verify").code == 0
    (state,) = command(world, "request", "list", "--all", "--json").json["requests"]
    assert state["state"] in {"executed", "answered"}


def test_the_next_exports_hand_nothing_over_and_the_rest_ends_by_itself(world: World) -> None:
    """The marker keeps the claim out while it is kept; after its last day `nightly` takes what is left."""
    decide(world)
    for path in world.inbox.iterdir():
        path.unlink()
    world.drop("again.jsonl", jsonl([row(1, amount="150.00"), row(2), row(3, customer_no="K-000002")]))
    night = command(world, "nightly", "--json", now=LOST)
    restricted = len(found(world, invoice_no="RE-000001"))
    later = LOST.replace(year=2030, month=1, day=2)
    command(world, "nightly", now=later)

    assert night.json["rejections"] == {"claim_no: erased": 1}
    assert night.json["claims"]["handed_over"] == 0
    assert restricted == 1
    assert found(world, invoice_no="RE-000001") == []
