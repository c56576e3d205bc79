"""The document beside a message: the plaintext of the documents file is that document, then zero bytes up to a Padmé size.

A package holds at most one. Its message names size and SHA-256, so what is opened is what the message was signed with.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator

from gateway.steps.frames import FrameError
from schemas.messages import CaseAnswer


def enclosed(message: object, chunks: Iterator[bytes] | None) -> bytes:
    """The document that a message names; nothing for one that names none. Raises FrameError."""
    if not isinstance(message, CaseAnswer) or message.document is None or message.document_bytes is None:
        return b""
    if chunks is None:
        raise FrameError("a message names a document that is not there")
    content = b""
    for chunk in chunks:
        content += chunk
        if len(content) >= message.document_bytes:
            break
    document, rest = content[: message.document_bytes], content[message.document_bytes :]
    if len(document) != message.document_bytes or not hmac.compare_digest(
        hashlib.sha256(document).hexdigest(), message.document
    ):
        raise FrameError("the document is not the one its message names")
    check_padding((rest, *chunks))
    return document


def check_padding(chunks: Iterable[bytes]) -> None:
    """Nothing but zero bytes follows. Raises FrameError."""
    if any(any(chunk) for chunk in chunks):
        raise FrameError("the padding of the document holds something")
