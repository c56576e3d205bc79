"""What erasing costs: 10,000 claims in one run, the log verified, and the rotation that makes it final.

Each size is a process of its own, over databases of 20,000 and 80,000 claims. Memory must not grow with the
claims that stay. Trust the ratios, not the figures: machines differ.
"""

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import text

from gateway.custody.epoch import make_final, standing_of
from gateway.demo.claims import write_csv
from gateway.demo.story import DEMO_DAY, Invented, tell
from gateway.log.auditing import verify_office
from gateway.pipeline import Night, hand_over
from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.wiring import open_office
from schemas.entry import ErasureGround

SIZES = (20_000, 80_000)
ERASED = 10_000
SEED = 13


def peak_mebibytes() -> int:
    """The most memory this process has had (VmHWM, which unlike ru_maxrss begins anew with the program)."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


def silent(_what: str, _count: int) -> None:
    """No progress: it would be measured."""


def prepare(home: Path, claims: int) -> None:
    """A creditor with claims held, refused and sealed; the agency's server is down."""
    tell(home, Invented(1, SEED), DEMO_DAY, lambda: datetime.now(UTC), silent)
    write_csv(home / "creditor" / "inbox" / "bench.csv", claims, SEED)
    creditor = load(home / "creditor" / "inkasso.toml")
    with open_office(creditor) as office:
        hand_over(office, Night(creditor.settings.mandates, DEMO_DAY, datetime.now(UTC), False, silent))


def measure(home: Path) -> dict[str, Any]:
    """Erasing, verifying and rotating, in this process."""
    with open_office(load(home / "creditor" / "inkasso.toml")) as office:
        with office.vault_connection.begin():
            query = text("select id from claim order by id limit :count")
            claims = list(office.vault_connection.execute(query, {"count": ERASED}).scalars())
        times = [time.perf_counter()]
        erase(office, claims, ErasureGround.REQUEST, None, datetime.now(UTC))
        times.append(time.perf_counter())
        verdict = verify_office(office, (), with_keys=False)
        times.append(time.perf_counter())
        rotated = make_final(office, datetime.now(UTC), silent)
        times.append(time.perf_counter())
        standing = standing_of(office)
    erasing, verifying, rotating = (later - earlier for earlier, later in pairwise(times))
    survivors = 0 if rotated is None else rotated.survivors
    return {
        "erased": len(claims),
        "erasing_us": round(erasing / len(claims) * 1e6),
        "verified": verdict.fault is None,
        "items": verdict.items.total,
        "verifying_us": round(verifying / verdict.items.total * 1e6, 1),
        "survivors": survivors,
        "rotating_us": round(rotating / max(survivors, 1) * 1e6, 1),
        "final": not standing.pending,
        "peak_mib": peak_mebibytes(),
    }


def main() -> None:
    """Prints one line a size."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))
        return
    print(
        f"{'claims':>8} {'erased':>7} {'µs each':>8} {'verified':>8} {'µs/item':>8} {'final':>6} {'µs/key':>7} {'MiB':>5}"
    )
    for claims in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "demo"
            prepare(home, claims)
            ran = subprocess.run(
                [sys.executable, "-I", __file__, str(home)], check=True, capture_output=True, text=True
            )
        found = json.loads(ran.stdout)
        print(
            f"{claims:>8,} {found['erased']:>7,} {found['erasing_us']:>8,} {found['verified']!s:>8} "
            f"{found['verifying_us']:>8} {found['final']!s:>6} {found['rotating_us']:>7} {found['peak_mib']:>5}"
        )


if __name__ == "__main__":
    main()
