"""`agency check` as a person meets it: on a terminal, question by question, with the keys to compare before the answer."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gateway.demo.template import AGENCY
from gateway.demo.vetting import ACTOR
from gateway.partners.vetting import fingerprints
from gateway.settings import load
from gateway.wiring import open_office
from schemas.vetting import Confirmation, Findings, Registration
from world import World

PATIENCE = 120
REGISTER, KEYS, APPROVE = "without conditions (Auflagen)?", "How did the agency confirm them?", "Type yes: "


def walk(world: World, answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """The command on a pseudo-terminal, with an answer to each question; its exit code, and all that was shown."""
    driver = (Path(__file__).with_name("kill_at.py"), "gateway.partners.vetting:check", "0", world.home / "mark")
    command = ("agency", "check", AGENCY, "--key", world.home / "clerk" / ACTOR, "--config", world.creditor)
    terminal, end = pty.openpty()
    process = subprocess.Popen([sys.executable, *driver, *command], stdin=end, stdout=end, stderr=end)
    os.close(end)
    shown = ""
    try:
        for question, answer in answers:
            shown += read_to(terminal, question)
            os.write(terminal, f"{answer}\n".encode())
        shown += read_to(terminal, None)
        return process.wait(PATIENCE), shown
    finally:
        process.kill()
        os.close(terminal)


def read_to(terminal: int, question: str | None) -> str:
    """What is shown up to a question, or up to the end."""
    shown = ""
    while question is None or question not in shown:
        ready, _, _ = select.select([terminal], [], [], PATIENCE)
        assert ready, "nothing more was shown"
        try:
            found = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            found = b""
        if not found:
            assert question is None, "the command ended before it asked"
            break
        shown += found.decode()
    return shown


def last_check(world: World) -> Findings:
    with open_office(load(world.creditor)) as office, office.connection.begin():
        found = office.vettings.last_check(AGENCY)
    assert found is not None
    return found.findings


def test_a_check_is_walked_through_and_recorded(module_world: World) -> None:
    """Register entry and fingerprints are shown before they are asked for; another word is no answer."""
    agency = load(module_world.creditor).agency(AGENCY)
    answers = [(REGISTER, "perhaps"), (REGISTER, "valid"), (KEYS, "meeting"), (APPROVE, "yes")]
    code, shown = walk(module_world, answers)
    before_keys, before_approval = shown.split(KEYS, 1)[0], shown.split(APPROVE, 1)[0]

    assert code == 0, shown
    assert agency.profile and agency.profile.register_entry.file_number in shown.split(REGISTER, 1)[0]
    assert all(line in before_keys for line in fingerprints(agency))
    assert "fingerprints confirmed: meeting" in before_approval
    assert "may get cases" in shown
    assert module_world.events().count("agency.checked") == 2
    assert last_check(module_world) == Findings(registration=Registration.VALID, keys_confirmed=Confirmation.MEETING)


def test_who_does_not_say_yes_has_approved_nothing(module_world: World) -> None:
    """A person who stops before the end leaves no entry, and the last check counts."""
    before, events = last_check(module_world), module_world.events()
    code, shown = walk(module_world, [(REGISTER, "revoked"), (KEYS, "telephone"), (APPROVE, "y")])

    assert code == 2
    assert "not approved" in shown
    assert (last_check(module_world), module_world.events()) == (before, events)
