"""Random histories of exports, payments, requests, kills and nights, with a model that says what must be true after each.

The agency's server is a folder here; everything else is the code itself, in this process. A kill is an exception that no
code catches, raised on entry to a function.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import gateway.wiring
from asking import approved, command
from gateway.agency.settings import load_agency
from gateway.demo.template import CREDITOR
from gateway.demo.vetting import make_key
from gateway.settings import load
from gateway.transport.sftp import ANSWERS_FOLDER
from gateway.wiring import open_desk, open_office
from world import TODAY, Result, World, jsonl, make_world, row

PEOPLE = range(1, 5)
CLAIMS = {claim: (claim + 1) // 2 for claim in range(1, 9)}  # two claims a person
BOTH = ("demo-clerk", "officer")
KILLS = (
    "gateway.handover.batch.publish",
    "gateway.handover.batch.sign",
    "gateway.store.packages.Packages.seal",
    "gateway.store.packages.Packages.uploaded",
    "histories.FolderTransport.upload",
    "gateway.night.make_final",
    "gateway.night.due_requests",
    "gateway.custody.epoch._destroy_old",
)
DECISION_KILLS = (
    "gateway.rights.erasure.seal_waiting",
    "gateway.rights.erasure.erase",
    "gateway.retention.erasing._complete",
    "gateway.retention.erasing.truncate_log",
)


class KilledHereError(BaseException):
    """The process ends here."""


class FolderTransport:
    """The agency's server as a folder: what `SftpTransport` does, without a connection."""

    key_exchange = "none"
    post_quantum = True
    root: ClassVar[Path]

    def __init__(self, _endpoint: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def upload(self, local: Path, name: str, sha256: str) -> None:
        """A file arrives whole."""
        assert hashlib.sha256(local.read_bytes()).hexdigest() == sha256
        shutil.copy(local, self.root / name)

    def digest(self, name: str, size_limit: int, *, checked: bool = False) -> str | None:
        """SHA-256 of a file, or None."""
        path = self.root / name
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None

    def listing(self, limit: int, *, delivered: bool = False) -> list[str]:
        """Names of files."""
        folder = self.root if delivered else self.root / ANSWERS_FOLDER
        return sorted(path.name for path in folder.iterdir())[:limit] if folder.exists() else []

    def fetch(self, name: str, local: Path, size_limit: int, *, delivered: bool = False) -> bool:
        """A copy of a file, if there is one."""
        path = self.root / name if delivered else self.root / ANSWERS_FOLDER / name
        if not path.exists():
            return False
        local.write_bytes(path.read_bytes())
        return True

    def remove(self, name: str, *, answer: bool = False) -> None:
        """A file is gone."""
        (self.root / ANSWERS_FOLDER / name if answer else self.root / name).unlink(missing_ok=True)


@contextmanager
def killed_at(target: str | None) -> Iterator[None]:
    """Whoever reaches a function ends there, once; nothing happens if nobody does."""
    if target is None:
        yield
        return

    def end(*_: object, **__: object) -> None:
        raise KilledHereError

    try:
        with patch(target, end):
            yield
    except KilledHereError:
        pass


class Histories(RuleBasedStateMachine):
    """What happens to eight claims of four people, and what the model knows of them."""

    template: ClassVar[Path]

    @classmethod
    def prepare(cls, home: Path) -> None:
        """The world that every history begins with."""
        cls.template = home / "template"
        cls.template.mkdir()
        world = make_world(cls.template)
        world.configure('role = "controller"', 'role = "processor"')
        world.vet()
        make_key(world.home / "clerk", "officer")
        assert (
            approved(world, "actor", "add", "officer", world.home / "clerk" / "officer.pub", keys=("demo-clerk",)).code
            == 0
        )

    @initialize()
    def begin(self) -> None:
        """A fresh copy of the world, in which nobody is known."""
        self.folder = tempfile.TemporaryDirectory()
        home = Path(self.folder.name) / "world"
        shutil.copytree(self.template, home)
        self.world = World(home, load(home / "creditor" / "inkasso.toml").settings.agencies[0].sftp.port)
        FolderTransport.root = self.world.sftp
        self.transport = patch.object(gateway.wiring, "SftpTransport", FolderTransport)
        self.transport.start()
        self.now = TODAY
        self.paid: dict[int, int] = {}  # of each claim that exists, in euro
        self.agency: dict[str, set[str]] = {}  # the messages that arrived, by the claim's invoice number
        self.refs: dict[str, str] = {}  # invoice number by case reference
        self.subjects: dict[int, str] = {}
        self.requests: dict[str, tuple[str, int]] = {}  # undecided and unlifted ones: kind and person
        self.decided: set[str] = set()
        self.stopped: set[int] = set()
        self.erased: set[int] = set()  # claims

    def teardown(self) -> None:
        """Forty days later, every notice has its answer or is on the overdue list; then the world goes."""
        if hasattr(self, "world"):
            self.receive()
            self.now += timedelta(days=40)
            failures = " ".join(self.run("nightly", "--json").json["failures"])
            silent = sum(
                notice[3] == "no answer yet"
                for request in self.requests
                for notice in self.run("request", "show", request, "--json").json["notices"]
            )
            self.transport.stop()
            self.folder.cleanup()

            assert (silent > 0) == ("notices (Art. 19 GDPR)" in failures)
            assert silent == 0 or f"{silent} notices" in failures

    def run(self, *arguments: str | Path) -> Result:
        """A command of the creditor, a minute after the one before."""
        self.now += timedelta(minutes=1)
        return command(self.world, *arguments, now=self.now)

    @rule(claim=st.sampled_from(sorted(CLAIMS)), paid=st.integers(0, 3))
    def export(self, claim: int, paid: int) -> None:
        """A claim is there, or more of it is paid."""
        self.paid[claim] = max(self.paid.get(claim, 0), 20 + paid)
        rows = [
            row(one, customer_no=f"K-{CLAIMS[one]:06d}", paid_amount=f"{amount}.00")
            for one, amount in sorted(self.paid.items())
        ]
        for path in self.world.inbox.iterdir():
            path.unlink()
        self.world.drop(f"export-{self.now:%d%H%M%S}.jsonl", jsonl(rows))

    @rule(kill=st.none() | st.sampled_from(KILLS), received=st.booleans())
    def night(self, kill: str | None, received: bool) -> None:
        """A night, perhaps killed and repeated; perhaps the agency looks for what arrived."""
        self.now += timedelta(hours=1)
        if kill is not None:
            with killed_at(kill):
                self.run("nightly", "--json")
        result = self.run("nightly", "--json")
        new = self.arrivals()
        if received:
            self.receive()

        assert result.code in {0, 3}
        assert not {claim for claim in new if CLAIMS[claim] in self.stopped or claim in self.erased}

    def arrivals(self) -> set[int]:
        """The claims that were handed over by now and were not before, by the creditor's own count of cases."""
        with (
            open_office(load(self.world.creditor)) as office,
            office.connection.begin(),
            office.vault_connection.begin(),
        ):
            numbers = {f"F-{claim:06d}": claim for claim in CLAIMS}
            keys = {key.claim_id: numbers[number] for number, key in office.vault.find(CREDITOR, numbers).items()}
            found = {keys[claim] for claim in office.cases.of_claims(None, list(keys))}
        before = getattr(self, "handed_over", set())
        self.handed_over = found
        return found - before

    def receive(self) -> None:
        """The agency takes in what arrived, and answers; the model notes what it was told."""
        self.now += timedelta(minutes=1)
        assert self.world.receive(self.now).code == 0
        with open_desk(load_agency(self.world.agency)) as desk, desk.cases_connection.begin():
            persons = {message: json.loads(line)["invoice_no"] for message, line in desk.persons.lines()}
            for ref, case in desk.cases.cases(CREDITOR).items():
                if case.line is not None:
                    message = json.loads(case.line)["message_id"]
                    self.refs.setdefault(ref, persons.get(message, ""))
                    self.agency.setdefault(self.refs[ref], set()).add(message)
            for message in desk.cases.messages(CREDITOR):
                ref = getattr(message.message, "case_ref", None)
                if ref in self.refs:
                    self.agency.setdefault(self.refs[ref], set()).add(message.message.message_id)

    @rule(person=st.sampled_from(list(PEOPLE)), kind=st.sampled_from(["access", "erasure", "restriction", "objection"]))
    def ask(self, person: int, kind: str) -> None:
        """A person asks; nothing is held of whom nobody knows."""
        clues = self.world.home / "clues.json"
        clues.write_text(json.dumps({"customer_no": f"K-{person:06d}"}))
        candidates = self.run("subject", "find", "--clues", clues, "--json").json["candidates"]

        if not candidates:
            return
        (one,) = candidates
        day = self.now.date().isoformat()
        subject = ("--subject", one["subject"])
        opened = self.run("request", "open", kind, "--channel", "letter", "--received", day, *subject)
        request = opened.out.split()[0]
        assert self.run("request", "identify", request, "--proof", "reference", *subject).code == 0
        self.requests[request] = (kind, person)
        self.subjects[person] = one["subject"]
        if kind != "access":
            self.stopped.add(person)

    @precondition(lambda self: set(self.requests) - self.decided)
    @rule(data=st.data(), kill=st.none() | st.sampled_from(DECISION_KILLS))
    def decide(self, data: st.DataObject, kill: str | None) -> None:
        """A request is granted: access is answered and compared, an erasure takes all that is held of the person."""
        request = data.draw(st.sampled_from(sorted(set(self.requests) - self.decided)))
        kind, person = self.requests[request]
        ground = ("--ground", "unlawful") if kind == "erasure" else ()
        self.now += timedelta(minutes=1)
        before = self.held(person)
        with killed_at(kill if kind == "erasure" else None):
            done = approved(self.world, "request", "approve", request, *ground, keys=BOTH, now=self.now)
            racing = any(
                (other, who) == ("access", person) and one not in self.decided
                for one, (other, who) in self.requests.items()
            )
            assert done.code == (2 if kind == "erasure" and racing and before else 0)
            if done.code:
                return
        self.decided.add(request)
        if kind == "access":
            self.compare(request, person)
        if kind == "erasure":
            self.run("nightly", "--json")
            self.arrivals()
            self.erased |= before
            self.stopped = {who for one, (what, who) in self.requests.items() if self.holds(one, what)}

    def holds(self, request: str, kind: str) -> bool:
        """Whether a request still keeps its person from being handed over."""
        return kind in {"restriction", "objection"} or (kind == "erasure" and request not in self.decided)

    def held(self, person: int) -> set[int]:
        """The claims of a person that the vault has keys of."""
        with open_office(load(self.world.creditor)) as office, office.vault_connection.begin():
            numbers = [f"F-{claim:06d}" for claim in CLAIMS if CLAIMS[claim] == person]
            return {int(number[2:]) for number in office.vault.find(CREDITOR, numbers)}

    def compare(self, request: str, person: int) -> None:
        """Art. 15: what the person is told was disclosed is what the agency has received, no more and no less."""
        self.run("nightly", "--json")
        self.arrivals()
        self.receive()
        out = self.world.home / f"answer-{request}"
        assert self.run("request", "answer", request, "--out", out).code == 0
        if not (out / "data.json").exists():
            return
        told = json.loads((out / "data.json").read_bytes())["disclosures"]
        arrived = {message for claim in self.held(person) for message in self.agency.get(f"RE-{claim:06d}", set())}

        assert {one["message"] for one in told if one["uploaded_on"] is not None} == arrived

    @invariant()
    def nobody_erased_is_left(self) -> None:
        """Of whom was erased the vault has no key, whatever exports hold."""
        if hasattr(self, "world") and self.erased:
            assert not {claim for person in PEOPLE for claim in self.held(person)} & self.erased
