"""Norms as they are quoted: the code has one spelling, `Art. 17(3)(e) GDPR`; a German reader is used to another."""

import re
from typing import Final

from schemas.mandate import Language

_GERMAN: Final = (
    (re.compile(r"\bArt\. 4\((\d+)\)(?=[^§]*GDPR)"), r"Art. 4 Nr. \1"),  # definitions are numbered
    (re.compile(r"(?<=[\da-z])\((\d+)\)"), r" Abs. \1"),
    (re.compile(r"(?<=\d)\(([a-z])\)"), r" lit. \1"),
    (re.compile(r", \((\d+|[a-z])\)"), r", \1"),
    (re.compile(r"\bGDPR\b"), "DSGVO"),
)


def quoted(norm: str, language: Language) -> str:
    """A norm as it is quoted in a language."""
    if language is Language.GERMAN:
        for pattern, replacement in _GERMAN:
            norm = pattern.sub(replacement, norm)
    return norm
