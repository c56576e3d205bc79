"""The batches of one file, or of the held claims: for each mandate one after the other.

Rules: a batch begins when there is something to keep and ends at 50,000 claims; it is counted when it has happened.
Batches that end together end in order of their sequence numbers, so that a kill between two leaves no gap. What is in
hand when an error comes is taken back, so a file that turns out to be broken adds nothing. A dry run only counts.
"""

from collections.abc import Sequence
from contextlib import ExitStack

from gateway.handover.batch import MAXIMUM_CLAIMS, Assignment, Batch
from gateway.handover.feed import Feed, Named, named
from gateway.handover.figures import Figures
from gateway.handover.judge import Judged
from gateway.handover.recovery import take_back
from gateway.handover.tell import end_kept_restrictions, tell
from gateway.office import Office
from schemas.claim import Rejected
from schemas.screening import Cleared


class _Batches:
    """The batches of one mandate."""

    def __init__(self, office: Office, given: Assignment, file: bytes | None, figures: Figures, dry_run: bool) -> None:
        self._office = office
        self._given = given
        self._file = file
        self._figures = figures
        self._dry_run = dry_run
        self._batch: Batch | None = None
        self._pending = Figures()

    @property
    def sequence(self) -> int:
        """The number of the package in the making; 0 if none is."""
        return 0 if self._batch is None else self._batch.sequence or 0

    def close(self) -> None:
        """Takes back what has not ended."""
        if self._batch is not None:
            self._batch.close()
            take_back(self._office, self._batch.package_id)

    def is_full(self, more: int) -> bool:
        """Whether `more` claims would be too many for the batch in hand."""
        return self._batch is not None and self._batch.judged + more > MAXIMUM_CLAIMS

    def add(self, judged: list[Judged], rejected: Sequence[Rejected]) -> None:
        """Keeps one chunk."""
        if not judged and not rejected:
            return
        if not self._dry_run:
            self._batch = self._batch or Batch(self._office, self._given, self._file)
            cases = self._batch.add(judged, rejected)
            tell(self._office, self._given, judged, self._batch.package_id)
            end_kept_restrictions(self._office, cases, self._batch.package_id, self._given.now)
        self._pending.judge(judged)
        self._pending.reject(rejected)

    def end(self, file_rows: int | None) -> None:
        """Ends the batch in hand; `file_rows` says that the file was read to its end, and how many rows it had."""
        if self._batch is not None:
            batch, self._batch = self._batch, None
            if batch.finish(file_rows) is not None:
                self._pending.sealed.append(batch.package_id)
        elif self._file is not None and file_rows is not None and not self._dry_run:
            with self._office.connection.begin():
                self._office.claims.remember_file(self._given.source.id, self._file, file_rows)
        self._figures.merge(self._pending)
        self._pending = Figures()


class Batches:
    """`file` is the keyed digest of the file the rows come from, None for held claims.

    `feed` is asked again before anything ends: a payment or a dispute that came since stops the claims in hand.
    """

    def __init__(
        self,
        office: Office,
        given: Sequence[Assignment],
        file: bytes | None,
        figures: Figures,
        *,
        feed: Feed,
        dry_run: bool,
    ) -> None:
        self._feed = feed
        self._cleared: list[Named] = []
        self._by_mandate = {one.mandate.id: _Batches(office, one, file, figures, dry_run) for one in given}
        self._stack = ExitStack()

    def __enter__(self) -> "Batches":
        for batches in self._by_mandate.values():
            self._stack.callback(batches.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, judged: Sequence[Judged], rejected: Sequence[Rejected]) -> None:
        """Keeps one chunk, each claim under the mandate it was judged by; rejected rows go with the first mandate.

        Raises FactsChangedError as `finish` does.
        """
        chunks = {name: [found for found in judged if found.mandate == name] for name in self._by_mandate}
        if any(batches.is_full(len(chunks[name])) for name, batches in self._by_mandate.items()):
            self.finish(None)
        for name, batches in self._by_mandate.items():
            batches.add(chunks[name], rejected)
            rejected = ()
        self._cleared += [named(found.claim) for found in judged if isinstance(found.verdict, Cleared)]

    def finish(self, file_rows: int | None) -> None:
        """Ends what is in hand; `file_rows` says how many rows its file had, once it was read to its end.

        Raises FactsChangedError if the facts feed says something new about a claim in hand: nothing has ended then.
        """
        self._feed.require_same(self._cleared)
        self._cleared.clear()
        *others, last = sorted(self._by_mandate.values(), key=lambda batches: batches.sequence)
        for batches in others:
            batches.end(None)
        last.end(file_rows)
