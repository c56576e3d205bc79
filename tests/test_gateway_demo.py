"""The demo: the whole story in one command, and what it leaves behind for whoever looks at it."""

import hashlib
import os
import pty
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asking import text_of
from gateway.demo import claims_tables
from gateway.demo.claims import write_csv, write_csv_again
from world import Result, cli

CLAIMS = 400
GENERATED = "628fbe36c8c222ad420fa7db5e36c6a2338807885593429629021a4db4204b8f"


def demo(home: Path, *arguments: str) -> Result:
    return cli("demo", "--dir", home, "--claims", str(CLAIMS), "--seed", "7", *arguments)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result, Result]:
    """A demo that ran twice in one folder, and what each run said."""
    home = tmp_path_factory.mktemp("demo") / "here"
    return home, demo(home, "--json"), demo(home, "--json")


def test_the_figures_of_a_run_add_up(told: tuple[Path, Result, Result]) -> None:
    """`read` is the sum of the verdicts, and at least half of the generated claims are handed over."""
    _, first, _ = told
    figures = first.json
    claims = figures["claims"]

    assert (first.code, first.err) == (0, "")
    assert claims["read"] == CLAIMS == claims["rejected"] + claims["held"] + claims["refused"] + claims["cleared"]
    assert claims["handed_over"] == claims["cleared"] >= CLAIMS // 2
    assert figures["packages"]["uploaded"] == figures["packages"]["received"] == 1
    assert 4 <= figures["audit"]["cosigned"] <= figures["audit"]["entries"]
    assert figures["seconds"] > 0


def test_a_second_run_hands_nothing_over_twice(told: tuple[Path, Result, Result]) -> None:
    """Run again in the same directory, all rows are unchanged; held claims are judged again, as every night."""
    _, first, second = told
    claims = second.json["claims"]

    assert second.code == 0
    assert claims["handed_over"] == claims["cleared"] == 0
    assert claims["unchanged"] == CLAIMS - first.json["claims"]["rejected"]
    assert [one.json["books"]["differences"] for one in (first, second)] == [[], []]
    assert second.json["packages"] == {"sealed": 0, "uploaded": 0, "received": 0}


def test_a_clock_before_the_day_of_the_claims_changes_nothing(tmp_path: Path) -> None:
    """What people ask and pay has the date of the machine: no day in the future, which the creditor would refuse."""
    found = cli(
        "demo", "--dir", tmp_path / "early", "--claims", "60", "--json", now=datetime(2026, 3, 1, 3, tzinfo=UTC)
    )
    letter = text_of(tmp_path / "early" / "answers" / "access" / "letter.pdf")

    assert (found.code, found.err, found.json["books"]["differences"]) == (0, "", [])
    assert "Bamberg, 01.03.2026" in letter
    assert cli("demo", "--dir", tmp_path / "none", "--claims", "-1").code == 2
    assert not (tmp_path / "none").exists()


def test_what_it_leaves_is_where_it_says(told: tuple[Path, Result, Result]) -> None:
    """Configurations, the server's root with its six packages, and the agency's keys in age's text form."""
    home, _, _ = told
    suffixes = sorted(path.name.partition(".")[2] for path in (home / "sftp").iterdir() if path.is_file())
    keys = home / "agency" / "keys"
    signer = (keys / "allowed_signers").read_text().splitlines()[0]

    assert tomllib.loads((home / "creditor" / "inkasso.toml").read_text())["agencies"][0]["id"] == "ostsee"
    assert tomllib.loads((home / "agency" / "inkasso.toml").read_text())["id"] == "ostsee"
    assert suffixes == sorted(
        6 * ["cases.jsonl.zst.age", "identities.jsonl.zst.age", "manifest.json", "manifest.json.sig"]
    )
    assert all("AGE-SECRET-KEY-PQ-1" in (keys / f"{part}.agekey").read_text() for part in ("cases", "identities"))
    assert re.fullmatch(r'nordlicht namespaces="[a-z@,-]+" ssh-ed25519 [A-Za-z0-9+/=]+', signer)


