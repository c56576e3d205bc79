"""The keys of a creditor whose claims are all held, so that no server is needed, and rotations that are killed."""

import signal
from pathlib import Path

from asking import approving
from audit.verdict import Fault
from gateway.demo.vetting import ACTOR
from gateway.log.auditing import verify_office
from gateway.settings import load
from gateway.wiring import open_office
from keys.keyfile import KeyFile, KeyState, read_keys
from keys.labels import Purpose
from world import Result, World, cli, jsonl, killed, make_world, row

CANARY = "Quastenflosser"


def held_world(tmp_path: Path) -> World:
    world = make_world(tmp_path)
    world.drop("export.jsonl", jsonl([row(number, disputed=True, note=CANARY) for number in range(5)]))
    assert world.handover().code == 0
    return world


def interrupted(world: World, point: str, nth: int, *command: str) -> list[str]:
    """A command that one actor approved, killed at the nth call of a function; what is given again to finish it."""
    ready = approving(world, *command, keys=(ACTOR,))
    assert not isinstance(ready, Result)
    arguments = list(map(str, ready))
    assert killed(world, point, nth, *arguments) == (-signal.SIGKILL, point)
    return arguments


def keys_of(world: World, purpose: Purpose) -> dict[KeyState, KeyFile]:
    files = read_keys(world.creditor.parent / "keys")
    return {file.state: file for file in files if file.purpose is purpose}


def verified(world: World) -> Fault | None:
    with open_office(load(world.creditor)) as office:
        return verify_office(office, (), with_keys=True).fault


def brought_back(world: World, file: Path, *more: str) -> Result:
    """`key import` with the offline identity."""
    identity = world.home / "offline" / "escrow.agekey"
    return cli("key", "import", file, "--identity", identity, *more, "--config", world.creditor)
