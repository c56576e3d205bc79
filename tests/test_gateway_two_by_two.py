"""Two creditors and two agencies, each creditor with both: nobody reads, answers for, or joins another's cases."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.agency.answers import Envelope
from gateway.agency.settings import load_agency
from gateway.agency.template import agency_template, creditor_lines
from gateway.demo.safekeeping import add_safekeeping
from gateway.demo.server import running_server
from gateway.demo.template import demo_configuration
from gateway.demo.vetting import make_actor
from gateway.handover.waiting import queue
from gateway.settings import load, quoted
from gateway.setup import CLIENT_KEY, add_creditor, agency_signers, init_agency, init_creditor, openssh
from gateway.steps.acknowledge import Refusal
from gateway.steps.names import MANIFEST_SUFFIX
from gateway.steps.unseal import Opener, PackageError, check_addressing, open_messages, read_manifest
from gateway.transport.sftp import AuthenticationError, HostKeyError, SftpTransport
from gateway.wiring import creditor_ring, endpoint, open_desk, open_office
from keys.recipients import read_identities
from keys.references import new_id
from keys.root import write_private
from keys.sshsig import AllowedSigner, allowed_signers_line, parse_public_line, public_line, sign
from schemas.answers import CaseStatus, PackageReceipt
from schemas.case import Identity
from schemas.codes import AnswerCode, RecallReason, ReceiptVerdict, RestrictionGround, StatusCode
from schemas.messages import CaseAnswer, CaseErase, CasePayment, CaseRecall, CaseRectify, CaseRestrict, ToAgency
from schemas.package import Direction, Manifest, PackageType, Part
from world import TODAY, World, cli, jsonl, row, vet

CREDITORS = ("nordlicht", "suedlicht")
AGENCIES = ("ostsee", "westsee")
PERSON = {"customer_no": "K-000001", "email": "ida@example.org", "contract_no": "V-000001"}
Square = dict[str, World]


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Square]:
    """Four parties by name. Each creditor has handed over two claims of one person, the same, to each agency."""
    home = tmp_path_factory.mktemp("square")
    with ExitStack() as stack:
        recipients = {}
        for agency in AGENCIES:
            (home / agency).mkdir()
            recipients[agency] = init_agency(home / agency / "agency", agency_template(agency, "server"), "", TODAY)
        for creditor in CREDITORS:
            make_creditor(home, creditor, recipients, stack)
        parties = {name: World(home / name, 0) for name in (*CREDITORS, *AGENCIES)}
        for number, creditor in enumerate(CREDITORS):
            for agency in AGENCIES:
                first = 10 * number + 2 * AGENCIES.index(agency)
                rows = [row(first + more, **PERSON) for more in (1, 2)]
                parties[creditor].drop(f"../{agency}/export.jsonl", jsonl(rows))
        assert [parties[name].handover().code for name in CREDITORS] == [0, 0]
        assert [parties[name].receive().code for name in AGENCIES] == [0, 0]
        assert [feedback(parties[name]).code for name in CREDITORS] == [0, 0]
        yield parties


def make_creditor(home: Path, creditor: str, recipients: dict[str, dict[Part, str]], stack: ExitStack) -> None:
    """A creditor with a source, a mandate, and a folder of a server for each agency, all of which trust each other."""
    world = World(home / creditor, 0)
    for folder in ("", "clerk", "keys"):
        (world.home / folder).mkdir()
    host_key = Ed25519PrivateKey.generate()
    write_private(world.home / "keys" / "host", openssh(host_key))
    write_private(world.home / "keys" / "authorized", f"{public_line(host_key.public_key())}\n".encode())
    text = ""
    for agency in AGENCIES:
        (home / agency / creditor / "answers").mkdir(parents=True)
        port = stack.enter_context(
            running_server(
                home / agency / creditor, world.home / "keys" / "host", world.home / "keys" / "authorized", 0
            )
        )
        signers = agency_signers(home / agency / "agency", agency)
        whole = demo_configuration(port, public_line(host_key.public_key()), recipients[agency], signers)
        for old, new in (
            ("nordlicht-erp", f"{agency}-erp"),
            ("nordlicht", creditor),
            ('"ostsee"', f'"{agency}"'),
            ('id = "standard"', f'id = "{agency}-standard"'),
            ('inbox = "inbox"', f'inbox = "{agency}"'),
        ):
            whole = whole.replace(old, new)
        text += whole[whole.index("[[sources]]") :] if text else whole
    recipient = init_creditor(world.creditor.parent, text, TODAY, make_actor(world.home / "clerk"))
    add_safekeeping(world.home, TODAY)
    client_key = world.creditor.parent / "keys" / f"{CLIENT_KEY}.pub"
    (world.home / "keys" / "authorized").write_bytes(client_key.read_bytes())
    own = creditor_ring(load(world.creditor)).signing_key().public_key()
    line = allowed_signers_line(creditor, own, Direction.TO_AGENCY.namespaces)
    with open_office(load(world.creditor)) as office:
        for agency in AGENCIES:
            (world.creditor.parent / agency).mkdir()
            folder = quoted(str(home / agency / creditor))
            add_creditor(
                home / agency / "agency", f"{creditor_lines(creditor, recipient)}server = {folder}\n", f"{line}\n"
            )
            vet(office, agency, world.home / "clerk", TODAY)


def feedback(world: World) -> Any:
    return cli("feedback", "--json", "--config", world.creditor)


def cases(square: Square, agency: str, creditor: str, *options: str) -> list[dict[str, Any]]:
    """A creditor's cases at an agency, as the agency's own system takes them, by their references."""
    found = cli("agency", "export", creditor, *options, "--config", square[agency].agency)
    return sorted(map(json.loads, found.out.splitlines()), key=lambda one: str(one["case_ref"]))


def every_case(square: Square) -> dict[tuple[str, str], list[dict[str, Any]]]:
    return {pair: cases(square, *pair) for pair in product(AGENCIES, CREDITORS)}


def books(world: World) -> list[Any]:
    """What a creditor knows of all its cases."""
    with open_office(load(world.creditor)) as office, office.connection.begin():
        return [office.cases.at(agency) for agency in AGENCIES]


def test_the_kit_shows_a_creditors_cases_under_its_own_name_alone(square: Square) -> None:
    """What an agency exports for one creditor holds nothing of the other's; nor does the other agency have it."""
    shown = {pair: {one["invoice_no"] for one in cases(square, *pair, "--joined")} for pair in every_case(square)}

    assert shown == {
        ("ostsee", "nordlicht"): {"RE-000001", "RE-000002"},
        ("westsee", "nordlicht"): {"RE-000003", "RE-000004"},
        ("ostsee", "suedlicht"): {"RE-000011", "RE-000012"},
        ("westsee", "suedlicht"): {"RE-000013", "RE-000014"},
    }


