"""What is said of a command line that cannot be carried out: where its help is, which argument, which words are allowed."""

from pathlib import Path

import pytest

from asking import asked, asking_world, command
from gateway.demo.vetting import make_key
from world import World, cli

CANARY = "Zyxwvutsrq"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("claim", CANARY), "see `inkasso claim --help`"),
        ((CANARY,), "see `inkasso --help`"),
        (("init",), "missing argument (HOME); see `inkasso init --help`"),
        (("agency", "init", CANARY, "--name", CANARY), "missing argument (--server); see `inkasso agency init --help`"),
        (("claim", "recall", CANARY, "--reason", CANARY), "--reason expects one of paid-before-handover, not-owed, "),
        (("audit", "list", "--since", CANARY), "--since expects a day (YYYY-MM-DD); see `inkasso audit list --help`"),
        (("agency", "statement", "x", "--vat", CANARY), "--vat expects a whole number; see `inkasso agency statement"),
        (("handover", f"--dry-run={CANARY}"), "--dry-run expects no value; see"),
        (
            ("handover", f"--tody={CANARY}"),
            "unknown option --tody (did you mean --today?); see `inkasso handover --help`",
        ),
        (("handover", f"--{CANARY}"), "unknown option; see `inkasso handover --help`"),
        (("hndover",), "unknown command hndover (did you mean handover?); see `inkasso --help`"),
        (("claim", "lst"), "unknown command lst (did you mean list?); see `inkasso claim --help`"),
        (("claim", CANARY.lower()), "unknown command; see `inkasso claim --help`"),
        (("init", "x", CANARY, CANARY), "more arguments than this command takes; see `inkasso init --help`"),
        (("handover", "--source", CANARY, "--source", CANARY), "--source may be given once; see"),
        (("screen", CANARY), "say --preset NAME (datev, einvoice, erp-de, "),
        (("screen", f"{CANARY}/x.jsonl", "--preset", "nix"), "preset"),
    ],
)
def test_a_wrong_command_line_says_what_would_be_right(arguments: tuple[str, ...], says: str) -> None:
    """Exit code 2, one line, and nothing of what was typed."""
    found = cli(*arguments)

    assert (found.code, found.out) == (2, "")
    assert says in found.err
    assert CANARY.lower() not in found.err.lower()


def test_the_first_actor_is_confirmed(still_world: World, tmp_path: Path) -> None:
    """`init --actor` says who may approve from now on, and with which key."""
    key = still_world.home / "clerk" / "demo-clerk.pub"
    found = cli("init", tmp_path / "other", "--actor", "ada", "--actor-key", key)

    assert found.code == 0
    assert "ada is enrolled and may approve with key SHA256:" in found.out


def test_a_public_key_approves_nothing(still_world: World, tmp_path: Path) -> None:
    """A .pub file given as --key is told apart from a broken key (2)."""
    make_key(tmp_path, "bo")
    key = still_world.home / "clerk" / "demo-clerk.pub"
    found = cli("actor", "add", "bo", tmp_path / "bo.pub", "--key", key, "--config", still_world.creditor)

    assert (found.code, found.out) == (2, "")
    assert "that is the public key" in found.err


def test_the_other_sides_configuration_is_known_as_such(still_world: World) -> None:
    """Whoever names it is told whose it is, in one sentence (2)."""
    ours = cli("claim", "list", "--config", still_world.agency)
    theirs = cli("agency", "status", "--config", still_world.creditor)

    assert (ours.code, theirs.code) == (2, 2)
    assert ours.err.endswith("is an agency's configuration: name the creditor's with --config\n")
    assert theirs.err.endswith("is a creditor's configuration: name the agency's with --config\n")


def test_a_file_that_is_not_there_is_no_file_of_an_inbox() -> None:
    """`screen` speaks of what was named, and does not repeat the name (3)."""
    found = cli("screen", f"{CANARY}/x.jsonl", "--preset", "erp-de")

    assert (found.code, found.out) == (3, "")
    assert found.err.startswith("inkasso: the file you named cannot be read: check that it exists")


def test_a_key_of_a_creditor_that_nobody_knows_is_not_confirmed(still_world: World) -> None:
    """The kit says that it is the creditor that is unknown (2)."""
    found = cli("agency", "key", "confirm", CANARY, CANARY, "--config", still_world.agency)

    assert (found.code, found.err) == (2, "inkasso: no creditor of that name is configured: see [[creditors]]\n")


def test_one_is_one_in_a_preview(tmp_path: Path) -> None:
    """What a person signs says `1 claim` and `1 approval`."""
    with asking_world(tmp_path) as world:
        request = asked(world, "restriction")
        command(world, "request", "approve", request, "--preview-to", tmp_path / "shown")

    assert "1 claim\nclaim F-000001\n1 case at ostsee\n" in (tmp_path / "shown").read_text()
    assert "1 approval needed" in (tmp_path / "shown").read_text()
