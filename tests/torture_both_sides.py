"""Both sides against the model over 2,000 random histories, each from another seed; another number may be given. Part of
`make torture`; a short form is in `make test`.
"""

import tempfile
from pathlib import Path

from many_histories import run_many
from sides_machine import BothSides

MEMORY = Path("/dev/shm")  # a kill is an exception here, so nothing has to outlive the process

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        BothSides.prepare(Path(folder))
        count = run_many(BothSides, 2_000, steps=30)
    print(f"{count:,} histories: both sides agree with the model")
