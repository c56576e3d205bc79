"""Bech32 as age uses it for recipients and identities: BIP-173 without its limit of 90 characters.

Rules: one case throughout, a known alphabet, a checksum over prefix and data, and zero padding bits. Not Bech32m.
"""

from collections.abc import Iterable
from functools import reduce
from operator import xor
from typing import Final

_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUE: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_TERMS: Final = tuple(
    reduce(xor, (term for place, term in enumerate(_GENERATOR) if top >> place & 1), 0) for top in range(32)
)
_CHECKSUM_SYMBOLS: Final = 6
_VISIBLE: Final = frozenset(map(chr, range(33, 127)))


class Bech32Error(ValueError):
    """A text is not Bech32; the text is not repeated."""


def encode(prefix: str, data: bytes) -> str:
    """The lower-case Bech32 text of `data` under a lower-case prefix."""
    values = list(_regroup(data, 8, 5, pad=True))
    checksum = _polymod([*_expand(prefix), *values, *([0] * _CHECKSUM_SYMBOLS)]) ^ 1
    values += [(checksum >> (5 * (5 - place))) & 31 for place in range(_CHECKSUM_SYMBOLS)]
    return f"{prefix}1{''.join(_ALPHABET[value] for value in values)}"


def decode(text: str) -> tuple[str, bytes]:
    """The prefix, in the case it was written in, and the data. Raises Bech32Error."""
    if text not in (text.lower(), text.upper()):
        raise Bech32Error("upper and lower case are mixed")
    prefix, separator, symbols = text.rpartition("1")
    lower = prefix.lower()
    if not separator or not prefix or len(symbols) < _CHECKSUM_SYMBOLS or not _VISIBLE.issuperset(prefix):
        raise Bech32Error("no prefix, or no checksum")
    try:
        values = [_VALUE[symbol] for symbol in symbols.lower()]
    except KeyError:
        raise Bech32Error("a symbol is not of the alphabet") from None
    if _polymod([*_expand(lower), *values]) != 1:
        raise Bech32Error("the checksum does not fit: a symbol is mistyped")
    return prefix, bytes(_regroup(values[:-_CHECKSUM_SYMBOLS], 5, 8, pad=False))


def _expand(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        check = (check & 0x1FFFFFF) << 5 ^ value ^ _TERMS[check >> 25]
    return check


def _regroup(values: Iterable[int], width: int, new_width: int, *, pad: bool) -> Iterable[int]:
    held, bits = 0, 0
    for value in values:
        held, bits = (held << width | value) & 0xFFFF, bits + width
        while bits >= new_width:
            bits -= new_width
            yield (held >> bits) & ((1 << new_width) - 1)
    if pad and bits:
        yield (held << (new_width - bits)) & ((1 << new_width) - 1)
    if not pad and (bits >= width or held & ((1 << bits) - 1)):
        raise Bech32Error("the padding is not zero")
