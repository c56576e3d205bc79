"""References and ids: one spelling, and no mistyped one passes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.identifiers import (
    ALPHABET,
    CaseRef,
    DebtorRef,
    Digest,
    MistypedReferenceError,
    PackageId,
    PartyId,
    crockford,
    parse_reference,
    reference,
)

NUMBERS = (0, 1, 2**80 - 1, 0x0123456789ABCDEF0123, 0xFEDCBA98765432100F1E)
WRITTEN = [reference(letter, number) for letter in "DC" for number in NUMBERS]


def accepted(text: str) -> bool:
    try:
        parse_reference(text)
    except MistypedReferenceError:
        return False
    return True


@pytest.mark.parametrize("written", WRITTEN)
def test_every_single_wrong_symbol_is_caught(written: str) -> None:
    """Whatever symbol stands at whatever place instead of the right one, the reference is refused."""
    wrong = {
        written[:place] + symbol + written[place + 1 :] for place in range(len(written)) for symbol in f"{ALPHABET}-U*"
    } - {written}

    assert len(wrong) > 20 * 31
    assert [text for text in wrong if accepted(text)] == []


def test_every_swap_of_neighbours_is_caught() -> None:
    """For every place and every pair of unequal neighbours; the check symbols are neighbours too."""
    missed, tried = [], 0
    for place in range(15):
        for first in range(32):
            for second in range(first):
                number = (first * 32 + second) << (5 * (14 - place))
                tried += 1
                written = reference("D", number)
                at = 3 + place
                swapped = written[:at] + written[at + 1] + written[at] + written[at + 2 :]
                missed += [swapped] * accepted(swapped)

    assert tried == 15 * 496
    assert missed == []


@given(st.sampled_from("DC"), st.integers(0, 2**80 - 1), st.integers(0, 19))
def test_a_swap_anywhere_in_the_written_form_is_caught(letter: str, number: int, place: int) -> None:
    """Letter, version, hyphen, symbols and check symbols alike."""
    written = reference(letter, number)
    swapped = written[:place] + written[place + 1] + written[place] + written[place + 2 :]

    assert parse_reference(written) == written
    assert swapped == written or not accepted(swapped)


@given(st.sampled_from("DC"), st.integers(0, 2**80 - 1), st.data())
def test_what_people_read_out_is_folded_first(letter: str, number: int, data: st.DataObject) -> None:
    """Small letters, O for 0, I and L for 1 name the same reference."""
    written = reference(letter, number)
    spoken = "".join(
        data.draw(st.sampled_from({"0": "0Oo", "1": "1IiLl"}.get(symbol, symbol + symbol.lower())))
        for symbol in written
    )

    assert parse_reference(spoken) == written


@pytest.mark.parametrize(
    "text", ["", "D1-", WRITTEN[0] + "\n", " " + WRITTEN[0], "E1-" + WRITTEN[0][3:], "D2" + WRITTEN[0][2:]]
)
def test_another_shape_is_refused_and_not_repeated(text: str) -> None:
    """A refusal says what is expected, and repeats nothing of what was typed."""
    with pytest.raises(MistypedReferenceError) as caught:
        parse_reference(text)

    assert WRITTEN[0][3:] not in str(caught.value)


def test_no_residue_is_written_that_the_prime_forbids() -> None:
    """Check symbols stand for 0 to 1020; 1021, 1022 and 1023 are never accepted for any of the references."""
    for written in WRITTEN:
        for check in (1021, 1022, 1023):
            assert not accepted(written[:-2] + crockford(check, 2))


@given(st.integers(0, 2**128 - 1))
@example(0)
@example(2**128 - 1)
def test_crockford_keeps_order_and_length(number: int) -> None:
    """26 symbols hold 128 bits; texts sort as their numbers do."""
    text = crockford(number, 26)

    assert len(text) == 26
    assert int("".join("0123456789abcdefghijklmnopqrstuv"[ALPHABET.index(symbol)] for symbol in text), 32) == number
    assert number == 0 or crockford(number - 1, 26) < text


ID = "0123456789abcdefghjkmnpqrs"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (DebtorRef, reference("D", 7), [reference("C", 7), reference("D", 7).lower(), reference("D", 7)[:-1]]),
        (CaseRef, reference("C", 7), [reference("D", 7), reference("C", 7).lower(), "C1-" + "0" * 18]),
        (PackageId, ID, [ID.upper(), ID[:-1], ID + "0", ID + "\n", "i" + ID[1:], "../" + ID[3:]]),
        (PartyId, "shop.de-1", ["", "Shop", "a/b", "a b", "a\n", "a" * 65, "ä"]),
        (Digest, "0f" * 32, ["0F" * 32, "0f" * 31, "0f" * 32 + "\n", "0g" * 32]),
    ],
)
def test_an_id_has_one_spelling(kind: object, good: str, bad: list[str]) -> None:
    """A model takes the one spelling of an id, and no other: not even a line end behind it."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    assert adapter.validate_python(good) == good
    for text in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)
