"""Collecting answers, as attacks: somebody who may write to the server, an agency that lies, another party's valid key.

One world for all of them: whatever is refused leaves the creditor as it was, and an honest answer is still applied last.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from forger import CANARY, NOW, canonical, compressed, ident, padding, seal
from gateway.settings import load
from gateway.setup import CONFIGURATION
from gateway.wiring import AGENCY_PURPOSES, creditor_ring
from keys.recipients import HybridIdentity, read_identities
from keys.ring import load_ring
from keys.root import load_root
from keys.sshsig import sign
from schemas.identifiers import reference
from world import World, cli, jsonl, row, running_world

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("attacks")) as made:
        made.drop("export.jsonl", jsonl([row(1)]))
        made.handover()
        yield made


def agency_key(world: World) -> Ed25519PrivateKey:
    keys = world.agency.parent / "keys"
    return load_ring(keys, load_root(keys, None), AGENCY_PURPOSES).signing_key()


def creditor_key(world: World) -> Ed25519PrivateKey:
    return creditor_ring(load(world.home / "creditor" / CONFIGURATION)).signing_key()


def to_creditor(world: World) -> HybridIdentity:
    (found,) = read_identities((world.home / "creditor" / "keys" / "answers.agekey").read_text())
    assert isinstance(found, HybridIdentity)
    return found


def same(value: Any) -> Any:
    return value


@dataclass
class Answers:
    """A package of answers made by hand, and where somebody changes it."""

    number: int = 77
    lines: list[dict[str, Any]] = field(default_factory=list)
    addressing: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    key: Callable[[World], Ed25519PrivateKey] = agency_key
    seal_to: Callable[[World], HybridIdentity] = to_creditor
    namespace: str = "answers@inkasso-gateway"
    stream: Callable[[bytes], bytes] = same
    delivered: Callable[[Files], Files] = same

    def files(self, world: World) -> Files:
        """Its files as they lie on the server."""
        addressed = {
            "direction": "to-creditor",
            "package_type": "answers",
            "package_id": ident(self.number),
            "sequence": 1,
            "sender": "ostsee",
            "recipient": "nordlicht",
        } | self.addressing
        header = addressed | {"type": "header", "part": "answers"}
        end = {"type": "end", "messages": len(self.lines)}
        stream = self.stream(compressed([canonical(one) for one in (header, *self.lines, end)]))
        sealed = seal(stream, self.seal_to(world))
        name = f"{ident(self.number)}.answers.jsonl.zst.age"
        described = {"part": "answers", "name": name, "size": len(sealed)}
        described |= {"sha256": hashlib.sha256(sealed).hexdigest(), "recipients": []}
        manifest = addressed | {
            "format": 1,
            "created": NOW.isoformat(),
            "expires": "2026-12-31T00:00:00Z",
            "mandate_digest": None,
            "schema_digest": "0" * 64,
            "post_quantum": True,
            "files": [described],
        }
        raw = canonical(manifest | self.manifest)
        signature = sign(raw, self.key(world), self.namespace)
        named = f"{ident(self.number)}.manifest.json"
        return self.delivered({name: sealed, named: raw, f"{named}.sig": signature})


def change(part: str, how: Callable[[bytes], bytes]) -> Callable[[Files], Files]:
    return lambda files: {name: how(content) if name.endswith(part) else content for name, content in files.items()}


def flipped(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]


def bomb(_stream: bytes) -> bytes:
    frame = zstandard.ZstdCompressor(level=19).compress(bytes(1 << 25))
    return frame + padding((1 << 16) - 8)


def blank(stream: bytes) -> bytes:
    """Over a thousand answers, each with some 64,000 spaces in it: 64 MiB that are a few kilobytes on the line."""
    status = {"type": "case.status", "message_id": ident(8), "case_ref": reference("C", 12345)}
    line = canonical(status | {"status": "paused", "since": "2026-06-30"}).replace(b",", b"," + b" " * 64_000, 1)
    header = zstandard.ZstdDecompressor().decompressobj().decompress(stream)
    lines = zstandard.ZstdCompressor().compress((line + b"\n") * 1_100)
    return zstandard.ZstdCompressor().compress(header) + lines + padding((1 << 16) - 8)


ATTACKS: dict[str, tuple[Answers, str]] = {
    "signed by the creditor itself": (Answers(key=creditor_key), "no allowed signer"),
    "signed for receipts": (Answers(namespace="receipt@inkasso-gateway"), "signed as another type"),
    "signed for cases": (Answers(namespace="cases@inkasso-gateway"), "for another purpose"),
    "a flipped bit of the signature": (Answers(delivered=change(".sig", lambda one: one[:-60] + b"A" + one[-59:])), ""),
    "a flipped bit of the manifest": (Answers(delivered=change(".json", flipped)), "does not fit"),
    "a truncated manifest": (Answers(delivered=change(".json", lambda one: one[:-1])), "does not fit"),
    "a flipped bit of the answers": (Answers(delivered=change(".age", flipped)), "another content"),
    "truncated answers": (Answers(delivered=change(".age", lambda one: one[:-1])), "another size"),
    "answers that never end": (Answers(delivered=change(".sig", lambda one: one * 99)), "longer file than any answer"),
    "for another creditor": (Answers(addressing={"recipient": "suedlicht"}), "addressed to another party"),
    "a creditor's own direction": (Answers(addressing={"direction": "to-agency"}), "addressed to another party"),
    "in the name of another agency": (Answers(addressing={"sender": "westsee"}), "another party"),
    "a gap": (Answers(addressing={"sequence": 3}), "1 has not arrived: it waits"),
    "expired": (Answers(manifest={"expires": "2026-06-29T00:00:00Z"}), "has expired"),
    "a field too many": (Answers(manifest={"note": CANARY}), "not of this format version"),
    "sealed to somebody else": (Answers(seal_to=lambda _: HybridIdentity(bytes([9]) * 32)), "other recipients"),
    "a bomb": (Answers(stream=bomb), "longer than any message"),
    "answers that are mostly blank": (Answers(stream=blank), "unpacks to more than 64 MiB"),
    "free text": (Answers(lines=[{"type": "case.status", "text": CANARY}]), "not what its schema allows"),
    "a receipt among answers": (
        Answers(
            lines=[
                {
                    "type": "package.receipt",
                    "message_id": ident(1),
                    "package_id": ident(2),
                    "manifest_digest": "0" * 64,
                    "about": ident(3),
                    "verdict": "accepted",
                }
            ]
        ),
        "may not hold",
    ),
    "no sealed file at all": (
        Answers(delivered=lambda files: {name: one for name, one in files.items() if not name.endswith(".age")}),
        "missing or has another size",
    ),
}  # fmt: skip


def put(world: World, files: Files) -> list[Path]:
    paths = [world.sftp / "answers" / name for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_feedback_is_refused_for_its_own_reason(world: World, name: str) -> None:
    """The failure says which obligation failed and holds no value; nothing is applied, and quarantine is empty again."""
    attack, reason = ATTACKS[name]
    before = world.events()
    paths = put(world, attack.files(world))
    found = cli("feedback", "--json", "--config", world.creditor)
    for path in paths:
        path.unlink()

    assert (found.code, found.json["packages"]["applied"]) == (4, 0)
    assert reason in found.err
    assert CANARY not in found.err + found.out
    assert world.events() == before
    assert list((world.home / "creditor" / "quarantine").iterdir()) == []


def test_a_receipt_for_another_manifest_is_an_alarm(world: World) -> None:
    """A signature over a package that was never sent stops the run with 5: somebody changed what was delivered."""
    package = next(path.name[:26] for path in world.sftp.iterdir() if path.name.endswith(".manifest.json"))
    line = {
        "type": "package.receipt",
        "message_id": ident(5),
        "package_id": package,
        "manifest_digest": "1" * 64,
        "about": ident(6),
        "verdict": "accepted",
    }
    lie = Answers(lines=[line], addressing={"package_type": "receipt"}, namespace="receipt@inkasso-gateway")
    paths = put(world, lie.files(world))
    found = cli("feedback", "--json", "--config", world.creditor)
    for path in paths:
        path.unlink()

    assert (found.code, found.json["packages"]["delivered"]) == (5, 0)
    assert "another manifest than was sent" in found.err


@pytest.mark.parametrize("name", ["\x1b[31m.manifest.json.sig", "..manifest.json.sig", CANARY, f"{ident(1)}.cases"])
def test_a_hostile_name_is_counted_and_never_said(world: World, name: str) -> None:
    """What bears no name of ours is not looked at."""
    path = world.sftp / "answers" / name
    path.write_bytes(b"")
    found = cli("feedback", "--json", "--config", world.creditor)
    path.unlink()

    assert (found.code, found.json["foreign_names"]) == (0, 1)
    assert name not in found.err + found.out


def test_answers_are_applied_once_and_only_about_cases_that_were_sent(world: World) -> None:
    """A case that was never sent to this agency is refused and counted; every replay changes nothing."""
    status = {"type": "case.status", "message_id": ident(8), "case_ref": reference("C", 12345)}
    status |= {"status": "paused", "since": "2026-06-30"}
    honest = Answers(number=78, lines=[status])
    put(world, honest.files(world))
    first = cli("feedback", "--json", "--config", world.creditor)
    put(world, honest.files(world) | Answers(number=79, addressing={"sequence": 1}).files(world))
    second = cli("feedback", "--json", "--config", world.creditor)
    put(world, Answers(number=80, lines=[status | {"message_id": ident(9)}], addressing={"sequence": 2}).files(world))
    night = cli("nightly", "--json", "--config", world.creditor)

    assert (first.code, night.code) == (4, 4)
    assert "1 answer of agencies refused: this creditor never sent the case to this agency" in night.err
    assert first.json["refusals"] == {"this creditor never sent the case to this agency": 1}
    assert second.json["packages"]["applied"] == 0
    assert "repeats number 1" in second.err
