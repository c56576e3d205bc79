"""Canonical JSON against the reference implementation of RFC 8785, on everything this project writes."""

import hashlib
from typing import Annotated

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from schemas.base import Strict
from schemas.canonical import digest, encode, encode_model

KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


@given(VALUES)
def test_bytes_are_those_of_the_oracle(value: object) -> None:
    """Whatever data of the profile is written, its bytes are those of RFC 8785."""
    assert encode(value) == rfc8785.dumps(value)


@given(st.dictionaries(KEYS, VALUES, min_size=2, max_size=6))
def test_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    """Equal values have equal bytes."""
    assert encode(dict(reversed(value.items()))) == encode(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), object(), b"bytes", {1, 2}])
def test_what_json_does_not_know_is_refused(value: object) -> None:
    """No text stands in for what cannot be written."""
    with pytest.raises((TypeError, ValueError)):
        encode([value])


def test_a_lone_surrogate_is_refused() -> None:
    """A text that is no Unicode has no bytes."""
    with pytest.raises(UnicodeEncodeError):
        encode("\ud800")


class Model(Strict):
    b: int
    a: Annotated[str | None, Field()] = None


def test_absent_fields_are_left_out_of_a_digest() -> None:
    """A model's digest is that of its canonical bytes, without what is absent."""
    assert encode_model(Model(b=1)) == b'{"b":1}'
    assert encode_model(Model(b=1, a="ä")) == '{"a":"ä","b":1}'.encode()
    assert digest(Model(b=1)) == hashlib.sha256(b'{"b":1}').hexdigest()
