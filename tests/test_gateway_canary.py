"""Canary values in every field of the input: where they may be, and that they are nowhere else, in no hashed form either."""

import csv
import hashlib
import io
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.readers.presets import load_preset
from gateway.steps.frames import lines
from keys.age import unseal
from keys.recipients import read_identities
from schemas.canonical import encode
from schemas.case import Identity
from schemas.messages import IdentityLine
from world import World, cli, jsonl, killed, row

CLEARED = {
    "claim_id": "F-Quastenclaim",
    "customer_no": "K-Quastencustomer",
    "debtor.salutation": "Quastensalutation",
    "debtor.first_name": "Quastenfirstname",
    "debtor.last_name": "Quastenlastname",
    "address.street": "Quastenstreetway",
    "address.house_no": "77 Quastenhouse",
    "address.city": "Quastencityburg",
    "email": "quastenemail@quastendomain.example",
    "phone": "Quastenphone030",
    "iban": "Quasteniban9999",
    "contract_no": "V-Quastencontract",
    "invoice_no": "RE-Quasteninvoice",
    "dunning_fees": "98765432101.00",
    "interest_rate": "Quasteninterest",
    "payment_method": "Quastenpayment",
    "note": "Quastennote: patient is ill",
}
LINES = [{"sku": "Quastenskuarticle", "text": "Quastentextarticle", "qty": 1, "unit_price": "1.00", "vat_rate": "7.0"}]
TRAVELS = {name: CLEARED[name] for name in (
    "debtor.first_name", "debtor.last_name", "address.street", "address.house_no", "address.city", "invoice_no",
)}  # fmt: skip
FOLDERS = ("creditor", "sftp", "agency", "server")


def rows() -> list[dict[str, Any]]:
    """A claim that clears, one that is held, one that is rejected: the same canaries in each, told apart by a letter."""
    cleared = row(1, **CLEARED, lines=LINES)
    held = row(2, **{name: f"{value}held" for name, value in CLEARED.items()}, lines=LINES, disputed=True)
    rejected = row(
        3, **{name: f"{value}rejected" for name, value in CLEARED.items()}, lines=LINES, due_date="Quastenduedate"
    )
    return [cleared, held, rejected, row(4) | {"religion": "Quastenreligion"}]


def as_csv(found: list[dict[str, Any]]) -> bytes:
    """The same rows as the CSV of `erp-de`."""
    mapping = load_preset("erp-de").csv
    assert mapping is not None
    columns = [*dict(mapping.columns).values(), *mapping.left_behind]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    for one in found:
        flat = {key: value for key, value in one.items() if not isinstance(value, dict)}
        flat |= one["address"] | {key: value for key, value in one["debtor"].items() if key != "kind"}
        flat |= {"debtor_kind": one["debtor"]["kind"], "disputed": "J" if one["disputed"] else "N"}
        for name in ("order_date", "invoice_date", "due_date", "birth_date"):
            flat[name] = re.sub(r"^(\d{4})-(\d\d)-(\d\d)$", r"\3.\2.\1", flat[name])
        for name in ("amount", "paid_amount", "dunning_fees"):
            flat[name] = flat[name].replace(".", ",")
        flat["reminders"] = "|".join(",".join(map(str, found.values())) for found in one["reminders"])
        flat["lines"] = "|".join(",".join(map(str, found.values())) for found in one["lines"])
        writer.writerow([flat.get(name) or "" for name in columns])
    return out.getvalue().encode()


def canaries(content: bytes) -> set[str]:
    """Every word of the input that only a canary has."""
    return {
        word for word in re.findall(r"[A-Za-z0-9@.-]*[Qq]uasten[A-Za-z0-9@.-]*", content.decode()) if len(word) >= 12
    }


def forms(words: set[str]) -> Iterator[bytes]:
    """A canary as it is, in small and capital letters, and its unkeyed digests, raw and in hex."""
    for word in sorted(words):
        for spelling in {word, word.lower(), word.upper()}:
            yield spelling.encode()
            for name in ("md5", "sha1", "sha256"):
                digest = hashlib.new(name, spelling.encode()).digest()
                yield from (digest, digest.hex().encode(), digest.hex().upper().encode())


def found_in(content: bytes, words: set[str]) -> list[bytes]:
    return [form for form in forms(words) if form in content]


