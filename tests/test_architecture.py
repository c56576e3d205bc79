"""What may know what: pure modules touch no clock, environment or file, and dangerous doors are closed everywhere."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("gateway", "schemas", "keys", "audit")
PURE = (
    *sorted(path for name in ("schemas", "keys", "audit") for path in (ROOT / name).glob("*.py")),
    *sorted(path for name in ("rules", "steps") for path in (ROOT / "gateway" / name).glob("*.py")),
    *sorted(ROOT.glob("gateway/readers/*.py")),
    ROOT / "gateway" / "state.py",
)
# Edges inside packages that are pure otherwise, each with what it touches.
EDGES = {
    "keys/root.py": "key files",
    "keys/keyfile.py": "key files",
    "keys/ring.py": "key files",
    "keys/rewrap.py": "the vault",
    "keys/sqlite.py": "stores",
    "keys/vault.py": "the vault",
    "keys/vault_tables.py": "the vault",
    "audit/store.py": "the log's tables",
    "audit/exported.py": "files of an export",
    "audit/export.py": "files of an export",
    "audit/offline.py": "files of an export",
    "audit/durable.py": "files",
    "audit/witness.py": "what a witness keeps",
    "audit/stored.py": "the log's tables",
    "audit/log.py": "the log's tables",
    "audit/guards.py": "the log's tables",
    "keys/journal.py": "the erasure journal",
    "gateway/steps/seal.py": "files of the outbox",
    "gateway/steps/unseal.py": "files that arrived",
    "gateway/steps/deliver.py": "files of the outbox, the network",
    "gateway/readers/presets.py": "package data",
}
ENTROPY = {"keys/material.py", "keys/references.py", "keys/wrap.py", "keys/age.py", "keys/recipients.py"}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter"}
CLOCK_MODULES = {"gateway/wiring.py", "gateway/demo/story.py"}


def modules() -> list[Path]:
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def called(tree: ast.AST) -> set[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {ast.unparse(function) for function in calls}


@pytest.mark.parametrize("path", [path for path in PURE if name_of(path) not in EDGES], ids=name_of)
def test_pure_modules_touch_nothing(path: Path) -> None:
    """A pure module has no clock, environment, file, output or log; only five of them draw randomness."""
    tree = ast.parse(path.read_text())
    modules_used = {name.split(".")[0] for name in imported(tree)}
    forbidden = {"pathlib", "socket", "time", "logging", "structlog", "subprocess", "sqlalchemy", "sqlmodel", "random"}

    assert not modules_used & forbidden
    assert not called(tree) & {"open", "print", "input", "os.getenv", "os.environ.get"}
    assert "os" not in modules_used or name_of(path) in ENTROPY
    assert not {call for call in called(tree) if call.startswith("os.")} - {"os.urandom"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_the_wiring_has_a_clock(path: Path) -> None:
    """`now` is a parameter everywhere else."""
    calls = {call for call in called(ast.parse(path.read_text())) if call.split(".")[-1] in CLOCKS and "." in call}

    assert not calls or name_of(path) in CLOCK_MODULES


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_dangerous_doors_are_closed(path: Path) -> None:
    """No pickle, no evaluation, no shell; child processes only in the demo."""
    tree = ast.parse(path.read_text())
    names = imported(tree)

    assert not names & {"pickle", "marshal", "shelve", "yaml", "xml.etree.ElementTree"}
    assert not called(tree) & {"eval", "exec", "os.system", "os.popen", "__import__"}
    assert "subprocess" not in names or name_of(path).startswith("gateway/demo/")


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_secrets_are_compared_in_constant_time(path: Path) -> None:
    """What decides trust is never compared with ==."""
    suspicious = ("mac", "tag", "sha256", "signature", "secret", "token")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            words = {word for side in (node.left, *node.comparators) for word in ast.unparse(side).lower().split(".")}

            assert not words & set(suspicious), f"{name_of(path)}:{node.lineno}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_modules_and_functions_stay_small(path: Path) -> None:
    """A file over 300 lines, or a function over 40, is a sign that a concept is missing."""
    text = path.read_text()
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]

    assert len(text.splitlines()) <= 300
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 40] == []


def test_nothing_key_like_is_tracked() -> None:
    """`keys/` and `audit/` are code: no key, database or sealed file lies in the source tree."""
    suffixes = {".key", ".agekey", ".pem", ".db", ".age", ".jsonl"}
    found = [path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.suffix in suffixes]

    assert found == []


def test_locks_hold_hashes_and_no_urls() -> None:
    """A lock names versions and hashes; where they come from is the machine's business."""
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()

        assert "://" not in text
        assert "--hash=sha256:" in text
