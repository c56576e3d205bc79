"""No byte of an erased person is left on either side: canaries of every kind, in every place, after a run that was killed.

The person has a claim at the agency, whose question was answered with a released document, a second claim that is held, and
a row in the facts feed; the firm beside them, under the same customer number, has a claim too. The agency is a processor.

Beyond reach, and named so: what somebody exported or put there (the inbox, the facts feed, letters, the file of
`agency export`); they are in folders of their own, which are not read here.
"""

import json
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing import forkserver
from pathlib import Path

import pytest
from pypdf import PdfWriter

from asking import answered, approved, approving, asked, command, enrol_officer, found, text_of
from gateway.agency.settings import load_agency
from gateway.demo.template import CREDITOR
from gateway.settings import load
from gateway.wiring import open_desk, open_office
from schemas.codes import CaseStanding
from world import Result, World, cli, jsonl, killed, row, running_world

CANARY = "zqcanary"
BIRTH = "1971-03-19"
POSTCODE = "98737"
LATER = datetime(2026, 7, 2, 3, 0, tzinfo=UTC)
BOTH = ("demo-clerk", "officer")
LASTING = {
    *("agency answer.line", "creditor checkpoint.note", "creditor commitments.values", "creditor entry.leaf"),
    *("creditor file.digest", "creditor witness.note"),
}
"""The logs, the digest of the file that was read, and the agency's own answers, which are codes under a reference."""
GONE = {
    *("agency case.line", "agency message.line", "agency identity.line", "agency document.content"),
    *("creditor screening.payload", "creditor screening.source", "creditor screening.row_digest"),
    *("creditor message.payload", "creditor document.payload", "creditor trace.digest", "creditor subject.customer"),
    *("creditor claim.number", "creditor claim.wrapped", "creditor source.wrapped"),
}
NAMES = {f"debtor.{name}": f"{name[0]}{CANARY}" for name in ("first_name", "last_name", "salutation")}
ADDRESS = {f"address.{name}": f"{name[0]}{CANARY}" for name in ("street", "house_no", "city")}
PLACE = {**ADDRESS, "address.postcode": POSTCODE}


def numbers(claim: int) -> dict[str, str]:
    own = {
        name: f"{name}-{claim}-{CANARY}" for name in ("claim_id", "invoice_no", "contract_no", "phone", "iban", "note")
    }
    return own | {"customer_no": f"K-{CANARY}", "email": f"x@{CANARY}.de"}


def person(claim: int, **changes: object) -> dict[str, object]:
    line = {"sku": CANARY, "text": CANARY, "qty": 1, "unit_price": "120.50", "vat_rate": "7.0"}
    fields = {"lines": [line], "debtor.birth_date": BIRTH, **NAMES, **PLACE, **numbers(claim), **changes}
    return row(claim, **fields)