def test_two_people_ask_and_get_their_answers(told: tuple[Path, Result, Result]) -> None:
    """An access answer, an erasure with preview and certificate, the agency's signed answer; the person stays away."""
    home, first, second = told
    answers = home / "answers"
    written = sorted(path.relative_to(answers).as_posix() for path in answers.rglob("*") if path.is_file())

    assert first.json["rights"] == {"agency": "executed", "handed_over_again": 0, "rows_refused": 1}
    assert second.json["rights"] is None
    assert written == [
        "access/data.json",
        "access/letter.pdf",
        "access/provided.json",
        "erasure-preview.txt",
        "erasure/certificate.pdf",
        "erasure/letter.pdf",
    ]
    assert all(path.read_bytes().startswith(b"%PDF-1.7") for path in answers.rglob("*.pdf"))
    assert cli("audit", "verify", "--config", home / "creditor" / "inkasso.toml").code == 0


@pytest.mark.parametrize("claims", ["1", "3"])
def test_a_small_demo_tells_its_story_too(tmp_path: Path, claims: str) -> None:
    """Where nothing, or hardly anything, is handed over, there are no books to compare, and that is no fault."""
    found = cli("demo", "--dir", tmp_path / "here", "--claims", claims, "--seed", "7", "--json")

    assert (found.code, found.err) == (0, "")
    assert found.json["claims"]["read"] == int(claims)


def test_other_claims_need_another_folder(told: tuple[Path, Result, Result]) -> None:
    """A demo never runs over another one, or over files that are not its own (2)."""
    home, _, _ = told
    other = cli("demo", "--dir", home, "--claims", str(CLAIMS + 1))
    foreign = cli("demo", "--dir", home.parent)

    assert (other.code, foreign.code) == (2, 2)
    assert "choose another --dir" in other.err
    assert "choose another --dir" in foreign.err


def test_a_pipe_gets_plain_lines(tmp_path: Path) -> None:
    """Without a terminal there is no progress and no colour; what was held is told with its norm."""
    found = demo(tmp_path / "here")

    assert found.code == 0
    assert found.err == ""
    assert "\x1b" not in found.out
    assert "§ 286 BGB" in found.out


def test_a_terminal_sees_progress(tmp_path: Path) -> None:
    """On a terminal, stderr shows what is being done; stdout stays plain."""
    reader, writer = pty.openpty()
    command = [sys.executable, "-c", "from gateway.cli.main import main; main()"]
    ended = subprocess.run(
        [*command, "demo", "--dir", tmp_path / "here", "--claims", "50"],
        stdout=subprocess.PIPE,
        stderr=writer,
        check=True,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(writer)
    shown = b""
    try:
        while piece := os.read(reader, 4096):
            shown += piece
    except OSError:  # how Linux says that the other end of a terminal is closed
        pass
    os.close(reader)

    assert b"screened" in shown
    assert b"\x1b" not in ended.stdout


def test_the_same_seed_invents_the_same_people(tmp_path: Path) -> None:
    """The generator writes the same bytes for the same seed, and a longer run begins with a shorter one."""
    for name, count, seed in (("a", 50, 7), ("b", 50, 7), ("c", 60, 7), ("d", 50, 8)):
        write_csv(tmp_path / name, count, seed)
    written = {name: (tmp_path / name).read_bytes() for name in "abcd"}

    assert written["a"] == written["b"] != written["d"]
    assert written["c"].startswith(written["a"])
    # The bytes of the generator that this one was split from (gen_claims.py -n 50 --seed 7 --csv).
    assert hashlib.sha256(written["a"]).hexdigest() == GENERATED


def test_the_demos_own_firms_share_no_word_with_the_debtors(told: tuple[Path, Result, Result]) -> None:
    """Whoever searches the demo for a debtor's name or street finds no firm of the demo's."""
    home, _, _ = told
    own = {"CSV_COLUMNS", "DEFECTS", "TRANSLITERATION"}
    tables = [repr(value) for name, value in vars(claims_tables).items() if name.isupper() and name not in own]
    invented = set(re.findall(r"[^\W\d_]{3,}", " ".join(tables)))
    written = " ".join((home / party / "inkasso.toml").read_text() for party in ("creditor", "agency"))
    written = re.sub(r'"(age1|ssh-)[^"]*"', "", written)

    assert len(invented) > 200
    assert invented & set(re.findall(r"[^\W\d_]{3,}", written)) == set()


def test_a_claim_whose_note_has_line_ends_is_exported_again_as_a_whole(tmp_path: Path) -> None:
    """The second export holds the header and the one claim, whatever stands in its cells."""
    first, again = tmp_path / "first.csv", tmp_path / "again.csv"
    first.write_text('claim_id;note\r\n1;"a\nb;2"\r\n2;x\r\n', encoding="utf-8", newline="")
    write_csv_again(first, "1", again)

    assert again.read_bytes() == b'claim_id;note\r\n1;"a\nb;2"\r\n'
