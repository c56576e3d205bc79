"""A package that will never open: whoever it went to says so and closes its number, and what was in it goes out again."""

import json
import signal
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from asking import answered, approved, asked
from gateway.agency.answers import Envelope
from gateway.agency.post import post
from gateway.agency.settings import load_agency
from gateway.settings import load
from gateway.steps.acknowledge import Refusal
from gateway.wiring import open_desk, open_office
from keys.references import new_id
from schemas.answers import PackageRefused
from schemas.codes import PackageFault
from schemas.package import Manifest, PackageType
from world import TODAY, Result, World, cli, jsonl, killed, row

UNTIL = date(2026, 7, 5)
AFTER, EXPIRED = TODAY + timedelta(days=6), TODAY + timedelta(days=99)


def agency(world: World, *command: str | Path, now: datetime = TODAY) -> Result:
    return cli("agency", *command, "--config", world.agency, now=now)


def creditor(world: World, *command: str | Path, now: datetime = TODAY) -> Result:
    return cli(*command, "--config", world.creditor, now=now)


def feedback(world: World, now: datetime = TODAY) -> Any:
    return creditor(world, "feedback", "--json", now=now)


def exported(world: World) -> list[dict[str, Any]]:
    """The agency's cases, in order of their invoices."""
    found = agency(world, "export", "nordlicht", "--joined", now=AFTER).out.splitlines()
    return sorted(map(json.loads, found), key=lambda one: one["invoice_no"])


def unanswered(world: World) -> list[str]:
    """Packages that were uploaded and have no receipt, in order of their numbers."""
    with open_office(load(world.creditor)) as office, office.connection.begin():
        return [one.package_id for one in office.packages.unanswered("ostsee")]


def confirmed(world: World, fingerprint: str) -> None:
    """The clerk confirms a key of the agency."""
    command = ("key", "confirm", "ostsee", fingerprint)
    preview = world.home / f"preview-{new_id()}"
    assert creditor(world, *command, "--preview-to", preview).code == 0
    assert creditor(world, *command, "--preview", preview, "--key", world.home / "clerk" / "demo-clerk").code == 0


def late(world: World) -> list[str]:
    """A case and a payment that were sealed to the old key alone, and are looked at after its day."""
    world.drop("first.jsonl", jsonl([row(1)]))
    assert (world.handover().code, world.receive().code, feedback(world).code) == (0, 0, 0)
    offered = agency(world, "key", "offer", "identities", "--until", str(UNTIL)).out.split()
    fingerprint = offered[offered.index("calls:") + 1]
    world.drop("next.jsonl", jsonl([row(1, paid_amount="40.00"), row(2)]))
    assert (world.handover().code, feedback(world).code) == (0, 0)
    confirmed(world, fingerprint)
    return unanswered(world)


def test_what_came_after_its_key_goes_out_again_and_is_accepted_once(world: World) -> None:
    """Both packages are refused and their numbers closed; case and payment arrive under others, and both books say so."""
    packages = late(world)
    blocked = world.receive(now=AFTER)
    closed = [agency(world, "refuse", one, now=AFTER) for one in packages]
    again = [agency(world, "refuse", one, now=AFTER).code for one in packages]
    told = feedback(world, AFTER)
    night, received = world.handover(now=AFTER), world.receive(now=AFTER)
    answered = feedback(world, AFTER)
    assert agency(world, "statement", "nordlicht", now=AFTER).code == 0
    assert feedback(world, AFTER).code == 0
    books = creditor(world, "report", "reconcile", "--agency", "ostsee", "--json", now=AFTER)

    assert (len(packages), blocked.code, [one.code for one in closed], again) == (2, 4, [0, 0], [2, 2])
    assert (told.code, told.json["answers"]) == (4, {"package.refused": 2})
    assert told.err.count("what was in it goes out again with the next hand-over") == 2
    assert (night.code, received.code, answered.code) == (0, 0, 0)
    assert [(one["invoice_no"], one["open"]) for one in exported(world)] == [("RE-000001", 8050), ("RE-000002", 10050)]
    assert (books.code, books.json["differences"]) == (0, [])
    assert world.events().count("package.refused") == 2
    assert creditor(world, "audit", "verify", now=AFTER).code == 0