def test_one_person_has_one_pseudonym_at_an_agency_and_unrelated_ones_elsewhere(square: Square) -> None:
    """Two claims of a person share a reference between one creditor and one agency; no two pairs share one of any kind."""
    found = every_case(square)

    assert [len({one["debtor_ref"] for one in pair}) for pair in found.values()] == [1, 1, 1, 1]
    for one, other in combinations(found.values(), 2):
        known = [{str(case[name]) for case in pair for name in ("case_ref", "debtor_ref")} for pair in (one, other)]
        assert len(known[0]) == len(known[1]) == 3
        assert known[0].isdisjoint(known[1])


@pytest.mark.parametrize(
    ("liar", "to", "owner"),
    [("westsee", "nordlicht", ("ostsee", "nordlicht")), ("ostsee", "suedlicht", ("ostsee", "nordlicht"))],
)
def test_an_answer_about_anothers_case_is_refused_and_changes_nothing(
    square: Square, tmp_path: Path, liar: str, to: str, owner: tuple[str, str]
) -> None:
    """Signed by a valid agency, sent to a valid creditor, about a case that is between others; by hand and by the kit."""
    case = cases(square, *owner)[0]
    status = {"type": "case.status", "case_ref": case["case_ref"], "status": "letter-sent", "since": "2026-06-30"}
    (tmp_path / "reply.json").write_text(json.dumps([status]))
    before, elsewhere = [books(square[one]) for one in CREDITORS], every_case(square)
    if (liar, to) == ("westsee", "nordlicht"):
        honest = cli("agency", "reply", tmp_path / "reply.json", "--config", square[liar].agency)
        assert (honest.code, "this case is not here" in honest.err) == (3, True)
    lie = CaseStatus(message_id=new_id(), case_ref=case["case_ref"], status=StatusCode.LETTER_SENT, since=TODAY.date())
    with open_desk(load_agency(square[liar].agency)) as desk, desk.cases_connection.begin():
        desk.answers.queue(Envelope(to, PackageType.ANSWERS, None), [lie])
    posted = square[liar].receive()
    found = feedback(square[to])

    assert (posted.code, found.code) == (0, 4)
    assert found.json["refusals"] == {Refusal.UNKNOWN_CASE: 1}
    assert [books(square[one]) for one in CREDITORS] == before
    assert every_case(square) == elsewhere