def firm(claim: int) -> dict[str, object]:
    kind = {"debtor.kind": "company", "debtor.company_name": f"Firma {CANARY} GmbH"}
    blank = dict.fromkeys(("debtor.first_name", "debtor.last_name", "debtor.salutation", "debtor.birth_date"))
    return person(claim, **(blank | kind | {"customer_no": f"F-{CANARY}", "address.house_no": "7"}))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, of this process and of those it starts."""
    forkserver.ensure_running()  # its socket is no file of the program, and stays for other tests
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def hand_over(world: World) -> None:
    """One claim of the person and one of the firm are at the agency, one is held, another refused."""
    world.configure('role = "controller"', 'role = "processor"')
    world.configure("settle_seconds = 0\n", 'settle_seconds = 0\nfacts = "beyond/facts.csv"\n')
    world.vet()
    beyond = world.creditor.parent / "beyond"
    beyond.mkdir()
    head = "kind;claim_no;invoice_no;customer_no;date;amount"
    facts = (head, f"payment;claim_id-1-{CANARY};;;2026-06-10;20.00", f"dispute;claim_id-2-{CANARY};;;2026-06-01;")
    (beyond / "facts.csv").write_text("".join(f"{line}\n" for line in (*facts, "complete;;;;2026-06-30;")))
    world.drop("canary.jsonl", jsonl([person(1), person(2), firm(3), person(4, amount="20.00")]))
    claims = world.handover().json["claims"]
    world.receive()

    assert (claims["handed_over"], claims["held"], claims["refused"]) == (2, 1, 1)


def release_document(world: World, hour: int) -> None:
    """The agency asks for the invoice; a document with the canary in it is released, and arrives."""
    asks = world.home / "asks.json"
    with open_office(load(world.creditor)) as office, office.vault_connection.begin():
        key = office.vault.find(CREDITOR, [f"claim_id-1-{CANARY}"])[f"claim_id-1-{CANARY}"]
        (ref,) = office.vault.references_of([key.claim_id], "ostsee").values()
    asks.write_text(
        json.dumps([{"case_ref": ref, "type": "package.receipt", "verdict": "question", "question": "invoice"}])
    )
    assert cli("agency", "reply", asks, "--config", world.agency).code == 0
    assert command(world, "feedback").code == 0
    document = world.inbox / "invoice.pdf"
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": CANARY})
    writer.write(document)
    asked_for = ("claim", "answer", f"claim_id-1-{CANARY}", "--question", "invoice", "--document", document)
    assert approved(world, *asked_for, keys=BOTH[:1]).code == 0
    assert command(world, "nightly", now=LATER.replace(day=1, hour=hour)).code in {0, 3}
    world.receive(LATER.replace(day=1, hour=hour))


def scanned(world: World, temporary: Path) -> list[Path]:
    """The files of both sides, of the server between them, the copies, and temporary ones."""
    places = [world.creditor.parent, world.agency.parent, world.sftp, world.home / "backup", world.home / "offline"]
    beyond = {world.inbox, world.creditor.parent / "beyond"}
    found = [path for place in (*places, temporary) for path in place.rglob("*") if path.is_file()]
    return [path for path in found if not beyond & set(path.parents)]


def left_over(world: World, temporary: Path) -> list[str]:
    """The names of files in which something of the person can be read."""
    quoted = [mark + POSTCODE.encode() + mark for mark in (b'"', b"'", b" ", b"|")]
    gone = [CANARY.encode(), BIRTH.encode(), *quoted]
    files = scanned(world, temporary)
    assert len(files) > 30
    return [path.name for path in files for one in gone if one in path.read_bytes().lower()]


def ciphertexts(world: World) -> set[tuple[str, bytes]]:
    """Every value of 16 bytes or more in the databases of both sides that is no text, by side, table and column."""
    found = set()
    for side in (world.creditor.parent, world.agency.parent):
        for path in sorted(side.rglob("*.db")):
            with closing(sqlite3.connect(path)) as connection:
                for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                    rows = connection.execute(f'select * from "{table}"')
                    names = [f"{side.name} {table}.{column}" for column, *_ in rows.description]
                    found |= {pair for one in rows for pair in zip(names, one, strict=True) if long_bytes(pair[1])}
    return found


def long_bytes(value: object) -> bool:
    return isinstance(value, bytes) and len(value) >= 16


@pytest.mark.parametrize("where", ["gateway.rights.erasure:erase", "gateway.retention.erasing:_complete"])
def test_no_byte_of_an_erased_person_is_left_anywhere(tmp_path: Path, temporary: Path, where: str) -> None:
    """Birth date, firm, released document, held and second claim, facts: gone with the rest, though a run was killed in it;
    and not their plaintext alone: each ciphertext and wrapped key of them is gone as well.
    """
    with running_world(tmp_path) as world:
        enrol_officer(world)
        hand_over(world)
        release_document(world, 4)
        held = ciphertexts(world)
        exported = cli("agency", "export", CREDITOR, "--joined", "--config", world.agency).out
        request = asked(world, "erasure", invoice=f"invoice_no-1-{CANARY}")
        ready = approving(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH)
        assert not isinstance(ready, Result)
        _, reached = killed(world, where, 1, *map(str, ready))
        other = asked(world, "erasure", invoice=f"invoice_no-3-{CANARY}", now=LATER)
        assert approved(world, "request", "approve", other, "--ground", "unlawful", keys=BOTH, now=LATER).code == 0
        for hour in (3, 4, 5):
            assert command(world, "nightly", now=LATER.replace(hour=hour)).code in {0, 3}
            world.receive(LATER.replace(hour=hour))
        certificate = text_of(answered(world, request, LATER.replace(hour=6)) / "certificate.pdf")
        again = [found(world, invoice_no=f"invoice_no-{claim}-{CANARY}") for claim in (1, 2, 3, 4)]
        (world.home / "clues.json").unlink()
        with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
            lines = [case.line for case in desk.cases.cases(CREDITOR).values() if case.standing is CaseStanding.ERASED]
        content = b"".join(path.read_bytes() for path in scanned(world, temporary))

        assert (reached, again, lines) == (where, [[]] * 4, [None, None])
        assert {name for name, _ in held} == LASTING | GONE
        assert {name for name, one in held if one in content} <= LASTING
        assert left_over(world, temporary) == []
        assert CANARY in exported and "Dateien, die ein Inkassounternehmen bereits geöffnet hat" in certificate
