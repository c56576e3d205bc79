"""The audit log's commands: live and offline verification, export, evidence, samples, lists, and a witness apart."""

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.wiring import open_office
from schemas.entry import ErasureGround
from world import TODAY, World, cli, row, running_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two claims handed over, one of a debtor with another name."""
    with running_world(tmp_path_factory.mktemp("audit")) as found:
        rows = [row(1), row(2, **{"debtor.last_name": "Kanarienname"})]
        found.drop("one.jsonl", b"".join(json.dumps(one).encode() + b"\n" for one in rows))
        assert found.handover().code == 0
    return found


def audit(world: World, *arguments: str | Path):
    return cli("audit", *arguments, "--config", world.creditor)


def offline(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`inkasso-verify` in a process of its own, in an empty environment."""
    return subprocess.run(
        [Path(sys.executable).with_name("inkasso-verify"), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        cwd="/",
    )


def test_the_log_verifies_with_all_keys(world: World) -> None:
    """Four items: two verdicts and two messages, each opened and as logged; without keys they are not called verified."""
    full, quick = audit(world, "verify", "--json"), audit(world, "verify", "--quick", "--json")

    assert (full.code, full.json["fault"]) == (0, None)
    assert full.json["items"] == {"total": 4, "opened": 4, "not_opened": 0, "erased": 0, "presence": True}
    assert quick.json["items"]["not_opened"] == 4
    assert "internally consistent only" in full.json["established"]


def test_an_export_verifies_on_another_machine(world: World, tmp_path: Path) -> None:
    """No configuration, the public key alone; and the checkpoint kept outside turns the verdict into `append-only`."""
    out = tmp_path / "out"
    assert audit(world, "export", out).code == 0
    assert audit(world, "export", out).code == 0
    key = (out / "vkey").read_text().strip()
    (tmp_path / "kept").write_bytes((out / "checkpoint").read_bytes())
    found = offline(out, "--key", key, "--held", tmp_path / "kept", "--json")
    same = cli("audit", "verify", out, "--key", key, "--held", tmp_path / "kept", "--json", "--config", tmp_path / "no")

    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout)["established"].startswith("append-only since checkpoint")
    assert same.json == json.loads(found.stdout)
    assert "from the export itself" in offline(out).stdout


def test_the_verifier_imports_nothing_but_audit_and_schemas(tmp_path: Path) -> None:
    """No gateway, no keys, no database library is loaded, so that what a stranger has to trust stays small."""
    script = "import sys; import audit.offline; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    tops = {name.split(".")[0] for name in loaded}

    assert {"audit", "schemas", "pydantic", "cryptography"} <= tops
    assert not tops & {"gateway", "keys", "sqlalchemy", "sqlmodel", "sqlite3", "paramiko"}


@pytest.mark.parametrize("part", ["tile/entries/000.p", "tile/0/000.p", "checkpoint", "commitments", "missing"])
def test_a_changed_export_is_refused(world: World, tmp_path: Path, part: str) -> None:
    """One changed byte in an entry, a tile, the checkpoint or a commitment; or a file that is gone."""
    out = tmp_path / "out"
    assert audit(world, "export", out).code == 0
    if part == "missing":
        shutil.rmtree(out / "tile" / "0")
    else:
        path = out / part
        path = next(path.iterdir()) if path.is_dir() else path
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    found = offline(out, "--json")

    assert found.returncode == 5
    assert "FAULT" in json.loads(found.stdout)["established"]


