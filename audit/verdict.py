"""What a verification established, as a value: nothing more than was checked, and the first fault if there is one."""

from dataclasses import dataclass
from typing import NamedTuple


class Fault(NamedTuple):
    """The first thing that is not as it should be: which rule, and at which entry if it can be said."""

    rule: str
    entry: int | None = None


class FaultFoundError(Exception):
    """Ends a verification with its first fault. It passes between processes, so its arguments are all it is."""

    def __init__(self, rule: str, entry: int | None = None) -> None:
        super().__init__(rule, entry)
        self.fault = Fault(rule, entry)


class HeldBy(NamedTuple):
    """A checkpoint from outside that the log begins with: how many entries it covers, and who held it."""

    size: int
    holder: str


class Items(NamedTuple):
    """What became of the items that entries commit to.

    `opened` were compared with their commitments; `not_opened` are there, but no key opened them, so nothing was
    verified of their content; `erased` are covered by a completion. `presence` says whether the evidence shows which
    items are there: an export does not.
    """

    total: int = 0
    opened: int = 0
    not_opened: int = 0
    erased: int = 0
    presence: bool = False


class Restored(NamedTuple):
    """An entry from which the log goes on under another origin.

    `vouched`: under the key that was in force. Another one is named by that entry alone, so who could write the
    log, and had no key of it, may have named one.
    """

    entry: int
    origin: str
    vouched: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome. `root` is hex; `held` names the outside checkpoints that the log was found to continue; `restored`, in
    order, where it goes on after a restore.
    """

    origin: str
    entries: int
    root: str
    items: Items
    held: tuple[HeldBy, ...] = ()
    fault: Fault | None = None
    restored: tuple[Restored, ...] = ()

    @property
    def established(self) -> str:
        """What holds, in words that promise no more."""
        if self.fault is not None:
            place = "" if self.fault.entry is None else f" at entry {self.fault.entry}"
            return f"FAULT{place}: {self.fault.rule}"
        strange = next((one.entry for one in self.restored if not one.vouched), None)
        upto = "" if strange is None else f"; from entry {strange} on signed by a key that none before it vouches for"
        if self.held:
            oldest = ", ".join(f"checkpoint {held.size} held by {held.holder}" for held in self.held)
            return f"append-only since {oldest}{upto}"
        return f"internally consistent only: an owner who rewrote and signed everything anew would look the same{upto}"

    def sentences(self) -> list[str]:
        """The verdict for a person."""
        lines = [f"{self.established}", f"log {self.origin}: {self.entries} entries, root {self.root}"]
        if self.fault is None:
            for one in self.restored:
                key = "the same key" if one.vouched else "another key, which its owner must confirm"
                lines.append(f"restored at entry {one.entry}, and went on as log {one.origin} under {key}")
            items = self.items
            lines.append(f"{items.total} items: every root fits; {items.erased} erased, each in one completion")
            if items.presence:
                lines.append(f"{items.opened} items opened and as logged; {items.not_opened} not opened, not verified")
            else:
                lines.append("which items are still there, and what they say, this evidence does not show")
            lines.append("a log shown differently to somebody else is found only by comparing checkpoints with them")
        return lines

    def as_json(self) -> dict[str, object]:
        """The verdict as plain data."""
        return {
            "established": self.established,
            "origin": self.origin,
            "entries": self.entries,
            "root": self.root,
            "items": self.items._asdict(),
            "held": [one._asdict() for one in self.held],
            "restored": [one._asdict() for one in self.restored],
            "fault": None if self.fault is None else self.fault._asdict(),
        }