def everything(world: World) -> bytes:
    """The names and contents of all files but those of the inbox."""
    paths = sorted(
        path for folder in FOLDERS for path in (world.home / folder).rglob("*") if path.parent != world.inbox
    )
    return b"".join(path.name.encode() + b"\n" + (path.read_bytes() if path.is_file() else b"") for path in paths)


def opened(world: World, part: str) -> bytes:
    """A sealed file of the server's, opened with the agency's key."""
    (sealed,) = world.sftp.glob(f"*.{part}.jsonl.zst.age")
    identities = read_identities((world.home / "agency" / "keys" / f"{part}.agekey").read_text())
    with sealed.open("rb") as file:
        return b"\n".join(lines(unseal(file, identities)))


def night(world: World) -> str:
    """Every command of a night, and all they say."""
    screened = [("screen", path, "--preset", "erp-de", "--today", "2026-06-30") for path in world.inbox.iterdir()]
    commands = [
        ("handover", "--dry-run", "--config", world.creditor),
        ("nightly", "--config", world.creditor),
        ("nightly", "--json", "--config", world.creditor),
        ("doctor", "--config", world.creditor),
        ("agency", "receive", "--config", world.agency),
        *screened,
        *((*command, "--json") for command in screened),
    ]
    results = [cli(*command) for command in commands]

    # The doctor says that there is no backup yet.
    assert [found.code for found in results] == [int(command[0] == "doctor") for command in commands]
    return "".join(found.out + found.err for found in results)


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_canaries_are_where_they_may_be_and_nowhere_else(world: World, kind: str) -> None:
    """Of all that a source tells, the cases file, the manifest, names, stores and output hold nothing; the identities
    file holds name, billing address, invoice number and e-mail."""
    export = jsonl(rows()) if kind == "jsonl" else as_csv(rows()[:3])
    words = canaries(export)
    world.drop(f"export.{kind}", export)
    said = night(world)

    assert len(words) >= 45
    assert found_in(said.encode() + everything(world) + opened(world, "cases"), words) == []
    (line,) = opened(world, "identities").split(b"\n")[1:-1]
    identity = IdentityLine.model_validate_json(line)
    assert encode(identity.model_dump(mode="json", exclude_none=True)) == line
    expected = {"company_name": None, "postcode": "96047", "country": "DE", "email": CLEARED["email"]}
    expected |= {name.rpartition(".")[2]: value for name, value in TRAVELS.items()}
    assert {name: getattr(identity, name) for name in Identity.model_fields} == expected


@pytest.mark.parametrize(
    ("function", "nth"),
    [("gateway.steps.seal:PackageWriter.finish", 1), ("gateway.store.packages:Packages.seal", 1)],
)
def test_a_killed_run_leaves_no_canary_either(world: World, function: str, nth: int) -> None:
    """Write-ahead logs and unfinished files hold no more than finished ones: no plaintext ever touches the disk."""
    export = jsonl(rows())
    world.drop("export.jsonl", export)
    status, reached = killed(world, function, nth)

    assert (status, reached) == (-signal.SIGKILL, function)
    left = everything(world)
    assert b"gateway.db-wal" in left
    assert b".identities.jsonl.zst.age.part" in left
    assert found_in(left, canaries(export)) == []


def test_email_stays_behind_without_mandate_or_declaration(world: World) -> None:
    """An e-mail address travels only if the mandate allows that channel and the source declares it."""
    world.configure('channels = ["letter", "email"]', 'channels = ["letter"]')
    world.drop("export.jsonl", jsonl(rows()[:1]))

    assert world.handover().json["claims"]["handed_over"] == 1
    assert found_in(opened(world, "identities"), {"quastenemail", "quastendomain"}) == []


def test_a_stranger_to_the_index_key_finds_nobody(world: World, tmp_path: Path) -> None:
    """Blind indexes are keyed: the digest of a customer number alone finds no row of the vault."""
    world.drop("export.jsonl", jsonl(rows()[:1]))
    world.handover()
    stored = b"".join(path.read_bytes() for path in (tmp_path / "creditor").glob("*.db*"))

    assert found_in(stored, {CLEARED["customer_no"], CLEARED["claim_id"], CLEARED["invoice_no"]}) == []
