"""A change of the log's key is followed by everybody who holds the log to account: agency, witness, stranger, readings."""

from datetime import timedelta
from pathlib import Path

from gateway.demo.vetting import ACTOR
from gateway.settings import load
from gateway.wiring import open_office
from world import TODAY, Result, World, cli, jsonl, row, running_world


def run(world: World, *arguments: str | Path) -> Result:
    found = cli(*arguments, "--config", world.creditor)
    assert (found.code, found.err) == (0, "")
    return found


def rotate(world: World) -> None:
    """Approved by the one actor, from a preview that was written before."""
    shown, key = world.home / "preview", world.home / "clerk" / ACTOR
    run(world, "key", "rotate", "log-signing", "--preview-to", shown)
    run(world, "key", "rotate", "log-signing", "--preview", shown, "--key", key)


def test_everybody_follows_the_logs_key_across_its_change(tmp_path: Path) -> None:
    """Cosigned before, cosigned after, without an alarm; verified live and offline from the first key; held checkpoints
    of either key count; the log of readings changes with it.
    """
    out, dpo, earlier = tmp_path / "out", tmp_path / "dpo", tmp_path / "earlier"
    with running_world(tmp_path) as world:
        world.drop("one.jsonl", jsonl([row(1)]))
        assert (world.handover().code, world.receive().code) == (0, 0)
        run(world, "audit", "export", out)
        key = (out / "vkey").read_text().strip()
        earlier.write_bytes((out / "checkpoint").read_bytes())
        run(world, "claim", "show", "F-000001")
        assert cli("audit", "witness", out, "--home", dpo, "--init").code == 0
        rotate(world)
        world.drop("two.jsonl", jsonl([row(1), row(2)]))
        later = TODAY + timedelta(days=1)
        assert (world.handover(now=later).code, world.receive(now=later).code) == (0, 0)
        run(world, "audit", "export", out)
        run(world, "claim", "show", "F-000002")
        watched = cli("audit", "witness", out, "--home", dpo, now=later)
        offline = cli("audit", "verify", out, "--key", key, "--held", earlier, "--held", dpo / "log.cosigned", "--json")
        readings = run(world, "audit", "verify", "--readings", "2026", "--json")
        alarms = list((world.home / "agency" / "witness").glob("*.alarm"))
        assert cli("feedback", "--config", world.creditor, now=later).code == 0
        sampled = run(world, "audit", "sample", "--count", "500", "--json").json["sampled"]
        with open_office(load(world.creditor)) as office:
            changed = office.log.key

    assert str(changed) != key
    assert (watched.code, alarms) == (0, [])
    assert [one["size"] for one in offline.json["held"]] == sorted(one["size"] for one in offline.json["held"])
    assert offline.json["fault"] is None
    assert {one["receipt"] for one in sampled if one["outcome"] == "opened"} == {"", "signed for"}
    assert (readings.json["fault"], readings.json["entries"]) == (None, 4)
    assert run(world, "audit", "verify", "--json").json["fault"] is None
