"""The screening report: one page a head of accounting can forward, with totals in euros and no claim, number or person.

Amounts are what is open on claims in euros. A reason is worth fixing by what it alone holds: claims that nothing else
speaks against.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from gateway.figures.interest import interest, points_of
from gateway.figures.tables import NotCoveredError
from gateway.rules.costs import removed
from gateway.rules.ordered import rule
from gateway.rules.rule import Rule, Severity
from gateway.rules.worth import usual_fee, worth_of
from gateway.trial.screening import Terms, screen_file
from schemas.claim import Claim, Rejected
from schemas.money import EUR, euros
from schemas.screening import Cleared, Held, Refused, Verdict
from schemas.words import counted

_MAXIMUM_LINES: Final = 12  # of a table, so that the report stays one page
_VERDICTS: Final = {
    Cleared: "may be handed over today",
    Held: "held: a person must look, or time must pass",
    Refused: "refused: nothing may be handed over",
}


class _Reason(NamedTuple):
    name: str
    claims: int
    amount: int
    alone: int


class ScreeningReport:
    """Takes verdicts one by one, and keeps sums only."""

    def __init__(self, terms: Terms) -> None:
        self._name, self._known, self._today, self._fault = terms.name, terms.standing, terms.today, terms.feed.failure
        self._is_fresh, self._is_declared = terms.feed.silent.fresh, terms.is_declared
        self._claims: Counter[str] = Counter()
        self._amounts: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._uncovered = False

    def add(self, found: Verdict | Rejected) -> None:
        """Counts one row."""
        if isinstance(found, Rejected):
            self._rejected[f"{found.field}: {found.rule}"] += 1
            return
        amount = max(0, found.claim.open) if found.claim.currency == EUR else 0
        self._count(_VERDICTS[type(found)], amount)
        names = found.notes if isinstance(found, Cleared) else found.rules
        for name in names:
            self._count(name, amount)
        if isinstance(found, Cleared):
            self._price(found)
        elif len(names) == 1:
            self._alone[names[0]] += amount

    def lines(self) -> Iterator[str]:
        """The page."""
        yield f"Screening of {self._name} on {self._today.isoformat()}"
        yield ""
        yield from _table([("", "claims", "open EUR"), *self._verdicts()])
        yield from self._reasons("What to fix first", _is_work, _MAXIMUM_LINES)
        yield from self._reasons("What time will decide", lambda found: found.waits, _MAXIMUM_LINES // 3)
        yield from self._reasons("What is not owed, or not to be collected", _is_refusal, _MAXIMUM_LINES // 2)
        yield from self._wrong_rows()
        yield from self._money()
        yield from self._open_questions()

    def _count(self, name: str, amount: int) -> None:
        self._claims[name] += 1
        self._amounts[name] += amount

    def _price(self, cleared: Cleared) -> None:
        claim = cleared.claim
        self._sums["fees"] += removed(claim, self._known)
        fee = usual_fee(self._known.law.figures, claim, self._today)
        self._sums["fee"] += fee.total if fee else 0
        found = worth_of(claim, self._known, self._today)
        self._sums["expected"] += found.expected if found else 0
        self._sums["interest"] += self._interest(claim, cleared.default.since)

    def _interest(self, claim: Claim, since: date) -> int:
        try:
            return interest(self._known.law.figures, claim.open, points_of(claim.debtor.kind), since, self._today)
        except NotCoveredError:
            self._uncovered = True
            return 0

    def _verdicts(self) -> Iterator[tuple[str, str, str]]:
        for name in _VERDICTS.values():
            yield name, f"{self._claims[name]:,}", euros(self._amounts[name])
        yield "rejected: the row cannot be read", f"{self._rejected.total():,}", ""

    def _reasons(self, title: str, belongs: Callable[[Rule], bool], lines: int) -> Iterator[str]:
        found = [
            _Reason(name, self._claims[name], self._amounts[name], self._alone[name])
            for name in self._claims
            if name not in _VERDICTS.values() and belongs(rule(name))
        ]
        if found:
            found.sort(key=lambda one: (-one.alone, -one.amount, one.name))
            yield from ("", title)
            rows = [(f"{one.claims:,}", euros(one.amount), euros(one.alone), _because(one.name)) for one in found]
            head = ("claims", "open EUR", "alone EUR", "`alone`: nothing else speaks against these claims")
            yield from _table([head, *_shortened(rows, lines)])

    def _wrong_rows(self) -> Iterator[str]:
        if self._rejected:
            yield from ("", "Rows to correct in the export, by field and rule")
            rows = [(f"{count:,}", name) for name, count in self._rejected.most_common()]
            yield from _table(_shortened(rows, _MAXIMUM_LINES // 2))

    def _money(self) -> Iterator[str]:
        yield from ("", "What handing the cleared claims over would cost and bring")
        rows = [("agency's fees at most, owed by the debtors (VV 2300 RVG, 0.9)", euros(self._sums["fee"]))]
        if self._uncovered:
            rows.append(("default interest to date: not computed, the table of base rates has ended", ""))
        else:
            rows.append(("default interest to date", euros(self._sums["interest"])))
        if self._known.worth is not None:
            rows.append(("to be expected, by your success rates", euros(self._sums["expected"])))
        lowered = counted(self._claims["fees-removed"], "claim")
        rows.append((f"reminder fees taken out of {lowered}", euros(self._sums["fees"])))
        yield from _table([("", "EUR"), *rows])

    def _open_questions(self) -> Iterator[str]:
        told = [
            f"{counted(self._claims[name], 'claim')}: {_because(name)}"
            for name in ("rate-replaced", "limitation-near", "credit-possible", "instalments-possible")
            if self._claims[name]
        ]
        if self._fault is not None:
            told.insert(0, str(self._fault))
        elif not self._is_fresh:
            told.insert(
                0, "No facts feed: payments since the export, disputes, returns, insolvencies, deaths are unknown."
            )
        if not self._is_declared:
            told.insert(
                0, "Without declarations of a creditor: those of the preset are assumed; --source has your own."
            )
        if told:
            yield from ("", "What else to know", *(f"  {line}" for line in told))


def report_on(path: Path, terms: Terms, progress: Callable[[str, int], None]) -> ScreeningReport:
    """The report on a file. Raises InputError."""
    report = ScreeningReport(terms)
    for screened in screen_file(path, terms):
        report.add(screened.found)
        progress("screened", 1)
    return report


def _because(name: str) -> str:
    found = rule(name)
    return f"{found.sentence_en} ({found.norm})"


def _is_work(found: Rule) -> bool:
    return found.severity is Severity.HOLD and not found.waits


def _is_refusal(found: Rule) -> bool:
    return found.severity is Severity.REFUSE


def _shortened(rows: Sequence[tuple[str, ...]], lines: int) -> Iterable[tuple[str, ...]]:
    yield from rows[:lines]
    if len(rows) > lines:
        yield (*("" for _ in rows[0][1:]), f"and {counted(len(rows) - lines, 'more kind')}")


def _table(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    cells = list(rows)
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    numbers = [all(_is_number(row[column]) for row in cells[1:]) for column in range(len(cells[0]))]
    for row in cells:
        told = [
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, numbers, strict=True)
        ]
        yield ("  " + "  ".join(told)).rstrip()


def _is_number(cell: str) -> bool:
    return not cell or cell.lstrip("-").replace(",", "").replace(".", "").isdigit()
