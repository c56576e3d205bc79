"""Receiving, as attacks: each obligation of `gateway.agency.receive` against somebody who breaks it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import text

from audit.witness import Witness
from audit_world import signer_of
from forger import CANARY, IDENTITIES, KEY, MANDATE, NOW, RECIPIENT, SENDER, Forgery, canonical, case, ident, identity
from gateway.agency import receive as receiving
from gateway.agency import work
from gateway.agency.answers import AnswersStore
from gateway.agency.desk import Desk
from gateway.agency.settings import Abilities
from gateway.agency.store import CasesStore, IdentitiesStore
from gateway.agency.tables import CASES_METADATA, IDENTITIES_METADATA
from gateway.agency.work import Receipts, receive_all
from gateway.reading import Readings
from gateway.steps import unseal as unsealing
from gateway.steps.unseal import Line, Opener
from keys.labels import Purpose
from keys.material import Secret
from keys.recipients import HybridIdentity
from keys.ring import Keyring
from keys.sqlite import create_store
from keys.sshsig import load_allowed_signers, public_line, sign
from schemas.answers import PackageReceipt
from schemas.messages import BooksAgreed
from schemas.package import VOID_NAMESPACE, Direction, Part
from torture_package import sweep

OTHER = Ed25519PrivateKey.from_private_bytes(bytes(reversed(range(32))))
SIGNERS = f"""
nordlicht namespaces="cases@inkasso-gateway" {public_line(KEY.public_key())}
other-shop namespaces="cases@inkasso-gateway" {public_line(OTHER.public_key())}
"""


class Agency:
    """An agency's desk over new stores, and what it holds."""

    def __init__(self, home: Path, stack: ExitStack, signers: str = SIGNERS) -> None:
        self.server = home / "server"
        self.server.mkdir()
        engines = create_store(home / "cases.db", CASES_METADATA), create_store(home / "ids.db", IDENTITIES_METADATA)
        self.cases, self.persons = (stack.enter_context(engine.connect()) for engine in engines)
        for engine in engines:
            stack.callback(engine.dispose)
        secret = Secret.generate()
        self.desk = Desk(
            folders=(self.server,),
            opener=Opener(
                recipient=RECIPIENT,
                direction=Direction.TO_AGENCY,
                identities={Part(part): [key] for part, key in IDENTITIES.items()},
                signers=load_allowed_signers(signers),
            ),
            ring=Keyring({Purpose.PACKAGE_SIGNING: (ident(1), Secret.generate())}),
            abilities=Abilities(),
            witness=Witness(home, signer_of(7, RECIPIENT)),
            readings=Readings(home, home, lambda _: ()),
            creditors={},
            cases_connection=self.cases,
            identities_connection=self.persons,
            cases=CasesStore(self.cases, secret),
            persons=IdentitiesStore(self.persons, Secret.generate()),
            answers=AnswersStore(self.cases, secret),
        )

    def run(self, now: Any = NOW) -> Receipts:
        return receive_all(self.desk, now, lambda what, count: None)

    def held(self) -> tuple[int, int, int]:
        """Packages, cases and identities in the stores."""
        counts = []
        for connection, table in ((self.cases, "package"), (self.cases, '"case"'), (self.persons, "identity")):
            with connection.begin():
                counts.append(connection.execute(text(f"select count(*) from {table}")).scalar_one())
        return counts[0], counts[1], counts[2]

    def refused(self, sender: str = SENDER) -> list[str | None]:
        """The refusals among the receipts for a creditor, in order."""
        with self.cases.begin():
            answers = self.desk.answers.sent(sender)
        return [one.refusal for one in answers if isinstance(one, PackageReceipt) and one.refusal is not None]


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[Agency]:
    with ExitStack() as stack:
        yield Agency(tmp_path, stack)


def test_a_package_by_the_specification_is_received_once(agency: Agency) -> None:
    """A package that another hand made is opened; a second run finds nothing to do."""
    Forgery().put(agency.server)
    first, second = agency.run(), agency.run()

    assert first.as_json() == {"packages": {"received": 1, "sent": 0}, "messages": 2, "failures": []}
    assert second.as_json() == {"packages": {"received": 0, "sent": 0}, "messages": 0, "failures": []}
    assert agency.held() == (1, 2, 2)


def flip(part: str, place: int) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        name = next(name for name in files if part in name)
        content = bytearray(files[name])
        content[place] ^= 1
        return files | {name: bytes(content)}

    return change


