"""Documents are tested: the commands they show are run as they stand there, and what they list is what there is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfWriter

from asking import approved
from gateway.agency.settings import load_agency
from gateway.wiring import open_desk
from tools import tool
from world import World, cli, jsonl, row

ROOT = Path(__file__).parent.parent


def commands(document: str) -> list[str]:
    """The shell commands of a document, block by block."""
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs" / document).read_text(), flags=re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path, tools: str = "") -> str:
    """What a script prints. It fails with the tool that failed, never with what the tool printed."""
    path = f"{tools}:{os.environ['PATH']}"
    ended = subprocess.run(
        [tool("bash"), "-eu", "-c", script],
        cwd=folder,
        capture_output=True,
        check=False,
        env=os.environ | {"PATH": path},
    )
    assert ended.returncode == 0, f"{script.split(maxsplit=1)[0]} ended with {ended.returncode}"
    return ended.stdout.decode()


def hybrid_tools(folder: Path) -> str:
    """Where `age` of a version that knows hybrid keys is: the installed one, or a stand-in."""
    known = subprocess.run([tool("age-keygen"), "-help"], capture_output=True, check=False)
    if b"-pq" in known.stdout + known.stderr:
        return ""
    folder.mkdir()
    for name in ("age", "age-keygen"):
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} -P {ROOT}/tests/age_stand_in.py "$@"\n')
        (folder / name).chmod(0o700)
    return str(folder)


@pytest.mark.parametrize("hybrid", [True, False], ids=["hybrid", "classic"])
def test_public_tools_open_a_package(world: World, tmp_path: Path, hybrid: bool) -> None:
    """Every command of docs/agency.md works as printed, with age, ssh-keygen, sha256sum and zstd alone."""
    for name in ("age", "age-keygen", "ssh-keygen", "sha256sum", "zstd"):
        tool(name)
    make_hybrid, make_classic, *each_package = commands("agency.md")[:7]
    tools = hybrid_tools(tmp_path / "tools") if hybrid else ""
    shell(make_hybrid if hybrid else make_classic, world.sftp, tools)
    for part in ("cases", "identities"):
        public = shell(f"age-keygen -y {part}.agekey", world.sftp, tools).strip()
        assert public.startswith("age1pq1") is hybrid
        setting = re.search(rf"^{part}_recipients = .*$", world.creditor.read_text(), flags=re.MULTILINE)
        assert setting is not None
        world.configure(setting.group(), f'{part}_recipients = ["{public}"]')
    if not hybrid:
        world.configure("remove_after_receipt = false", "remove_after_receipt = false\nclassic_recipients = true")
    world.vet()
    (world.sftp / "allowed_signers").write_bytes((world.home / "agency" / "keys" / "allowed_signers").read_bytes())
    world.drop("export.jsonl", jsonl([row(1), row(2), row(3)]))

    assert world.handover().json["claims"]["handed_over"] == 3
    said = shell("\n".join(each_package), world.sftp, tools)

    assert said.count(": OK\n") == 2
    cases = [json.loads(line) for line in (world.sftp / "cases.jsonl").read_text().splitlines()]
    identities = [json.loads(line) for line in (world.sftp / "identities.jsonl").read_text().splitlines()]
    assert [one["type"] for one in cases] == ["header", "case.new", "case.new", "case.new", "end"]
    assert [one.get("invoice_no") for one in identities] == [None, "RE-000001", "RE-000002", "RE-000003", None]
    assert [one.get("message_id") for one in identities] == [one.get("message_id") for one in cases]


ASK = """
case_ref=$(jq -r 'select(.type == "case.new") | .case_ref' cases.jsonl | tail -n 1)
jq -nc --arg id "$(new_id)" --arg case "$case_ref" '{type: "case.question", message_id: $id, case_ref: $case,
  question: "invoice"}' > lines
send answers 2 lines
rm "$package".*
"""


def test_public_tools_answer_a_package(world: World) -> None:
    """An agency without our software takes part: receipt, payment, closing and question count; it opens the document."""
    for name in ("age", "jq", "ssh-keygen", "sha256sum", "zstd"):
        tool(name)
    _, make_keys, *each_package, document, make_signer, functions, accept, report = commands("agency.md")
    shell(make_keys + make_signer + "age-keygen -o classic.agekey", world.sftp)
    text = world.creditor.read_text()
    for part in ("cases", "identities"):
        public = shell(f"age-keygen -y {part}.agekey", world.sftp).strip()
        text = re.sub(rf"^{part}_recipients = .*$", f'{part}_recipients = ["{public}"]', text, flags=re.MULTILINE)
    signer = " ".join((world.sftp / "answers_key.pub").read_text().split()[:2])
    text = re.sub(r"^signers = .*$", f'signers = ["{signer}"]\nclassic_recipients = true', text, flags=re.MULTILINE)
    world.creditor.write_text(text)
    (world.sftp / "answers.recipient").write_text(shell("age-keygen -y classic.agekey", world.sftp))
    (world.creditor.parent / "keys" / "answers.agekey").write_bytes((world.sftp / "classic.agekey").read_bytes())
    (world.sftp / "allowed_signers").write_bytes((world.home / "agency" / "keys" / "allowed_signers").read_bytes())
    world.vet()
    world.drop("export.jsonl", jsonl([row(1), row(2)]))

    assert world.handover().json["claims"]["handed_over"] == 2
    shell("\n".join([*each_package, functions, accept, report, ASK]), world.sftp)
    found = cli("feedback", "--json", "--config", world.creditor)
    assert (found.code, found.json["failures"], found.json["refusals"]) == (0, [], {})
    assert found.json["answers"] == {"package.receipt": 2, "case.payment": 1, "case.closed": 1, "case.question": 1}
    assert found.json["packages"] == {"applied": 3, "delivered": 1}

    assert any(answered_with_document(world, claim) for claim in ("F-000001", "F-000002"))
    assert world.handover().code == 0
    said = shell("\n".join([*each_package, document]), world.sftp)
    assert said.endswith("document.pdf: OK\n")
    assert (world.sftp / "document.pdf").read_bytes() == (world.home / "invoice.pdf").read_bytes()


def answered_with_document(world: World, claim: str) -> bool:
    """Whether a claim's agency had asked for its invoice, which a person releases then."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    with (world.home / "invoice.pdf").open("wb") as file:
        writer.write(file)
    given = ("--question", "invoice", "--document", world.home / "invoice.pdf")
    return approved(world, "claim", "answer", claim, *given, keys=("demo-clerk",)).code == 0


def test_a_kit_with_other_keys_keeps_nothing_of_it(world: World) -> None:
    """The agency's own kit refuses a package that is sealed to other keys, and keeps nothing of it."""
    keys = world.home / "agency" / "keys"
    (keys / "cases.agekey").write_bytes((keys / "identities.agekey").read_bytes())
    world.drop("export.jsonl", jsonl([row(1)]))
    world.handover()
    found = world.receive()

    assert found.code == 4
    assert "sealed to other recipients" in found.err
    with open_desk(load_agency(world.agency)) as desk:
        assert (desk.cases.cases("nordlicht"), list(desk.persons.lines())) == ({}, [])


def test_the_field_reference_is_what_runs() -> None:
    """docs/fields.md is what the annotations say today."""
    assert (ROOT / "docs" / "fields.md").read_text() == cli("report", "fields").out
