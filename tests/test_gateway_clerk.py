"""What a clerk is told: who may release, what is said of a claim, which file is missing, and what is next."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from asking import approved, asked, asking_world, command
from gateway.reports.held import who_may_release
from world import World, cli

OPENING = ("request", "open", "access", "--channel", "letter", "--received", "2026-06-30")


@pytest.mark.parametrize(
    ("rules", "who"),
    [
        (("minor", "identity-conflict"), "two actors"),
        (("below-minimum", "disputed"), "two actors"),
        (("below-minimum",), "one actor"),
        (("disputed", "repeated"), "nobody"),
        ((), "nobody"),
    ],
)
def test_the_strictest_rule_says_who_may_release(rules: tuple[str, ...], who: str) -> None:
    """A claim that one rule lets go with one approval, and another with two, needs two."""
    assert who_may_release(rules) == who


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which three claims have been handed over, and two people may approve."""
    with asking_world(tmp_path_factory.mktemp("clerk")) as made:
        yield made


def test_nothing_is_said_against_a_claim_that_was_handed_over(world: World) -> None:
    """No rule held it, and its agency has its package."""
    shown = command(world, "claim", "show", "F-000001", "--json").json["claims"]
    german = command(world, "claim", "show", "F-000001", "--language", "de").out

    assert [(one["verdict"], one["rules"], one["says"]) for one in shown[0]["verdicts"]] == [("cleared", [], "")]
    assert "claim F-000001 (amounts in cents)" in german
    assert re.search(r"^  debtor.address.postcode +\S+$", german, re.MULTILINE)
    assert len({len(line) - len(line.split()[-1]) for line in german.splitlines() if line.startswith("  debtor.")}) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("config", "check", "--sample", "x.csv", "--mapping", "none.toml"),
            "none.toml cannot be read: name the file of",
        ),
        (("actor", "revoke", "officer", "--key", "none"), "none does not exist: name the file of your own OpenSSH key"),
        (("report", "mandate", "none"), "no mandate matches: see [[mandates]] in the configuration"),
        (("report", "reconcile", "--agency", "none"), "no agency of that name is configured: see [[agencies]]"),
        (("audit", "list", "--event", "package.seald"), "no event has that name: did you mean package.sealed?"),
        (("audit", "list", "--event", "x"), "no event has that name: `inkasso audit list --json` shows"),
        (("audit", "list", "--limit", "-1"), "--limit expects at least 1"),
        (("audit", "sample", "--count", "0"), "--count expects at least 1"),
        (
            ("audit", "witness", "none", "--home", "never-made", "--init"),
            "none is no folder: name the folder of an export",
        ),
        (("request", "show", "none"), "no request has that id: see `inkasso request list --all`"),
        ((*OPENING, "--letter", "none.txt"), "the letter cannot be read: name a .txt or .eml file that exists"),
        ((*OPENING, "--letter", "letter.docx"), "a letter is a .txt or .eml file: save what the person wrote as one"),
        ((*OPENING, "--recipient", "none.json"), "a file that was named cannot be read: name a JSON file that exists"),
        (("subject", "find", "--clues", "none.json"), "a file that was named cannot be read: name a JSON file that"),
        (
            ("package", "void", "9", "--agency", "ostsee", "--reason", "lost"),
            "no package of this id or number was sealed for ostsee: check it, its --type and --entity",
        ),
    ],
)
def test_a_file_or_name_that_is_not_there_is_told_with_where_to_look(
    world: World, arguments: tuple[str, ...], says: str
) -> None:
    """One line, exit code 2."""
    found = command(world, *arguments)

    assert (found.code, found.out) == (2, "")
    assert says in found.err


def test_a_valid_configuration_is_one_json_object(world: World) -> None:
    """With --json nothing else is printed."""
    found = command(world, "config", "check", "--json")

    assert found.json == {"entities": 1, "sources": 1, "agencies": 1, "mandates": 1}


def test_the_only_agency_need_not_be_named(world: World) -> None:
    """Its books are put beside ours."""
    assert cli("agency", "statement", "nordlicht", "--config", world.agency).code == 0
    assert cli("feedback", "--config", world.creditor).code == 0

    assert command(world, "report", "reconcile").code == 0


def test_a_notice_that_cannot_be_written_changes_nothing(world: World, tmp_path: Path) -> None:
    """The folder is looked at first: an extension or a lifting without its notice would break Art. 12(3) and 18(3)."""
    request = asked(world, "restriction", "--ground", "accuracy")
    late = command(world, "request", "extend", request, "--reason", "complex", "--out", tmp_path)
    due = command(world, "request", "show", request, "--json").json["due"]
    assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
    unanswered = command(world, "request", "answer", request, "--out", tmp_path)
    state = command(world, "request", "show", request, "--json").json["state"]
    answered = command(world, "request", "answer", request, "--out", tmp_path / "answer")
    lifted = approved(world, "request", "lift", request, "--out", tmp_path, keys=("demo-clerk",))
    after = command(world, "request", "show", request, "--json").json

    assert (late.code, unanswered.code, answered.code, lifted.code) == (2, 2, 0, 2)
    assert all("choose a new name" in one.err for one in (late, unanswered, lifted))
    assert (due, state, after["state"]) == ("2026-07-30", "executed", "answered")
    assert after["stops the hand-over"] == "yes"
    assert list(tmp_path.iterdir()) == [tmp_path / "answer"]


def test_a_request_that_restricts_nothing_has_no_lifting_to_preview(world: World, tmp_path: Path) -> None:
    """The preview is refused, and not only the act behind it."""
    request = asked(world, "access", invoice="RE-000003")
    found = command(world, "request", "lift", request, "--out", tmp_path / "x", "--preview-to", tmp_path / "preview")

    assert (found.code, list(tmp_path.iterdir())) == (2, [])
    assert "restricts nothing" in found.err