def test_a_receipt_for_what_another_agency_was_sent_is_refused(square: Square) -> None:
    """Even with the digest of its manifest: a package is acknowledged by whom it went to, or by nobody."""
    folder = square["ostsee"].home / "nordlicht"
    name = manifest_in(folder)
    with open_desk(load_agency(square["ostsee"].agency)) as desk:
        signed = read_manifest(folder, name, desk.opener)
    about = books(square["nordlicht"])[0][0].message_id
    lie = PackageReceipt(
        message_id=new_id(),
        package_id=signed.manifest.package_id,
        manifest_digest=signed.digest,
        about=about,
        verdict=ReceiptVerdict.ACCEPTED,
        agency_ref="A-1",
    )
    before = books(square["nordlicht"])
    with open_desk(load_agency(square["westsee"].agency)) as desk, desk.cases_connection.begin():
        desk.answers.queue(Envelope("nordlicht", PackageType.RECEIPT, signed.manifest.package_id), [lie])
    square["westsee"].receive()
    found = feedback(square["nordlicht"])

    assert (found.code, found.json["packages"]["delivered"]) == (4, 0)
    assert found.json["refusals"] == {Refusal.UNKNOWN_MESSAGE: 1}
    assert books(square["nordlicht"]) == before


def test_a_package_opens_for_its_agency_alone(square: Square) -> None:
    """Delivered to the other agency, it is addressed to another party; whoever looks inside has other keys."""
    source, target = square["ostsee"].home / "nordlicht", square["westsee"].home / "suedlicht"
    name = manifest_in(source)
    before = every_case(square)
    copied = [Path(shutil.copy(path, target)) for path in source.glob(f"{name[:26]}.*")]
    found = square["westsee"].receive()
    with open_desk(load_agency(square["westsee"].agency)) as desk:
        manifest = read_manifest(target, name, desk.opener).manifest
        assert isinstance(manifest, Manifest)
        with pytest.raises(PackageError, match="addressed to another party"):
            check_addressing(manifest, desk.opener)
        with pytest.raises(PackageError, match="other recipients"):
            list(open_messages(target, manifest, desk.opener))
    for path in copied:
        path.unlink()

    assert (found.code, found.json["packages"]["received"]) == (4, 0)
    assert every_case(square) == before


def test_a_package_is_no_other_creditors_because_that_one_signs_it(square: Square) -> None:
    """Sealed files of one creditor under another's manifest and valid signature: what is sealed names its sender."""
    source, target = square["ostsee"].home / "nordlicht", square["ostsee"].home / "suedlicht"
    name, package_id = manifest_in(source), new_id()
    taken = (source / name).read_text().replace(name[:26], package_id).replace('"nordlicht"', '"suedlicht"')
    raw = taken.replace('"sequence":1', '"sequence":2').encode()
    signer = creditor_ring(load(square["suedlicht"].creditor)).signing_key()
    before = every_case(square)
    copied = [
        Path(shutil.copy(path, target / path.name.replace(name[:26], package_id)))
        for path in source.glob(f"{name[:26]}.*.age")
    ]
    for suffix, content in (("", raw), (".sig", sign(raw, signer, PackageType.CASES.namespace))):
        copied.append(target / f"{package_id}{MANIFEST_SUFFIX}{suffix}")
        copied[-1].write_bytes(content)
    found = square["ostsee"].receive()
    for path in copied:
        path.unlink()

    assert (found.code, found.json["packages"]["received"]) == (4, 0)
    assert "does not open" in found.err
    assert every_case(square) == before


def test_answers_open_for_their_creditor_alone(square: Square) -> None:
    """Placed where the other creditor collects, they are addressed to another party; whoever looks inside has other keys."""
    source, target = (square["ostsee"].home / creditor / "answers" for creditor in ("suedlicht", "nordlicht"))
    name = next(path.name for path in sorted(source.glob(f"*{MANIFEST_SUFFIX}")))
    before = [books(square[one]) for one in CREDITORS]
    copied = [Path(shutil.copy(path, target)) for path in source.glob(f"{name[:26]}.*")]
    found = feedback(square["nordlicht"])
    agency = agency_signers(square["ostsee"].home / "agency", "ostsee")[0]
    signer = AllowedSigner("ostsee", Direction.TO_CREDITOR.namespaces, parse_public_line(agency))
    keys = read_identities((square["nordlicht"].creditor.parent / "keys" / "answers.agekey").read_text())
    opener = Opener("nordlicht", Direction.TO_CREDITOR, {Part.ANSWERS: keys}, (signer,))
    manifest = read_manifest(target, name, opener).manifest
    assert isinstance(manifest, Manifest)
    with pytest.raises(PackageError, match="other recipients"):
        list(open_messages(target, manifest, opener))
    for path in copied:
        path.unlink()

    assert (found.code, found.json["packages"]["applied"]) == (4, 0)
    assert "addressed to another party" in found.err
    assert [books(square[one]) for one in CREDITORS] == before


