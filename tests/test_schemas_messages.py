"""What agencies build against: schemas and examples in docs/ are those of the models, and the models are closed."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.agency.codes import translate
from gateway.errors import InputError
from schemas.answers import FromAgency, FromAgencyAdapter
from schemas.codes import ClosingCode
from schemas.messages import STOPS, CaseNew, CaseRectify, IdentityLine, OpeningLine, Stop, ToAgency, ToAgencyAdapter
from schemas.published import json_schemas

DOCS = Path(__file__).parent.parent / "docs" / "messages"
ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "to-agency": ToAgencyAdapter,
    "from-agency": FromAgencyAdapter,
    "identity-line": TypeAdapter(IdentityLine | OpeningLine),
}


def examples(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DOCS / f"{name}.examples.json").read_text())
    return found


def types_of(union: Any) -> set[str]:
    return {one.model_fields["type"].default for one in get_args(union)}


def test_published_schemas_are_those_of_the_models() -> None:
    """An agency that builds against docs/ builds against what checks its answers."""
    published = {path.name.removesuffix(".schema.json") for path in DOCS.glob("*.schema.json")}

    assert published == set(json_schemas())
    for name, schema in json_schemas().items():
        assert json.loads((DOCS / f"{name}.schema.json").read_text()) == schema


@pytest.mark.parametrize("name", ADAPTERS)
def test_examples_are_valid_and_closed(name: str) -> None:
    """Every example is accepted as it stands, and refused with one more field or without its message id."""
    for example in examples(name):
        ADAPTERS[name].validate_json(json.dumps(example))
        for wrong in (example | {"note": "free text"}, {key: example[key] for key in example if key != "message_id"}):
            with pytest.raises(ValidationError):
                ADAPTERS[name].validate_json(json.dumps(wrong))


def test_every_message_has_an_example() -> None:
    """No message exists that docs/ does not show."""
    assert {one["type"] for one in examples("to-agency")} == types_of(ToAgency)
    assert {one["type"] for one in examples("from-agency")} == types_of(FromAgency)
    assert set(STOPS) == types_of(Stop)


def test_no_message_has_room_for_free_text() -> None:
    """Every text of a message is an enumeration or has a pattern; only identities hold text of people."""
    texts = [
        f"{name}.{field}"
        for name, schema in json_schemas().items()
        if name in {"to-agency", "from-agency"}
        for model, found in schema["$defs"].items()
        for field, rules in found.get("properties", {}).items()
        for rule in [*rules.get("anyOf", ()), rules]
        if rule.get("type") == "string" and not {"pattern", "const", "enum", "format"} & rule.keys()
    ]
    checked_by_number = {"to-agency.case_ref", "to-agency.debtor_ref", "from-agency.case_ref"}

    assert set(texts) - checked_by_number <= {"to-agency.currency"}
    assert CaseNew.model_fields["currency"].annotation is str
    assert not set(CaseRectify.model_fields) & set(IdentityLine.model_fields) - {"message_id"}


@pytest.mark.parametrize(
    ("kind", "changes", "rule"),
    [
        ("package.receipt", {"verdict": "refused"}, "a refusal, and nothing else, has a refusal code"),
        ("package.receipt", {"verdict": "question"}, "a question, and nothing else, has a question code"),
        ("package.receipt", {"agency_ref": "A-1"}, "only what is accepted has an agency_ref"),
        ("case.payment", {"costs": 1}, "costs, interest and principal are the amount"),
        ("case.payment", {"amount": 0}, "greater_than"),
        ("notice.ack", {"result": "restricted-until"}, "a restriction, and nothing else, has an end"),
        ("notice.ack", {"result": "kept-because"}, "what is kept, and nothing else, has a ground"),
    ],
)
def test_answers_that_contradict_themselves_are_refused(kind: str, changes: dict[str, Any], rule: str) -> None:
    """A code stands exactly where it means something, and a payment's split adds up."""
    example = next(one for one in examples("from-agency") if one["type"] == kind)
    with pytest.raises(ValidationError) as caught:
        FromAgencyAdapter.validate_json(json.dumps(example | changes))

    assert [fault["type"] for fault in caught.value.errors(include_input=False)] == [rule]


def test_foreign_codes_become_ours_or_are_refused() -> None:
    """Every mapped code is one of ours; what tells of a person's life becomes `other`; the rest is not guessed."""
    for interface, code in (("riverty", "SOLDIER"), ("riverty", "POOR_CREDIT_RATING"), ("magicline", "IN_PRISON")):
        assert translate(interface, "closing", code) is ClosingCode.OTHER
    with pytest.raises(InputError) as caught:
        translate("riverty", "closing", "CANARY-SECRET")

    assert "CANARY" not in str(caught.value)
