"""Other people's code verifies an export, unmodified: Go's golang.org/x/mod/sumdb (note, tlog), as Debian ships it."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from audit.export import export
from audit.log import Log
from audit_world import SmallLog, small_log

SOURCES = Path("/usr/share/gocode")
HINT = "install golang-go and golang-golang-x-mod-dev (see .ci/run)"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver, built without a module proxy."""
    assert shutil.which("go"), HINT
    assert (SOURCES / "src/golang.org/x/mod/sumdb/tlog").is_dir(), HINT
    home = tmp_path_factory.mktemp("go")
    source = Path(__file__).with_name("audit_driver.go")
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOFLAGS": "",
        "GOPROXY": "off",
        "GOPATH": str(SOURCES),
        "GOCACHE": str(home / "cache"),
    }
    subprocess.run(["go", "build", "-o", home / "driver", source], check=True, env=environment)
    return home / "driver"


def written(log: SmallLog, folder: Path) -> Path:
    with Log(log.connection, log.signer) as grown, log.connection.begin():
        export(log.connection, grown, log.signer.key, folder)
    return folder


def test_other_peoples_code_verifies_an_export_and_its_growth(driver: Path, tmp_path: Path) -> None:
    """Partial tiles, full tiles, and a second run over the first: every entry is in the tree of the signed head."""
    with small_log(tmp_path / "log.db") as log:
        for count, size in ((0, 1), (199, 200), (1, 201), (400, 601)):
            log.add(count)
            out = written(log, tmp_path / "out")
            found = subprocess.run([driver, out], check=False, capture_output=True, text=True)

            assert (found.returncode, found.stdout.strip()) == (0, str(size))
    assert {path.name for path in (tmp_path / "out" / "tile" / "entries").iterdir()} == {"000", "001", "002.p"}


@pytest.mark.parametrize("part", ["checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000"])
def test_one_changed_byte_makes_other_peoples_code_refuse(driver: Path, tmp_path: Path, part: str) -> None:
    """In an entry, a tile or the checkpoint, at places drawn at random."""
    chance = random.Random(part)
    with small_log(tmp_path / "log.db") as log:
        log.add(299)
        out = written(log, tmp_path / "out")
    original = (out / part).read_bytes()
    for _ in range(8):
        content = bytearray(original)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(7)
        (out / part).write_bytes(content)

        assert subprocess.run([driver, out], check=False, capture_output=True).returncode != 0
    (out / part).write_bytes(original)
    assert subprocess.run([driver, out], check=False, capture_output=True).returncode == 0
