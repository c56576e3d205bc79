"""Random histories of two sides against the model: whatever is lost, repeated, out of order or killed changes nothing."""

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from both_sides import ALIVE, CLAIMS, Sides
from gateway.errors import InputError, UsageError
from gateway.state import PackageState
from gateway.steps.books import BookLine
from sides_model import OPEN, Model, Row
from sides_steps import (
    REPLIES,
    STEPS,
    Answer,
    Change,
    Day,
    Feedback,
    Find,
    Lose,
    Night,
    Recall,
    Receive,
    Repeat,
    Step,
    Void,
    changed,
)
from wire import Server
from world import row

UNFINISHED: Final = {PackageState.SEALED, PackageState.UPLOADED, PackageState.REVOKED, PackageState.CLOSING}


class BothSides(RuleBasedStateMachine):
    """What happens to four claims, and what the model knows of them."""

    sides: ClassVar[Sides]

    @classmethod
    def prepare(cls, folder: Path) -> None:
        """The world that every history begins with."""
        cls.sides = Sides(folder)

    @initialize(first=st.sets(st.sampled_from(CLAIMS), min_size=1))
    def begin(self, first: set[int]) -> None:
        """A fresh world, and some claims that are to be handed over."""
        self.sides.begin()
        self.wire = self.sides.wire
        self.model = Model(source=dict.fromkeys(sorted(first), Row()))
        self.good = True

    @rule(step=STEPS)
    def happens(self, step: Step) -> None:
        """One thing happens; a step that cannot be is none."""
        self.good = False
        getattr(self, type(step).__name__.lower())(step)
        self.check()
        self.good = True

    def day(self, _: Day) -> None:
        """Nobody is killed, and the line holds."""
        self.night(Night())
        self.receive(Receive())
        self.feedback(Feedback())

    def change(self, step: Change) -> None:
        """What the source says will be read by the next night."""
        if step.what == "new":
            self.model.source.setdefault(step.claim, Row())
        elif step.claim in self.model.source:
            self.model.source[step.claim] = changed(self.model.source[step.claim], step.what)

    def recall(self, step: Recall) -> None:
        """The stop waits from here on, and the case is closed to work at once."""
        cases = [claim for claim, one in sorted(self.model.cases.items()) if one.standing in OPEN]
        if cases:
            claim = cases[step.pick % len(cases)]
            self.model.recall(claim)
            self.sides.recall(claim)

    def void(self, step: Void) -> None:
        """Whether the agency has it, had it, or never will: its answer says that, and is not here yet."""
        waiting = sorted(one for one, state in self.sides.books.packages.items() if state is PackageState.UPLOADED)
        if waiting:
            package = waiting[step.pick % len(waiting)]
            if self.model.voids(package):
                self.sides.void(package)
            else:
                with pytest.raises(UsageError):
                    self.sides.void(package)

    def lose(self, step: Lose) -> None:
        """Of the packages that lie whole on the wire, the newest is picked first."""
        laid = [one for one in self.wire.letters if self.wire.whole(one)]
        if laid:
            self.wire.lose(laid[-1 - step.pick % len(laid)], step.which)

    def find(self, step: Find) -> None:
        """Of what was lost."""
        lost = [one for one in self.wire.letters if (one.id, one.void) in self.wire.lost]
        if lost:
            self.wire.lay(lost[step.pick % len(lost)])

    def repeat(self, step: Repeat) -> None:
        """Of all packages that there ever were."""
        if letters := self.wire.letters:
            self.wire.lay(letters[-1 - step.pick % len(letters)], renamed=step.renamed)

    def check(self) -> None:
        """What has appeared was to be sent, and the books of both sides are the model's."""
        self.look()

        assert self.sides.books.cases == self.model.creditors_books
        assert self.sides.agencys == self.model.agencys_books

    def look(self) -> None:
        """What has appeared was to be sent."""
        for letter in self.wire.look():
            self.model.seen(letter)

    def night(self, step: Night) -> None:
        """What is owed goes out if the line holds, whatever was killed before."""
        reach = step.reach
        new = {claim: one for claim, one in self.model.source.items() if one != self.model.read.get(claim)}
        if new:
            self.sides.drop([exported(claim, one) for claim, one in new.items()])
        self.model.night(reachable=reach != -1)
        Server.left = reach
        figures = self.sides.night(step.kill)
        if figures is None:
            self.look()
            if step.between:
                self.receive(Receive())
            Server.left = reach = reach if step.again or reach == -1 else None
            figures = self.sides.night()
        Server.left = None
        self.look()

        self.model.all_sealed()

        assert figures is not None
        assert figures.failures == [] or reach is not None, figures.failures
        assert reach is not None or not +self.model.owed
        assert reach is not None or PackageState.REVOKED not in self.sides.books.packages.values()

    def receive(self, step: Receive) -> None:
        """The agency takes in what lies there whole and in its turn, stops first, and answers all of it."""
        arrived = [one for one in self.wire.letters if one.to_agency and self.wire.whole(one)]
        for letter in sorted(arrived, key=lambda one: (one.type != "stops", one.number, not one.void)):
            if self.model.next(letter):
                self.model.hears(letter)
        found = self.sides.receive(step.kill) or self.sides.receive()
        self.look()

        assert found is not None
        assert found.failures == [] or self.wire.renamed or self.wire.lost, found.failures
        assert not +self.model.due

    def answer(self, step: Answer) -> None:
        """What may be said of a case is taken once; what may not be said is refused, and changes nothing."""
        if not self.model.agency:
            return
        claim = sorted(self.model.agency)[step.pick % len(self.model.agency)]
        ref = next(ref for ref, one in self.sides.refs.items() if one == claim)
        said = REPLIES[step.what] | {"case_ref": ref}
        number = len(self.wire.letters)
        if step.what == "payment":
            said |= {"amount": 100 + number, "principal": 100 + number}
        if not self.model.answers(claim, step.what, said.get("amount", 0)):
            with pytest.raises(InputError):
                self.sides.reply(said, number)
            return
        self.sides.reply(said, number, step.kill)
        if step.kill != ALIVE:
            with suppress(InputError):  # it was taken before the kill
                self.sides.reply(said, number)
            self.sides.post()

    def feedback(self, step: Feedback) -> None:
        """The creditor applies what lies there whole and in its turn, receipts first; none of it is refused."""
        unbooked = {one for one, state in self.sides.books.packages.items() if state is PackageState.SEALED}
        answers = [one for one in self.wire.letters if not one.to_agency and self.wire.whole(one)]
        for letter in sorted(answers, key=lambda one: (one.type != "receipt", one.number)):
            if letter.answers not in unbooked and self.model.next(letter):
                self.model.hears_answers(letter)
        found = self.sides.feedback(step.kill) or self.sides.feedback()

        assert found is not None
        assert found.refused == []
        assert found.failures == [] or self.wire.renamed or self.wire.lost or unbooked
        assert self.sides.delivered() == self.model.delivered

    def teardown(self) -> None:
        """Everything arrives; then both sides say the same, of each case and to the cent."""
        try:
            if getattr(self, "good", False):
                self.drain()
        finally:
            self.sides.end()

    def drain(self) -> None:
        """Until nobody has anything to say any more."""
        self.wire.clear()
        for _ in range(3):
            self.happens(step=Day())
        self.compare()

        assert not {*self.sides.books.packages.values()} & UNFINISHED
        assert self.model.drained
        assert self.sides.verified()
        self.check_wire()

    def compare(self) -> None:
        """The agency's books beside the creditor's, and both beside the model's, to the cent."""
        self.model.states()
        self.sides.state()
        self.look()
        self.feedback(Feedback())
        books = self.sides.reconcile()

        assert books is not None
        assert books.differences == []
        assert told(self.sides, books.ours) == {claim: one.line for claim, one in self.model.agency.items()}

    def check_wire(self) -> None:
        """Each case went out at most once and was accepted at most once, and what was recalled is not worked."""
        taken = [one for one in self.sides.wire.letters if one.id not in self.model.refused]
        said = [one for letter in taken for _, one in letter.said]
        new = [one.claim for one in said if one.kind == "case.new"]
        accepted = [one.claim for one in said if one.value == ("accepted", "case.new")]
        recalled = {one.claim for one in said if one.kind == "case.recall"}
        standing = {claim: where for claim, (where, _) in self.sides.agencys.items()}

        assert len(set(new)) == len(new)
        assert len(set(accepted)) == len(accepted)
        assert not {claim for claim in recalled if standing.get(claim) in OPEN}


def exported(claim: int, found: Row) -> dict[str, Any]:
    """A claim as its source exports it."""
    amount, paid = f"{found.amount / 100:.2f}", f"{found.paid / 100:.2f}"
    return row(claim, amount=amount, paid_amount=paid, disputed=found.disputed)


def told(sides: Sides, books: dict[str, BookLine]) -> dict[int, tuple[object, ...]]:
    """Books in the model's words."""
    return {
        sides.claim_of(ref): (
            str(one.standing),
            one.restricted,
            one.principal,
            one.credited,
            one.paid_to_creditor,
            one.paid_to_agency,
        )
        for ref, one in books.items()
    }