def test_a_package_that_has_expired_is_refused_and_one_that_opens_is_not(world: World) -> None:
    """A good package is received, not refused; what is not here, or was never signed, is not answered either."""
    world.drop("first.jsonl", jsonl([row(1)]))
    world.handover()
    (package,) = unanswered(world)
    good, strange = agency(world, "refuse", package), agency(world, "refuse", new_id())
    expired = agency(world, "refuse", package, now=EXPIRED)
    told = feedback(world, EXPIRED)

    assert (good.code, strange.code, expired.code) == (2, 2, 0)
    assert "this package opens" in good.err
    assert "(expired)" in expired.out
    assert told.json["answers"] == {"package.refused": 1}
    assert world.receive(now=EXPIRED).json["packages"]["received"] == 0


def test_a_package_that_is_not_whole_is_not_refused(world: World) -> None:
    """A file that is missing may come; a number that was closed never opens again."""
    world.drop("first.jsonl", jsonl([row(1)]))
    world.handover()
    (package,) = unanswered(world)
    (sealed,) = world.sftp.glob("*.identities.jsonl.zst.age")
    content = sealed.read_bytes()
    sealed.unlink()
    refused = agency(world, "refuse", package)
    sealed.write_bytes(content)

    assert (refused.code, "is missing or has another size" in refused.err) == (4, True)
    assert world.receive().json["packages"]["received"] == 1


def refuse_unasked(world: World, *packages: str) -> None:
    """Signed by the agency, past what its kit would allow."""
    with open_office(load(world.creditor)) as office, office.connection.begin():
        sent = [office.packages.sent("ostsee", one) for one in packages]
    with open_desk(load_agency(world.agency)) as desk:
        for one in sent:
            assert one is not None
            lie = PackageRefused(
                message_id=new_id(),
                package_id=one.package_id,
                manifest_digest=one.manifest_digest,
                fault=PackageFault.UNOPENED,
            )
            with desk.cases_connection.begin():
                desk.answers.queue(Envelope("nordlicht", PackageType.RECEIPT, one.package_id), [lie])
        post(desk, TODAY)


def test_a_package_that_was_answered_is_never_refused(world: World) -> None:
    """In a later package or in the same one: a case that was taken does not go out a second time."""
    world.drop("first.jsonl", jsonl([row(1)]))
    world.handover()
    (first,) = unanswered(world)
    assert (world.receive().code, feedback(world).code) == (0, 0)
    refuse_unasked(world, first)
    later = feedback(world)
    world.drop("next.jsonl", jsonl([row(2)]))
    world.handover()
    (second,) = unanswered(world)
    assert world.receive().code == 0
    refuse_unasked(world, second)
    together = feedback(world)
    world.handover()

    assert [one.json["refusals"] for one in (later, together)] == [{Refusal.UNKNOWN_MESSAGE: 1}] * 2
    assert "package.refused" not in world.events()
    assert unanswered(world) == []


@pytest.mark.parametrize(
    ("function", "kit"),
    [
        ("gateway.agency.post:_place", True),
        ("gateway.store.packages:Packages.refused", False),
        ("gateway.feedback.run:_clean_up", False),
    ],
)
def test_a_kill_while_a_package_is_refused_loses_and_repeats_nothing(world: World, function: str, kit: bool) -> None:
    """Whenever the kit or the creditor dies: the number is closed once, and the case goes out once."""
    world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    world.drop("first.jsonl", jsonl([row(1)]))
    world.handover()
    (package,) = unanswered(world)
    keys = world.home / "agency" / "keys"
    identity = (keys / "identities.agekey").read_bytes()
    (keys / "identities.agekey").write_bytes((keys / "cases.agekey").read_bytes())
    if kit:
        ended = killed(world, function, 1, "agency", "refuse", package, "--config", str(world.agency))
    else:
        assert agency(world, "refuse", package).code == 0
        ended = killed(world, function, 1, "feedback", "--json")
    (keys / "identities.agekey").write_bytes(identity)
    world.receive()
    feedback(world)
    assert (world.handover().code, world.receive().code, feedback(world).code) == (0, 0, 0)

    assert ended == (-signal.SIGKILL, function)
    assert world.events().count("package.refused") == 1
    assert [one["invoice_no"] for one in exported(world)] == ["RE-000001"]


