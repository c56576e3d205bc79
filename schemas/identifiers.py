"""Identifiers: what they look like, and how a mistyped one is caught.

A reference (`debtor_ref`, `case_ref`) is a letter, a version, 16 Crockford base32 symbols (80 random bits) and two
check symbols: the integer whose base-32 digits are the letter, the version and the 16 symbols, modulo the prime
1021. Every single wrong symbol and every swap of neighbours changes the residue. Package ids are 128 bits as 26
lower-case symbols.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE: Final = {symbol: value for value, symbol in enumerate(ALPHABET)}
_FOLD: Final = str.maketrans("abcdefghijklmnopqrstuvwxyzOIL", "ABCDEFGH1JK1MN0PQRSTUVWXYZ011")
_REFERENCE: Final = re.compile(r"([DC])1-([0-9A-HJKMNP-TV-Z]{18})")
_PRIME: Final = 1021


class MistypedReferenceError(ValueError):
    """A reference that nobody issued: wrong shape, or its check symbols do not fit."""


def crockford(number: int, symbols: int) -> str:
    """`number` in Crockford base32, most significant symbol first, exactly `symbols` long."""
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(5 * (symbols - 1), -1, -5))


def reference(letter: str, number: int) -> str:
    """The written form of 80 bits: `D1-` or `C1-`, 16 symbols, two check symbols."""
    body = crockford(number, 16)
    return f"{letter}1-{body}{crockford(_residue(letter, body), 2)}"


def parse_reference(text: str) -> str:
    """The one spelling of a reference; case and O, I, L are folded first, as people read them out.

    Raises MistypedReferenceError for anything that was not issued in this form; the text is not repeated.
    """
    folded = text.translate(_FOLD)
    match = _REFERENCE.fullmatch(folded)
    if match is None:
        raise MistypedReferenceError("not a reference: D1- or C1-, 16 symbols and 2 check symbols are expected")
    letter, symbols = match.groups()
    check = _VALUE[symbols[16]] * 32 + _VALUE[symbols[17]]
    if check != _residue(letter, symbols[:16]):
        raise MistypedReferenceError("the check symbols of the reference do not fit: a symbol is mistyped")
    return folded


def _residue(letter: str, body: str) -> int:
    number = _VALUE[letter] * 32 + 1
    for symbol in body:
        number = number * 32 + _VALUE[symbol]
    return number % _PRIME


def _of_kind(letter: str) -> AfterValidator:
    def check(text: str) -> str:
        if parse_reference(text) != text or text[0] != letter:
            raise MistypedReferenceError("a reference of another kind or spelling")
        return text

    return AfterValidator(check)


DebtorRef = Annotated[str, _of_kind("D")]
CaseRef = Annotated[str, _of_kind("C")]
PackageId = Annotated[str, StringConstraints(pattern=r"^[0-9a-hjkmnp-tv-z]{26}$")]
MessageId = Annotated[str, StringConstraints(pattern=r"^[0-9a-hjkmnp-tv-z]{26}$")]
PartyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,64}$")]
"""An entity, agency, source or mandate, as the configuration names it."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, 64 lower-case hex digits."""
