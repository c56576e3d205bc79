"""One gateway, two legal entities, one agency: what the agency says to one counts for nothing of the other's."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from asking import approved, command, enrol_officer
from gateway.agency.answers import Envelope
from gateway.agency.post import post
from gateway.agency.settings import load_agency
from gateway.agency.template import creditor_lines
from gateway.handover.outbox import send
from gateway.handover.waiting import queue, seal_waiting
from gateway.settings import load
from gateway.setup import add_creditor
from gateway.steps.acknowledge import Refusal
from gateway.wiring import creditor_ring, open_desk, open_office
from keys.references import new_id
from keys.sshsig import allowed_signers_line
from schemas.answers import FromAgencyAdapter
from schemas.codes import RestrictionGround
from schemas.messages import CaseRestrict
from schemas.package import Direction, PackageType
from world import TODAY, Result, World, cli, jsonl, row, running_world

FIRST, SECOND = "nordlicht", "suedlicht"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two entities with cases at the agency. Of the first, a case was restricted, and a claim erased: both are unanswered,
    as is a package.
    """
    with running_world(tmp_path_factory.mktemp("entities")) as made:
        made.configure('role = "controller"', 'role = "processor"')
        add_entity(made)
        made.vet()
        enrol_officer(made)
        made.drop("first.jsonl", jsonl([row(number) for number in (1, 2, 3)]))
        made.drop(f"../{SECOND}/first.jsonl", jsonl([row(number) for number in (11, 12)]))
        assert made.handover().json["claims"]["handed_over"] == 5
        assert made.receive().code == 0
        assert feedback(made).code == 0
        restrict(made)
        erase(made)
        made.drop("later.jsonl", jsonl([row(4)]))
        assert made.handover().code == 0
        yield made


def add_entity(world: World) -> None:
    """A second entity with a source, an inbox and a mandate like the first one's, known to the same kit."""
    text = world.creditor.read_text()
    more = ""
    for name in ("entities", "sources", "mandates"):
        block = re.search(rf"^\[\[{name}\]\].*?(?=^\[(?!{name}\.)|\Z)", text, re.MULTILINE | re.DOTALL)
        assert block is not None
        more += f"{block.group()}\n"
    for old, new in ((FIRST, SECOND), ('"inbox"', f'"{SECOND}"'), ('id = "standard"', f'id = "{SECOND}-standard"')):
        more = more.replace(old, new)
    world.creditor.write_text(f"{text}\n{more}")
    (world.creditor.parent / SECOND).mkdir()
    recipient = re.search(r'^answers_recipients = \["(.*)"\]', world.agency.read_text(), re.MULTILINE)
    assert recipient is not None
    line = allowed_signers_line(
        SECOND, creditor_ring(load(world.creditor)).signing_key().public_key(), Direction.TO_AGENCY.namespaces
    )
    add_creditor(world.agency.parent, creditor_lines(SECOND, recipient[1]), f"{line}\n")


def restrict(world: World) -> None:
    """A stop for the first claim is sealed and sent."""
    with open_office(load(world.creditor)) as office:
        with office.connection.begin(), office.vault_connection.begin():
            (key,) = office.vault.find(FIRST, ["F-000001"]).values()
            case = office.cases.of_claims("ostsee", [key.claim_id])[key.claim_id]
            ref = office.vault.references_of([case.claim], "ostsee")[case.claim]
            stop = CaseRestrict(message_id="1" * 26, case_ref=ref, ground=RestrictionGround.ACCURACY)
            queue(office, case, stop, key, TODAY)
        seal_waiting(office, TODAY)
        send(office, office.configuration.agency("ostsee"), TODAY, lambda _: None)


