"""A PDF that may be shown to others: it is one, is not encrypted, and carries no script, attachment or action.

As far as pypdf tells: every object is looked at, page contents are not. What is refused can be printed to a new PDF, which
leaves such things behind. Norm: ISO 32000-2, 7.11, 12.6.
"""

import io
from collections.abc import Iterator
from typing import Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject

from gateway.errors import InputError
from schemas.messages import MAXIMUM_DOCUMENT_BYTES

_MAXIMUM_OBJECTS: Final = 20_000
_KEYS: Final = {
    "/JS",
    "/JavaScript",
    "/EmbeddedFiles",
    "/EmbeddedFile",
    "/EF",
    "/AF",
    "/AA",
    "/XFA",
    "/RichMediaContent",
}
_ACTIONS: Final = {
    "/JavaScript",
    "/Launch",
    "/SubmitForm",
    "/ImportData",
    "/GoToR",
    "/GoToE",
    "/Rendition",
    "/RichMediaExecute",
}
_TYPES: Final = {"/EmbeddedFile", "/Filespec", "/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"}


MALFORMED: Final = (
    PyPdfError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    OSError,
)
"""What pypdf raises over a file that is damaged: whatever it stumbles over. Its messages may quote the file."""


def check_plain_pdf(content: bytes) -> None:
    """Raises InputError, which repeats nothing of the document."""
    if len(content) > MAXIMUM_DOCUMENT_BYTES:
        raise InputError(
            f"the document is larger than {MAXIMUM_DOCUMENT_BYTES >> 20} MiB: send the page that answers it"
        )
    if not content.startswith(b"%PDF-"):
        raise InputError("the document is not a PDF file")
    try:
        reader = PdfReader(io.BytesIO(content), strict=True)
        if reader.is_encrypted:
            raise InputError("the document is encrypted: nobody could see what is released; save it without a password")
        pages, active = len(reader.pages), any(map(_is_active, _dictionaries(reader)))
    except MALFORMED:
        raise InputError("the document is not a PDF that can be read: print it to a new PDF") from None
    if not pages:
        raise InputError("the document has no page")
    if active:
        raise InputError("the document holds a script, an attached file or an action: print it to a new PDF")


def _dictionaries(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Every dictionary of the file, each object looked at once."""
    numbers = {number for generation in reader.xref.values() for number in generation} | set(reader.xref_objStm)
    if len(numbers) > _MAXIMUM_OBJECTS:
        raise InputError("the document has more objects than any letter: print it to a new PDF")
    yield from _inside(reader.trailer)
    for number in sorted(numbers):
        yield from _inside(reader.get_object(number))


def _inside(value: object) -> Iterator[DictionaryObject]:
    # References are not followed: what they lead to is an object of its own.
    if isinstance(value, DictionaryObject):
        yield value
        for part in dict.values(value):
            yield from _inside(part)
    elif isinstance(value, ArrayObject):
        for part in list.__iter__(value):
            yield from _inside(part)


def _is_active(found: DictionaryObject) -> bool:
    says = {str(dict.get(found, name)) for name in ("/Type", "/Subtype")}
    return bool(_KEYS & set(found)) or bool(_TYPES & says) or str(dict.get(found, "/S")) in _ACTIONS
