"""Both sides against the model over 2,000 random histories, each from another seed; another number may be given. Part of
`make torture`; a short form is in `make test`.
"""

import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sides_machine import BothSides

MANY = 2_000
MEMORY = Path("/dev/shm")  # a kill is an exception here, so nothing has to outlive the process


class Counted(BothSides):
    """Says how far it has come."""

    done, began = 0, time.monotonic()

    def teardown(self) -> None:
        """One more."""
        super().teardown()
        Counted.done += 1
        if Counted.done % 50 == 0:
            print(f"{Counted.done:,} histories, {time.monotonic() - self.began:,.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        Counted.prepare(Path(folder))
        run_state_machine_as_test(
            Counted,
            settings=settings(
                max_examples=count,
                stateful_step_count=30,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(f"{count:,} histories: both sides agree with the model")
