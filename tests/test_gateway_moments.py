"""A moment that no clock shows, signed by a partner, is refused like anything else that a schema does not allow."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import TypeAdapter, ValidationError

from asking import command
from gateway.agency.settings import load_agency
from gateway.settings import load
from gateway.wiring import creditor_ring, open_desk
from keys.sshsig import sign
from schemas.base import Instant
from schemas.canonical import encode
from test_gateway_void import feedback, sent
from world import World, row

NEVER = ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59Z"]


def date_back(manifest: Path, key: Ed25519PrivateKey, moment: str) -> None:
    """The manifest says that it was made at a moment, under a signature of its sender's."""
    content = json.loads(manifest.read_bytes()) | {"created": moment}
    manifest.write_bytes(encode(content))
    namespace = f"{content['package_type']}@inkasso-gateway"
    manifest.with_name(f"{manifest.name}.sig").write_bytes(sign(encode(content), key, namespace))


@pytest.mark.parametrize("text", NEVER)
def test_a_moment_has_a_day_in_every_zone(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[datetime](Instant).validate_json(f'"{text}"')


def test_an_agency_whose_manifest_names_such_a_moment_does_not_end_the_run(world: World) -> None:
    sent(world, row(1))
    assert world.receive().code == 0
    (manifest,) = (world.sftp / "answers").glob("*.manifest.json")
    with open_desk(load_agency(world.agency)) as desk:
        date_back(manifest, desk.ring.signing_key(), NEVER[0])
    told = command(world, "feedback")

    assert (told.code, told.err.count("is not of this format version")) == (4, 1)


def test_a_creditor_whose_manifest_names_such_a_moment_does_not_end_the_run(world: World) -> None:
    """What came before it is taken and answered."""
    sent(world, row(1))
    later = sent(world, row(2))
    key = creditor_ring(load(world.creditor)).signing_key()
    date_back(world.sftp / f"{later}.manifest.json", key, NEVER[1])
    received = world.receive()

    assert (received.code, received.err.count("is not of this format version")) == (4, 1)
    assert received.json["packages"] == {"received": 1, "sent": 1}
    assert feedback(world)["packages"]["delivered"] == 1
