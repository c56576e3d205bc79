"""Replay: whatever was ever sent between a creditor and an agency, put back in every later position, in both directions.

The history has cases, news of them, a stop, a number that was closed, receipts and answers. Before each package
arrives, and after the last, all earlier ones come back: under their own names, under each other's, their sealed
files under other manifests, their manifests under other signatures, and at the other side. The agency's server is a folder.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import pytest
from pydantic import BaseModel

import gateway.wiring
from asking import command
from folder_server import FolderTransport
from gateway.steps import unseal as unsealing
from gateway.transport.sftp import UnreachableError
from world import Result, World, cli, jsonl, make_world, row

ANOTHER_ID: Final = "the manifest is signed by another party, or bears another id"
ANOTHER_CONTENT: Final = "file has another content"
DOES_NOT_FIT: Final = "the signature does not fit the message"
ANOTHER_PURPOSE: Final = "for another purpose"
MANIFESTS: Final = {"Manifest", "VoidManifest"}
ORDER: Final = ("stops", "receipt", "cases", "answers")


@dataclass(frozen=True)
class Sent:
    """A package: its files by what follows the package id in their names."""

    package_id: str
    files: dict[str, bytes]

    @property
    def manifest(self) -> str:
        return next(suffix for suffix in self.files if suffix.endswith(".json"))

    @property
    def kind(self) -> str:
        return "void" if "void" in self.manifest else str(json.loads(self.files[self.manifest])["package_type"])

    def under(self, package_id: str, **changed: bytes) -> dict[str, bytes]:
        return {f"{package_id}{suffix}": content for suffix, content in (self.files | changed).items()}

    def with_of(self, other: "Sent", ending: str) -> dict[str, bytes]:
        """This package with every file of that ending from the other one."""
        return self.under(self.package_id, **{name: one for name, one in other.files.items() if name.endswith(ending)})


@dataclass
class Side:
    """Where packages arrive: the folder, the command that takes them, what it counts them as, and what it keeps."""

    folder: Path
    take: Callable[[], Result]
    counted: str
    kept: tuple[Path, ...]
    history: list[Sent] = field(default_factory=list)

    def state(self) -> str:
        """Every row of every table, and every file beside them, as one digest."""
        found = hashlib.sha256()
        for path in self.kept:
            for file in sorted(path.iterdir()) if path.is_dir() else ():
                found.update(file.name.encode() + file.read_bytes())
            if path.is_file():
                with sqlite3.connect(path) as connection:
                    found.update("\n".join(connection.iterdump()).encode())
        return found.hexdigest()


@dataclass
class Pair:
    """A creditor and an agency, and what of a package was looked at: models that were parsed, files that were opened."""

    world: World
    looked_at: list[str]
    agency: Side
    creditor: Side


class Refusals(NamedTuple):
    """How many packages are refused, why, and what may have been looked at by then."""

    count: int
    reason: str
    looked_at: set[str]


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    world = make_world(tmp_path)
    world.configure("remove_after_receipt = false", "remove_after_receipt = true")
    answers, creditor, agency = world.sftp / "answers", world.creditor.parent, world.agency.parent
    looked_at: list[str] = []
    parse, opened = BaseModel.model_validate_json.__func__, unsealing.unseal

    def parsing(model: type[BaseModel], *arguments: Any, **options: Any) -> Any:
        if model.__module__ == "schemas.package":
            looked_at.append(model.__name__)
        return parse(model, *arguments, **options)

    def opening(*arguments: Any) -> Any:
        looked_at.append("opened")
        return opened(*arguments)

    monkeypatch.setattr(BaseModel, "model_validate_json", classmethod(parsing))
    monkeypatch.setattr(unsealing, "unseal", opening)
    monkeypatch.setattr(FolderTransport, "root", world.sftp, raising=False)
    with patch.object(gateway.wiring, "SftpTransport", FolderTransport):
        yield Pair(
            world,
            looked_at,
            Side(world.sftp, world.receive, "received", (agency / "cases.db", agency / "identities.db", answers)),
            Side(
                answers,
                lambda: cli("feedback", "--json", "--config", world.creditor),
                "applied",
                tuple(creditor / name for name in ("gateway.db", "vault.db", "outbox", "quarantine")),
            ),
        )


def arrived(side: Side) -> list[Sent]:
    """What lies in a folder, taken away, in the order in which it may be received."""
    found: dict[str, dict[str, bytes]] = {}
    for path in side.folder.iterdir():
        if path.is_file():
            found.setdefault(path.name[:26], {})[path.name[26:]] = path.read_bytes()
            path.unlink()

    def turn(one: Sent) -> tuple[int, int]:
        manifest = json.loads(one.files[one.manifest])
        return ORDER.index(manifest["package_type"]), manifest["sequence"]

    return sorted((Sent(package_id, files) for package_id, files in found.items()), key=turn)


def put(side: Side, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (side.folder / name).write_bytes(content)


def replay(pair: Pair, side: Side, files: dict[str, bytes], expected: Refusals) -> None:
    """Nothing is taken, each refusal gives the one reason, and no more was looked at than this."""
    put(side, files)
    pair.looked_at.clear()
    found = side.take()
    arrived(side)

    assert found.json["packages"][side.counted] == 0
    assert (found.code, len(found.json["failures"])) == (4 if expected.count else 0, expected.count), found.err
    assert all(expected.reason in failure for failure in found.json["failures"]), found.err
    assert set(pair.looked_at) <= expected.looked_at


def replay_all(pair: Pair, side: Side, other: Side, coming: list[Sent]) -> None:
    """All that was sent comes back before `coming`, which may be nothing, has arrived; nothing is kept of it."""
    before = side.state()
    again = {name: one for sent in side.history for name, one in sent.under(sent.package_id).items()}
    replay(pair, side, again, Refusals(0, "", MANIFESTS))
    there = [*side.history, *coming]
    for shift in range(1, len(there)):
        pairs = list(zip(there, there[shift:] + there[:shift], strict=True))
        renamed = {name: one for sent, place in pairs for name, one in sent.under(place.package_id).items()}
        replay(pair, side, renamed, Refusals(len(pairs), ANOTHER_ID, MANIFESTS))
        alike = [(sent, place) for sent, place in pairs if set(sent.files) == set(place.files)]
        sealed = {name: one for sent, place in alike for name, one in place.with_of(sent, ".age").items()}
        count = sum(place in coming for sent, place in alike if any(name.endswith(".age") for name in sent.files))
        replay(pair, side, sealed, Refusals(count, ANOTHER_CONTENT, MANIFESTS))
        signed = {name: one for sent, place in alike for name, one in place.with_of(sent, ".json").items()}
        replay(pair, side, signed, Refusals(len(alike), DOES_NOT_FIT, set()))
    turned = {name: one for sent in other.history for name, one in sent.under(sent.package_id).items()}
    closings = sum(name.endswith(".void.json") for name in turned)
    replay(pair, side, turned, Refusals(len(other.history) - closings, ANOTHER_PURPOSE, set()))

    assert side.state() == before


def deliver(pair: Pair, side: Side, other: Side) -> None:
    """What has arrived is received one by one, after all that came before was tried again in its place."""
    for sent in arrived(side):
        replay_all(pair, side, other, [sent])
        put(side, sent.under(sent.package_id))
        found = side.take()
        assert (found.code, found.json["packages"][side.counted]) == (0, 1), found.err
        for name in sent.under(sent.package_id):
            (side.folder / name).unlink(missing_ok=True)
        side.history.append(sent)


def morning(pair: Pair) -> None:
    """Both sides take what the other sent."""
    deliver(pair, pair.agency, pair.creditor)
    deliver(pair, pair.creditor, pair.agency)


def answer(pair: Pair) -> None:
    """The agency accepts its first case, and reports a payment."""
    exported = cli("agency", "export", "nordlicht", "--joined", "--config", pair.world.agency).out.splitlines()
    (ref,) = (one["case_ref"] for one in map(json.loads, exported) if one["invoice_no"] == "RE-000001")
    payment = {"type": "case.payment", "amount": 9000, "currency": "EUR", "received_on": "2026-06-30"}
    payment |= {"paid_to": "agency", "costs": 3000, "interest": 100, "principal": 5900}
    accepted = {"type": "package.receipt", "verdict": "accepted", "agency_ref": "A-1"}
    file = pair.world.home / "reply.json"
    file.write_text(json.dumps([one | {"case_ref": ref} for one in (accepted, payment)]))
    assert cli("agency", "reply", file, "--config", pair.world.agency).code == 0


def close_a_number(pair: Pair) -> None:
    """A case is recalled before its package left: a void manifest closes the number."""
    pair.world.drop("third.jsonl", jsonl([row(4)]))
    with patch.object(FolderTransport, "upload", side_effect=UnreachableError("no line")):
        assert pair.world.handover().code == 4
    assert command(pair.world, "claim", "recall", "F-000004", "--reason", "not-owed").code == 0
    assert pair.world.handover().code == 0


def test_nothing_that_was_sent_counts_again_in_any_later_position(pair: Pair) -> None:
    """Each is refused for its own reason before anything is parsed that no signature covers; no row and no file changes."""
    world = pair.world
    world.drop("first.jsonl", jsonl([row(1), row(2)]))
    assert world.handover().code == 0
    morning(pair)
    answer(pair)
    assert command(world, "claim", "recall", "F-000002", "--reason", "not-owed").code == 0
    world.drop("second.jsonl", jsonl([row(1, paid_amount="30.00")]))
    assert world.handover().code == 0
    morning(pair)
    close_a_number(pair)
    morning(pair)
    sides = (pair.agency, pair.creditor)
    for side, other in (sides, sides[::-1]):
        replay_all(pair, side, other, [])

    to_agency, to_creditor = (Counter(one.kind for one in side.history) for side in sides)
    assert to_agency >= Counter({"cases": 2, "stops": 1, "void": 1})
    assert to_creditor >= Counter({"receipt": 4, "answers": 2})
    assert command(world, "audit", "verify").code == 0
