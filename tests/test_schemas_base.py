"""The one base of every model: closed, frozen, strict, and silent about its input."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import schemas
from schemas.base import Instant, Strict, failures
from schemas.case import Case, Identity
from schemas.messages import CaseNew, IdentityLine
from schemas.policy import policy

CANARY = "Zyxwvutsrqpo-Canary 4711"
WIRE_FIELDS = {"type", "message_id", "opening"}


def all_models() -> list[type[BaseModel]]:
    found = {}
    for module in pkgutil.iter_modules(schemas.__path__, "schemas."):
        for model in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(model) and issubclass(model, BaseModel) and model.__module__ == module.name:
                found[f"{module.name}.{model.__name__}"] = model
    return list(found.values())


MODELS = [model for model in all_models() if model is not Strict]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_is_strict_frozen_and_silent(model: type[BaseModel]) -> None:
    """No model of the project loosens what the base promises."""
    assert issubclass(model, Strict)
    assert {key: model.model_config.get(key) for key in Strict.model_config} == dict(Strict.model_config)


def leaves(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from leaves(part)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_model_holds_what_can_change_or_round(model: type[BaseModel]) -> None:
    """A list inside a frozen model still changes, and a float still rounds: no field has one."""
    kinds = {kind for field in model.model_fields.values() for kind in leaves(field.annotation)}

    assert not kinds & {list, dict, set, float}
    assert not {getattr(kind, "__origin__", None) for kind in kinds} & {list, dict, set}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("shape", ["values", "keys", "whole"])
def test_a_failure_never_shows_input(model: type[BaseModel], shape: str) -> None:
    """Values in every field, a value as a key, a value instead of an object: names and rules are told, nothing else."""
    attempt: object = {name: [CANARY] for name in model.model_fields}
    if shape == "keys":
        attempt = {CANARY: CANARY}
    if shape == "whole":
        attempt = CANARY
    with pytest.raises(ValidationError) as caught:
        model.model_validate(attempt)

    told = failures(caught.value)
    assert told
    assert CANARY not in str(told)
    assert "Canary" not in str(caught.value) or shape == "keys"


def test_a_failure_names_field_and_rule() -> None:
    """A nested field is named by its path; a key that is no name is not repeated."""

    class Inner(Strict):
        amount: int

    class Outer(Strict):
        inner: tuple[Inner, ...]

    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"inner": ({"amount": 1}, {"amount": CANARY}), "max@example.org": 1})

    assert failures(caught.value) == (("inner.1.amount", "int_type"), ("(unnamed)", "extra_forbidden"))


def test_an_instant_is_aware_and_in_utc() -> None:
    """A moment without a zone is refused; one of another zone becomes UTC."""
    adapter: TypeAdapter[datetime] = TypeAdapter(Instant)
    berlin = datetime(2026, 7, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))

    assert adapter.validate_python(berlin) == datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert adapter.validate_python(berlin).tzinfo is UTC
    with pytest.raises(ValidationError):
        adapter.validate_python(datetime(2026, 7, 1, tzinfo=UTC).replace(tzinfo=None))


@pytest.mark.parametrize("model", [Case, Identity])
def test_every_field_that_travels_says_why(model: type[Case] | type[Identity]) -> None:
    """The schema is the policy (Art. 5(1)(c), 25 GDPR): reason, norm, source and retention stand at every field."""
    notes = policy(model)

    assert list(notes) == list(model.model_fields)
    assert all(note.why and note.source and note.coarsening and note.kept for note in notes.values())
    assert all(any(mark in note.norm for mark in ("§", "Art.")) for note in notes.values())


@pytest.mark.parametrize(("line", "model"), [(CaseNew, Case), (IdentityLine, Identity)])
def test_a_line_adds_nothing_but_its_addressing(line: type[BaseModel], model: type[BaseModel]) -> None:
    """What is not annotated in `Case` or `Identity` cannot travel in a message."""
    assert set(line.model_fields) - set(policy(model)) <= WIRE_FIELDS


def test_a_field_without_a_reason_has_no_policy() -> None:
    """A model with one unexplained field is refused as a whole."""

    class Unexplained(Identity):
        phone: str | None = None

    with pytest.raises(TypeError, match=r"Unexplained\.phone"):
        policy(Unexplained)
