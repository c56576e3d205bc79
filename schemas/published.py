"""The JSON Schemas that agencies build against: generated from the models that check, so they cannot differ."""

from typing import Any

from pydantic import TypeAdapter

from schemas.answers import FromAgencyAdapter
from schemas.messages import MESSAGES_VERSION, IdentityLine, OpeningLine, ToAgencyAdapter
from schemas.package import End, Header, Manifest, VoidManifest

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PUBLISHED: dict[str, TypeAdapter[Any]] = {
    "manifest": TypeAdapter(Manifest),
    "void-manifest": TypeAdapter(VoidManifest),
    "header": TypeAdapter(Header),
    "end": TypeAdapter(End),
    "to-agency": ToAgencyAdapter,
    "identity-line": TypeAdapter(IdentityLine | OpeningLine),
    "from-agency": FromAgencyAdapter,
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """Every published schema by name, as JSON Schema 2020-12."""
    return {
        name: {"$schema": _DIALECT, "title": f"{name} (version {MESSAGES_VERSION})"} | adapter.json_schema()
        for name, adapter in _PUBLISHED.items()
    }