def without(part: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: {name: content for name, content in files.items() if part not in name}


def cut(part: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: {name: content[:-1] if part in name else content for name, content in files.items()}


def swapped(files: dict[str, bytes]) -> dict[str, bytes]:
    return {"cases": files["identities"], "identities": files["cases"]}


def only(change: Callable[[list[Any]], list[Any]], *parts: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda lines: {part: change(found) if part in parts else found for part, found in lines.items()}


ERASE = {"type": "case.erase", "message_id": ident(1002), "case_ref": case(2)["case_ref"], "instruction": True}
PADDING = b"\x50\x2a\x4d\x18"
BOTH = ("cases", "identities")

ATTACKS: dict[str, tuple[Forgery, str]] = {
    "1 signed by nobody we know": (Forgery(key=Ed25519PrivateKey.from_private_bytes(bytes(32))), "no allowed signer"),
    "1 signed for another purpose": (Forgery(namespace="stops@inkasso-gateway"), "for another purpose"),
    "1 signed by another trusted party": (Forgery(key=OTHER), "another party"),
    "1 flipped byte of the manifest": (Forgery(delivered=flip("manifest.json", 20)), "does not fit"),
    "1 flipped byte of the signature": (
        Forgery(delivered=flip("manifest.json.sig", 120)),
        "no allowed signer|not an SSH|base64",
    ),
    "1 signed, but not of this format": (Forgery(manifest={"format": 2}), "not of this format version"),
    "1 signed, with an unknown field": (Forgery(manifest={"note": CANARY}), "not of this format version"),
    "1 signed, and no JSON": (Forgery(raw=lambda raw: raw[:-1]), "not of this format version"),
    "1 under another name": (Forgery(addressing={"package_id": ident(99)}), "bears another id"),
    "1 cases signed as stops": (
        Forgery(addressing={"package_type": "stops"}),
        "signed as another type of package",
    ),
    "2 of the other direction": (Forgery(addressing={"direction": "to-creditor"}), "addressed to another party"),
    "2 for another recipient": (Forgery(addressing={"recipient": "westsee"}), "addressed to another party"),
    "2 expired": (Forgery(manifest={"expires": NOW.isoformat()}), "has expired"),
    "3 a gap": (Forgery(addressing={"sequence": 2}), "1 has not arrived: it waits"),
    "4 no cases file": (Forgery(delivered=without(".cases.")), "cases file is missing"),
    "4 no identities file": (Forgery(delivered=without(".identities.")), "identities file is missing"),
    "4 a truncated file": (Forgery(delivered=cut(".identities.")), "identities file is missing or has another size"),
    "4 a flipped byte of cases": (Forgery(delivered=flip(".cases.", -1)), "cases file has another content"),
    "4 a flipped byte of identities": (Forgery(delivered=flip(".identities.", 0)), "identities file has another content"),
    "4 only one file named": (Forgery(sealed=lambda files: {"cases": files["cases"]}), "does not name"),
    "5 sealed to somebody else": (
        Forgery(seal_to={part: HybridIdentity(bytes([9]) * 32) for part in BOTH}),
        "sealed to other recipients",
    ),
    "5 parts swapped": (Forgery(sealed=swapped), "sealed to other recipients"),
    "5 parts swapped for both keys": (
        Forgery(lines=lambda lines: {"cases": lines["identities"], "identities": lines["cases"]}),
        "header line is another package's",
    ),
    "5 sealed, then truncated": (
        Forgery(sealed=lambda files: {part: content[:-20] for part, content in files.items()}),
        "altered or cut off",
    ),
    "5 a header of another package": (Forgery(header={"package_id": ident(99)}), "header line is another package's"),
    "5 a header of another number": (Forgery(header={"sequence": 7}), "header line is another package's"),
    "5 a header of another recipient": (Forgery(header={"recipient": "westsee"}), "header line is another package's"),
    "5 a header with another mandate": (
        Forgery(header={"mandate": MANDATE | {"stage": "enforcement"}}),
        "header line is another package's",
    ),
    "5 no header": (Forgery(lines=only(lambda lines: lines[1:], *BOTH)), "not what its schema allows"),
    "5 a second header": (
        Forgery(lines=only(lambda lines: [lines[0], *lines], *BOTH)),
        "may not hold",
    ),
    "5 no end": (Forgery(lines=only(lambda lines: lines[:-1], *BOTH)), "no end line"),
    "5 nothing at all": (Forgery(lines=only(lambda lines: [], *BOTH)), "not what its schema allows"),
    "5 no end of identities": (Forgery(lines=only(lambda lines: lines[:-1], "identities")), "schema allows"),
    "5 wrong count": (
        Forgery(lines=only(lambda lines: [*lines[:-1], lines[-1] | {"messages": 3}], *BOTH)),
        "counts at the end",
    ),
    "5 wrong count of identities": (
        Forgery(lines=only(lambda lines: [*lines[:-1], lines[-1] | {"messages": 1}], "identities")),
        "counts at the end",
    ),
    "5 wrong sum": (
        Forgery(lines=only(lambda lines: [*lines[:-1], lines[-1] | {"principal_open": 1}], "cases")),
        "counts at the end",
    ),
    "5 a line behind the end": (Forgery(lines=only(lambda lines: [*lines, lines[-1]], "cases")), "follow the end line"),
    "5 an identity behind the end": (
        Forgery(lines=only(lambda lines: [*lines, lines[1]], "identities")),
        "follow the end line",
    ),
    "5 a second padding": (Forgery(stream=lambda stream: stream + stream[-8:]), "padding does not end"),
    "5 no padding": (Forgery(stream=lambda stream: stream[: stream.index(PADDING)]), "padding frame is expected"),
    "5 a field too many": (Forgery(cases=[case(1) | {"note": CANARY}, case(2)]), "not what its schema allows"),
    "5 an identity among the cases": (Forgery(cases=[case(1) | identity(1), case(2)]), "not what its schema allows"),
    "5 a stop among new cases": (
        Forgery(
            cases=[case(1), ERASE],
            identities=[identity(1), {"message_id": ident(1002), "opening": "A" * 43}],
        ),
        "may not hold",
    ),
    "6 another order": (Forgery(identities=[identity(2), identity(1)]), "same messages in the same order"),
    "6 a message without identity": (Forgery(identities=[identity(1)]), "schema allows|counts at the end"),
    "6 an identity without message": (Forgery(cases=[case(1)]), "schema allows|counts at the end"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_and_leaves_nothing(agency: Agency, name: str) -> None:
    """The failure names the obligation, holds no value, and keeps nothing; an honest package then still arrives."""
    forgery, reason = ATTACKS[name]
    forgery.put(agency.server)
    receipts = agency.run()
    held = agency.held()
    for path in agency.server.iterdir():
        path.unlink()
    Forgery().put(agency.server)

    assert receipts.packages == []
    (failure,) = receipts.failures
    assert failure.exit_code == 4
    assert CANARY not in str(failure)
    with pytest.raises(type(failure), match=reason):
        raise failure
    assert held == (0, 0, 0)
    assert len(agency.run().packages) == 1


def test_every_past_package_is_refused_when_it_is_offered_again(agency: Agency) -> None:
    """A number that was received is never received again: neither the same files under it, nor new ones."""
    for number in (1, 2, 3):
        Forgery(number, cases=[case(number)], identities=[identity(number)]).put(agency.server)
    assert len(agency.run().packages) == 3

    for number in (1, 2, 3):
        Forgery(number, cases=[case(9)], identities=[identity(9)]).put(agency.server)
        Forgery(10 + number, [case(9)], [identity(9)], addressing={"sequence": number}).put(agency.server)
    receipts = agency.run()

    assert receipts.packages == []
    assert sorted("repeats number" in str(one) for one in receipts.failures) == [False] * 3 + [True] * 3
    assert sum("received with another manifest" in str(one) for one in receipts.failures) == 3
    assert agency.held() == (3, 3, 3)


@pytest.mark.parametrize(
    "again",
    [
        Forgery(2, cases=[case(2)], identities=[identity(2)]),
        Forgery(
            2, cases=[case(2) | {"message_id": ident(1009)}], identities=[identity(2) | {"message_id": ident(1009)}]
        ),
        Forgery(2, cases=[case(3) | {"message_id": ident(1001)}], identities=[identity(1)]),
    ],
    ids=["the same", "the case under a new id", "the id for a new case"],
)
def test_a_case_or_message_of_an_earlier_package_is_refused(agency: Agency, again: Forgery) -> None:
    """What was handed over is not handed over again under the next number; the receipt says so, and nothing is kept."""
    Forgery(1).put(agency.server)
    again.put(agency.server)
    receipts = agency.run()

    assert receipts.failures == []
    assert agency.refused() == ["repeated"]
    assert agency.held() == (2, 2, 2)


def test_a_case_or_message_that_stands_twice_is_refused_the_second_time(agency: Agency) -> None:
    """Each case of a package is kept once."""
    cases = [case(1), case(1) | {"message_id": ident(1002)}, case(3) | {"message_id": ident(1001)}]
    identities = [identity(1), identity(2), identity(1)]
    Forgery(cases=cases, identities=identities).put(agency.server)
    agency.run()

    assert agency.refused() == ["repeated", "repeated"]
    assert agency.held() == (1, 1, 1)


def test_packages_are_received_in_the_order_of_their_numbers(agency: Agency) -> None:
    """A gap waits, and what fills it lets the others follow, whatever their names sort like."""
    made = {
        number: Forgery(30 - number, [case(number)], [identity(number)], {"sequence": number}) for number in (1, 2, 3)
    }
    made[3].put(agency.server)
    made[2].put(agency.server)
    waiting = agency.run()
    made[1].put(agency.server)

    assert waiting.packages == []
    assert all("waits" in str(failure) for failure in waiting.failures)
    assert [one.sequence for one in agency.run().packages] == [1, 2, 3]


def test_one_bad_package_does_not_stop_another_senders(agency: Agency) -> None:
    """Two creditors: what one of them spoils does not hold up the other."""
    Forgery(1, delivered=flip(".cases.", 30)).put(agency.server)
    Forgery(2, [case(5)], [identity(5)], {"sender": "other-shop", "sequence": 1}, key=OTHER).put(agency.server)
    receipts = agency.run()

    assert [one.sender for one in receipts.packages] == ["other-shop"]
    assert len(receipts.failures) == 1


def test_a_void_manifest_with_the_id_of_another_creditors_package_is_a_failure(tmp_path: Path) -> None:
    """It closes nothing, and is not passed over: the number of its sender stays open, and the agency is told why."""
    raw = canonical(
        Forgery(1, addressing={"sender": "other-shop"}).addressed() | {"created": f"{NOW:%FT%TZ}", "void": True}
    )
    with ExitStack() as stack:
        agency = Agency(tmp_path, stack, SIGNERS.replace('namespaces="', f'namespaces="{VOID_NAMESPACE},'))
        Forgery(1).put(agency.server)
        first = agency.run()
        (agency.server / f"{ident(1)}.void.json").write_bytes(raw)
        (agency.server / f"{ident(1)}.void.json.sig").write_bytes(sign(raw, OTHER, VOID_NAMESPACE))
        (failure,) = agency.run().failures

        assert len(first.packages) == 1
        assert "was received with another manifest" in str(failure)


def test_one_key_may_sign_for_two_entities(tmp_path: Path) -> None:
    """Two legal entities of one creditor share its key: each line of the signers counts, wherever it stands."""
    lines = "".join(f"{name} {public_line(KEY.public_key())}\n" for name in ("press", SENDER, "energy"))
    with ExitStack() as stack:
        agency = Agency(tmp_path, stack, lines)
        Forgery().put(agency.server)

        assert len(agency.run().packages) == 1


def test_a_key_for_another_purpose_signs_no_cases(tmp_path: Path) -> None:
    """A signer's namespaces are kept: a key that may only stop cases cannot hand any over."""
    line = f'{SENDER} namespaces="stops@inkasso-gateway" {public_line(KEY.public_key())}'
    with ExitStack() as stack:
        agency = Agency(tmp_path, stack, line)
        Forgery().put(agency.server)
        (failure,) = agency.run().failures

        assert "for another purpose" in str(failure) or "no allowed signer" in str(failure)


@pytest.mark.parametrize(
    "name",
    [f"{CANARY}", "line\nend", "\x1b[31m", "..", "x" * 200, ident(10**30).upper(), ident(1) + "0", "\u202e" + ident(1)],
    ids=["word", "line end", "escape", "dots", "long", "capitals", "longer", "direction"],
)
def test_a_name_that_is_no_package_is_never_repeated(agency: Agency, name: str) -> None:
    """Whoever may write to the server chooses names there: only our own shape is looked at."""
    (agency.server / f"{name}.manifest.json.sig").write_bytes(b"")
    (agency.server / f"{name}.manifest.json").write_bytes(b"")
    receipts = agency.run()

    assert receipts.packages == []
    assert all(name not in str(failure) for failure in receipts.failures)


@pytest.mark.parametrize("suffix", ["manifest.json", "manifest.json.sig", "cases.jsonl.zst.age"])
def test_a_link_on_the_server_is_not_followed(agency: Agency, tmp_path: Path, suffix: str) -> None:
    """A file of a package is a plain file: a link could point at any of the agency's own."""
    path = agency.server / f"{Forgery().put(agency.server)}.{suffix}"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")

    assert agency.run().packages == []


@pytest.mark.parametrize("suffix", ["manifest.json", "manifest.json.sig", "cases.jsonl.zst.age"])
def test_a_pipe_on_the_server_keeps_nobody_waiting(agency: Agency, suffix: str) -> None:
    """Its writer would never come: what is opened is a plain file or nothing."""
    path = agency.server / f"{Forgery().put(agency.server)}.{suffix}"
    path.unlink()
    os.mkfifo(path)

    assert agency.run().packages == []


def test_no_more_packages_are_looked_at_than_any_creditor_sends(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder full of signatures costs what is looked at, and the run says so."""
    monkeypatch.setattr(work, "MAXIMUM_PACKAGES", 3)
    for number in range(9):
        (agency.server / f"{ident(number)}.manifest.json.sig").write_bytes(b"")
    receipts = agency.run()

    assert (receipts.packages, len(receipts.failures)) == ([], 4)
    assert "more than 3 packages" in str(receipts.failures[0])


def test_messages_are_taken_in_chunks_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line may be long, and many may be: how much is held at once is counted in bytes as well."""
    monkeypatch.setattr(receiving, "_CHUNK_BYTES", 100)
    message = BooksAgreed(message_id=ident(1), statement=ident(2), books="0" * 64)
    lines = [Line(message, b"x" * size, b"") for size in (60, 60, 10, 101, 1)]

    assert [[len(one.raw) for one in chunk] for chunk in receiving._chunks(iter(lines))] == [[60, 60], [10, 101], [1]]


def test_a_file_exchanged_after_it_was_hashed_is_noticed(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    """age does not say who sealed: bytes that are opened must be those the signature covers, not those of before."""
    forged = Forgery(cases=[case(7), case(8)], identities=[identity(7), identity(8)]).files()
    package_id = Forgery().put(agency.server)
    check = unsealing._check_files

    def exchange(*arguments: Any) -> Any:
        found = check(*arguments)
        for name in (f"{package_id}.cases.jsonl.zst.age", f"{package_id}.identities.jsonl.zst.age"):
            (agency.server / name).write_bytes(forged[name])
        return found

    monkeypatch.setattr(unsealing, "_check_files", exchange)
    (failure,) = agency.run().failures

    assert "another content" in str(failure)
    assert agency.held() == (0, 0, 0)


def test_nothing_is_parsed_before_its_signature_is_verified(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spy in every model sees nothing of a package whose signature does not fit, and the manifest first otherwise."""
    seen: list[str] = []
    real = BaseModel.model_validate_json.__func__

    def spy(model: type[BaseModel], *arguments: Any, **options: Any) -> Any:
        seen.append(model.__name__)
        return real(model, *arguments, **options)

    monkeypatch.setattr(BaseModel, "model_validate_json", classmethod(spy))
    Forgery(delivered=flip("manifest.json.sig", 150)).put(agency.server)
    agency.run()
    before = list(seen)
    Forgery().put(agency.server)
    agency.run()

    assert before == []
    assert seen[0] == "Manifest"


HONEST = Forgery().files()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(HONEST)), st.data())
def test_no_altered_package_is_opened(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """Whatever byte of whatever file is changed, left out or added: not one message is believed to the end."""
    content = HONEST[name]
    place = data.draw(st.integers(0, len(content) - 1))
    change = data.draw(st.integers(1, 255))
    altered = data.draw(
        st.sampled_from(
            [
                content[:place] + bytes([content[place] ^ change]) + content[place + 1 :],
                content[:place] + content[place + 1 :],
                content[:place],
                content[:place] + bytes([change]) + content[place:],
            ]
        )
    )
    for file, whole in HONEST.items():
        (tmp_path / file).write_bytes(altered if file == name else whole)
    opener = Opener(
        recipient=RECIPIENT,
        direction=Direction.TO_AGENCY,
        identities={Part(part): [key] for part, key in IDENTITIES.items()},
        signers=load_allowed_signers(SIGNERS),
    )
    manifest = f"{Forgery().package_id}.manifest.json"
    with pytest.raises(unsealing.PackageError) as failure:
        signed = unsealing.read_manifest(tmp_path, manifest, opener)
        list(unsealing.open_messages(tmp_path, signed.manifest, opener))

    assert CANARY not in str(failure.value)


def test_flipped_bits_and_truncations_are_refused_for_their_own_reason(tmp_path: Path) -> None:
    """A sample of what `make torture` does with every bit and every length of every file."""
    assert sweep(tmp_path, 997) == []


def test_a_package_is_good_until_its_last_moment(agency: Agency) -> None:
    """Expiry is the moment from which it is refused, and not one before."""
    Forgery().put(agency.server)
    last = NOW + timedelta(days=14)

    assert agency.run(last).packages == []
    assert len(agency.run(last - timedelta(microseconds=1)).packages) == 1
