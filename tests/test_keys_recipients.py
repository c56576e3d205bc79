"""Bech32 against the vectors of BIP-173, and age's recipients and identities against Debian's age-keygen."""

import copy
import hashlib
import pickle
import subprocess
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.bech32 import Bech32Error, decode, encode
from keys.recipients import (
    HybridIdentity,
    HybridRecipient,
    RecipientError,
    X25519Identity,
    X25519Recipient,
    parse_identity,
    parse_recipient,
    read_identities,
)
from tools import tool

# BIP-173, "Test vectors"; its limit of 90 characters does not hold in age, so the over-long one is valid here.
VALID = (
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "?1ezyfcl",
)
INVALID = (
    "\x201nwldj5",
    "\x7f1axkwrx",
    "\x801eym55h",
    "pzry9x0s0muk",
    "1pzry9x0s0muk",
    "x1b4n0q5v",
    "li1dgmt3",
    "de1lg7wt\xff",
    "A1G7SGD8",
    "10a06t8",
    "1qzzfhee",
    "a12UEL5L",
    "A12uEL5L",
)
# These vectors are valid Bech32 whose symbols are no whole bytes; as age has it they hold no data.
NO_BYTES = {VALID[5], VALID[4]}


@pytest.mark.parametrize("text", VALID, ids=map(str, count()))
def test_valid_vectors_decode_and_come_back(text: str) -> None:
    """A valid text decodes, and its data encodes to the same text in small letters."""
    try:
        prefix, data = decode(text)
    except Bech32Error as error:
        assert "padding" in str(error)
        assert text in NO_BYTES
    else:
        assert encode(prefix.lower(), data) == text.lower()


@pytest.mark.parametrize("text", INVALID, ids=map(str, count()))
def test_invalid_vectors_are_refused(text: str) -> None:
    """Each of BIP-173's invalid texts is refused, and not repeated."""
    with pytest.raises(Bech32Error) as caught:
        decode(text)

    assert text not in str(caught.value)


@given(st.binary(max_size=80), st.sampled_from(["age", "age1pq", "age-secret-key-"]))
def test_data_comes_back(data: bytes, prefix: str) -> None:
    """Decoding undoes encoding, in either case."""
    text = encode(prefix, data)

    assert decode(text) == (prefix, data)
    assert decode(text.upper()) == (prefix.upper(), data)


FIXED = X25519Identity(bytes(range(32)))
RECIPIENT = str(FIXED.recipient)


def test_every_single_wrong_symbol_of_a_recipient_is_caught() -> None:
    """No mistyped recipient is another recipient."""
    symbols = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    for place in range(4, len(RECIPIENT)):
        for symbol in set(symbols) - {RECIPIENT[place]}:
            with pytest.raises(RecipientError):
                parse_recipient(RECIPIENT[:place] + symbol + RECIPIENT[place + 1 :])


def test_an_identity_of_age_keygen_is_read() -> None:
    """Debian's age-keygen writes a file that we read, and names the recipient that we compute."""
    made = subprocess.run([tool("age-keygen")], capture_output=True, text=True, check=True)
    (identity,) = read_identities(made.stdout)

    assert isinstance(identity, X25519Identity)
    assert f"# public key: {identity.recipient}\n" in made.stdout
    assert identity.text() in made.stdout


def test_age_keygen_reads_our_identity() -> None:
    """What we write as an identity is one for Debian's age, with the same recipient."""
    identity = X25519Identity.generate()
    found = subprocess.run(
        [tool("age-keygen"), "-y"], input=identity.text() + "\n", capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == str(identity.recipient)


@pytest.mark.parametrize("kind", [HybridIdentity, X25519Identity])
def test_a_recipient_and_an_identity_have_one_text(kind: type[HybridIdentity] | type[X25519Identity]) -> None:
    """The text names the key and is read back; the fingerprint is SHA-256 of the recipient's text."""
    identity = kind.generate()
    recipient = parse_recipient(str(identity.recipient))

    assert str(recipient) == str(identity.recipient)
    assert recipient.fingerprint == hashlib.sha256(str(recipient).encode()).hexdigest()
    assert recipient.post_quantum is isinstance(recipient, HybridRecipient)
    assert str(parse_identity(identity.text()).recipient) == str(recipient)
    assert isinstance(recipient, HybridRecipient | X25519Recipient)


@pytest.mark.parametrize("kind", [HybridIdentity, X25519Identity])
def test_an_identity_shows_nothing_and_does_not_pickle(kind: type[HybridIdentity] | type[X25519Identity]) -> None:
    """No accident of a log or a copy carries key material away."""
    identity = kind.generate()

    assert repr(identity) == f"{kind.__name__}(redacted)"
    assert identity.text() not in f"{identity} {identity!r}"
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="does not pickle"):
            take(identity)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_recipient, FIXED.text()),
        (parse_recipient, encode("age", bytes(31))),
        (parse_recipient, encode("age", bytes(33))),
        (parse_recipient, encode("age1pq", bytes(1215))),
        (parse_recipient, encode("age1pq", bytes(1217))),
        (parse_recipient, encode("age1pq", b"\xff" * 1216)),
        (parse_recipient, encode("age1yubikey", bytes(33))),
        (parse_recipient, str(FIXED.recipient).upper()),
        (parse_recipient, "ssh-ed25519 AAAA"),
        (parse_recipient, ""),
        (parse_identity, str(FIXED.recipient)),
        (parse_identity, FIXED.text().lower()),
        (parse_identity, encode("age-secret-key-", bytes(31)).upper()),
        (parse_identity, encode("age-secret-key-pq-", bytes(33)).upper()),
        (read_identities, ""),
        (read_identities, "# a comment alone\n\n"),
        (read_identities, FIXED.text() + "\nand something else\n"),
    ],
    ids=map(str, count()),
)
def test_another_kind_or_size_is_refused_and_not_repeated(parse: Callable[[str], object], text: str) -> None:
    """Only recipients and identities of the two kinds, whole, in age's spelling; the text may be a secret."""
    with pytest.raises(RecipientError) as caught:
        parse(text)

    assert not text.strip() or text.strip()[:20] not in str(caught.value)
