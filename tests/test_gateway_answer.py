"""Answers to an agency's questions: by a code, or with one PDF that a person released and only letter-writers open."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject
from sqlalchemy import text

import asking
from audit.store import entries
from gateway.agency.receive import erase as erase_at_agency
from gateway.agency.settings import load_agency
from gateway.errors import InputError, IntegrityError
from gateway.readers.plain_pdf import check_plain_pdf
from gateway.reading import Readings
from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.steps.enclosed import enclosed
from gateway.steps.frames import FrameError
from gateway.wiring import open_desk, open_office
from keys.age import AgeError, unseal
from keys.recipients import read_identities
from schemas.entry import DataRead, ErasureGround
from schemas.messages import CaseAnswer
from world import TODAY, Result, World, cli, jsonl, row

CANARY = "Quastendocument"


def pdf(change: Callable[[PdfWriter], Any] = lambda _: None) -> bytes:
    """A page with a canary in its metadata, and what a test adds."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": CANARY})
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def link(action: str) -> Callable[[PdfWriter], None]:
    """A link on the page that does something."""

    def change(writer: PdfWriter) -> None:
        done = DictionaryObject({NameObject("/S"): NameObject(action), NameObject("/F"): TextStringObject(CANARY)})
        annotation = DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): done})
        writer.pages[0][NameObject("/Annots")] = ArrayObject([annotation])

    return change


