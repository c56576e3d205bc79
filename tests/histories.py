"""Random histories of exports, payments, requests, restores, kills and nights, with a model that says what must be true.

The agency's server is a folder here; everything else is the code itself, in this process. What a person must find gone is
looked for as bytes, in every file of both sides.
"""

import json
import shutil
import tempfile
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, NamedTuple
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import gateway.wiring
from asking import answered, approved, command
from folder_server import FolderTransport, killed_at
from gateway.agency.settings import load_agency
from gateway.demo.template import AGENCY, CREDITOR
from gateway.demo.vetting import make_key
from gateway.settings import load
from gateway.state import PackageState
from gateway.wiring import open_desk, open_office
from schemas.words import counted
from world import TODAY, Result, Row, World, cli, jsonl, make_world, row

PEOPLE = range(1, 5)
CLAIMS = {claim: (claim + 1) // 2 for claim in range(1, 9)}  # two claims a person
NUMBERS = {f"F-{claim:06d}": claim for claim in CLAIMS}
MOST_TIMES = 2  # that a customer is numbered anew
BOTH = ("demo-clerk", "officer")
KINDS = ("access", "erasure", "restriction", "objection", "rectification")
LASTING = ("restriction", "objection")
KILLS = (
    "gateway.handover.batch.publish",
    "gateway.handover.batch.sign",
    "gateway.handover.tell.queue",
    "gateway.handover.waiting.publish",
    "gateway.handover.stops.publish",
    "gateway.handover.void.sign",
    "gateway.store.packages.Packages.seal",
    "gateway.store.packages.Packages.uploaded",
    "folder_server.FolderTransport.upload",
    "gateway.feedback.apply.deliver",
    "gateway.night.hand_over",
    "gateway.night.due_requests",
    "gateway.night.retain",
    "gateway.night.make_final",
    "gateway.custody.epoch.rewrap",
    "gateway.custody.epoch._take_over",
    "gateway.custody.epoch._destroy_old",
)
DECISION_KILLS = (
    "gateway.rights.deciding._finish",
    "gateway.rights.erasure.seal_waiting",
    "gateway.rights.erasure.erase",
    "gateway.rights.erasure.concern",
    "gateway.retention.erasing._finish",
    "gateway.retention.erasing._complete",
    "gateway.retention.erasing.truncate_log",
)
VOID_KILLS = (
    "gateway.handover.void.append",
    "gateway.handover.void.publish",
)
RESTORE_KILLS = (
    "gateway.custody.restore.replay",
    "gateway.custody.restore.write_restoring",
    "gateway.rights.lost.mark_again",
    "gateway.rights.lost.protect",
    "gateway.wiring.put_in_place",
    "gateway.outside.Outside.keep",
)


@dataclass
class Known:
    """What the creditor's databases know of people's requests, and so a copy of them."""

    requests: dict[str, tuple[str, int]] = field(default_factory=dict)  # kind and person
    decided: set[str] = field(default_factory=set)
    lifted: set[str] = field(default_factory=set)
    right: dict[int, str] = field(default_factory=dict)  # what a person is rightly called

    def stops(self, request: str) -> bool:
        """Whether nothing may be handed over of whom a request is about."""
        kind, _ = self.requests[request]
        if kind in LASTING:
            return request not in self.lifted
        return kind != "access" and request not in self.decided


class Copy(NamedTuple):
    """A copy of `gateway.db`, when it was made, what it knows, and what had been received by then."""

    path: Path
    made: datetime
    known: Known
    received: set[str]


def canary(claim: int, paid: int, times: int = 0) -> Row:
    """A claim with something of its own, or of its person's, in every field that can hold a text; `times`: how often the
    source has numbered the person anew.
    """
    person = CLAIMS[claim]
    debtor = {"first_name": f"Vor{person}zq", "last_name": f"Nach{person}zq", "birth_date": f"1980-02-{person + 10}"}
    address = {"street": f"Zqweg{person}", "house_no": f"{person}zq", "city": f"Zqstadt{person}"}
    return row(
        claim,
        customer_no=customer(person, times),
        email=f"zq{person}@example.org",
        phone=f"030 99{person}zq",
        iban=f"DE{person}zq",
        note=f"notiz{claim}zq",
        lines=[{"sku": f"sku{claim}zq", "text": f"ware{claim}zq", "qty": 1, "unit_price": "120.50", "vat_rate": "7.0"}],
        paid_amount=f"{paid}.00",
        **{f"debtor.{name}": value for name, value in debtor.items()},
        **{f"address.{name}": value for name, value in address.items()},
    )


def customer(person: int, times: int) -> str:
    """The number of a customer who was numbered anew so often."""
    return f"K-{times}{person:05d}"


def of_claim(claim: int) -> list[bytes]:
    """What must be nowhere once a claim is erased."""
    names = ("F-{:06d}", "RE-{:06d}", "V-{:06d}", "notiz{}zq", "ware{}zq", "sku{}zq")
    return [name.format(claim).encode() for name in names]


def of_person(person: int) -> list[bytes]:
    """What must be nowhere once all claims of a person are erased."""
    names = ("Vor{}zq", "Nach{}zq", "Recht{}x", "zq{}@example", "Zqweg{}", "Zqstadt{}", "99{}zq", "DE{}zq")
    numbers = [customer(person, times) for times in range(MOST_TIMES + 1)]
    return [name.encode() for name in (*numbers, *(name.format(person) for name in names))]


def naming(subjects: set[str]) -> list[str]:
    """The part of a command that names these subjects."""
    return [word for subject in sorted(subjects) for word in ("--subject", subject)]


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
        officer = world.home / "clerk" / "officer.pub"
        assert approved(world, "actor", "add", "officer", officer, keys=("demo-clerk",)).code == 0
        assert command(world, "key", "export", "--root", world.home / "root.age").code == 0

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
        self.known = Known()
        self.asked: dict[str, tuple[str, int]] = {}  # every request there ever was
        self.subjects: dict[str, set[str]] = {}  # of each request
        self.righted: dict[str, set[str]] = {}  # whose name was put right, by what it is; forgotten with them
        self.times: dict[int, int] = dict.fromkeys(PEOPLE, 0)  # that the source has numbered a person anew
        self.paid: dict[int, int] = {}  # of each claim that exists, in euro
        self.agency: dict[str, set[str]] = {}  # the messages that arrived, by the claim's invoice number
        self.names: dict[str, str] = {}  # surname by message, as the agency was told it
        self.lost: set[str] = set()  # messages that no database here knows any more
        self.refs: dict[str, str] = {}  # invoice number by case reference
        self.handed_over: set[int] = set()
        self.erased: set[int] = set()  # claims
        self.gone: set[str] = set()  # subjects
        self.copies: list[Copy] = []

    def teardown(self) -> None:
        """Forty days later every notice has its answer or is on the overdue list, and no byte of whom was erased is left."""
        if hasattr(self, "world"):
            self.receive()
            self.now += timedelta(days=40)
            self.run("nightly", "--json")  # what still waited goes out, or was never needed
            self.receive()
            failures = " ".join(self.run("nightly", "--json").json["failures"])
            self.receive()
            silent = sum(
                notice[3] == "no answer yet"
                for request in self.known.requests
                for notice in self.run("request", "show", request, "--json").json["notices"]
            )
            verified = self.run("audit", "verify").code
            left = self.left(
                self.world.creditor.parent, self.world.agency.parent, self.world.sftp, self.world.home / "backup"
            )
            self.transport.stop()
            self.folder.cleanup()

            assert (silent > 0) == ("(Art. 19 GDPR) within" in failures)
            assert silent == 0 or counted(silent, "notice") in failures
            assert (left, verified) == ([], 0)

    def run(self, *arguments: str | Path) -> Result:
        """A command of the creditor, a minute after the one before."""
        self.now += timedelta(minutes=1)
        return command(self.world, *arguments, now=self.now)

    def approve(self, *arguments: str | Path) -> Result:
        """A command that both people approve."""
        self.now += timedelta(minutes=1)
        return approved(self.world, *arguments, keys=BOTH, now=self.now)

    @precondition(lambda self: len(self.paid) < 4 or self.known.requests)
    @rule(claim=st.sampled_from(sorted(CLAIMS)), paid=st.integers(0, 3), anew=st.sampled_from([False, False, True]))
    def export(self, claim: int, paid: int, *, anew: bool = False) -> None:
        """A claim is there, or more of it is paid; the source says every name as it always has, and perhaps another customer
        number for all claims of a person.
        """
        self.paid[claim] = max(self.paid.get(claim, 0), 20 + paid)
        if anew:
            self.times[CLAIMS[claim]] = min(self.times[CLAIMS[claim]] + 1, MOST_TIMES)
        for path in self.world.inbox.iterdir():
            path.unlink()
        rows = [canary(one, amount, self.times[CLAIMS[one]]) for one, amount in sorted(self.paid.items())]
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
        requests = self.known.requests.items()
        stopped = {who for one, (_, who) in requests if self.known.stops(one) and self.subjects[one] - self.gone}
        if received:
            self.receive()

        late = any(
            " was to be answered by " in one or " (Art. 19 GDPR) within " in one for one in result.json["failures"]
        )
        assert result.code in ({0, 1, 3} if late else {0, 3})
        assert not {claim for claim in new if CLAIMS[claim] in stopped or claim in self.erased}

    def arrivals(self) -> set[int]:
        """The claims that were handed over by now and were not before, by the creditor's own count of cases."""
        with (
            open_office(load(self.world.creditor)) as office,
            office.connection.begin(),
            office.vault_connection.begin(),
        ):
            keys = {key.claim_id: NUMBERS[number] for number, key in office.vault.find(CREDITOR, NUMBERS).items()}
            found = {keys[claim] for claim in office.cases.of_claims(None, list(keys))}
        before, self.handed_over = self.handed_over, found
        return found - before

    def receive(self) -> None:
        """The agency takes in what arrived, and answers; the model notes what it was told. Nothing comes twice."""
        self.now += timedelta(minutes=1)
        assert self.world.receive(self.now).code == 0
        with open_desk(load_agency(self.world.agency)) as desk, desk.cases_connection.begin():
            persons = {message: json.loads(line) for message, line in desk.persons.lines()}
            for ref, case in desk.cases.cases(CREDITOR).items():
                if case.line is not None:
                    message = json.loads(case.line)["message_id"]
                    self.refs.setdefault(ref, persons.get(message, {}).get("invoice_no", ""))
                    self.agency.setdefault(self.refs[ref], set()).add(message)
            for message in desk.cases.messages(CREDITOR):
                ref = getattr(message.message, "case_ref", None)
                if ref in self.refs:
                    self.agency.setdefault(self.refs[ref], set()).add(message.message.message_id)
        invoices = [invoice for invoice in self.refs.values() if invoice]
        told = {message: line["last_name"] for message, line in persons.items() if message not in self.names}
        self.names |= told
        wrong = [
            name
            for name in told.values()
            for who, right in self.known.right.items()
            if name == f"Nach{who}zq" != right and self.righted[right] - self.gone
        ]

        assert len(invoices) == len(set(invoices))
        assert wrong == []

    @precondition(lambda self: self.paid)
    @rule(data=st.data(), kind=st.sampled_from(KINDS))
    def ask(self, data: st.DataObject, kind: str) -> None:
        """A person of the last export asks; nothing is held of whom nobody knows."""
        person = data.draw(st.sampled_from(sorted({CLAIMS[claim] for claim in self.paid})))
        if not self.held(person):
            self.night(None, received=True)
        subjects = self.who(person)
        if not subjects:
            return
        day = self.now.date().isoformat()
        opened = self.run("request", "open", kind, "--channel", "letter", "--received", day, *naming(subjects))
        request = opened.out.split()[0]
        self.asked[request] = self.known.requests[request] = (kind, person)
        self.subjects[request] = subjects
        self.identify(request)

    def who(self, person: int) -> set[str]:
        """Who a person is in the vault: one subject for each number that a claim first came with. They are found by these
        numbers, and nobody else is.
        """
        clues, found = self.world.home / "clues.json", set()
        for times in range(self.times[person] + 1):
            clues.write_text(json.dumps({"customer_no": customer(person, times)}))
            candidates = self.run("subject", "find", "--clues", clues, "--json").json["candidates"]
            found |= {one["subject"] for one in candidates}

        assert found == set(self.held(person).values())
        return found

    def identify(self, request: str) -> None:
        """Who asks is known, and what is right instead if that was asked for."""
        kind, person = self.asked[request]
        subjects = naming(self.subjects[request] - self.gone)
        assert self.run("request", "identify", request, "--proof", "reference", *subjects).code == 0
        if kind == "rectification":
            right = self.world.home / "right.json"
            right.write_text(
                json.dumps({"name": {"first_name": "Ida", "last_name": f"Recht{person}x{len(self.asked)}"}})
            )
            assert self.run("request", "correct", request, "--correction", right).code == 0

    @precondition(lambda self: self.undecided())
    @rule(data=st.data(), kill=st.none() | st.sampled_from(DECISION_KILLS))
    def decide(self, data: st.DataObject, kill: str | None) -> None:
        """A request is granted: access is answered and compared, an erasure takes all that is held of the person."""
        request = data.draw(st.sampled_from(self.undecided()))
        kind, person = self.asked[request]
        ground = ("--ground", "unlawful") if kind == "erasure" else ()
        self.receive()
        before = self.about(request)
        racing = kind == "erasure" and any(
            other == "access" and self.subjects[one] & self.subjects[request] and one not in self.known.decided
            for one, (other, _) in self.known.requests.items()
        )
        with killed_at(kill):
            assert self.approve("request", "approve", request, *ground).code == (2 if racing and before else 0)
        if racing and before:
            return
        self.known.decided.add(request)
        if not before:  # then there is nothing to restrict either
            self.known.lifted.add(request)
        if kind == "access":
            self.compare(request)
        if kind == "erasure" and before:
            self.erased |= before
            self.gone |= self.subjects[request]
        if kind == "rectification" and before:
            right = self.known.right[person] = f"Recht{person}x{len(self.asked)}"
            self.righted[right] = self.subjects[request]
        self.run("nightly", "--json")
        self.arrivals()

        assert self.left(self.world.creditor.parent, self.world.home / "backup") == []

    def held(self, person: int) -> dict[int, str]:
        """The claims of a person that the vault has keys of, with their subjects."""
        with open_office(load(self.world.creditor)) as office, office.vault_connection.begin():
            numbers = [number for number, claim in NUMBERS.items() if CLAIMS[claim] == person]
            return {NUMBERS[number]: key.subject_id for number, key in office.vault.find(CREDITOR, numbers).items()}

    def about(self, request: str) -> set[int]:
        """The claims that a request is about and the vault has keys of."""
        _, person = self.asked[request]
        return {claim for claim, subject in self.held(person).items() if subject in self.subjects[request]}

    def compare(self, request: str) -> None:
        """Art. 15: what the person is told was disclosed is what the agency has received, no more and no less."""
        self.run("nightly", "--json")
        self.arrivals()
        self.receive()
        self.now += timedelta(minutes=1)
        out = answered(self.world, request, self.now)
        if not (out / "data.json").exists():
            return
        told = json.loads((out / "data.json").read_bytes())["disclosures"]
        arrived = {message for claim in self.about(request) for message in self.agency.get(f"RE-{claim:06d}", set())}

        assert {
            one["message"] for one in told if one["uploaded_on"] is not None and not one["not_taken"]
        } == arrived - self.lost

    @precondition(lambda self: self.liftable())
    @rule(data=st.data())
    def lift(self, data: st.DataObject) -> None:
        """A restriction ends, and the person is told before; what another request restricts stays."""
        request = data.draw(st.sampled_from(self.liftable()))
        self.now += timedelta(minutes=1)
        answered(self.world, request, self.now)
        out = self.world.home / f"lifted-{self.now:%Y%m%dT%H%M%S}"  # a restore may have lost that it was lifted before
        assert self.approve("request", "lift", request, "--out", out).code == 0
        self.known.lifted.add(request)

    def liftable(self) -> list[str]:
        """Restrictions that were decided and still hold."""
        lasting = [one for one, (kind, _) in self.known.requests.items() if kind in LASTING]
        return [one for one in lasting if one in self.known.decided - self.known.lifted]

    def undecided(self) -> list[str]:
        """Requests that nobody has decided, the oldest first: their ids are random, and a history is to be repeatable."""
        return [one for one in self.known.requests if one not in self.known.decided]

    @precondition(lambda self: self.paid)
    @rule(data=st.data(), lost=st.booleans(), kill=st.none() | st.sampled_from(VOID_KILLS + KILLS))
    def void(self, data: st.DataObject, lost: bool, kill: str | None) -> None:
        """A package is voided before its agency has answered, lost on its way or not: what was in it goes out again, and
        nothing of whom a request stops by then.
        """
        self.night(None, received=False)
        waiting = self.uploaded()
        if not waiting:
            return
        package = data.draw(st.sampled_from(waiting))
        if lost:
            for path in self.world.sftp.glob(f"{package}.*"):
                path.unlink()
        asked = ("package", "void", package, "--agency", AGENCY, "--reason", "lost")
        if kill in VOID_KILLS:
            with killed_at(kill):
                self.approve(*asked)
        done = self.approve(*asked)
        if "was erased here since" in done.err:  # its files alone hold what the agency must be told: they are put back
            for path in (self.world.creditor.parent / "outbox").glob(f"{package}.*"):
                shutil.copy(path, self.world.sftp)
        else:
            assert done.code in ({0, 2} if kill in VOID_KILLS else {0})
        self.night(None if kill in VOID_KILLS else kill, received=True)
        self.night(None, received=True)

    def uploaded(self) -> list[str]:
        """The packages that lie at the server and that nobody has voided, in order."""
        with open_office(load(self.world.creditor)) as office, office.connection.begin():
            sent = office.packages.unanswered(AGENCY)
        return [one.package_id for one in sent if one.state is PackageState.UPLOADED]

    @precondition(lambda self: self.paid and len(self.copies) < 3)
    @rule()
    def back_up(self) -> None:
        """A night that is whole, and a copy of `gateway.db` of it."""
        self.run("nightly", "--json")
        self.arrivals()
        self.receive()
        assert self.run("backup", "--json").code == 0
        newest = max((self.world.home / "backup" / "gateway").glob("*.db"))
        received = set().union(*self.agency.values())
        self.copies.append(Copy(newest, self.now, deepcopy(self.known), received | self.lost))

    @precondition(lambda self: self.copies and self.asked)
    @rule(data=st.data(), days=st.sampled_from([1, 30]), kill=st.none() | st.sampled_from(RESTORE_KILLS))
    def restore(self, data: st.DataObject, days: int, kill: str | None) -> None:
        """`gateway.db` and the keys are lost; a copy a day or a month old, the newest vault and escrow bring them back."""
        copy = data.draw(st.sampled_from(self.copies))
        self.receive()  # before it expires
        self.now = max(self.now, copy.made + timedelta(days=days))
        self.run("nightly", "--json")
        self.arrivals()
        self.receive()
        assert self.run("backup").code == 0
        newest = max((self.world.home / "backup" / "vault").glob("*.db"))
        self.lose()
        with killed_at(kill):
            self.approve("restore", copy.path, newest)
        if kill is not None:
            assert self.approve("restore", copy.path, newest).code in {0, 2}
        self.copies = [one for one in self.copies if one.made <= copy.made]
        self.lost |= set().union(*self.agency.values()) - copy.received
        again = self.remember(copy)
        self.match()
        for request in again:
            self.identify(request)

    def lose(self) -> None:
        """The key directory and `gateway.db` are gone; the keys come back from escrow."""
        stores, home = self.world.creditor.parent, self.world.home
        for path in (stores / "keys").iterdir():
            if path.suffix in {".json", ".key"}:
                path.unlink()
        for file in (home / "root.age", home / "offline" / "keys.age"):
            assert self.run("key", "import", file, "--identity", home / "offline" / "escrow.agekey").code == 0
        (stores / "gateway.db").write_bytes(b"lost")

    def remember(self, copy: Copy) -> list[str]:
        """What the copy knows, and the requests that the vault knows beside it: those are open again."""
        since = {one: of for one, of in self.asked.items() if one not in copy.known.requests}
        listed = {one["request"]: one for one in self.run("request", "list", "--all", "--json").json["requests"]}
        self.known = deepcopy(copy.known)
        self.known.requests |= {one: of for one, of in since.items() if one in listed}

        assert set(listed) == set(self.known.requests)
        assert all(listed[one]["state"] == "opened" for one in since if one in listed)
        return [one for one in since if one in listed]

    def match(self) -> None:
        """Nothing leaves before the agency has stated its books; it has put away the lost log's checkpoint."""
        for path in (self.world.home / "agency" / "witness").iterdir():
            path.unlink()
        assert self.run("handover", "--json").code == 1
        self.now += timedelta(minutes=1)
        assert cli("agency", "statement", CREDITOR, "--config", self.world.agency, now=self.now).code == 0
        assert self.run("feedback", "--json").code in {0, 4}
        self.handed_over = set()
        self.arrivals()
        self.night(None, received=True)

    @invariant()
    def nobody_erased_is_left(self) -> None:
        """Of whom was erased the vault has no key, whatever exports hold."""
        if hasattr(self, "world") and self.erased:
            assert not {claim for person in PEOPLE for claim in self.held(person)} & self.erased

    def left(self, *places: Path) -> list[tuple[str, bytes]]:
        """The files in which a byte string of an erased claim, or of a person without claims, is left; exports aside."""
        held = {person: self.held(person) for person in PEOPLE}
        gone = [one for claim in self.erased for one in of_claim(claim)]
        gone += [one for who in {CLAIMS[claim] for claim in self.erased} if not held[who] for one in of_person(who)]
        files = [
            path for place in places for path in place.rglob("*") if path.is_file() and self.world.inbox != path.parent
        ]
        return [
            (path.name, one) for path in files for content in (path.read_bytes(),) for one in gone if one in content
        ]
