"""The distribution: exactly four packages, which are ours alone, and a command that no foreign module stands in for."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"gateway", "schemas", "keys", "audit"}
COMMAND = Path(sys.executable).with_name("inkasso")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_exactly_the_four_packages(wheel: Path) -> None:
    """Every tracked file of the four, data files too, and nothing else: no test, key or benchmark."""
    with zipfile.ZipFile(wheel) as packed_files:
        names = set(packed_files.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "--", *sorted(PACKAGES)], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    packed = {name for name in names if ".dist-info/" not in name}

    assert {name.split("/")[0] for name in packed} == PACKAGES
    assert packed >= set(tracked)
    assert {Path(name).suffix for name in packed} <= {Path(name).suffix for name in tracked}


def test_the_four_names_belong_to_one_distribution(wheel: Path, tmp_path: Path) -> None:
    """Nothing else in the environment brings a package of the same name, which pip would overwrite in silence."""
    with zipfile.ZipFile(wheel) as packed_files:
        packed_files.extractall(tmp_path)
    script = (
        "import importlib.metadata as m, json, sys; sys.path.insert(0, sys.argv[1]);"
        "print(json.dumps(m.packages_distributions()))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(tmp_path)], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout)

    assert {name: set(found[name]) for name in PACKAGES} == {name: {"inkasso-gateway"} for name in PACKAGES}
    assert "tests" not in found


def test_the_metadata_forbids_an_upload(wheel: Path) -> None:
    """The classifier that public indexes refuse, and the one command."""
    with zipfile.ZipFile(wheel) as packed_files:
        names = [name for name in packed_files.namelist() if ".dist-info/" in name]
        texts = {name.rsplit("/", 1)[-1]: packed_files.read(name).decode() for name in names}

    assert "Classifier: Private :: Do Not Upload" in texts["METADATA"]
    assert texts["entry_points.txt"].splitlines() == [
        "[console_scripts]",
        "inkasso = gateway.cli.main:main",
        "inkasso-verify = audit.offline:main",
    ]


def test_the_command_works_where_foreign_modules_lie(tmp_path: Path) -> None:
    """A drop folder with `keys.py` and the like in it: none of them is imported."""
    for name in ("keys", "audit", "schemas", "gateway", "sitecustomize", "paramiko", "pydantic"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('foreign code ran')\n")
    done = subprocess.run([COMMAND, "config", "check"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "inkasso.toml cannot be read" in done.stderr
    assert "foreign" not in done.stdout + done.stderr