def test_nothing_of_two_pairs_can_be_joined_but_names_and_what_is_owed(square: Square) -> None:
    """No random value, and no number of the creditor's, stands in the pseudonymous parts of two pairs; claims alike show
    the same sums and days.
    """
    seen = {}
    for agency, creditor in product(AGENCIES, CREDITORS):
        folder = square[agency].home / creditor
        with open_desk(load_agency(square[agency].agency)) as desk:
            manifest = read_manifest(folder, manifest_in(folder), desk.opener).manifest
            assert isinstance(manifest, Manifest)
            lines = [json.loads(line.raw) for line in open_messages(folder, manifest, desk.opener)]
        assert len(lines) == 2
        seen[agency, creditor] = {
            (name, value) for line in lines for name, value in line.items() if isinstance(value, str)
        }
    everywhere = set.intersection(*seen.values())
    named = {name for name, _ in everywhere}

    for one, other in combinations(seen.values(), 2):
        assert one & other == everywhere
    assert named.isdisjoint({"message_id", "case_ref", "debtor_ref"})
    assert all(re.fullmatch(r"[a-zA-Z0-9.-]{1,12}", value) for _, value in everywhere)
    told = " ".join(value for values in seen.values() for _, value in values)
    assert not [number for number in ("K-0000", "V-0000", "F-0000", "RE-0000", "example.org") if number in told]


PUT_RIGHT = Identity(
    last_name="Umbenannt",
    street="Irrweg",
    house_no="1",
    postcode="96047",
    city="Bamberg",
    country="DE",
    invoice_no="X-1",
)
MESSAGES: dict[str, Callable[[str], ToAgency]] = {
    "recall": lambda ref: CaseRecall(message_id=new_id(), case_ref=ref, reason=RecallReason.NOT_OWED),
    "restriction": lambda ref: CaseRestrict(message_id=new_id(), case_ref=ref, ground=RestrictionGround.ACCURACY),
    "rectification": lambda ref: CaseRectify(message_id=new_id(), case_ref=ref, is_adult=False),
    "erasure": lambda ref: CaseErase(message_id=new_id(), case_ref=ref, instruction=True),
    "payment": lambda ref: CasePayment(
        message_id=new_id(), case_ref=ref, amount=1, currency="EUR", booked_on=TODAY.date()
    ),
    "answer": lambda ref: CaseAnswer(message_id=new_id(), case_ref=ref, question=new_id(), answer=AnswerCode.CONFIRMED),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_a_creditor_says_reaches_no_case_of_another(square: Square, name: str) -> None:
    """A message with a reference that is another creditor's is one about a case that its sender never handed over."""
    foreign = cases(square, "ostsee", "nordlicht")[0]["case_ref"]
    before = {pair: cases(square, *pair, "--joined") for pair in product(AGENCIES, CREDITORS)}
    with (
        open_office(load(square["suedlicht"].creditor)) as office,
        office.connection.begin(),
        office.vault_connection.begin(),
    ):
        own = office.cases.at("ostsee")[0]
        key = office.vault.by_id([own.claim])[own.claim]
        identity = PUT_RIGHT if name == "rectification" else None
        queue(office, own, MESSAGES[name](foreign), key, TODAY, identity=identity)
    night, received = square["suedlicht"].handover(), square["ostsee"].receive()

    assert (night.code, received.code, received.json["messages"]) == (0, 0, 1)
    assert {pair: cases(square, *pair, "--joined") for pair in product(AGENCIES, CREDITORS)} == before
    assert len(before["ostsee", "nordlicht"]) == 2


def test_a_creditors_key_opens_the_servers_of_its_own_folders_alone(square: Square) -> None:
    """At each agency the other creditor's key is refused, and the other's server is not taken for the own one."""
    doors = {
        (creditor, agency): endpoint(configuration, configuration.agency(agency))
        for creditor in CREDITORS
        for configuration in (load(square[creditor].creditor),)
        for agency in AGENCIES
    }
    for (creditor, agency), own in doors.items():
        for other in (doors[one, to] for one, to in doors if one != creditor):
            with pytest.raises(AuthenticationError), SftpTransport(replace(other, client_key=own.client_key)):
                pass
            with pytest.raises(HostKeyError, match="nothing was sent"), SftpTransport(replace(own, port=other.port)):
                pass
        with SftpTransport(own) as transport:
            seen = {name[:26] for name in transport.listing(100, delivered=True)} - {"answers"}
        assert seen == {path.name[:26] for path in (square[agency].home / creditor).glob("*.age")}


def manifest_in(folder: Path) -> str:
    """The name of the manifest of the one package that lies in a folder."""
    (found,) = (path.name for path in folder.glob(f"*{MANIFEST_SUFFIX}"))
    return found
