"""What letters claim: no more than is known, about whom it is known, and with the log's word for each of them."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from asking import answered, approved, asked, asking_world, command, found, text_of
from audit.store import entries
from gateway.rights.wording import Wording
from keys.sqlite import open_store
from schemas.codes import RequestKind
from schemas.mandate import Language
from schemas.request import Authority, Channel, Outcome, Proof, RequestRefusal
from test_gateway_restore_rights import LOST, backup, match, restored
from world import TODAY, World

CLERK, BOTH = ("demo-clerk",), ("demo-clerk", "officer")
LATER = TODAY + timedelta(days=20)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with asking_world(tmp_path) as made:
        yield made


def read(path: Path) -> str:
    return re.sub(r"\s+", " ", text_of(path))


def letter(world: World, request: str, hours: int = 0) -> str:
    return read(answered(world, request, TODAY + timedelta(hours=hours)) / "letter.pdf")


def erase(world: World, invoice: str = "RE-000001", hours: int = 0) -> str:
    now = TODAY + timedelta(hours=hours)
    request = asked(world, "erasure", invoice=invoice, now=now)
    done = approved(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH, now=now)
    assert done.code == 0, done.err
    return request


def opened(world: World, kind: str, *arguments: str | Path, invoice: str = "RE-000001") -> tuple[str, str]:
    """A request that is not identified yet, and its subject."""
    subject = found(world, invoice_no=invoice)[0]["subject"]
    opening = ("request", "open", kind, "--channel", "letter", "--received", "2026-06-30", "--subject", subject)
    return command(world, *opening, *arguments).out.split()[0], subject


@pytest.mark.parametrize("language", list(Language))
def test_every_code_of_a_request_has_a_word(language: Language) -> None:
    texts = Wording(language).texts
    tables: dict[str, type[StrEnum]] = {
        "kinds": RequestKind, "channels": Channel, "proofs": Proof, "authorities": Authority, "outcomes": Outcome,
    }  # fmt: skip

    assert [
        (name, one) for name, codes in tables.items() for one in codes if one.value not in texts["asked"][name]
    ] == []
    assert [one for one in RequestRefusal if one.value not in texts["refusal"]] == []


def test_nothing_held_claims_nothing_about_what_was_erased(world: World) -> None:
    """Art. 5(1)(a): data that were disclosed and erased since lead to nobody; whom this request told is listed."""
    restriction, twin = asked(world, "restriction", "--language", "en"), asked(world, "erasure")
    erase(world)
    for request in (restriction, twin):
        assert approved(world, "request", "approve", request, keys=CLERK).code == 0
    english, german = letter(world, restriction), letter(world, twin)

    assert "no claims against you are held on 30 June 2026" in english and "sind am 30.06.2026 keine" in german
    assert "Whom we told" in english and "told of the restriction" in english
    assert "we cannot tell" in english and "können wir daraus nicht sagen" in german
    assert not re.search("nothing of it was disclosed|nichts übermittelt", english + german)


@pytest.mark.parametrize("language", ["de", "en"])
def test_an_access_answer_given_again_after_an_erasure_is_not_complete(world: World, language: str) -> None:
    """Art. 15(1)(c): it says of which day it is, and that what was erased before is not in it."""
    request = asked(world, "access", "--language", language)
    approved(world, "request", "approve", request, keys=CLERK)
    first = letter(world, request)
    erase(world, hours=1)
    again = letter(world, request, 2)
    nothing = {
        "de": "keine Forderungen gegen Sie|Forderungen gegen Sie sind nicht gespeichert",
        "en": "No claims against",
    }
    day = {"de": "alles, was wir am 30.06.2026", "en": "everything that we hold about you on 30 June 2026"}

    assert day[language] in first and day[language] in again
    assert re.search(nothing[language], again) and not re.search(nothing[language], first)
    assert not re.search("an kein Inkassounternehmen|to no collection agency|vollständig|complete", first + again)


def test_each_writing_of_an_answer_is_in_the_log(world: World) -> None:
    """Art. 5(2): what leaves is in the log by its digest, however often; the request's state and years stay."""
    request = asked(world, "access")
    approved(world, "request", "approve", request, keys=CLERK)
    written = [path for now in (TODAY, LATER) for path in answered(world, request, now).iterdir()]
    with open_store(world.creditor.parent / "gateway.db").connect() as connection:
        logged = [one.entry.model_dump() for one in entries(connection) if one.entry.event == "request.answered"]
    digests = {digest for one in logged for digest in one["documents"]}
    shown = command(world, "request", "show", request, "--json", now=LATER).json

    assert len(logged) == 2
    assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in written} == digests
    assert (shown["state"], [step[2] for step in shown["steps"]].count("request answered")) == ("closed", 2)


