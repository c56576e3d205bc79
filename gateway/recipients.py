"""The age recipients in a configuration: a malformed one stops the start, not the night on which something is sealed."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from keys.recipients import RecipientError, parse_recipient

NO_RECIPIENT: Final = "is not an age recipient (age1pq1…)"
_MIXED: Final = "recipients of two kinds: all age1pq1…, or all age1…"


def is_classic(text: str) -> bool:
    """Whether a recipient that was parsed before is X25519 alone."""
    return not parse_recipient(text).post_quantum


def _parses(text: str) -> str:
    try:
        parse_recipient(text)
    except RecipientError:
        raise PydanticCustomError(NO_RECIPIENT, NO_RECIPIENT) from None
    return text


def _of_one_kind(texts: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(map(is_classic, texts))) > 1:
        raise PydanticCustomError(_MIXED, _MIXED)
    return texts


_Recipient = Annotated[str, StringConstraints(min_length=1, max_length=4_000), AfterValidator(_parses)]
Recipients = Annotated[tuple[_Recipient, ...], Field(min_length=1, max_length=8), AfterValidator(_of_one_kind)]
"""Age recipients of one kind (age refuses a file for both)."""
