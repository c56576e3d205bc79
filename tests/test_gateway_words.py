"""What is said of a command line that cannot be carried out: where its help is, which argument, which words are allowed."""

from pathlib import Path

import pytest

from world import World, cli

CANARY = "Zyxwvutsrq"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("claim", CANARY), "see `inkasso claim --help`"),
        ((CANARY,), "see `inkasso --help`"),
        (("init",), "missing argument (HOME); see `inkasso init --help`"),
        (("agency", "init", CANARY, "--name", CANARY), "missing argument (--server); see `inkasso agency init --help`"),
        (("claim", "recall", CANARY, "--reason", CANARY), "(--reason: one of paid-before-handover, not-owed, "),
        (("audit", "list", "--since", CANARY), "(--since); see `inkasso audit list --help`"),
        (("screen", CANARY), "say --preset NAME (datev, einvoice, erp-de, "),
        (("screen", f"{CANARY}/x.jsonl", "--preset", "nix"), "preset"),
    ],
)
def test_a_wrong_command_line_says_what_would_be_right(arguments: tuple[str, ...], says: str) -> None:
    """Exit code 2, one line, and nothing of what was typed."""
    found = cli(*arguments)

    assert (found.code, found.out) == (2, "")
    assert says in found.err
    assert CANARY not in found.err


def test_the_first_actor_is_confirmed(still_world: World, tmp_path: Path) -> None:
    """`init --actor` says who may approve from now on, and with which key."""
    key = still_world.home / "clerk" / "demo-clerk.pub"
    found = cli("init", tmp_path / "other", "--actor", "ada", "--actor-key", key)

    assert found.code == 0
    assert "ada is enrolled and may approve with key SHA256:" in found.out


def test_a_public_key_approves_nothing(still_world: World) -> None:
    """A .pub file given as --key is told apart from a broken key (2)."""
    key = still_world.home / "clerk" / "demo-clerk.pub"
    found = cli("actor", "add", "bo", key, "--key", key, "--config", still_world.creditor)

    assert (found.code, found.out) == (2, "")
    assert "that is the public key" in found.err