@pytest.mark.parametrize("language", ["de", "en"])
def test_letter_and_certificate_say_what_stays_and_until_when(world: World, language: str) -> None:
    """Art. 17(3)(e), 5(2): how many markers, by which norm, until which day; and the file of the request itself."""
    request = asked(world, "erasure", "--language", language, invoice="RE-000002")
    assert approved(world, "request", "approve", request, "--ground", "unlawful", keys=BOTH).code == 0
    out = answered(world, request)
    told = [read(out / name) for name in ("letter.pdf", "certificate.pdf")]
    again = read(answered(world, request, TODAY + timedelta(days=200)) / "letter.pdf")
    rows, day, norms = {
        "de": (
            "2 Art. 17 Abs. 1 lit. d DSGVO, § 35 Abs. 1, 3 BDSG 30.06.2036",
            "31.12.2029",
            "Art. 5 Abs. 2 DSGVO",
        ),
        "en": ("2 Art. 17(1)(d) GDPR, § 35(1), (3) BDSG 30 June 2036", "31 December 2029", "Art. 5(2) GDPR"),
    }[language]

    for one in (*told, again):
        assert rows in one
        assert day in one and norms in one and "§ 31" in one and "OWiG" in one


def test_a_lifting_speaks_of_claims_only_where_there_are_some(world: World) -> None:
    """Art. 18(3): nothing of somebody who was erased goes on."""
    notices = []
    for invoice, erased in (("RE-000001", True), ("RE-000002", False)):
        request = asked(world, "restriction", invoice=invoice)
        approved(world, "request", "approve", request, keys=CLERK)
        letter(world, request)
        if erased:
            erase(world, invoice)
        out = world.home / f"lifted-{invoice}"
        assert approved(world, "request", "lift", request, "--out", out, keys=CLERK).code == 0
        notices.append(read(out / "letter.pdf"))

    assert ["wieder bearbeitet" in one for one in notices] == [False, True]


def test_after_a_restore_letters_say_what_may_be_missing(world: World) -> None:
    """Art. 15(1)(c): what was disclosed between copy and restore is in no book; from when to when is told."""
    copy = backup(world, "gateway")
    assert restored(world, copy).code == 0
    match(world)
    now = LOST + timedelta(hours=3)
    request = asked(world, "access", "--language", "en", now=now)
    approved(world, "request", "approve", request, keys=CLERK, now=now)
    out = answered(world, request, now)

    assert "On 2 July 2026 our database was restored from a backup of 30 June 2026" in read(out / "letter.pdf")
    assert json.loads((out / "data.json").read_bytes())["lost"] == [{"since": "2026-06-30", "until": "2026-07-02"}]


@pytest.mark.parametrize("language", ["de", "en"])
def test_access_holds_what_the_person_asked_before(world: World, language: str) -> None:
    """Art. 15(1), (3): what was written, how it was established who asked, what was put right, and what was decided."""
    wrote, proof, right = world.home / "l.txt", world.home / "proof.json", world.home / "right.json"
    wrote.write_text("Ich heiße nicht so.\nBitte ändern.")
    proof.write_text(json.dumps({"name": "Xaver Recht", "authority": "lawyer", "seen_on": "2026-06-29"}))
    right.write_text(json.dumps({"name": {"first_name": "Ida", "last_name": "Gut"}}))
    before, subject = opened(world, "rectification", "--letter", wrote)
    identifying = ("request", "identify", before, "--proof", "document", "--subject", subject)
    assert command(world, *identifying, "--representation", proof).code == 0
    assert command(world, "request", "correct", before, "--correction", right).code == 0
    assert approved(world, "request", "approve", before, keys=CLERK).code == 0
    request = asked(world, "access", "--language", language)
    approved(world, "request", "approve", request, keys=CLERK)
    out = answered(world, request)
    told = read(out / "letter.pdf")
    (held, own) = json.loads((out / "data.json").read_bytes())["requests"]
    if held["request"] != before:
        held, own = own, held

    assert (held["request"], own["request"], held["text"]) == (before, request, wrote.read_text())
    assert held["identified"]["representation"]["name"] == "Xaver Recht"
    assert (held["correction"]["name"]["last_name"], held["outcome"]) == ("Gut", "granted")
    assert [one["wrong"][0]["name"]["last_name"] for one in held["corrected"]] == ["Beispiel"]
    assert not {"actor", "also"} & set(held["steps"][0])
    assert all(one in told for one in ("Xaver Recht", "Ich heiße nicht so. Bitte ändern.", "Gut"))