def erase(world: World) -> None:
    """The person of the third claim asks for erasure, and it is done here."""
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        (key,) = office.vault.find(FIRST, ["F-000003"]).values()
    about = ("--subject", key.subject_id)
    received = ("--channel", "letter", "--received", f"{TODAY:%Y-%m-%d}", "--entity", FIRST)
    request = command(world, "request", "open", "erasure", *received, *about).out.split()[0]
    assert command(world, "request", "identify", request, "--proof", "reference", *about).code == 0
    keys = ("demo-clerk", "officer")
    assert approved(world, "request", "approve", request, "--ground", "unlawful", keys=keys).code == 0


def feedback(world: World) -> Any:
    return cli("feedback", "--json", "--config", world.creditor)


def known(world: World) -> Any:
    """What the creditor knows of both entities' cases and packages, and of requests."""
    with open_office(load(world.creditor)) as office, office.connection.begin():
        return (
            office.cases.at("ostsee"),
            office.packages.unanswered("ostsee"),
            office.requests.notices(),
            office.requests.stopped(),
        )


class Sent:
    """What the first entity sent, as the agency knows it; and one case of the second."""

    def __init__(self, world: World) -> None:
        self.ref, _, self.others = (reference(world, invoice) for invoice in ("RE-000001", "RE-000002", "RE-000011"))
        with open_office(load(world.creditor)) as office, office.connection.begin():
            cases = {one.entity: one for one in office.cases.at("ostsee")}
            self.message = cases[FIRST].message_id
            (self.notice,) = office.requests.notices()
            found = (office.packages.sent("ostsee", cases[entity].package) for entity in (FIRST, SECOND))
            self.package, self.other_package = (
                (one.package_id, one.manifest_digest) for one in found if one is not None
            )
            self.unanswered = office.packages.unanswered("ostsee")[-1].package_id
            unanswered = office.packages.sent("ostsee", self.unanswered)
            assert unanswered is not None
            self.unanswered_digest = unanswered.manifest_digest


def reference(world: World, invoice: str) -> str:
    shown = [
        json.loads(line)
        for entity in (FIRST, SECOND)
        for line in cli("agency", "export", entity, "--joined", "--config", world.agency).out.splitlines()
    ]
    return next(str(one["case_ref"]) for one in shown if one["invoice_no"] == invoice)


def receipt(of: tuple[str, str], about: str) -> dict[str, Any]:
    package, digest = of
    return {
        "type": "package.receipt",
        "package_id": package,
        "manifest_digest": digest,
        "about": about,
        "verdict": "accepted",
    }


def ack(ref: str, about: str) -> dict[str, Any]:
    return {"type": "notice.ack", "case_ref": ref, "about": about, "result": "executed"}