REFUSED = {
    "a script": (pdf(link("/JavaScript")), "script"),
    "an attachment": (pdf(lambda writer: writer.add_attachment(CANARY, b"x")), "attached"),
    "a program": (pdf(link("/Launch")), "action"),
    "a form that sends": (pdf(link("/SubmitForm")), "action"),
    "a password": (pdf(lambda writer: writer.encrypt(CANARY, algorithm="AES-256")), "encrypted"),
    "no pdf": (CANARY.encode(), "not a PDF"),
    "cut off": (pdf()[:200], "can be read"),
    "empty": (b"", "not a PDF"),
    "too large": (pdf() + bytes(5 << 20), "larger"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_pdf_that_does_more_than_show_is_refused(case: str) -> None:
    """Scripts, attachments, actions, passwords, and what is no PDF: refused by what is wrong, repeating nothing of it."""
    content, why = REFUSED[case]
    with pytest.raises(InputError) as caught:
        check_plain_pdf(content)

    assert why in str(caught.value)
    assert CANARY not in str(caught.value)


@pytest.fixture
def asked(world: World, tmp_path: Path) -> World:
    """A case of which the agency has asked for the invoice and for an address."""
    world.drop("export.jsonl", jsonl([row(1)]))
    world.handover()
    world.receive()
    cli("feedback", "--config", world.creditor)
    case = json.loads(cli("agency", "export", "nordlicht", "--config", world.agency).out)
    about = {"case_ref": case["case_ref"]}
    rows = [
        about | {"type": "package.receipt", "verdict": "question", "question": "invoice"},
        about | {"type": "case.question", "question": "address"},
    ]
    (tmp_path / "asked.json").write_text(json.dumps(rows))

    assert cli("agency", "reply", tmp_path / "asked.json", "--config", world.agency).code == 0
    assert cli("feedback", "--config", world.creditor).code == 0
    (tmp_path / "invoice.pdf").write_bytes(pdf())
    return world


def answer(world: World, *options: str | Path) -> Result:
    return cli("claim", "answer", "F-000001", *options, "--config", world.creditor)


def release(world: World, tmp_path: Path, *options: str) -> Result:
    """A document with the approval of the clerk, in two steps as without a terminal."""
    given = ("--question", "invoice", "--document", tmp_path / "invoice.pdf", *options)
    preview = tmp_path / "preview"
    shown = answer(world, *given, "--preview-to", preview)

    assert shown.code == 0
    return answer(world, *given, "--preview", preview, "--key", world.home / "clerk" / "demo-clerk")


def test_a_question_is_answered_once_and_with_a_code(asked: World) -> None:
    """The kit knows the answer, the log who answered what; the question is open no longer, and no other one is touched."""
    first = answer(asked, "--question", "address", "--code", "confirmed")
    again = answer(asked, "--question", "address", "--code", "confirmed")
    asked.handover()
    received = asked.receive()

    assert (first.code, again.code, received.json["messages"]) == (0, 3, 1)
    assert "question.answered" in asked.events()
    assert answer(asked, "--question", "invoice", "--code", "not-available", "--dry-run").code == 0


def test_a_document_reaches_only_those_who_write_letters(asked: World, tmp_path: Path) -> None:
    """Sealed for the identity key alone, in a package of its own, padded; exported on demand, byte for byte."""
    released = release(asked, tmp_path)
    answer(asked, "--question", "address", "--code", "corrected")
    asked.handover()
    received = asked.receive()
    (tmp_path / "documents").mkdir()
    exported = cli("agency", "export", "nordlicht", "--documents", tmp_path / "documents", "--config", asked.agency)
    (file,) = asked.sftp.glob("*.documents.age")
    keys = {name: read_identities((asked.agency.parent / "keys" / f"{name}.agekey").read_text()) for name in (
        "cases", "identities",
    )}  # fmt: skip

    assert (released.code, received.json["packages"]["received"], exported.code) == (0, 2, 0)
    assert [path.read_bytes() for path in (tmp_path / "documents").iterdir()] == [pdf()]
    with file.open("rb") as sealed:
        assert b"".join(unseal(sealed, keys["identities"])).rstrip(b"\0") == pdf().rstrip(b"\0")
    with file.open("rb") as sealed, pytest.raises(AgeError):
        next(unseal(sealed, keys["cases"]))
    assert file.stat().st_size > 1 << 16
    confirmed = cli("feedback", "--json", "--config", asked.creditor, now=TODAY + timedelta(hours=1))
    assert (confirmed.code, confirmed.json["answers"]) == (0, {"package.receipt": 2})
    assert cli("audit", "verify", "--config", asked.creditor).code == 0


def read_at(world: World) -> list[str]:
    """The commands in the agency's log of readings, which verifies."""
    with open_desk(load_agency(world.agency)) as desk:
        years = desk.readings.years()
        assert [desk.readings.verify(year, (), lambda _: None).fault for year in years] == [None] * len(years)
        found = []
        for year in years:
            with desk.readings.opened(year) as (connection, _), connection.begin():
                found += [one.entry for one in entries(connection)]
    return [f"{one.command} {one.items.count}" for one in found if isinstance(one, DataRead)]


def test_names_and_documents_are_shown_by_the_kit_once_that_is_logged(
    asked: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without names nothing is logged; with names or documents it is, before a byte; and if it cannot be, none is shown."""
    release(asked, tmp_path)
    asked.handover()
    asked.receive()
    (tmp_path / "documents").mkdir()
    command = ("agency", "export", "nordlicht", "--config", asked.agency)
    codes = [cli(*command, *more).code for more in ((), ("--joined",), ("--documents", tmp_path / "documents"))]
    logged = read_at(asked)
    (refused := tmp_path / "refused").mkdir()

    def fails(*_: object) -> None:
        raise IntegrityError("the log of readings is older than its last checkpoint")

    monkeypatch.setattr(Readings, "record", fails)
    shown = [cli(*command, *more) for more in (("--joined",), ("--documents", refused))]

    assert codes == [0, 0, 0]
    assert logged == ["agency export 1", "agency export 1"]
    assert [(one.code, one.out) for one in shown] == [(5, ""), (5, "")]
    assert list(refused.iterdir()) == []


def test_an_erased_document_is_nowhere_at_the_kit(asked: World, tmp_path: Path) -> None:
    """Neither as it was nor as ciphertext, in no file of the agency's home; its identity and case are gone with it."""
    release(asked, tmp_path)
    asked.handover()
    asked.receive()
    with open_desk(load_agency(asked.agency)) as desk, desk.identities_connection.begin():
        kept = [
            bytes(one) for one in desk.identities_connection.execute(text("select content from document")).scalars()
        ]
        kept += [bytes(one) for one in desk.identities_connection.execute(text("select line from identity")).scalars()]
    home = asked.agency.parent
    before = {one: found_in(home, one[:200]) for one in kept}
    with (
        open_desk(load_agency(asked.agency)) as desk,
        desk.cases_connection.begin(),
        desk.identities_connection.begin(),
    ):
        (case,) = desk.cases.cases("nordlicht").values()
        erase_at_agency(desk, case)
    after = [found_in(home, one[:200]) for one in kept]

    assert len(kept) == 2
    assert all(before.values())
    assert after == [[], []]
    assert found_in(home, pdf()[:200]) == []


def found_in(folder: Path, needle: bytes) -> list[Path]:
    """The files that hold these bytes."""
    return [path for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


def test_a_document_needs_a_person_a_question_and_a_plain_pdf(asked: World, tmp_path: Path) -> None:
    """Without approval, for a question that no document answers, or with a script in it, nothing is kept or told."""
    before = asked.events()
    results = [
        answer(asked, "--question", "invoice", "--document", tmp_path / "invoice.pdf"),
        answer(asked, "--question", "address", "--document", tmp_path / "invoice.pdf"),
        answer(asked, "--question", "delivery", "--document", tmp_path / "invoice.pdf"),
        answer(asked, "--question", "invoice"),
    ]
    (tmp_path / "invoice.pdf").write_bytes(REFUSED["a script"][0])
    results.append(answer(asked, "--question", "invoice", "--document", tmp_path / "invoice.pdf"))

    assert [one.code for one in results] == [2, 3, 3, 2, 3]
    assert asked.events() == before
    assert not [one for one in results if CANARY in one.out + one.err]


def test_a_document_dies_with_its_claim(asked: World, tmp_path: Path) -> None:
    """What was released is a disclosure: kept under the claim's key as it was, and erased with it."""
    release(asked, tmp_path)
    asked.handover()
    asked.receive()
    with open_office(load(asked.creditor)) as office:
        with office.connection.begin(), office.vault_connection.begin():
            (message_id,) = office.documents.with_document()
            (case,) = office.cases.at("ostsee")
            key = office.vault.by_id([case.claim])[case.claim]
            kept = office.documents.open(message_id, key)
        erase(office, [case.claim], ErasureGround.REQUEST, None, TODAY)
        with office.connection.begin():
            left = office.documents.with_document()

    assert (kept, left) == (pdf(), set())


def test_a_document_is_part_of_what_a_person_is_given(asked: World, tmp_path: Path) -> None:
    """Art. 15(3): an access answer has the document that an agency was sent, under the digest its letter names."""
    release(asked, tmp_path)
    asked.handover()
    request = asking.asked(asked, "access")
    assert asking.approved(asked, "request", "approve", request, keys=("demo-clerk",)).code == 0
    out = asking.answered(asked, request)
    digest = sha256(pdf()).hexdigest()

    assert (out / f"{digest}.pdf").read_bytes() == pdf()
    assert digest in (out / "data.json").read_text()
    assert digest in asking.text_of(out / "letter.pdf").replace(" ", "")


@pytest.mark.parametrize(
    ("chunks", "why"),
    [
        (None, "not there"),
        ([b"abc"], "not the one"),
        ([b"ab", b"ce", b"\0"], "not the one"),
        ([b"abcd", b"\0\0x"], "padding"),
    ],
    ids=["missing", "short", "another", "something behind it"],
)
def test_a_document_that_is_not_what_its_message_names_is_refused(chunks: list[bytes] | None, why: str) -> None:
    """Size and SHA-256 are in the message; behind the document there are zero bytes and nothing else."""
    digest = "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"
    message = CaseAnswer.model_validate_json(
        json.dumps(
            {
                "message_id": "0" * 26,
                "case_ref": "C1-09QYN3ZNZ3C3E4AZMQ",
                "question": "0" * 26,
                "answer": "document",
                "document": digest,
                "document_bytes": 4,
            }
        )
    )
    with pytest.raises(FrameError, match=why):
        enclosed(message, None if chunks is None else iter(chunks))

    assert enclosed(message, iter([b"abcd\0", b"\0"])) == b"abcd"
