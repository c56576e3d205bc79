"""The hand-over from inbox to the agency's stores, through the command line and a real SFTP server."""

import os
import subprocess
import sys

from world import World, cli, jsonl, row


def test_a_clear_claim_reaches_the_agency_once(world: World) -> None:
    """What clears is handed over, received and opened; a second night hands nothing over twice."""
    world.drop("export.jsonl", jsonl([row(1), row(2, disputed=True), row(3, due_date="2026-02-30")]))

    first = world.handover().json
    received = world.receive().json
    second = world.handover().json

    assert first["claims"] | {"unchanged": 0} == {
        "read": 3, "rejected": 1, "held": 1, "refused": 0, "cleared": 1, "changed": 0, "handed_over": 1, "unchanged": 0,
    }  # fmt: skip
    assert received == {"packages": {"received": 1, "sent": 1}, "messages": 1, "failures": []}
    assert second["claims"]["handed_over"] == 0
    assert second["claims"]["unchanged"] > 0
    assert world.receive().json["packages"] == {"received": 0, "sent": 0}


def test_help_names_every_command() -> None:
    """A newcomer finds the commands by asking for help."""
    shown = cli("--help").out

    assert all(name in shown for name in ("handover", "nightly", "screen", "demo", "doctor", "agency"))


def test_a_reader_that_has_read_enough_is_no_fault() -> None:
    """`inkasso … | head` ends quietly: a closed pipe is the reader's right."""
    command = [sys.executable, "-c", "from gateway.cli.main import main; main()", "report", "fields"]
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)

    assert (ended.returncode, ended.stderr) == (141, b"")
