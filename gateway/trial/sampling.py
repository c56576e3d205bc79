"""`config check --sample`: what a mapping makes of a real file, in numbers. Nothing is stored, and no value told."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gateway.handover.inbox import alone
from gateway.readers.presets import Preset
from gateway.readers.reading import read_rows
from schemas.claim import Row


@dataclass(slots=True)
class Sampled:
    """Rows read, rows rejected by field and rule, malformed optional fields, and the columns left behind."""

    read: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    left_behind: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The same as plain data."""
        return {
            "read": self.read,
            "rejected": dict(self.rejected),
            "dropped": dict(self.dropped),
            "left_behind": list(self.left_behind),
        }


def sample(path: Path, preset: Preset) -> Sampled:
    """Reads a file to its end. Raises InputError for a file that cannot be read as a whole."""
    file = alone(path, preset)
    found = Sampled(left_behind=file.mapping.left_behind)
    for row in read_rows(file.document(), file.mapping):
        if isinstance(row, Row):
            found.read += 1
            found.dropped.update(row.dropped)
        else:
            found.rejected[f"{row.field}: {row.rule}"] += 1
    return found
