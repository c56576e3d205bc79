"""A creditor who can lie: builds a package by hand, from the specification, with one thing wrong.

It shares no code with `gateway.steps.seal` but the age format, so what it makes when nothing is wrong also tests that the
agency opens what the specification describes.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.age import Sealer
from keys.recipients import HybridIdentity
from keys.sshsig import sign
from schemas.identifiers import crockford, reference

NOW = datetime(2026, 6, 30, 3, 0, tzinfo=UTC)
SENDER, RECIPIENT = "nordlicht", "ostsee"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
IDENTITIES = {"cases": HybridIdentity(bytes([1]) * 32), "identities": HybridIdentity(bytes([2]) * 32)}
CANARY = "Zyxwvutsrq"

MANDATE = {
    "id": "standard",
    "source": "erp",
    "agency": RECIPIENT,
    "minimum_amount": 1500,
    "channels": ["letter"],
    "stage": "reminding",
}
CREDITOR = {
    "name": "Nordlicht Versand eG",
    "street": "Polarsternallee",
    "house_no": "7",
    "postcode": "96047",
    "city": "Bamberg",
    "country": "DE",
    "vat_deductible": True,
    "iban": "DE02120300000000202051",
}
Lines = list[dict[str, Any]]


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def ident(number: int) -> str:
    return crockford(number, 26).lower()


def case(number: int) -> dict[str, Any]:
    return {
        "type": "case.new",
        "message_id": ident(1000 + number),
        "case_ref": reference("C", number),
        "debtor_ref": reference("D", number),
        "debtor_kind": "consumer",
        "is_adult": True,
        "contract_kind": "goods",
        "contract_date": "2026-01-08",
        "invoice_date": "2026-01-10",
        "due_date": "2026-01-24",
        "principal": 12050,
        "payments": 2000,
        "principal_open": 10050,
        "currency": "EUR",
        "interest_points": 5,
        "interest_base": 10050,
        "interest_from": "2026-02-25",
        "default_date": "2026-02-24",
        "default_ground": "286-3",
        "disputed": "no",
        "reminder_count": 0,
    }


def identity(number: int) -> dict[str, Any]:
    return {
        "message_id": ident(1000 + number),
        "opening": "A" * 43,
        "first_name": "Ida",
        "last_name": CANARY,
        "street": "Musterweg",
        "house_no": "5a",
        "postcode": "96047",
        "city": "Bamberg",
        "country": "DE",
        "invoice_no": f"RE-{number}",
    }


def unchanged(value: Any) -> Any:
    return value


@dataclass
class Forgery:
    """What a package is, and at which stage somebody changes it. Every hook gets a value and returns another."""

    number: int = 1
    cases: Lines = field(default_factory=lambda: [case(1), case(2)])
    identities: Lines = field(default_factory=lambda: [identity(1), identity(2)])
    addressing: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    lines: Callable[[dict[str, Lines]], dict[str, Lines]] = unchanged
    stream: Callable[[bytes], bytes] = unchanged
    sealed: Callable[[dict[str, bytes]], dict[str, bytes]] = unchanged
    raw: Callable[[bytes], bytes] = unchanged
    delivered: Callable[[dict[str, bytes]], dict[str, bytes]] = unchanged
    key: Ed25519PrivateKey = KEY
    namespace: str = "cases@inkasso-gateway"
    seal_to: dict[str, HybridIdentity] = field(default_factory=lambda: IDENTITIES)

    @property
    def package_id(self) -> str:
        return ident(self.number)

    def addressed(self) -> dict[str, Any]:
        return {
            "direction": "to-agency",
            "package_type": "cases",
            "package_id": self.package_id,
            "sequence": self.number,
            "sender": SENDER,
            "recipient": RECIPIENT,
        } | self.addressing

    def files(self) -> dict[str, bytes]:
        """Every file of the package as it lies on the server."""
        bodies = {"cases": self.cases, "identities": self.identities}
        ends = {"cases": {"principal_open": sum(one.get("principal_open", 0) for one in self.cases)}, "identities": {}}
        header = self.addressed() | {"type": "header", "mandate": MANDATE, "creditor": CREDITOR} | self.header
        lines = {
            part: [
                {"part": part} | header,
                *body,
                {"type": "end", "messages": len(body)} | ends[part],
            ]
            for part, body in bodies.items()
        }
        plain = {part: [canonical(one) for one in found] for part, found in self.lines(lines).items()}
        streams = {part: self.stream(compressed(found)) for part, found in plain.items()}
        sealed = self.sealed({part: seal(stream, self.seal_to[part]) for part, stream in streams.items()})
        names = {part: f"{self.package_id}.{part}.jsonl.zst.age" for part in sealed}
        raw = self.raw(canonical(self.described(sealed, names)))
        signature = sign(raw, self.key, self.namespace)
        manifest = f"{self.package_id}.manifest.json"
        return self.delivered(
            {names[part]: content for part, content in sealed.items()} | {manifest: raw, f"{manifest}.sig": signature}
        )

    def described(self, sealed: dict[str, bytes], names: dict[str, str]) -> dict[str, Any]:
        """The manifest, as it should be and then as `manifest` changes it."""
        return (
            self.addressed()
            | {
                "format": 1,
                "created": NOW.isoformat(),
                "expires": (NOW + timedelta(days=14)).isoformat(),
                "mandate_digest": hashlib.sha256(canonical(MANDATE)).hexdigest(),
                "schema_digest": "0" * 64,
                "post_quantum": True,
                "files": [
                    {
                        "part": part,
                        "name": names[part],
                        "size": len(content),
                        "sha256": hashlib.sha256(content).hexdigest(),
                        "recipients": ["0" * 64],
                    }
                    for part, content in sealed.items()
                ],
                "checkpoint": None,
                "consistency_proof": None,
                "journal_head": None,
            }
            | self.manifest
        )

    def put(self, server: Path) -> str:
        """Delivers the package; its id."""
        for name, content in self.files().items():
            (server / name).write_bytes(content)
        return self.package_id


def padding(size: int) -> bytes:
    return b"\x50\x2a\x4d\x18" + size.to_bytes(4, "little") + bytes(size)


def compressed(lines: list[bytes]) -> bytes:
    """One zstd frame a line, and the padding behind them."""
    frames = b"".join(zstandard.ZstdCompressor().compress(line + b"\n") for line in lines)
    return frames + padding((1 << 16) - 8 - len(frames))


def seal(stream: bytes, to: HybridIdentity) -> bytes:
    """An age file for one recipient."""
    out = BytesIO()
    sealer = Sealer(out, [to.recipient])
    sealer.write(stream)
    sealer.finish()
    return out.getvalue()