def test_what_another_may_have_written_is_nobody_elses_copy(world: World) -> None:
    """Art. 15(4): of a request that was refused because who asks could not be established, the words are left out."""
    wrote, address = world.home / "l.txt", world.home / "address.json"
    wrote.write_text("Quastenflosser")
    address.write_text(json.dumps({"name": "Quastenflosser", "lines": ["Irgendwo 1"]}))
    before, _ = opened(world, "erasure", "--letter", wrote, "--recipient", address)
    assert approved(world, "request", "approve", before, "--refuse", "identity", keys=BOTH).code == 0
    request = asked(world, "access")
    approved(world, "request", "approve", request, keys=CLERK)
    out = answered(world, request)

    assert "nicht festgestellt, dass dieses Anliegen von Ihnen stammt" in read(out / "letter.pdf")
    assert before in (out / "data.json").read_text() and "Quastenflosser" not in (out / "data.json").read_text()
    assert "Quastenflosser" not in read(out / "letter.pdf")


def test_a_clerk_reads_what_was_written_and_the_log_of_readings_knows(world: World) -> None:
    """Into a new file for its owner alone; a request without words makes neither file nor entry."""
    wrote, out = world.home / "l.txt", world.home / "out.txt"
    wrote.write_text("Quastenflosser")
    request, subject = opened(world, "erasure", "--letter", wrote)
    shown = command(world, "request", "show", request, "--letter", out)
    again = command(world, "request", "show", request, "--letter", out)
    silent, _ = opened(world, "access")
    nothing = command(world, "request", "show", silent, "--letter", world.home / "none.txt")
    listed = command(world, "audit", "list", "--readings", "2026", "--subject", "K-000001", "--json").json["entries"]

    assert (shown.code, again.code, nothing.code) == (0, 2, 2)
    assert (out.read_text(), out.stat().st_mode & 0o777) == ("Quastenflosser", 0o600)
    assert "Quastenflosser" not in shown.out and not (world.home / "none.txt").exists()
    assert [one["command"] for one in listed] == ["request show"]
    assert subject


@pytest.mark.parametrize(
    ("authority", "given", "attention"),
    [("parent", False, True), ("lawyer", False, False), ("lawyer", True, True), ("power-of-attorney", False, False)],
)
def test_who_acts_for_a_person_is_named_in_the_letter(
    world: World, authority: str, given: bool, attention: bool
) -> None:
    """The letter goes to the attention of whom the law or the request lets receive it; `request show` gives no name."""
    proof, address = world.home / "proof.json", world.home / "address.json"
    proof.write_text(json.dumps({"name": "Xaver Recht", "authority": authority, "seen_on": "2026-06-29"}))
    address.write_text(json.dumps({"name": "Ida Beispiel", "lines": ["Kanzleiweg 1", "96047 Bamberg"]}))
    request, subject = opened(world, "access", *(("--recipient", address) if given else ()))
    identifying = ("request", "identify", request, "--proof", "document", "--subject", subject)
    assert command(world, *identifying, "--representation", proof).code == 0
    assert approved(world, "request", "approve", request, keys=CLERK).code == 0
    told, shown = letter(world, request), command(world, "request", "show", request)

    assert ("Ida Beispiel z. Hd. Xaver Recht" in told) is attention
    assert "Für die betroffene Person handelt: Xaver Recht" in told and "29.06.2026" in told
    assert re.search(f"represented by +{authority}, proof seen on 2026-06-29", shown.out)
    assert "Xaver" not in shown.out
