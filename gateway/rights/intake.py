"""Intake: a request as it came in, from a text or a mail.

Rules: what comes from outside is bounded and never trusted: the day of receipt is what the clerk says, not what a header
claims; of a mail, the subject and the first plain text are kept, attachments and HTML are not opened. The address that a
mail names as its sender proves nothing, and is not taken for an identity.
"""

import json
from email import message_from_bytes, policy
from email.errors import MessageError
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.errors import InputError, UsageError
from gateway.rights.finding import Clue
from schemas.base import Strict
from schemas.request import MAXIMUM_LETTER, Correction, Recipient, Representation
from schemas.words import told

_LETTERS: Final = (".txt", ".eml")
_MAXIMUM_BYTES: Final = 10 << 20  # a mail with attachments; more is no letter
_MAXIMUM_PARTS: Final = 200
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
        raise InputError("the letter is larger than 10 MiB: keep its text in a .txt file")
    text = _mail_text(content) if suffix == ".eml" else _decoded(content)
    return "".join(one for one in text if one in "\n\t" or one.isprintable())[:MAXIMUM_LETTER]


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


def _mail_text(content: bytes) -> str:
    """Subject and first plain text of a mail."""
    try:
        mail = message_from_bytes(content, policy=policy.default)
        for number, part in enumerate(mail.walk()):
            if number > _MAXIMUM_PARTS:
                break
            if part.get_content_type() == "text/plain" and part.get_content_disposition() != "attachment":
                return f"{mail.get('subject', '')}\n\n{part.get_content()}"
    except (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError):
        raise InputError("the mail cannot be read: save its text as a .txt file") from None
    raise InputError("the mail has no plain text: save what it says as a .txt file")


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
