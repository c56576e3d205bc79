"""A creditor and its agency, each started anew for every step, by the program's own functions in this process."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from unittest.mock import patch

import gateway.wiring
from audit.shown import Held
from audit.witness import WitnessError
from gateway.agency.desk import Desk
from gateway.agency.post import post
from gateway.agency.reply import take_replies
from gateway.agency.settings import load_agency
from gateway.agency.statement import Settled, state
from gateway.agency.work import Receipts, receive_all
from gateway.demo.template import AGENCY, CREDITOR
from gateway.demo.vetting import ACTOR
from gateway.feedback.books import Reconciliation, reconcile
from gateway.feedback.run import Feedback, collect_all
from gateway.handover.figures import Figures
from gateway.handover.offering import answers_keys
from gateway.handover.stops import recall, recalling
from gateway.handover.void import void, voiding
from gateway.log.auditing import verify_office
from gateway.office import Office
from gateway.people.approvals import Given, Signer
from gateway.people.signers import file_key
from gateway.pipeline import Night, hand_over
from gateway.settings import load
from gateway.state import PackageState
from gateway.steps.unseal import Opener
from gateway.wiring import open_desk, open_office
from keys.sshsig import AllowedSigner, parse_public_line
from schemas.codes import RecallReason, VoidReason
from schemas.package import Direction, PackageType, Part
from wire import Server, Wire, killed
from world import TODAY, Row, World, jsonl, make_world

CLAIMS = range(1, 5)
NUMBERS = {f"F-{claim:06d}": claim for claim in CLAIMS}
ALIVE: Final = (None, 0)
Kill = tuple[str | None, int]
_Found = TypeVar("_Found")


class Books(NamedTuple):
    """The creditor's: where each case stands and whether it is restricted; the state of each package."""

    cases: dict[int, tuple[str, bool]]
    packages: dict[str, PackageState]


