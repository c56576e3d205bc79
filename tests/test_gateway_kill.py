"""Killed at any step, nothing is lost and nothing is sent twice: the next run repairs by itself."""

import signal
from pathlib import Path

import pytest

from gateway.agency.settings import load_agency
from gateway.wiring import open_desk
from schemas.messages import IdentityLine
from world import World, jsonl, killed, row, running_world

FEW, MANY = 600, 5_000
HELD = {7, 450, 4_001, 4_999}
# One row a step: the function, as its caller finds it, and the call on which the kill falls.
STEPS = {
    "first pass": ("gateway.pipeline:first_pass", 1),
    "read": ("gateway.readers.border:Border.read", 500),
    "screen": ("gateway.handover.judge:screen", 4_500),
    "vault": ("keys.vault:Vault.references", 2),
    "minimise": ("gateway.handover.batch:minimise", 4_200),
    "pseudonymise": ("gateway.handover.batch:pseudonymise", 10),
    "keep": ("gateway.store.claims:Claims.add", 2),
    "seal": ("gateway.steps.seal:PackageWriter.add", 2),
    "sign": ("gateway.handover.batch:sign", 1),
    "commit": ("gateway.store.packages:Packages.seal", 1),
    "rename": ("gateway.handover.batch:publish", 1),
    "connect": ("gateway.transport.sftp:SftpTransport._authenticate", 1),
    "upload": ("gateway.transport.sftp:SftpTransport.upload", 2),
    "signature": ("gateway.transport.sftp:SftpTransport.upload", 4),
    "acknowledge": ("gateway.store.packages:Packages.uploaded", 1),
}


# These fall into the second chunk of a file, which has more than 4,000 rows.
SECOND_CHUNK = {"screen", "vault", "minimise", "keep", "seal"}


def export(claims: int) -> bytes:
    return jsonl([row(number, disputed=number in HELD) for number in range(claims)])


def arrived(world: World) -> tuple[list[str], set[str]]:
    """The invoice numbers the agency has, and its case references."""
    with open_desk(load_agency(world.agency)) as desk:
        persons = [IdentityLine.model_validate_json(line) for _, line in desk.persons.lines()]
        cases = set(desk.cases.cases("nordlicht"))
    return sorted(one.invoice_no for one in persons), cases


def kill_and_repair(step: str, claims: int, folder: Path) -> None:
    """Kills a hand-over in a step, runs it again, and asserts that nothing was lost, doubled or left."""
    function, nth = STEPS[step]
    cleared = sorted(f"RE-{number:06d}" for number in range(claims) if number not in HELD)
    with running_world(folder) as world:
        before = world.events()
        world.drop("export.jsonl", export(claims))
        status, reached = killed(world, function, nth)

        assert (status, reached) == (-signal.SIGKILL, function)

        again = world.handover()
        received = world.receive()
        invoices, cases = arrived(world)

        assert (again.code, again.err) == (0, "")
        assert (received.code, received.json["failures"]) == (0, [])
        assert invoices == cleared
        assert len(cases) == len(cleared)
        night = ["mandate.issued", "claims.screened", "package.sealed", "package.uploaded"]
        assert world.events()[len(before) :] == night
        assert list(world.home.glob("creditor/outbox/*.part")) == []


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_in_any_step_loses_nothing_and_sends_nothing_twice(step: str, tmp_path: Path) -> None:
    """After `kill -9` and another run, every cleared claim has arrived exactly once, and the log is complete."""
    kill_and_repair(step, MANY if step in SECOND_CHUNK else FEW, tmp_path)
