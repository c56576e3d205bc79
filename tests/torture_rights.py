"""People's rights over a thousand random histories, each from another seed; another number may be given. Part of
`make torture`; a short form is in `make test`.
"""

import tempfile
from pathlib import Path

from histories import Histories
from many_histories import run_many

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Histories.prepare(Path(folder))
        count = run_many(Histories, 1_000, steps=20)
    print(f"{count:,} histories: every right held")
