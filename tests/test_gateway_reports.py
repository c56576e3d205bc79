"""Records a controller must be able to show: generated from what runs, in two languages, their digest in the log."""

import hashlib
import io
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

from audit.store import entries
from gateway.demo.template import AGENCY
from gateway.documents.render import Output, render, words
from gateway.readers.mapping import FIELDS
from gateway.readers.presets import load_preset
from gateway.reports.minimisation import travelling_as
from gateway.reports.record import processing_record
from gateway.settings import Configuration, load
from gateway.wiring import open_office
from keys.sqlite import open_store
from schemas.case import Case, Identity
from schemas.claim import Address, Claim, Debtor
from schemas.entry import ReportMade
from schemas.figures import RetentionKind
from schemas.mandate import Language
from schemas.policy import policy
from world import TODAY, World, cli, jsonl, row


def texts(document: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)


def written(world: World, report: str, name: str, *arguments: str) -> bytes:
    out = world.home / name
    found = cli("report", report, "--out", out, *arguments, "--config", world.creditor)

    assert (found.code, found.err) == (0, "")
    return out.read_bytes()


@pytest.mark.parametrize("language", Language)
def test_the_record_names_what_runs(world: World, language: Language) -> None:
    """Art. 30(1): controller, purposes, every field that travels, recipients, periods and measures are in the record."""
    record = texts(written(world, "record", "record.pdf", "--language", language.value))

    assert "Nordlicht Versand eG" in record
    assert "Bayerisches Landesamt für Datenschutzaufsicht" in record
    assert all(name in record for model in (Case, Identity) for name in model.model_fields)
    assert "ML-KEM-768" in record
    for part in ("controller", "purposes", "subjects", "data", "held", "recipients", "periods", "measures"):
        assert words("record", language)[part]["title"] in record


def test_a_report_is_in_the_log_by_its_digest(world: World) -> None:
    """Whoever shows a record can show that it was made from the configuration that ran, and is unchanged."""
    document = written(world, "minimisation", "report.html", "--language", "en")
    with open_store(world.creditor.parent / "gateway.db").connect() as connection:
        (entry,) = [one.entry for one in entries(connection) if isinstance(one.entry, ReportMade)]

    assert entry.report == "minimisation"
    assert entry.document_digest == hashlib.sha256(document).hexdigest()


def test_the_minimisation_report_names_every_column(world: World) -> None:
    """Each column of a source either travels as a named field, or stays, and the report says which."""
    page = written(world, "minimisation", "report.html", "--language", "en").decode()
    mapping = load_preset("erp-de").csv
    assert mapping is not None
    rows = dict(re.findall(r"<tr><td>([^<]+)</td><td>([^<]+)</td>", page.partition("jsonl")[0]))

    assert set(rows) == {column for _, column in mapping.columns} | set(mapping.left_behind)
    assert rows["birth_date"] == "travels as is_adult"
    assert rows["phone"] == rows["note"] == "left behind when the file is read"
    assert rows["customer_no"].startswith("stays")
    assert rows["city"] == "travels as city"


def test_every_field_that_travels_has_a_way_in() -> None:
    """A field whose annotation names a claim's field is fed by a canonical field of the mappings."""
    fed = {name for field in FIELDS for name in travelling_as(field)}
    inner = {"vault", "declarations", "screening", "mandate", "care list"}
    travelling = {
        name
        for model in (Case, Identity)
        for name, one in policy(model).items()
        if not set(one.source.split(", ")) & inner
    }

    assert travelling - fed == set()


def test_every_annotation_is_said_in_german() -> None:
    """The German record has a translation for each phrase of the annotations."""
    phrases = words("record", Language.GERMAN)["phrases"]
    said = {
        phrase
        for model in (Case, Identity)
        for one in policy(model).values()
        for phrase in (one.why, one.coarsening, one.kept)
    }

    assert said - phrases.keys() == set()


@pytest.mark.parametrize("source", ["record", "minimisation"])
def test_both_languages_say_the_same_things(source: str) -> None:
    """No text is missing in one of the languages."""

    def keys(table: dict[str, object]) -> set[str]:
        return {
            f"{name}.{inner}" for name, value in table.items() for inner in (value if isinstance(value, dict) else [""])
        }

    german, english = (keys(words(source, language)) for language in Language)

    assert {key for key in german if not key.startswith("phrases.")} == english


