"""`kill -9` inside every step of a hand-over of 5,000 claims, and the run after it. Part of `make torture`; a short form
is in `make test`.
"""

import tempfile
from pathlib import Path

from test_gateway_kill import MANY, STEPS, kill_and_repair

if __name__ == "__main__":
    for step in STEPS:
        with tempfile.TemporaryDirectory() as folder:
            kill_and_repair(step, MANY, Path(folder))
        print(f"{step}: killed, repaired")
