"""Notes, checkpoints, proofs and entries: one form each; what was written is read back, and nothing else is accepted."""

import base64
import json
from collections.abc import Callable

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import (
    Checkpoint,
    CheckpointError,
    EntryProof,
    format_proof,
    open_checkpoint,
    parse_checkpoint,
    parse_proof,
    sign_checkpoint,
)
from audit.completions import CompletionError, Position, decode_positions, encode_positions
from audit.entry import EntryError, decode, encode
from audit.evidence import check_evidence
from audit.note import (
    COSIGNATURE,
    ED25519,
    NoteError,
    NoteSigner,
    VerifierKey,
    cosign,
    open_cosigned,
    open_note,
    parse_key,
    sign_note,
)
from audit.proofs import ProofError
from audit_world import ORIGIN, signer_of, uploaded

CANARY = "Zyxwvutkanarie"
SIGNER = signer_of(1)
WITNESS = NoteSigner(VerifierKey("witness", COSIGNATURE, signer_of(2).key.public), signer_of(2).sign)
hashes = st.binary(min_size=32, max_size=32)
checkpoints = st.builds(Checkpoint, st.just(ORIGIN), st.integers(0, (1 << 63) - 1), hashes)
texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]) | st.just("\n"), max_size=200).map(
    lambda text: f"{text}\n".encode()
)
TOLD = (NoteError, CheckpointError, EntryError, ProofError, CompletionError)


@given(checkpoints)
def test_a_checkpoint_is_read_back_as_written(checkpoint: Checkpoint) -> None:
    """Signed, cosigned, opened: the same value, and the same bytes."""
    note = cosign(sign_checkpoint(checkpoint, SIGNER), WITNESS, 1_700_000_000)

    assert open_checkpoint(note, SIGNER.key) == checkpoint == parse_checkpoint(checkpoint.text())
    assert open_cosigned(note, WITNESS.key) == (checkpoint.text(), 1_700_000_000)


@given(texts)
def test_a_note_holds_any_text(text: bytes) -> None:
    """Empty lines, dashes and umlauts included; a text is returned only under its own key."""
    note = sign_note(text, SIGNER)

    assert open_note(note, SIGNER.key) == text
    for other in (signer_of(3).key, VerifierKey("another", ED25519, SIGNER.key.public)):
        with pytest.raises(NoteError):
            open_note(note, other)


@given(
    st.builds(EntryProof, st.integers(0, 1 << 62), st.lists(hashes, max_size=63).map(tuple), st.just(b"x"), st.binary())
)
def test_a_proof_is_read_back_as_written(proof: EntryProof) -> None:
    """tlog-proof, with and without extra data."""

    assert parse_proof(format_proof(proof)) == proof


@given(st.sets(st.builds(Position, st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 32) - 1))))
def test_positions_are_read_back_sorted(positions: set[Position]) -> None:
    """One form for one set."""

    assert decode_positions(encode_positions(positions)) == sorted(positions)


def test_the_keys_line_is_the_standards() -> None:
    """The key id hashes name, LF, algorithm and key; the line of the standard's own example is read."""
    example = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    key = parse_key(example)

    assert (key.name, key.key_id.hex(), key.algorithm) == ("PeterNeumann", "c74f20a3", ED25519)
    assert str(key) == example


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_never_repeated(garbage: bytes) -> None:
    """Each parser refuses in its own words; no other exception leaves it, and no word of the input."""
    for parse in PARSERS:
        try:
            parse(CANARY.encode() + garbage)
        except TOLD as error:
            assert CANARY not in str(error)
        else:
            pytest.fail("garbage was accepted")


@given(st.data())
def test_a_mutated_note_never_yields_another_text(data: st.DataObject) -> None:
    """One changed, missing or added byte anywhere: refused, or the text that was signed."""
    note = sign_checkpoint(Checkpoint(ORIGIN, 7, bytes(32)), SIGNER)
    place = data.draw(st.integers(0, len(note) - 1))
    inserted = data.draw(st.binary(max_size=3))
    mutated = note[:place] + inserted + note[place + data.draw(st.integers(0, 3)) :]
    try:
        found = open_note(mutated, SIGNER.key)
    except NoteError:
        return

    assert found == note.rpartition(b"\n\n")[0] + b"\n"


@pytest.mark.parametrize(
    "leaf",
    [
        encode(uploaded(1)).replace(b",", b", ", 1),
        encode(uploaded(1)).replace(b'"event"', b'"\\u0065vent"'),
        encode(uploaded(1)).replace(b'Z"}', b'.5Z"}'),
        encode(uploaded(1))[:-1] + b',"zz":1}',
        encode(uploaded(1)) + b"\n",
        b"{}",
    ],
)
def test_an_entry_has_one_form(leaf: bytes) -> None:
    """Spaces, escapes, fractions of a second, unknown fields and line ends are not as this log writes."""
    with pytest.raises(EntryError):
        decode(leaf)


@given(st.integers(0, 1 << 40), st.booleans())
def test_an_entry_is_written_as_rfc_8785_says(number: int, post_quantum: bool) -> None:
    """rfc8785, used as the oracle: the same bytes for the same values."""
    entry = uploaded(number % 1000).model_copy(update={"post_quantum": post_quantum})

    assert rfc8785.dumps(json.loads(encode(entry))) == encode(entry)


@pytest.mark.parametrize("field", ["item", "entry"])
@pytest.mark.parametrize("text", ["\u00e4", "\\ud800"])
def test_evidence_that_is_no_ascii_is_refused(field: str, text: str) -> None:
    """A fuzzer's finding: an umlaut where base64 belongs, or half a character, is no crash."""
    fields = {"place": 0, "item": "aQ==", "opening": "A" * 43 + "=", "path": [], "entry": "x"}
    raw = json.dumps(fields | {field: "@"}).replace('"@"', f'"{text}"').encode()

    with pytest.raises(CheckpointError):
        check_evidence(raw, SIGNER.key)


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n07\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n7\n{base64.b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n7\n{base64.b64encode(bytes(32)).decode()}\nextension\n",
        f"\n7\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n{1 << 63}\n{base64.b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n-1\n{base64.b64encode(bytes(32)).decode()}\n",
    ],
)
def test_a_checkpoint_has_one_form(text: str) -> None:
    """Leading zeroes, short roots, extensions, an empty origin and sizes out of range are refused."""
    with pytest.raises(CheckpointError):
        parse_checkpoint(text.encode())


PARSERS: tuple[Callable[[bytes], object], ...] = (
    parse_checkpoint,
    parse_proof,
    decode,
    lambda raw: parse_key(raw.decode("latin-1")),
    lambda raw: open_note(raw, SIGNER.key),
    lambda raw: open_cosigned(raw, WITNESS.key),
    lambda raw: check_evidence(raw, SIGNER.key),
    lambda raw: decode_positions(raw + b"x" * ((1 - len(raw)) % 12)),
)


@pytest.mark.parametrize("positions", [[(1, 2), (1, 2)], [(1, 3), (1, 2)], [(2, 0), (1, 9)]])
def test_a_completion_names_each_position_once_and_in_order(positions: list[tuple[int, int]]) -> None:
    """Two completions with other bytes never say the same: a repeated or misplaced position is refused."""
    encoded = b"".join(entry.to_bytes(8) + item.to_bytes(4) for entry, item in positions)

    with pytest.raises(CompletionError, match="not in order"):
        decode_positions(encoded)
    assert decode_positions(encode_positions(Position(*one) for one in set(positions))) == sorted(set(positions))
