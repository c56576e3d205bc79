"""Documents for people, made with typst: PDF/A-3a with PDF/UA-1, or HTML, from one source.

Data goes in as JSON by `sys_inputs`, never as source text, so nothing in it can become a command. The same data give the
same bytes: no font of the machine is used, and a document's date is part of its data. What documents say stands in
`<source>.<language>.toml` beside their sources, with names in braces for what is filled in.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import as_file, files
from typing import Any, Final

import typst

from schemas.canonical import encode
from schemas.mandate import Language

_SOURCES: Final = files("gateway.documents")


class Output(StrEnum):
    """What a document is made as."""

    PDF = "pdf"
    HTML = "html"


def render(source: str, data: Mapping[str, object], output: Output) -> bytes:
    """A document from `<source>.typ` of this folder and plain data (texts, whole numbers, lists, mappings)."""
    inputs = {"data": encode(data).decode()}
    with as_file(_SOURCES) as folder:
        path = folder / f"{source}.typ"
        if output is Output.HTML:
            return typst.compile(path, root=folder, sys_inputs=inputs, ignore_system_fonts=True, format="html")
        return typst.compile(
            path, root=folder, sys_inputs=inputs, ignore_system_fonts=True, pdf_standards=["a-3a", "ua-1"]
        )


def words(source: str, language: Language) -> dict[str, Any]:
    """The texts of a document in one language."""
    return tomllib.loads((_SOURCES / f"{source}.{language}.toml").read_text("utf-8"))