def test_answers_that_their_creditor_cannot_open_are_sealed_again_under_their_number(world: World) -> None:
    """To the key that counts now; applied once, and if they had been applied before, never twice."""
    world.drop("first.jsonl", jsonl([row(1)]))
    assert world.handover().code == 0
    offered = creditor(world, "key", "offer", "answers", "--until", str(UNTIL)).out.split()
    fingerprint = offered[offered.index("calls:") + 1]
    assert (world.handover().code, world.receive().code) == (0, 0)
    assert agency(world, "key", "confirm", "nordlicht", fingerprint).code == 0
    blocked = feedback(world, AFTER)
    names = [path.name[:26] for path in (world.sftp / "answers").glob("*.manifest.json")]
    sealed = [agency(world, "reseal", one, now=AFTER) for one in names]
    applied = feedback(world, AFTER)
    resealed = sealed[0].out.split()[0]
    twice = agency(world, "reseal", resealed, now=AFTER)
    after = feedback(world, AFTER)

    assert (blocked.code, len(names), blocked.json["packages"]["applied"]) == (4, 2, 0)
    assert [one.code for one in sealed] == [0, 0]
    assert (applied.code, applied.json["answers"]) == (0, {"package.receipt": 2})
    assert agency(world, "reseal", new_id(), now=AFTER).code == 2
    assert (twice.code, after.json["packages"]["applied"]) == (0, 0)
    assert "repeats number" in after.err


@pytest.mark.parametrize(
    "function",
    [
        "gateway.agency.answers:AnswersStore.seal_again",
        "gateway.agency.post:_place",
        "pathlib:Path.rename",
        "gateway.agency.answers:AnswersStore.place",
    ],
)
def test_a_kill_while_answers_are_sealed_again_leaves_one_package_of_their_number(world: World, function: str) -> None:
    """Before it is sealed the old one stays, afterwards the new one alone; with the cosignature, and it counts once."""
    world.drop("first.jsonl", jsonl([row(1)]))
    assert (world.handover().code, world.receive().code) == (0, 0)
    (before,) = placed(world)
    ended = killed(world, function, 1, "agency", "reseal", before.package_id, "--config", str(world.agency))
    assert world.receive().code == 0
    (after,) = placed(world)
    found = feedback(world)

    assert ended == (-signal.SIGKILL, function)
    assert (after.package_id == before.package_id) is function.endswith("seal_again")
    assert after.sequence == before.sequence
    assert before.cosigned is not None
    assert after.cosigned == before.cosigned
    assert (found.code, found.json["answers"]) == (0, {"package.receipt": 1})


def placed(world: World) -> list[Manifest]:
    """The manifests of all packages of answers of which any file lies at the server."""
    names = {path.name[:26] for path in (world.sftp / "answers").iterdir()}
    raw = [(world.sftp / "answers" / f"{name}.manifest.json").read_bytes() for name in sorted(names)]
    return [Manifest.model_validate_json(one) for one in raw]


