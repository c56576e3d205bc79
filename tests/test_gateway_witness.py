"""The agency watches its creditor's log: each manifest continues what it kept, and what does not raises a lasting alarm."""

import json
import shutil
from pathlib import Path

import pytest

from audit.note import open_cosigned, parse_key
from gateway.agency.settings import load_agency
from gateway.agency.template import agency_template
from gateway.errors import PartnerError
from gateway.log.trail import accept_cosignature
from gateway.settings import load
from gateway.setup import agency_cosigner, init_agency
from gateway.wiring import open_desk, open_office
from schemas.package import Manifest
from world import TODAY, World, cli, row, running_world


def lines(*rows: dict) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in rows)


def manifests(world: World) -> list[Manifest]:
    found = [Manifest.model_validate_json(path.read_bytes()) for path in world.sftp.glob("*.manifest.json")]
    return sorted(found, key=lambda one: one.sequence)


def cosigned(world: World) -> tuple[bytes, int]:
    """The agency's newest cosigned checkpoint, and the size it is over; the cosignature is checked."""
    with open_desk(load_agency(world.agency)) as desk:
        sender = next(world.sftp.glob("*.manifest.json"))
        note = desk.witness.cosigned(Manifest.model_validate_json(sender.read_bytes()).sender)
        text = open_cosigned(note, desk.witness.key).text
    return note, int(text.split(b"\n")[1])


def test_manifests_show_a_log_that_only_grows(tmp_path: Path) -> None:
    """Two nights, two packages: each checkpoint is cosigned, the second by the proof from the first."""
    with running_world(tmp_path) as world:
        world.drop("one.jsonl", lines(row(1)))
        assert world.handover().code == 0
        assert world.receive().code == 0
        first, size = cosigned(world)
        world.drop("two.jsonl", lines(row(2)))
        assert world.handover().code == 0
        assert world.receive().code == 0
        _, later = cosigned(world)
        shown = manifests(world)

        assert later > size
        assert [one.size for one in shown[1].consistency_proof or ()] == [size]
        assert shown[0].journal_head is not None
        with open_office(load(world.creditor)) as office, office.connection.begin():
            with open_desk(load_agency(world.agency)) as desk:
                key = desk.witness.key
            accept_cosignature(office, "ostsee", "nordlicht", first, key)
            assert office.witnesses.cosigned("ostsee", "nordlicht") == first
            with pytest.raises(PartnerError):
                accept_cosignature(office, "ostsee", "nordlicht", first, parse_key(shown[0].log_key or ""))


def test_a_rewritten_log_raises_an_alarm_that_stays(tmp_path: Path) -> None:
    """The creditor's owner goes on with an older database: exit 5, no cosignature, again in the next run."""
    with running_world(tmp_path) as world:
        home = world.creditor.parent
        shutil.copytree(home, tmp_path / "old")
        for number in (1, 2):
            world.drop(f"{number}.jsonl", lines(row(number)))
            assert world.handover().code == 0
            assert world.receive().code == 0
        before, _ = cosigned(world)
        for path in world.sftp.iterdir():
            path.unlink() if path.is_file() else None
        shutil.rmtree(home)
        shutil.copytree(tmp_path / "old", home)
        for number in (3, 4, 5):
            world.drop(f"{number}.jsonl", lines(row(number)))
            assert world.handover().code == 0
        received = world.receive()

        assert received.code == 5
        assert "ALARM" in received.err
        assert cosigned(world)[0] == before
        assert world.receive().code == 5


def test_cosignatures_come_back_and_keep_manifests_short(tmp_path: Path) -> None:
    """With the agency's public key, three nights show one proof each, from what was cosigned; one by another is a fault."""
    with running_world(tmp_path) as world:
        key = agency_cosigner(world.agency.parent, "ostsee")
        codes = []
        for number in (1, 2, 3):
            world.drop(f"{number}.jsonl", lines(row(number)))
            assert world.handover().code == 0
            assert world.receive().code == 0
            codes.append(cli("feedback", "--config", world.creditor).code)
        shown = [one for one in manifests(world) if one.package_type == "cases"]
        size = cosigned(world)[1]
        with open_office(load(world.creditor)) as office, office.connection.begin():
            kept = office.witnesses.sizes("ostsee", "nordlicht")
        other = init_agency(tmp_path / "other", agency_template("other", "sftp"), "", TODAY)
        world.configure(key, agency_cosigner(tmp_path / "other", "ostsee"))
        unvetted = world.handover("--dry-run")
        world.vet()
        world.drop("4.jsonl", lines(row(4)))
        world.handover()
        world.receive()
        wrong = cli("feedback", "--json", "--config", world.creditor)

    assert other
    assert "its profile or keys have changed since the check" in unvetted.err
    assert codes == [0, 0, 0]
    assert [len(one.consistency_proof or ()) for one in shown] == [0, 1, 1]
    assert kept == (size,)
    assert (wrong.code, wrong.json["packages"]["delivered"]) == (4, 1)
    assert "not its own" in wrong.err
