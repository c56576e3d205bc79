"""What both sides must know of each case, and what each has to say to the other: plain sets, after DESIGN.md and docs/.

A standing, and whether the case is restricted, stands on each side (docs/messages.md, docs/kit.md). Whatever is said is
owed until it is seen on the wire: nothing else may be seen there, and nothing twice. What a restart, a lost file or a
repeated one does is not in here, for it must change nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from wire import Letter, Said

UNDECIDED: Final = {"under-review", "question"}
WORKED: Final = {"active", "paused"}
OPEN: Final = UNDECIDED | WORKED
MAY: Final = {  # what an agency may say of a case, by where it stands in its own books
    "accepted": UNDECIDED,
    "refused": UNDECIDED,
    "question": UNDECIDED,
    "paused": WORKED,
    "resumed": WORKED,
    "closed": WORKED | {"recalled"},
    "payment": OPEN | {"recalled", "closed"},
    "dispute": OPEN | {"recalled", "closed"},
}
BECOMES: Final = {
    "accepted": "active",
    "refused": "refused",
    "question": "question",
    "paused": "paused",
    "resumed": "active",
    "closed": "closed",
}
TALK: Final = {"case.restrict", "case.unrestrict", "case.payment", "case.credit"}


LAST_HOLDS: Final = {"case.restrict", "case.unrestrict"}


@dataclass(eq=False)
class Out:
    """A message about a case to its agency: it waits, is sealed, or was seen in a package; `gone`: nobody is to have it."""

    said: Said
    sealed: bool = False
    package: str | None = None
    gone: bool = False


class Row(NamedTuple):
    """A claim as its source has it, in cents."""

    amount: int = 12050
    paid: int = 2000
    disputed: bool = False


@dataclass
class Case:
    """A case in the books of one side."""

    standing: str = "under-review"
    restricted: bool = False
    dispute: str | None = None  # the newest that the agency reported
    principal: int = 0
    credited: int = 0
    to_creditor: int = 0
    to_agency: int = 0

    @property
    def line(self) -> tuple[str, bool, int, int, int, int]:
        """What is compared in the end; of a refused case, what the creditor said later is in neither book."""
        told = (0, 0) if self.standing == "refused" else (self.credited, self.to_creditor)
        return (self.standing, self.restricted, self.principal, *told, self.to_agency)


@dataclass
class Model:
    """Both sides, and what is owed between them."""

    source: dict[int, Row] = field(default_factory=dict)
    read: dict[int, Row] = field(default_factory=dict)  # what the creditor has read of it
    told: dict[int, Row] = field(default_factory=dict)  # what its agency knows of it, or will
    recalled_by_row: set[int] = field(default_factory=set)
    cases: dict[int, Case] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)  # recalled before they left
    batches: list[set[int]] = field(default_factory=list)  # new cases that are sealed together
    left: set[int] = field(default_factory=set)  # claims whose case was seen on the wire
    outs: list[Out] = field(default_factory=list)  # in order of what happened
    owed: Counter[Said] = field(default_factory=Counter)
    sent: dict[str, Letter] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)  # a person has voided these
    heard_of: set[int] = field(default_factory=set)  # claims that the agency has told something of
    refused: set[str] = field(default_factory=set)  # and the agency never had these, as the creditor knows
    again: set[int] = field(default_factory=set)  # claims of these, for the next night

    agency: dict[int, Case] = field(default_factory=dict)
    kept: dict[int, list[Said]] = field(default_factory=dict)  # stops whose case has not come
    due: Counter[Said] = field(default_factory=Counter)
    taken: Counter[tuple[bool, str]] = field(default_factory=Counter)  # the last number, by direction and type
    delivered: set[str] = field(default_factory=set)
    closed: set[str | None] = field(default_factory=set)  # packages that nobody has, by the agency's word
    numbers: set[tuple[bool, str, int]] = field(default_factory=set)

    @property
    def creditors_books(self) -> dict[int, tuple[str, bool]]:
        """Where each case stands at the creditor, and whether it is restricted."""
        return {claim: (one.standing, one.restricted) for claim, one in self.cases.items() if claim not in self.dead}

    @property
    def agencys_books(self) -> dict[int, tuple[str, bool]]:
        """The same at the agency."""
        return {claim: (one.standing, one.restricted) for claim, one in self.agency.items()}

    @property
    def drained(self) -> bool:
        """Whether the last number of each kind has been taken, and nothing is to be said."""
        last: dict[tuple[bool, str], int] = {}
        for to_agency, kind, number in self.numbers:
            last[to_agency, kind] = max(number, last.get((to_agency, kind), 0))
        return last == +self.taken and len(self.numbers) == sum(last.values()) and not +self.owed and not +self.due

    def seen(self, letter: Letter) -> None:
        """What appears on the wire was owed, and is not owed any more; no number has two packages."""
        number = (letter.to_agency, letter.type, letter.number)
        assert number not in self.numbers or (letter.void and letter.id in self.revoked), "a number was used twice"
        assert letter.void is False or letter.id in self.revoked or letter.id not in self.sent
        self.numbers.add(number)
        if letter.to_agency and not letter.void:
            self.sent[letter.id] = letter
        ledger = self.owed if letter.to_agency else self.due
        for message_id, said in letter.said:
            assert ledger[said] > 0, f"{said} was not to be sent"
            ledger[said] -= 1
            if not letter.to_agency and said.kind == "case.dispute":
                self.agency[said.claim].dispute = message_id
            if letter.to_agency and said.kind == "case.new":
                self.left.add(said.claim)
            if said.kind == "package.refused":
                self.closed.add(letter.answers)
            if letter.to_agency and said.kind != "case.new":
                out = min(
                    (one for one in self.outs if one.said == said and one.package is None),
                    key=lambda one: not one.sealed,
                )
                out.package = letter.id

    def next(self, letter: Letter) -> bool:
        """Whether it is a package's turn; then it counts as taken."""
        counted = (letter.to_agency, letter.type)
        if letter.number != self.taken[counted] + 1:
            return False
        self.taken[counted] += 1
        return True

    # The creditor.

    def recall(self, claim: int) -> None:
        """A person recalls an open case."""
        self.cases[claim].standing = "recalled"
        self._say(Said("case.recall", claim))

    def night(self, *, reachable: bool) -> None:
        """What has not left and is recalled never will; what is new or has changed is told."""
        again = self.again | (self._withdraw() if reachable else set())
        self.again = set()
        changed = {claim for claim, row in self.source.items() if row != self.read.get(claim)}
        self.read |= {claim: self.source[claim] for claim in changed}
        for claims in (changed, again - changed):
            self._screen(claims)

    def _withdraw(self) -> set[int]:
        again: set[int] = set()
        for batch in list(self.batches):
            stopped = {claim for claim in batch if self.cases[claim].standing == "recalled"}
            if batch & self.left or not stopped:
                continue
            self.batches.remove(batch)
            self.dead |= stopped
            again |= batch - stopped
            for said in [one for one in self.owed if one.claim in batch and one.kind in TALK | {"case.new"}]:
                del self.owed[said]
            self.outs = [
                one
                for one in self.outs
                if one.said.claim not in batch or one.said.kind not in TALK or one.package is not None
            ]
        for claim in again:
            del self.cases[claim], self.told[claim]
        return again

    def _screen(self, claims: Iterable[int]) -> None:
        batch = set()
        for claim in claims:
            row = self.read[claim]
            if claim in self.cases:
                self._tell(claim, row)
            elif row.amount > 0 and not row.disputed:
                self.cases[claim] = Case(principal=row.amount - row.paid)
                self.told[claim] = row
                self.owed[Said("case.new", claim, row.amount - row.paid)] += 1
                if self._is_kept_restricted(claim):
                    self._say(Said("case.unrestrict", claim))
                batch.add(claim)
        if batch:
            self.batches.append(batch)

    def _say(self, said: Said) -> None:
        self.owed[said] += 1
        self.outs.append(Out(said))

    def _is_kept_restricted(self, claim: int) -> bool:
        """Whether the last that was said of it, in a package that was or may be taken, restricts."""
        last = [one for one in self.outs if one.said.claim == claim and one.said.kind in LAST_HOLDS]
        return [one.said.kind for one in last if one.package not in self.refused][-1:] == ["case.restrict"]

    def all_sealed(self) -> None:
        """A night is over: nothing waits."""
        for one in self.outs:
            one.sealed = True

    def _tell(self, claim: int, row: Row) -> None:
        before, case = self.told[claim], self.cases[claim]
        self.told[claim] = row
        recalled = row.amount == 0 and claim not in self.recalled_by_row
        self.recalled_by_row |= {claim} if recalled else set()
        if case.standing == "refused" or claim in self.dead:
            return
        if row.disputed and not before.disputed:
            self._say(Said("case.restrict", claim))
            case.restricted = True
        if before.disputed and not row.disputed and case.dispute is None:
            self._say(Said("case.unrestrict", claim))
            case.restricted = False
        if row.paid > before.paid:
            self._say(Said("case.payment", claim, row.paid - before.paid))
            case.to_creditor += row.paid - before.paid
        if row.amount < before.amount:
            self._say(Said("case.credit", claim, before.amount - row.amount))
            case.credited += before.amount - row.amount
        if recalled:
            self._say(Said("case.recall", claim))
            case.standing = "recalled" if case.standing in OPEN else case.standing

    def voids(self, package: str) -> bool:
        """A person voids a package, unless the agency has told something of its cases."""
        if any(said.kind == "case.new" and said.claim in self.heard_of for _, said in self.sent[package].said):
            return False
        self.revoked.add(package)
        return True

    def hears_answers(self, letter: Letter) -> None:
        """A package of answers is applied: each answer once."""
        for message_id, said in letter.said:
            if said.kind == "package.refused" and letter.answers in self.sent:
                self._goes_again(self.sent[letter.answers])
            case = self.cases.get(said.claim)
            if said.kind == "package.receipt" and said.value[1] != "case.new":
                continue
            if case is None or said.kind in {"notice.ack", "statement", "statement.case"}:
                continue
            self.heard_of |= {said.claim} if said.kind != "package.receipt" else set()
            event = said.value[0] if said.kind == "package.receipt" else said.value
            if said.kind == "case.closed":
                case.standing = "closed"
            elif said.kind == "case.payment":
                case.to_agency += said.value
            elif said.kind == "case.dispute":
                case.restricted, case.dispute = True, message_id
            elif event == "refused" or case.standing in (UNDECIDED if said.kind == "package.receipt" else OPEN):
                case.standing = BECOMES.get(event, case.standing)
        if letter.answers is not None and letter.answers not in self.closed:
            self.delivered.add(letter.answers)

    def _goes_again(self, letter: Letter) -> None:
        """The agency never had a package: its claims are judged again, its messages wait again in their old places, and
        behind them what was said since, where the last holds. Nothing that was said of its cases counts.
        """
        here = [one for one in self.outs if one.package == letter.id and not one.gone]
        talked = {one.said.claim: self.outs.index(one) for one in reversed(here) if one.said.kind in LAST_HOLDS}
        later = [
            one
            for place, one in enumerate(self.outs)
            if one.said.kind in LAST_HOLDS and not one.gone and one.package != letter.id
            if place > talked.get(one.said.claim, len(self.outs))
        ]
        self.refused.add(letter.id)
        for one in here:
            one.package, one.sealed = None, False
            self.owed[one.said] += 1
        for one in later:
            if one.sealed:
                self._say(one.said)
            else:
                self.outs.remove(one)
                self.outs.append(one)
        new = {said.claim for _, said in letter.said if said.kind == "case.new"}
        for one in [one for one in self.outs if one.said.claim in new and one.said.kind in TALK]:
            one.gone = one.sealed
            if not one.sealed:
                self.outs.remove(one)
                self.owed[one.said] -= 1
        self.again |= {claim for claim in new if self.cases[claim].standing != "recalled"}
        self.dead |= new - self.again
        self.left -= new
        self.batches = [one for one in self.batches if not one & new]
        for claim in new & self.again:
            del self.cases[claim], self.told[claim]

    # The agency.

    def hears(self, letter: Letter) -> None:
        """A package arrives whole: each message is answered, each stop twice; a number that is closed is answered, too."""
        if letter.void:
            self.due[Said("package.refused")] += 1
        for _, said in letter.said:
            stop = letter.type == "stops"
            case = self.agency.get(said.claim)
            if said.kind == "case.new":
                self._opens(said)
                continue
            if not stop and said.claim and (case is None or case.standing == "refused"):
                self._receipt("unknown-case", said)
                continue
            self._receipt("accepted", said)
            if stop:
                result = "unknown" if case is None else "executed"
                self.due[Said("notice.ack", said.claim, (result, said.kind))] += 1
                if case is None:
                    self.kept.setdefault(said.claim, []).append(said)
            if case is not None:
                self._obeys(case, said)

    def _receipt(self, verdict: str, said: Said) -> None:
        self.due[Said("package.receipt", said.claim, (verdict, said.kind))] += 1

    def _opens(self, said: Said) -> None:
        assert said.claim not in self.agency, "a case came twice"
        case = self.agency[said.claim] = Case(principal=said.value)
        for stop in self.kept.get(said.claim, ()):
            self._obeys(case, stop)
        self._receipt("stopped" if case.standing == "recalled" else "under-review", said)

    def _obeys(self, case: Case, said: Said) -> None:
        match said.kind:
            case "case.recall" if case.standing in OPEN:
                case.standing = "recalled"
            case "case.restrict":
                case.restricted = True
            case "case.unrestrict":
                case.restricted = case.dispute is not None and case.dispute != said.value
            case "case.payment":
                case.to_creditor += said.value
            case "case.credit":
                case.credited += said.value

    def answers(self, claim: int, what: str, amount: int) -> bool:
        """The agency decides or reports something, if the case stands so that it may."""
        case = self.agency[claim]
        if case.standing not in MAY[what]:
            return False
        case.standing = BECOMES.get(what, case.standing)
        if what in {"accepted", "refused", "question"}:
            self.due[Said("package.receipt", claim, (what, "case.new"))] += 1
        elif what in {"paused", "resumed"}:
            self.due[Said("case.status", claim, what)] += 1
        elif what == "payment":
            case.to_agency += amount
            self.due[Said("case.payment", claim, amount)] += 1
        else:
            self.due[Said(f"case.{what}", claim)] += 1
        if what == "dispute":
            case.restricted = True
        return True

    def states(self) -> None:
        """The agency says what is in its books."""
        self.due[Said("statement")] += 1
        self.due.update(Said("statement.case", claim) for claim in self.agency)