SUMS = dict.fromkeys(("cases", "principal", "credited", "paid_to_creditor", "paid_to_agency"), 0)
LIES: dict[str, tuple[Callable[[Sent], dict[str, Any]], Refusal]] = {
    "a status of its case": (
        lambda sent: {"type": "case.status", "case_ref": sent.ref, "status": "letter-sent", "since": "2026-06-30"},
        Refusal.UNKNOWN_CASE,
    ),
    "an end of its case": (
        lambda sent: {"type": "case.closed", "case_ref": sent.ref, "code": "paid", "closed_on": "2026-06-30"},
        Refusal.UNKNOWN_CASE,
    ),
    "a request of its debtor": (
        lambda sent: {"type": "request.forwarded", "case_ref": sent.ref, "request": "access", "received_on": "2026-06-30"},
        Refusal.UNKNOWN_CASE,
    ),
    "a receipt of its case": (lambda sent: receipt(sent.package, sent.message), Refusal.UNKNOWN_MESSAGE),
    "a receipt of its case in another's package": (
        lambda sent: receipt(sent.other_package, sent.message),
        Refusal.UNKNOWN_MESSAGE,
    ),
    "a refusal of its package": (
        lambda sent: {
            "type": "package.refused",
            "package_id": sent.unanswered,
            "manifest_digest": sent.unanswered_digest,
            "fault": "unopened",
        },
        Refusal.UNKNOWN_MESSAGE,
    ),
    "an answer to its stop": (lambda sent: ack(sent.ref, "1" * 26), Refusal.UNKNOWN_MESSAGE),
    "an answer to its stop with a case of one's own": (lambda sent: ack(sent.others, "1" * 26), Refusal.UNKNOWN_MESSAGE),
    "an answer to its notice about a claim that is erased": (
        lambda sent: ack(sent.notice.case_ref, sent.notice.message_id),
        Refusal.UNKNOWN_MESSAGE,
    ),
    "its books": (
        lambda sent: {"type": "statement", "creditor": FIRST, "made": TODAY.isoformat(), "books": "0" * 64} | SUMS,
        Refusal.ANOTHER_CREDITOR,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_what_is_said_to_one_entity_counts_for_nothing_of_anothers(world: World, name: str) -> None:
    """Signed by the agency of both, about what the first one sent, in a package to the second: refused, nothing moves."""
    lie, reason = LIES[name]
    answer = FromAgencyAdapter.validate_json(json.dumps({"message_id": new_id()} | lie(Sent(world))))
    is_receipt = answer.type in {"package.receipt", "package.refused"}
    before = known(world)
    with open_desk(load_agency(world.agency)) as desk:
        kind, about = (PackageType.RECEIPT, new_id()) if is_receipt else (PackageType.ANSWERS, None)
        with desk.cases_connection.begin():
            desk.answers.queue(Envelope(SECOND, kind, about), [answer])
        post(desk, TODAY)
    found = feedback(world)

    assert (found.code, found.json["refusals"]) == (4, {reason: 1})
    assert known(world) == before


@pytest.mark.parametrize("kind", ["C1", "D1"])
def test_a_reference_leads_to_the_person_at_the_entity_that_is_asked(world: World, kind: str) -> None:
    """Art. 15(4): what stands on a letter of the one is nobody at the other; it may be written as people write it."""
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        (key,) = office.vault.find(SECOND, ["F-000012"]).values()
        owner = key.claim_id if kind == "C1" else key.subject_id
        ref = office.vault.references_of([owner], "ostsee")[owner]
    clues = world.home / "clues.json"
    clues.write_text(json.dumps({"reference": f" {ref.lower()} "}))
    here, there = (
        command(world, "subject", "find", "--clues", clues, "--entity", entity, "--json").json["candidates"]
        for entity in (SECOND, FIRST)
    )

    assert ref.startswith(kind)
    assert [(one["subject"], one["clues"], one["claims"]) for one in here] == [(key.subject_id, 1, 1)]
    assert there == []


def test_a_number_that_several_entities_have_used_is_voided_of_one(world: World) -> None:
    """Each entity counts for itself."""

    def asked(number: int, *more: str) -> Result:
        return command(
            world, "package", "void", f"{number}", "--agency", "ostsee", "--reason", "lost", "--dry-run", *more
        )

    of_first, of_nobody = asked(2, "--entity", FIRST), asked(2, "--entity", SECOND)
    either, delivered = asked(1), asked(1, "--entity", SECOND)

    assert (of_first.code, f"number 2 of type cases, from {FIRST} to ostsee" in of_first.out) == (0, True)
    assert (of_nobody.code, "no package of this id or number" in of_nobody.err) == (2, True)
    assert (either.code, "say which with --entity" in either.err) == (2, True)
    assert (delivered.code, "has signed a receipt" in delivered.err) == (2, True)


def test_the_same_answers_to_whom_they_are_for_count(world: World) -> None:
    """After all lies the agency does its work, and everything is settled."""
    assert world.receive().code == 0
    found = feedback(world)
    notices = [one for one in known(world)[2] if one.answered is None]

    assert (found.code, found.json["refusals"]) == (0, {})
    assert notices == []
    assert known(world)[1] == []
    assert command(world, "audit", "verify").code == 0
