"""Where what is printed cannot go: nobody reads it, no space is left, or there is no standard output at all."""

import subprocess
import sys
from pathlib import Path

import pytest

from world import World

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command", [("inkasso", "--help"), ("inkasso", "claim", "list", "--help"), ("inkasso", "report", "rules")]
)
def test_nobody_who_reads_is_no_overdue_work(command: tuple[str, ...]) -> None:
    """The exit code of a broken pipe, and silence; 1 would say that something is overdue."""
    program, *arguments = command
    process = subprocess.Popen([BIN / program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()

    assert (process.wait(), complaint) == (141, b"")


def test_a_full_disk_is_said_in_words(world: World, tmp_path: Path) -> None:
    """Both programs: exit code 2, one line, no trace."""
    export = tmp_path / "export"
    made = subprocess.run(
        [BIN / "inkasso", "audit", "export", export, "--config", world.creditor], stdout=subprocess.PIPE, check=False
    )
    commands = [(BIN / "inkasso", "report", "rules"), (BIN / "inkasso-verify", export)]
    with Path("/dev/full").open("w") as full:
        found = [subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False) for command in commands]

    assert made.returncode == 0
    assert [one.returncode for one in found] == [2, 2]
    assert all(len(one.stderr.splitlines()) == 1 and b"make room" in one.stderr for one in found)


def test_without_a_standard_output_the_work_is_done(tmp_path: Path) -> None:
    """As a service may be started: nothing is printed, nothing fails."""
    script = f"exec {BIN / 'inkasso'} report rules >&-"
    found = subprocess.run(["/bin/sh", "-c", script], stderr=subprocess.PIPE, check=False)

    assert (found.returncode, found.stderr) == (0, b"")


def test_a_facts_feed_that_was_named_and_is_not_there_stops_the_screening(tmp_path: Path) -> None:
    """What it would have said is not counted as unknown: the name is wrong."""
    export = tmp_path / "a.csv"
    export.write_text("x\n")
    command = [BIN / "inkasso", "screen", export, "--preset", "erp-de", "--facts", tmp_path / "none.csv"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (found.returncode, found.stdout) == (3, "")
    assert "check --facts" in found.stderr
