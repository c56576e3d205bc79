"""The batches of one file, or of the held claims, one after the other.

Rules: a batch begins when there is something to keep and ends at 50,000 claims; it is counted when it has happened.
What is in hand when an error comes is taken back, so a file that turns out to be broken adds nothing. A dry run
only counts.
"""

from gateway.handover.batch import MAXIMUM_CLAIMS, Assignment, Batch
from gateway.handover.figures import Figures
from gateway.handover.judge import Judged
from gateway.handover.recovery import take_back
from gateway.office import Office
from schemas.claim import Rejected


class Batches:
    """`file` is the keyed digest of the file the rows come from, None for held claims."""

    def __init__(self, office: Office, given: Assignment, file: bytes | None, figures: Figures, dry_run: bool) -> None:
        self._office = office
        self._given = given
        self._file = file
        self._figures = figures
        self._dry_run = dry_run
        self._batch: Batch | None = None
        self._pending = Figures()

    def __enter__(self) -> "Batches":
        return self

    def __exit__(self, *_: object) -> None:
        if self._batch is not None:
            self._batch.close()
            take_back(self._office, self._batch.package_id)

    def add(self, judged: list[Judged], rejected: list[Rejected]) -> None:
        """Keeps one chunk; a batch that would overflow is finished first."""
        if not judged and not rejected:
            return
        if not self._dry_run:
            if self._batch is not None and self._batch.judged + len(judged) > MAXIMUM_CLAIMS:
                self._end(None)
            self._batch = self._batch or Batch(self._office, self._given, self._file)
            self._batch.add(judged, rejected)
        self._pending.judge(judged)
        self._pending.reject(rejected)

    def finish(self, file_rows: int | None) -> None:
        """Ends the last batch; `file_rows` says how many rows its file had."""
        if self._batch is None and self._file is not None and file_rows is not None and not self._dry_run:
            with self._office.connection.begin():
                self._office.claims.remember_file(self._file, file_rows)
        self._end(file_rows)

    def _end(self, file_rows: int | None) -> None:
        if self._batch is not None:
            batch, self._batch = self._batch, None
            if batch.finish(file_rows) is not None:
                self._pending.sealed.append(batch.package_id)
        self._figures.merge(self._pending)
        self._pending = Figures()
