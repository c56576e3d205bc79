"""The facts feed of a source in one run: read before screening, and again right before anything is sealed.

Rules: it counts as fresh if it ends with its `complete` row, every row could be read, and it is of today or yesterday; then
its silence is a no. Otherwise what it tells still counts, and its silence is unknown. Facts are kept in memory, by number:
a feed lists what is special, not every claim.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from gateway.errors import InputError
from gateway.readers.facts import NUMBERS, Complete, Told, read_facts
from gateway.settings import Configuration, Source
from schemas.claim import Claim, Rejected
from schemas.facts import Fact, FactKind, Facts
from schemas.words import counted

MAXIMUM_FACTS: Final = 1_000_000  # some 500 MB; a feed of more is an export of everything
_SUMS: Final = frozenset({FactKind.PAYMENT, FactKind.CREDIT})
_State = tuple[int, int, int] | None


class Named(NamedTuple):
    """The three numbers that a feed may name a claim by."""

    claim_no: str
    invoice_no: str
    customer_no: str


def named(claim: Claim) -> Named:
    """The numbers by which a facts feed may name a claim."""
    return Named(claim.claim_no, claim.invoice_no, claim.customer_no)


class FactsChangedError(InputError):
    """The feed tells something new about claims that were about to be sealed: `feed` is what it says now."""

    def __init__(self, feed: "Feed") -> None:
        super().__init__("the facts feed changed while claims were screened: they are screened again")
        self.feed = feed


class Feed:
    """What one reading of a feed found. Without a feed, everything it could say is unknown."""

    def __init__(self, source: str, path: Path | None, today: date) -> None:
        """Reads the file. What is wrong with it is in `failure`, and never an exception."""
        self._source, self._path, self._today = source, path, today
        self._facts: dict[str, defaultdict[str, list[Fact]]] = {name: defaultdict(list) for name in NUMBERS}
        self._state = _state(path)
        self.failure: InputError | None = None
        as_of = None
        if path is not None:
            try:
                as_of = self._read(path)
            except InputError as failure:
                self.failure = failure
        self.silent = Facts(fresh=as_of is not None and self.failure is None, missing=self.failure is not None)

    def names(self) -> Mapping[str, Collection[str]]:
        """The numbers that the feed names, by which of `NUMBERS` they are."""
        return self._facts

    def told(self, named: Named) -> tuple[Fact, ...]:
        """The facts that name one claim, each by itself."""
        return tuple(
            fact for name, number in zip(NUMBERS, named, strict=True) for fact in self._facts[name].get(number, ())
        )

    def of(self, named: Named) -> Facts:
        """What is known of one claim; `silent` if the feed does not name it."""
        found = self.told(named)
        return _together(found, self.silent) if found else self.silent

    def require_same(self, cleared: Sequence[Named]) -> None:
        """Raises FactsChangedError if the file says something else by now about one of these claims."""
        if _state(self._path) == self._state:
            return
        now = Feed(self._source, self._path, self._today)
        if any(now.of(named) != self.of(named) for named in cleared):
            raise FactsChangedError(now)

    def _read(self, path: Path) -> date:
        as_of: date | None = None
        rejected: list[Rejected] = []
        for row, told in enumerate(self._rows(path), start=1):
            if row > MAXIMUM_FACTS:
                raise self._fault(f"it has more than {MAXIMUM_FACTS:,} rows: list what is special, not every claim")
            if as_of is not None:
                raise self._fault("rows follow its last one (`complete`)")
            match told:
                case Rejected():
                    rejected.append(told)
                case Complete():
                    as_of = told.as_of
                case Told():
                    self._facts[told.field][told.number].append(told.fact)
        if rejected:
            first = rejected[0]
            raise self._fault(
                f"{counted(len(rejected), 'row')} cannot be read, first row {first.row}, {first.field}: {first.rule}"
            )
        if as_of is None:
            raise self._fault("it does not end with a row of kind `complete`")
        if not self._today - timedelta(days=1) <= as_of <= self._today:
            raise self._fault("it is neither of today nor of yesterday")
        return as_of

    def _rows(self, path: Path) -> Iterator[Told | Complete | Rejected]:
        try:
            with path.open("rb") as stream:
                yield from read_facts(stream, path.suffix)
        except OSError:
            raise self._fault("it cannot be read") from None

    def _fault(self, what: str) -> InputError:
        return InputError(f"facts feed of source {self._source}: {what}; what it does not say counts as unknown")


def feed_of(configuration: Configuration, source: Source, today: date) -> Feed:
    """A reading of the feed that a source is configured with."""
    return Feed(source.id, configuration.path(source.facts) if source.facts else None, today)


def _state(path: Path | None) -> _State:
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_ino, found.st_size, found.st_mtime_ns)


def _together(found: Sequence[Fact], silent: Facts) -> Facts:
    part_returns = [fact for fact in found if fact.kind is FactKind.RETURN and fact.amount is not None]
    sums = [fact for fact in found if fact.kind in _SUMS] + part_returns
    addresses = [fact for fact in found if fact.kind is FactKind.ADDRESS]
    newest = max(addresses, key=lambda fact: fact.on).address if addresses else None
    plain = {fact.kind for fact in found if fact not in part_returns} - _SUMS - {FactKind.DEFERRAL, FactKind.ADDRESS}
    return Facts(
        fresh=silent.fresh,
        missing=silent.missing,
        kinds=frozenset(plain | ({FactKind.ADDRESS} if addresses and newest is None else set())),
        paid=sum(fact.amount or 0 for fact in sums),
        sums=tuple(sums),
        returned_on=max((fact.on for fact in part_returns), default=None),
        deferred_to=max((fact.on for fact in found if fact.kind is FactKind.DEFERRAL), default=None),
        address=newest,
    )
