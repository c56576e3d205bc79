"""What all rules cost a claim beside reading and validating it, in the same run, and what they say: shares of each verdict.

The claims are the demo's, from JSON Lines, under the demo's declarations and its facts feed. Trust the ratio, not the
figures: machines differ. Times are CPU time of this process.
"""

import gc
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

from gateway.demo.claims import write_jsonl
from gateway.demo.facts import write_facts
from gateway.demo.story import DEMO_DAY
from gateway.handover.inbox import alone
from gateway.handover.judge import named, reasons
from gateway.readers.reading import read_rows
from gateway.steps.screen import screen
from gateway.trial.screening import Terms, preset_terms
from schemas.claim import Rejected, Row
from schemas.screening import Verdict

CLAIMS = 200_000
SEED = 11
CHUNK = 4_000


def main() -> None:
    """Prints one page."""
    with tempfile.TemporaryDirectory() as folder:
        path, facts = Path(folder) / "claims.jsonl", Path(folder) / "facts.csv"
        write_jsonl(path, CLAIMS, SEED)
        write_facts(facts, CLAIMS, SEED, DEMO_DAY)
        terms = preset_terms("erp-de", facts, DEMO_DAY)
        declarations = terms.standing.declarations.model_copy(update={"notice_since": date(2020, 1, 1)})
        changes = {"declarations": declarations, "facts": terms.feed.silent}
        measure(path, terms._replace(standing=terms.standing.model_copy(update=changes)))


def measure(path: Path, terms: Terms) -> None:
    """Reads and screens chunk by chunk, and books the time of each."""
    file = alone(path, terms.preset)
    rows = read_rows(file.document(), file.mapping)
    verdicts: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    reading = screening = 0.0
    gc.collect()
    while True:
        began = time.process_time()
        chunk = list(islice(rows, CHUNK))
        read = time.process_time()
        found = list(judged(chunk, terms))
        screening += time.process_time() - read
        reading += read - began
        if not chunk:
            break
        verdicts["rejected"] += sum(isinstance(row, Rejected) for row in chunk)
        for verdict in found:
            verdicts[type(verdict).__name__.lower()] += 1
            rules.update(reasons(verdict))
    count = verdicts.total()
    print(f"{count:,} generated claims, seed {SEED}, as of {terms.today}")
    print(f"  reading and validating  {reading / count * 1e6:6.1f} µs a claim")
    print(f"  all rules               {screening / count * 1e6:6.1f} µs a claim ({screening / reading:.2f} of reading)")
    for name, number in verdicts.most_common():
        print(f"  {name:<22} {number:>8,}  {number / count:6.1%}")
    for name, number in rules.most_common():
        print(f"    {name:<20} {number:>8,}  {number / count:6.2%}")


def judged(chunk: list[Row | Rejected], terms: Terms) -> Iterator[Verdict]:
    """The verdicts on the rows that could be read, as a night would give them."""
    plain, (mandate,) = terms.standing, terms.mandates
    for row in chunk:
        if isinstance(row, Row):
            facts = terms.feed.of(named(row.claim))
            known = plain if facts is plain.facts else plain.model_copy(update={"facts": facts})
            yield screen(row.claim, known, mandate, terms.today)


if __name__ == "__main__":
    main()
