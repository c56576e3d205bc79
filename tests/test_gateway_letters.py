"""The words of letters: everything that a message may say is said in the language of the letter."""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from asking import answered, approved, asked, asking_world, text_of
from gateway.demo.template import AGENCY
from gateway.rights.wording import Wording
from gateway.settings import load
from gateway.state import ClaimState
from gateway.wiring import open_office
from schemas.answers import FromAgency
from schemas.case import Identity
from schemas.claim import Claim
from schemas.mandate import Instruction, Language, Tone
from schemas.messages import ToAgency
from world import World, cli

ADDRESSING = {"type", "message_id", "opening"}
ABOUT_NO_CASE = {"KeyOffer", "Statement", "BooksAgreed"}


def inside(annotation: Any) -> Iterator[Any]:
    """The types in an annotation, whatever it wraps them in."""
    if get_origin(annotation) in {Annotated, Union, UnionType, tuple}:
        for part in get_args(annotation):
            yield from inside(part)
    else:
        yield annotation


def fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """Each field of a model, and of the records in it, with a type it may have."""
    for name, field in model.model_fields.items():
        for kind in inside(field.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from fields(kind)
            yield name, kind


MODELS = [
    one
    for one in (*inside(ToAgency), *inside(FromAgency), Identity, Claim, Instruction)
    if one.__name__ not in ABOUT_NO_CASE
]
IN_A_RECORD = {"debtor", "address", "level", "sent_on", "channel", "fee", "on"}


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.__name__)
def test_every_field_and_code_of_a_message_has_a_word(model: type[BaseModel], language: Language) -> None:
    """A German letter holds no English name; a field that holds a code is known to hold one."""
    wording = Wording(language)
    said = {*wording.texts["codes"].values(), wording.texts["yes"], wording.texts["no"]}
    nameless = {name for name, _ in fields(model)} - set(wording.texts["fields"]) - ADDRESSING - IN_A_RECORD
    codes = [
        (name, one)
        for name, kind in fields(model)
        if isinstance(kind, type) and issubclass(kind, StrEnum)
        for one in kind
    ]
    wordless = [
        (name, one.value) for name, one in codes if language is Language.GERMAN and wording.value(name, one) not in said
    ]

    assert not nameless
    assert not wordless
    assert (
        model.__name__ == "Claim"
        or "type" not in model.model_fields
        or model.model_fields["type"].default in (wording.texts["types"])
    )


@pytest.mark.parametrize("language", list(Language))
def test_our_own_verdict_is_not_the_agencys(language: Language) -> None:
    """`refused` of a claim says that it was not handed over; of a case, that the agency did not take it."""
    wording = Wording(language)

    assert {wording.verdict(one) for one in ClaimState}
    assert wording.verdict("refused") != wording.code("refused")


def test_special_care_is_told_field_by_field() -> None:
    """What is set is named, what is not is left out; no JSON is shown to a person."""
    told = Instruction(tone=Tone.COURTEOUS, ask_first=True).model_dump(mode="json")

    assert Wording(Language.GERMAN).named(told) == "Ton: höflich; kein Schritt ohne Rückfrage: ja"
    assert Wording(Language.ENGLISH).named(told | {"channels": ["letter"]}) == (
        "tone: courteous; channels: letter; no step without asking first: yes"
    )


def test_a_negative_fee_keeps_its_sign() -> None:
    """A source may say less than nothing; the copy says so, too."""
    reminder = {"level": 1, "sent_on": "2026-03-02", "channel": "sms", "fee": -250}

    assert Wording(Language.GERMAN).parts(reminder) == "02.03.2026, SMS, -2,50 EUR"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which three claims have been handed over and stated, and two people may approve."""
    with asking_world(tmp_path_factory.mktemp("letters")) as made:
        assert cli("agency", "statement", "nordlicht", "--config", made.agency).code == 0
        assert cli("feedback", "--config", made.creditor).code == 0
        yield made


def letter(world: World, kind: str, *arguments: str | Path, invoice: str = "RE-000001") -> str:
    """The letter of a request that was granted, with its lines joined."""
    request = asked(world, kind, *arguments, invoice=invoice)
    assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
    return re.sub(r"\s+", " ", text_of(answered(world, request) / "letter.pdf"))


def test_an_access_letter_reads_as_german(world: World) -> None:
    """One full stop ends a sentence, amounts are euros, and no field has an English name."""
    told = letter(world, "access")

    assert "Stand der Prüfung: übergeben. Beim Inkassounternehmen" in told
    assert "an uns gezahlt 0,00 EUR" in told
    assert not re.search(r"\b(credited|paid to|standing|restricted)\b", told)


def test_a_letter_goes_on_after_its_greeting_in_small_letters(world: World) -> None:
    """`Guten Tag,` and then the sentence; answers stand beside notices; of files to be erased only an erasure speaks."""
    told = letter(world, "restriction", "--ground", "accuracy")

    assert "Guten Tag, wir haben die Verarbeitung Ihrer Daten eingeschränkt" in told
    assert "steht daneben, sobald sie vorliegt" in told
    assert "kann nur dieses selbst löschen" not in told


@pytest.mark.parametrize("language", ["de", "en"])
def test_each_message_of_an_access_letter_names_its_claim(world: World, language: str) -> None:
    """Who has two claims sees which one a case handed over, a receipt or a statement is about; so does `data.json`."""
    request = asked(world, "access", "--language", language, invoice="RE-000002")
    assert approved(world, "request", "approve", request, keys=("demo-clerk",)).code == 0
    out = answered(world, request)
    told = re.sub(r"\s+", " ", text_of(out / "letter.pdf"))
    data = json.loads((out / "data.json").read_bytes())
    notes = ("Nachricht „{}“ zur Forderung {}", "neuer Fall", "Empfangsbestätigung", "Stand in den Büchern")
    if language == "en":
        notes = ("Message “{}” about claim {}", "new case", "receipt", "state in the books")
    sentence, *types = notes

    for number in ("F-000002", "F-000003"):
        assert [one for one in types if sentence.format(one, number) not in told] == []
        assert {one["type"] for one in data["received"] if one["claim_no"] == number} >= {"package.receipt"}
        assert {one["type"] for one in data["disclosures"] if one["claim_no"] == number} >= {"case.new"}


def test_each_notice_names_the_claim_that_it_is_about(tmp_path: Path) -> None:
    """By its number while the claim is here, in the letter and the certificate; by the case's reference once it is gone."""
    with asking_world(tmp_path) as made:
        restricted = letter(made, "restriction", "--ground", "accuracy", invoice="RE-000002")
        request = asked(made, "erasure", invoice="RE-000002")
        with open_office(load(made.creditor)) as office, office.connection.begin(), office.vault_connection.begin():
            claims = list(office.vault.of_subjects(office.requests.subjects(request)))
            refs = set(office.vault.references_of(claims, AGENCY).values())
        done = approved(made, "request", "approve", request, "--ground", "unlawful", keys=("demo-clerk", "officer"))
        out = answered(made, request)
        erased = [re.sub(r"\s+", "", text_of(out / name)) for name in ("letter.pdf", "certificate.pdf")]

    assert (done.code, len(refs)) == (0, 2)
    assert all(f"Nummer {number}" in restricted for number in ("F-000002", "F-000003"))
    assert all(f"Aktenzeichen{ref}" in text for text in erased for ref in refs)
    assert not any("F-00000" in text for text in erased)
