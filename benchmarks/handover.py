"""What a night costs: claims a second, peak memory, and three stages in microseconds a claim, from CSV and JSON Lines.

Each measurement is a process of its own, over a real SFTP server on the loopback. The baseline, in the same run, reads the
same file with the standard library alone and writes its rows as JSON through zstd: what no gateway can do without. Trust
the ratios, not the figures: machines differ.
"""

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import zstandard

from gateway.demo.claims import write_csv, write_jsonl
from gateway.demo.server import running_server
from gateway.demo.story import DEMO_DAY, Invented, tell
from gateway.demo.template import AGENCY
from gateway.handover.batch import Batch
from gateway.pipeline import Night, hand_over
from gateway.settings import load
from gateway.steps.seal import PackageWriter
from gateway.wiring import open_office

SIZES = (50_000, 100_000)
SEED = 11
SEAL, STORE, READ = "seal and send", "store", "read and screen"


@dataclass
class Stages:
    """Seconds by stage, each without the stages inside it."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys((READ, STORE, SEAL), 0.0))
    _stack: list[str] = field(default_factory=lambda: [READ])
    _since: float = field(default_factory=time.perf_counter)

    @contextmanager
    def inside(self, stage: str) -> Iterator[None]:
        """Counts for `stage` until it ends."""
        self.turn()
        self._stack.append(stage)
        try:
            yield
        finally:
            self.turn()
            self._stack.pop()

    def turn(self) -> None:
        """Books what has passed."""
        now = time.perf_counter()
        self.seconds[self._stack[-1]] += now - self._since
        self._since = now

    def watch(self, owner: Any, name: str, stage: str) -> None:
        """Counts every call of a method for `stage`."""
        original: Callable[..., Any] = getattr(owner, name)

        @wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self.inside(stage):
                return original(*args, **kwargs)

        setattr(owner, name, watched)


def peak_mebibytes() -> int:
    """The most memory this process has had (VmHWM, which unlike ru_maxrss begins anew with the program)."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


def export(home: Path, kind: str, claims: int) -> Path:
    """A file of generated claims in the inbox."""
    path = home / "creditor" / "inbox" / f"bench.{kind}"
    (write_csv if kind == "csv" else write_jsonl)(path, claims, SEED)
    return path


def baseline(path: Path) -> float:
    """Seconds to read the file with the standard library and to write its rows as JSON through zstd."""
    started = time.perf_counter()
    out = zstandard.ZstdCompressor(level=3).compressobj()
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter=";") if path.suffix == ".csv" else map(json.loads, file)
        for row in rows:
            out.compress(json.dumps(row).encode())
    out.flush()
    return time.perf_counter() - started


def measure(home: Path, kind: str, claims: int) -> dict[str, Any]:
    """One night over one file, in this process."""
    tell(home, Invented(1, SEED), DEMO_DAY, lambda: datetime.now(UTC), lambda _what, _count: None)
    path = export(home, kind, claims)
    creditor = load(home / "creditor" / "inkasso.toml")
    server = (home / "sftp", home / "server" / "server_ed25519", home / "server" / "authorized_keys")
    with running_server(*server, creditor.agency(AGENCY).sftp.port), open_office(creditor) as office:
        night = Night(creditor.settings.mandates, DEMO_DAY, datetime.now(UTC), False, lambda _what, _count: None)
        stages = Stages()
        for owner, name, stage in (
            (Batch, "add", STORE),
            (Batch, "finish", STORE),
            (PackageWriter, "add", SEAL),
            (PackageWriter, "finish", SEAL),
            (sys.modules["gateway.pipeline"], "send", SEAL),
        ):
            stages.watch(owner, name, stage)
        figures = hand_over(office, night)
        stages.turn()
    peak = peak_mebibytes()
    return {
        "claims": figures.read,
        "handed_over": figures.handed_over,
        "seconds": sum(stages.seconds.values()),
        "stages": {stage: 1e6 * seconds / claims for stage, seconds in stages.seconds.items()},
        "mebibytes": peak,
        "ratio": sum(stages.seconds.values()) / baseline(path),
    }


def in_own_process(kind: str, claims: int) -> dict[str, Any]:
    """The same, in a new process, so that its memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-I", __file__, str(Path(folder) / "home"), kind, str(claims)]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def main() -> None:
    """Prints the table."""
    print(
        "hand-over      claims  claims/s  handed over  peak MiB  x baseline  µs a claim:", READ, "|", STORE, "|", SEAL
    )
    for kind in ("csv", "jsonl"):
        for claims in SIZES:
            found = in_own_process(kind, claims)
            stages = " | ".join(f"{found['stages'][stage]:.0f}" for stage in (READ, STORE, SEAL))
            print(
                f"{kind:<12}{found['claims']:>9,}{found['claims'] / found['seconds']:>10,.0f}{found['handed_over']:>13,}"
                f"{found['mebibytes']:>10}{found['ratio']:>12.1f}  {stages}",
                flush=True,
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
    else:
        main()