def test_data_is_never_source_text() -> None:
    """What looks like a command of typst, or like markup, is printed as it is; the same data give the same bytes."""
    hostile = '#sys.version *bold* <script>alert(1)</script> #read("/etc/passwd")'
    data = {"title": hostile, "language": "en", "as_of": "2026-06-30", "introduction": [hostile], "sections": []}
    page = render("report", data, Output.HTML).decode()

    assert "<script>" not in page
    assert "*bold*" in page
    assert "#sys.version" in page
    assert render("report", data, Output.PDF) == render("report", data, Output.PDF)


def test_a_report_never_overwrites(world: World, tmp_path: Path) -> None:
    """An existing file, no folder, and a suffix that is no document are refused (2), and nothing is logged."""
    before = world.events()
    there = tmp_path / "there.pdf"
    there.write_bytes(b"mine")
    outs = (there, tmp_path / "none" / "x.pdf", tmp_path / "x.doc")
    results = [cli("report", "record", "--out", out, "--config", world.creditor) for out in outs]

    assert [found.code for found in results] == [2, 2, 2]
    assert there.read_bytes() == b"mine"
    assert world.events() == before


@pytest.mark.parametrize(("language", "period"), [(Language.GERMAN, "30 Tage"), (Language.ENGLISH, "30 days")])
def test_the_record_tells_each_period_in_words(world: World, language: Language, period: str) -> None:
    """A refused claim goes after days, not after no years; no kind is told by its code."""
    record = texts(written(world, "record", f"periods-{language}.pdf", "--language", language.value))
    kinds = words("record", language)["periods"]["kinds"]

    assert set(kinds) == set(RetentionKind)
    assert f"{kinds['refused']} {period}" in record
    assert "closed-claim" not in record


def test_the_record_claims_no_period_that_nothing_carries_out(world: World) -> None:
    """Art. 30(1)(f): each kind in the table is one that `gateway.retention` ends; accounting is said to be elsewhere."""
    record = texts(written(world, "record", "kept.pdf", "--language", "en"))
    periods = record.partition(words("record", Language.ENGLISH)["periods"]["title"])[2]

    assert set(RetentionKind) == {"closed-claim", "title", "refused", "request"}
    assert "the controller's own accounting does (§ 257 HGB, § 147 AO, § 14b UStG)" in " ".join(periods.split())
    assert not re.search(r"\b(6|8|10) years end of the year", periods)


def test_the_record_lists_what_is_held_and_what_of_it_leaves(world: World) -> None:
    """Art. 30(1)(c): every field of a claim is listed, and marked: held only, or disclosed and as what."""
    page = written(world, "record", "held.html", "--language", "en").decode()
    rows = dict(re.findall(r"<tr><td>([^<]+)</td><td>([^<]+)</td></tr>", page))
    names = {*Claim.model_fields, *(f"debtor.{name}" for name in Debtor.model_fields)} - {"debtor", "debtor.address"}

    assert names | {f"debtor.address.{name}" for name in Address.model_fields} <= rows.keys()
    assert rows["customer_no"] == rows["claim_no"] == "held only"
    assert rows["debtor.birth_date"] == "disclosed as is_adult"
    assert rows["debtor.email"] == "disclosed as email"
    assert rows["debtor.address.city"] == "disclosed as city"
    assert any("keyed digests" in name and "e-mail" in name for name, mark in rows.items() if mark == "held only")


def test_the_record_lists_an_agency_that_still_has_cases(world: World) -> None:
    """Art. 30(1)(d): whoever received data is a recipient, also without a mandate, and after its section is gone."""
    world.drop("first.jsonl", jsonl([row(1)]))
    assert world.handover().json["claims"]["handed_over"] == 1
    kept = load(world.creditor)
    without = kept.settings.model_copy(update={"mandates": ()})
    gone = without.model_copy(update={"agencies": ()})
    entity = kept.settings.entities[0]
    with open_office(kept) as office, office.connection.begin():
        with_cases = {agency for agency, _ in office.cases.agencies()}
    rows = []
    for one in (kept.settings, without, gone):
        record = processing_record(Configuration(one, kept.home), entity, Language.ENGLISH, TODAY.date(), with_cases)
        (found,) = [part for part in record["sections"] if part["head"][:1] == ["agency"]]
        rows += found["rows"]
    nobody = processing_record(Configuration(without, kept.home), entity, Language.ENGLISH, TODAY.date(), ())

    assert [(one[0], one[-1]) for one in rows] == [
        ("Ostsee Inkasso eK", "yes"),
        ("Ostsee Inkasso eK", "no"),
        (AGENCY, "no"),
    ]
    assert "no longer configured" in rows[-1][1]
    assert [part["rows"] for part in nobody["sections"] if part["head"][:1] == ["agency"]] == [[]]
