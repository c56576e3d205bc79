"""What may know what: pure modules touch no clock, environment or file, and dangerous doors are closed everywhere."""

import ast
from functools import cache
from pathlib import Path

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
    "keys/agekey.py": "key files",
    "keys/keyfile.py": "key files",
    "keys/ring.py": "key files",
    "keys/remembered.py": "the vault",
    "keys/rewrap.py": "the vault",
    "keys/sqlite.py": "stores",
    "keys/claimkeys.py": "the vault",
    "keys/customers.py": "the vault",
    "keys/vault.py": "the vault",
    "keys/vault_tables.py": "the vault",
    "audit/store.py": "the log's tables",
    "audit/exported.py": "files of an export",
    "audit/export.py": "files of an export",
    "audit/offline.py": "files of an export",
    "audit/workers.py": "processes",
    "audit/durable.py": "files",
    "audit/witness.py": "what a witness keeps",
    "audit/stored.py": "the log's tables",
    "audit/log.py": "the log's tables",
    "audit/guards.py": "the log's tables",
    "keys/journal.py": "the erasure journal",
    "gateway/steps/seal.py": "files of the outbox",
    "gateway/steps/unseal.py": "files that arrived",
    "gateway/steps/plain.py": "files where others write",
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


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imported(path: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def called(path: Path) -> frozenset[str]:
    return frozenset(ast.unparse(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))


def test_pure_modules_touch_nothing() -> None:
    """A pure module has no clock, environment, file, output or log; only five of them draw randomness."""
    forbidden = {"pathlib", "socket", "time", "logging", "structlog", "subprocess", "sqlalchemy", "sqlmodel", "random"}
    system = {"open", "print", "input"}
    faults = []
    for path in (one for one in PURE if name_of(one) not in EDGES):
        used = {name.split(".")[0] for name in imported(path)} & forbidden
        used |= {call for call in called(path) if call in system or call.startswith("os.")} - {"os.urandom"}
        if "os" in imported(path) and name_of(path) not in ENTROPY:
            used.add("os")
        faults += [(name_of(path), one) for one in sorted(used)]

    assert faults == []


def test_every_edge_is_one() -> None:
    """An exception for a module that is gone, or touches nothing, is removed."""
    outside = {"pathlib", "os", "sqlalchemy", "sqlmodel", "stamina", "importlib"}
    idle = [
        name
        for name in EDGES
        if not (ROOT / name).is_file() or not {one.split(".")[0] for one in imported(ROOT / name)} & outside
    ]

    assert idle == []


def test_only_the_wiring_has_a_clock() -> None:
    """`now` is a parameter everywhere else."""
    faults = [
        (name_of(path), call)
        for path in modules()
        for call in called(path)
        if call.split(".")[-1] in CLOCKS and "." in call and name_of(path) not in CLOCK_MODULES
    ]

    assert faults == []


def test_dangerous_doors_are_closed() -> None:
    """No pickle, no evaluation, no shell; programs are started only by the demo, copies of this one only to verify."""
    modules_closed = {"pickle", "marshal", "shelve", "yaml", "xml.etree.ElementTree"}
    calls_closed = {"eval", "exec", "os.system", "os.popen", "__import__"}
    faults = []
    for path in modules():
        names = imported(path) & modules_closed | called(path) & calls_closed
        if "subprocess" in imported(path) and not name_of(path).startswith("gateway/demo/"):
            names |= {"subprocess"}
        if name_of(path) != "audit/workers.py":
            names |= {one for one in imported(path) if one.split(".")[0] in {"multiprocessing", "concurrent"}}
        faults += [(name_of(path), name) for name in sorted(names)]

    assert faults == []


def test_secrets_are_compared_in_constant_time() -> None:
    """What decides trust is never compared with ==."""
    suspicious = {"mac", "tag", "sha256", "signature", "secret", "token"}
    faults = []
    for path in modules():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                sides = (node.left, *node.comparators)
                if suspicious & {word for side in sides for word in ast.unparse(side).lower().split(".")}:
                    faults.append((name_of(path), node.lineno))

    assert faults == []


def test_modules_and_functions_stay_small() -> None:
    """A file over 300 lines, or a function over 40, is a sign that a concept is missing."""
    long = [name_of(path) for path in modules() if len(path.read_text().splitlines()) > 300]
    long += [
        f"{name_of(path)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 40
    ]

    assert long == []


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