def test_evidence_proves_one_item_and_outlives_its_erasure(world: World, tmp_path: Path) -> None:
    """Checked with the public key alone; after the erasure the old proof still holds, and a new one cannot be made."""
    entries = audit(world, "list", "--event", "package.sealed", "--json").json["entries"]
    index = entries[0]["index"]
    assert audit(world, "open", str(index), "1", tmp_path / "proof").code == 0
    assert audit(world, "export", tmp_path / "out").code == 0
    key = (tmp_path / "out" / "vkey").read_text().strip()
    copy = World(tmp_path / "home", world.port)
    shutil.copytree(world.home, copy.home)
    with open_office(load(copy.creditor)) as office:
        with office.vault_connection.begin():
            claim = office.vault.find("nordlicht", ["F-000002"])["F-000002"].claim_id
        erase(office, [claim], ErasureGround.REQUEST, None, TODAY)
    changed = tmp_path / "changed"
    evidence = json.loads((tmp_path / "proof").read_text())
    changed.write_text(json.dumps(evidence | {"place": 0}))

    assert (tmp_path / "proof").stat().st_mode & 0o077 == 0
    assert offline(tmp_path / "proof", "--key", key).returncode == 0
    assert offline(changed, "--key", key).returncode == 5
    assert offline(tmp_path / "proof").returncode == 2
    nowhere, nix = offline(tmp_path / "nowhere"), offline(tmp_path / "proof", "--key", "nix")
    assert (nowhere.returncode, "no such folder or file" in nowhere.stdout) == (2, True)
    assert (nix.returncode, "not a key line, and no such file" in nix.stdout) == (2, True)
    assert audit(copy, "open", str(index), "1", tmp_path / "again").code == 3
    assert audit(copy, "verify", "--json").json["items"]["erased"] == 2
    assert {one["outcome"] for one in audit(copy, "sample", "--json").json["sampled"]} <= {"opened", "erased"}


def test_a_sample_says_what_no_agency_has_signed_for(world: World) -> None:
    """Two verdicts were never sent; two messages were, and their receipts have not come."""
    found = audit(world, "sample", "--count", "200", "--json").json["sampled"]

    assert sorted(one["receipt"] for one in found) == ["", "", "no receipt", "no receipt"]


def test_a_list_answers_the_questions_a_person_has(world: World) -> None:
    """By event, day, package, claim and subject; in sentences, JSON and CSV; never with a name."""
    by_claim = audit(world, "list", "--claim", "F-000002", "--json").json["entries"]
    by_subject = audit(world, "list", "--subject", "K-000002", "--json").json["entries"]
    none = audit(world, "list", "--until", "2020-01-01", "--json").json["entries"]
    german = audit(world, "list", "--language", "de", "--event", "package.sealed")
    table = audit(world, "list", "--csv")

    assert (
        [one["event"] for one in by_claim]
        == ["claims.screened", "package.sealed"]
        == [one["event"] for one in by_subject]
    )
    assert none == []
    assert "versiegelt" in german.out
    assert table.out.splitlines()[0] == "index,time,actor,event,sentence"
    assert audit(world, "list", "--claim", "F-999999").code == 3
    assert "Kanarienname" not in table.out + german.out


def test_a_witness_apart_keeps_cosigns_and_remembers(world: World, tmp_path: Path) -> None:
    """The DPO's machine: pinned on the first run, continued on the next; a shorter log is an alarm that stays, exit 5."""
    out, home = tmp_path / "out", tmp_path / "witness"
    copy = World(tmp_path / "home", world.port)
    shutil.copytree(world.home, copy.home)
    assert audit(copy, "export", out).code == 0
    shutil.copytree(out, tmp_path / "earlier")
    with open_office(load(copy.creditor)) as office:
        with office.vault_connection.begin():
            claim = office.vault.find("nordlicht", ["F-000001"])["F-000001"].claim_id
        erase(office, [claim], ErasureGround.RETENTION, None, TODAY)
    unmade = cli("audit", "witness", out, "--home", home)
    first = cli("audit", "witness", out, "--home", home, "--init")
    assert audit(copy, "export", out).code == 0
    later = cli("audit", "witness", out, "--home", home, now=TODAY + timedelta(days=1))
    shrunk = cli("audit", "witness", tmp_path / "earlier", "--home", home, now=TODAY + timedelta(days=2))
    after = cli("audit", "witness", out, "--home", home, now=TODAY + timedelta(days=3))

    assert (unmade.code, first.code, later.code) == (2, 0, 0)
    assert (shrunk.code, after.code) == (5, 5)
    assert "shrank" in shrunk.err
    assert "stands since" in after.err
