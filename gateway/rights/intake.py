"""Intake: a request as it came in, from a text or a mail.

Rules: what comes from outside is bounded and never trusted: the day of receipt is what the clerk says, not what a header
claims; of a mail, the subject and the plain text are kept (`rights.mail`), attachments and HTML are not opened. The address
that a mail names as its sender proves nothing, and is not taken for an identity. What would not be kept whole is refused.
"""

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.errors import InputError, UsageError
from gateway.rights.finding import Clue
from gateway.rights.mail import decoded, mail_text, unreadable
from schemas.base import Strict
from schemas.request import MAXIMUM_LETTER, Correction, Recipient, Representation
from schemas.words import told

_LETTERS: Final = (".txt", ".eml")
_MAXIMUM_BYTES: Final = 1 << 20
_MAXIMUM_NOTE_BYTES: Final = 1 << 16
_CLUE: Final = TypeAdapter(Clue)

_Model = TypeVar("_Model", bound=Strict)


def read_letter(path: Path) -> str:
    """What a person wrote, from a .txt or .eml file. Raises UsageError, InputError, which never repeat it."""
    suffix = path.suffix.lower()
    if suffix not in _LETTERS:
        raise UsageError(f"a letter is a {' or '.join(_LETTERS)} file: save what the person wrote as one of these")
    try:
        with path.open("rb") as file:
            content = file.read(_MAXIMUM_BYTES + 1)
    except OSError:
        raise UsageError("the letter cannot be read: name a .txt or .eml file that exists") from None
    if len(content) > _MAXIMUM_BYTES:
        raise InputError(
            "the letter is larger than 1 MiB: save what the person wrote, without attachments, as a .txt file"
        )
    return _kept(mail_text(content) if suffix == ".eml" else _plain(content), "mail" if suffix == ".eml" else "letter")


def read_recipient(path: Path) -> Recipient:
    """To whom an answer goes, from a JSON file. Raises UsageError; InputError that names fields, and no value."""
    return _read(path, Recipient)


def read_representation(path: Path) -> Representation:
    """Who acts for the person, from a JSON file. Raises UsageError; InputError that names fields, and no value."""
    return _read(path, Representation)


def read_correction(path: Path) -> Correction:
    """What is right instead, from a JSON file. Raises UsageError; InputError that names fields, and no value."""
    return _read(path, Correction)


def read_clues(path: Path) -> Clue:
    """By what somebody may be found, from a JSON file. Raises UsageError; InputError that names fields, and no value."""
    try:
        found = _CLUE.validate_python(json.loads(_note(path)))
    except (ValidationError, ValueError, TypeError):
        known = ", ".join(Clue._fields)
        raise InputError(f"the file of clues is not valid: a JSON object with some of {known} is expected") from None
    return found


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(_note(path))
    except ValidationError as error:
        raise InputError(f"the file is not a valid {model.__name__.lower()}: {told(error)}") from None


def _note(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAXIMUM_NOTE_BYTES + 1)
    except OSError:
        raise UsageError("a file that was named cannot be read: name a JSON file that exists") from None
    if len(content) > _MAXIMUM_NOTE_BYTES:
        raise InputError("a file that was named is larger than 64 KiB: name the right one")
    return content


def _plain(content: bytes) -> str:
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return decoded(content, "utf-16", "letter")
    return decoded(content, what="letter")


def _kept(text: str, what: str) -> str:
    """The text as it is kept: every kind of space is one, and what steers a terminal is none. Raises InputError."""
    if "\0" in text:
        raise unreadable(what)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(one if one in "\n\t" or one.isprintable() else " " * one.isspace() for one in lines)
    if not kept.strip():
        raise InputError(f"the {what} is empty: save what the person wrote as a .txt file")
    if len(kept) > MAXIMUM_LETTER:
        raise InputError(
            f"the {what} has more than {MAXIMUM_LETTER} characters, and nothing is cut: save what is asked for as a .txt "
            "file, and keep the rest where it is"
        )
    return kept