class Sides:
    """Both sides of one history after the other, in one folder; `begin` makes it new."""

    def __init__(self, folder: Path) -> None:
        self.template, self.home = folder / "template", folder / "home"
        self.template.mkdir()
        made = make_world(self.template)
        made.configure("remove_after_receipt = false", "remove_after_receipt = true\nattempts = 1")
        self.world = World(self.home, made.port)
        self.transport = patch.object(gateway.wiring, "SftpTransport", Server)

    @cached_property
    def configuration(self) -> Any:
        """The creditor's."""
        return load(self.world.creditor)

    @cached_property
    def agency(self) -> Any:
        """The agency's."""
        return load_agency(self.world.agency)

    @cached_property
    def clerk(self) -> Signer:
        """Whose key voids a package."""
        return file_key(self.home / "clerk" / ACTOR)

    @cached_property
    def openers(self) -> dict[bool, Opener]:
        """Who may look into what goes to the agency, and into what comes from it."""
        signers = self.configuration.agency(AGENCY).signers
        trusted = [AllowedSigner(AGENCY, Direction.TO_CREDITOR.namespaces, parse_public_line(one)) for one in signers]
        with open_office(self.configuration) as office, office.connection.begin():
            keys = {Part.ANSWERS: answers_keys(office, AGENCY, TODAY.date())}
        with open_desk(self.agency) as desk:
            return {True: desk.opener, False: Opener(CREDITOR, Direction.TO_CREDITOR, keys, tuple(trusted))}

    def begin(self) -> None:
        """Nobody has handed over anything yet."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.template, self.home)
        self.now, self.refs, self.files = TODAY, dict[str, int](), 0
        self.books, self.agencys = Books({}, {}), dict[int, tuple[str, bool]]()
        self.transport.start()
        Server.root, Server.left = self.world.sftp, None
        self.wire = Wire(self.world.sftp, self.home / "wire", self.openers, self.claim_of)

    def end(self) -> None:
        """The history is over."""
        self.transport.stop()

    def claim_of(self, case_ref: str) -> int:
        """The claim that a reference stands for, by the creditor's vault."""
        if case_ref not in self.refs:
            self.creditor(self._learn)
        return self.refs[case_ref]

    def _learn(self, office: Office) -> None:
        with office.vault_connection.begin():
            claims = {key.claim_id: NUMBERS[number] for number, key in office.vault.find(CREDITOR, NUMBERS).items()}
            found = office.vault.references_of(claims, AGENCY)
        self.refs |= {ref: claims[claim] for claim, ref in found.items()}

    def creditor(self, act: Callable[[Office], _Found], kill: Kill = ALIVE) -> _Found | None:
        """Something at the creditor, and its books after it; None if it was killed."""
        self.now += timedelta(minutes=1)
        with killed(*kill), open_office(self.configuration) as office:
            found = act(office)
            self.books = self._books(office)
            return found
        return None

    def desk(self, act: Callable[[Desk], _Found], kill: Kill = ALIVE) -> _Found | None:
        """Something at the agency, and its books after it; None if it was killed."""
        self.now += timedelta(minutes=1)
        with killed(*kill), open_desk(self.agency) as desk:
            found = act(desk)
            with desk.cases_connection.begin():
                cases = desk.cases.cases(CREDITOR)
            self.agencys = {self.claim_of(ref): (str(one.standing), one.restricted) for ref, one in cases.items()}
            return found
        return None

    def _books(self, office: Office) -> Books:
        with office.connection.begin(), office.vault_connection.begin():
            claims = {key.claim_id: NUMBERS[number] for number, key in office.vault.find(CREDITOR, NUMBERS).items()}
            found = office.cases.at(AGENCY)
            states = {one: state for state in PackageState for one in office.packages.in_state(state)}
        assert len({one.claim for one in found}) == len(found)
        return Books({claims[one.claim]: (str(one.standing), one.restricted) for one in found}, states)

    def drop(self, rows: list[Row]) -> None:
        """A file of rows for the next night; the one before it is gone."""
        self.files += 1
        for path in self.world.inbox.iterdir():
            path.unlink()
        self.world.drop(f"export-{self.files:04d}.jsonl", jsonl(rows))

    def night(self, kill: Kill = ALIVE) -> Figures | None:
        """A hand-over."""
        night = Night(self.configuration.mandates(None, None), TODAY.date(), self.now, False, lambda *_: None)
        return self.creditor(lambda office: hand_over(office, night), kill)

    def feedback(self, kill: Kill = ALIVE) -> Feedback | None:
        """The creditor collects."""
        return self.creditor(lambda office: collect_all(office, self.now), kill)

    def recall(self, claim: int) -> None:
        """A person at the creditor recalls a case. Raises InputError."""

        def act(office: Office) -> None:
            found = recalling(office, CREDITOR, f"F-{claim:06d}", RecallReason.NOT_OWED)
            recall(office, found, None, self.now)

        self.creditor(act)

    def void(self, package: str) -> None:
        """A person at the creditor voids a package. Raises UsageError."""

        def act(office: Office) -> None:
            found = voiding(office, AGENCY, package, PackageType.CASES, VoidReason.LOST)
            void(office, found, Given(signers=(self.clerk,)), self.now)

        self.creditor(act)

    def receive(self, kill: Kill = ALIVE) -> Receipts | None:
        """The agency looks for what has arrived."""
        return self.desk(lambda desk: receive_all(desk, self.now, lambda *_: None), kill)

    def reply(self, row: dict[str, Any], number: int, kill: Kill = ALIVE) -> None:
        """The agency answers, in a file unlike those of other numbers. Raises InputError."""
        content = f"{json.dumps([row])}{' ' * number}".encode()

        def act(desk: Desk) -> None:
            take_replies(desk, content, TODAY.date(), dry_run=False)
            post(desk, self.now)

        self.desk(act, kill)

    def post(self) -> None:
        """The agency places what it has answered."""
        self.desk(lambda desk: post(desk, self.now))

    def state(self) -> None:
        """The agency states its books."""
        self.desk(lambda desk: state(desk, CREDITOR, Settled(0, 0, 0), self.now))
        self.post()

    def reconcile(self) -> Reconciliation | None:
        """The creditor puts both books side by side."""
        return self.creditor(lambda office: reconcile(office, AGENCY, CREDITOR, self.now))

    def verified(self) -> bool:
        """Whether the creditor's log is what it says it is, with every item opened, and goes on from what the kit holds."""

        def note(desk: Desk) -> list[Held]:
            with suppress(WitnessError):
                return [Held(desk.witness.cosigned(CREDITOR), AGENCY)]
            return []

        held = self.desk(note) or []
        verdict = self.creditor(lambda office: verify_office(office, held, with_keys=True))
        return verdict is not None and verdict.fault is None

    def delivered(self) -> set[str]:
        """The packages that have arrived, by the agency's receipts."""
        return {one for one, state in self.books.packages.items() if state is PackageState.DELIVERED}