def test_what_has_no_receipt_is_signed_again_once_another_key_signs(world: World) -> None:
    """The old key's day passes before the agency looks: it finds the signature of the key that it has confirmed."""
    world.drop("first.jsonl", jsonl([row(1)]))
    assert (world.handover().code, world.receive().code, feedback(world).code) == (0, 0, 0)
    offered = creditor(world, "key", "offer", "signing", "--until", str(UNTIL)).out.split()
    fingerprint = offered[offered.index("calls:") + 1]
    assert (world.handover().code, world.receive().code) == (0, 0)
    assert agency(world, "key", "confirm", "nordlicht", fingerprint).code == 0
    world.drop("next.jsonl", jsonl([row(2)]))
    assert world.handover().code == 0
    late = world.receive(now=AFTER)
    command = ("key", "rotate", "package-signing", "--activate")
    assert creditor(world, *command, "--preview-to", world.home / "rotate").code == 0
    given = ("--preview", world.home / "rotate", "--key", world.home / "clerk" / "demo-clerk")
    assert creditor(world, *command, *given).code == 0
    killed(world, "gateway.store.packages:Packages.sign_again", 1)
    assert world.handover(now=AFTER).code == 0
    received = world.receive(now=AFTER)

    assert late.code == 4
    assert "no allowed signer made its signature" in late.err
    assert (received.code, received.json["packages"]["received"]) == (0, 1)
    assert [one["invoice_no"] for one in exported(world)] == ["RE-000001", "RE-000002"]
    signed = world.events().count("package.signed-again")
    assert signed >= 1
    assert world.handover(now=AFTER).code == 0
    assert world.events().count("package.signed-again") == signed


def test_a_kept_restriction_ends_when_its_case_goes_out_after_all(world: World) -> None:
    """Withdrawn before it left, restricted at its agency by a request, and lifted here: it arrives free, and once."""
    keys = world.home / "server" / "authorized_keys"
    allowed = keys.read_bytes()
    keys.write_bytes(b"")
    world.drop("first.jsonl", jsonl([row(1), row(2)]))
    assert world.handover().code == 4
    request = asked(world, "restriction", "--ground", "accuracy")
    assert creditor(world, "claim", "recall", "F-000002", "--reason", "other").code == 0
    keys.write_bytes(allowed)
    assert (world.handover().code, world.receive().code, feedback(world).code) == (0, 0, 0)
    without = exported(world)
    assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
    answered(world, request)
    lifting = ("request", "lift", request, "--out", world.home / "lifted")
    assert approved(world, *lifting, keys=("demo-clerk",)).code == 0
    night, received = world.handover(), world.receive()
    assert feedback(world).code == 0
    agency(world, "statement", "nordlicht")
    feedback(world)
    books = creditor(world, "report", "reconcile", "--agency", "ostsee", "--json").json

    assert (night.code, received.code, without) == (0, 0, [])
    assert [(one["invoice_no"], one["restricted"]) for one in exported(world)] == [("RE-000001", False)]
    assert {one["field"] for one in books["differences"]} <= {"(the case)"}
    assert creditor(world, "audit", "verify").code == 0


def test_what_went_ahead_of_a_withdrawn_package_does_not_outlive_it(world: World) -> None:
    """A dispute that has ended restricts nothing, and an older address does not replace the one the case comes with."""
    keys = world.home / "server" / "authorized_keys"
    allowed = keys.read_bytes()
    keys.write_bytes(b"")
    world.drop("first.jsonl", jsonl([row(1), row(2)]))
    assert world.handover().code == 4
    keys.write_bytes(allowed)
    world.drop("second.jsonl", jsonl([row(1, disputed=True) | {"address": row(1)["address"] | {"house_no": "6"}}]))
    ahead = killed(world, "gateway.transport.sftp:SftpTransport.upload", 5)
    arrived = world.receive().json["messages"]
    assert creditor(world, "claim", "recall", "F-000002", "--reason", "other").code == 0
    later = TODAY + timedelta(hours=1)
    assert (world.handover(now=later).code, world.receive(now=later).code) == (0, 0)
    world.drop("third.jsonl", jsonl([row(1) | {"address": row(1)["address"] | {"house_no": "7"}}]))
    assert (world.handover(now=later).code, world.receive(now=later).code) == (0, 0)
    (case,) = exported(world)

    assert (ahead[0], arrived) == (-signal.SIGKILL, 2)
    assert (case["invoice_no"], case["restricted"], case["house_no"]) == ("RE-000001", False, "7")
