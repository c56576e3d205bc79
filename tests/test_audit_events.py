"""Every event of the log as bytes, against the reference implementation of RFC 8785; values are drawn from the schema."""

import json
from typing import Any, get_args

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from audit.entry import decode, encode
from schemas.entry import Entry

ENTRIES = {one.model_fields["event"].default: one for one in get_args(Entry)}
FORMATS = {
    "date-time": st.datetimes().map(lambda one: f"{one:%Y-%m-%dT%H:%M:%S}Z".rjust(20, "0")),
    "date": st.dates().map(str),
}


def values_of(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a JSON schema allows; what only validators know is left to them."""
    if "$ref" in schema:
        return values_of(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return st.one_of([values_of(one, definitions) for one in schema["anyOf"]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if schema["type"] == "object":
        fields = {name: values_of(one, definitions) for name, one in schema.get("properties", {}).items()}
        return st.fixed_dictionaries(fields)
    if schema["type"] == "array":
        least, most = schema.get("minItems", 0), min(schema.get("maxItems", 3), 3)
        return st.lists(values_of(schema["items"], definitions), min_size=least, max_size=most)
    return plain_values_of(schema)


def plain_values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    if schema["type"] == "string":
        return FORMATS.get(schema.get("format"), st.text(max_size=min(schema.get("maxLength", 20), 20)))
    low, high = schema.get("minimum", 0), schema.get("maximum", 2**53 - 1)
    return {"integer": st.integers(low, high), "boolean": st.booleans(), "null": st.none()}[schema["type"]]


@pytest.mark.parametrize("event", sorted(ENTRIES))
def test_a_leaf_has_the_bytes_of_the_oracle(event: str) -> None:
    """Whatever an event holds, its leaf is what RFC 8785 writes, and reads back as the same entry."""
    adapter = TypeAdapter(ENTRIES[event])
    schema = adapter.json_schema()
    seen = []

    @given(values_of(schema, schema.get("$defs", {})))
    @settings(max_examples=4, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def leaves(value: object) -> None:
        try:
            entry = adapter.validate_json(json.dumps(value))
        except ValidationError:
            return
        leaf = encode(entry)
        seen.append(leaf)

        assert rfc8785.dumps(json.loads(leaf)) == leaf
        assert decode(leaf) == entry

    leaves()

    assert seen
