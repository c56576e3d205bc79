"""Mutated notes, checkpoints, proofs, evidence and entries: no crash, and nothing accepted that is not in its one form.

usage: torture_fuzz.py [SECONDS] [SEED]   a minute from a fresh seed by default. Part of `make torture`.
"""

import random
import secrets
import sys
import time
from collections.abc import Callable

from audit.checkpoint import (
    Checkpoint,
    CheckpointError,
    EntryProof,
    format_proof,
    parse_checkpoint,
    parse_proof,
    sign_checkpoint,
)
from audit.completions import CompletionError, Position, decode_positions, encode_positions
from audit.entry import EntryError, decode, encode
from audit.evidence import check_evidence
from audit.note import NoteError, cosign, open_note, parse_key, sign_note
from audit.proofs import ProofError
from audit_world import ORIGIN, signer_of, uploaded

TOLD = (NoteError, CheckpointError, EntryError, ProofError, CompletionError)
SIGNER = signer_of(1)


def texts(raw: bytes) -> bytes:
    return str(parse_key(raw.decode("utf-8", "replace"))).encode()


def noted(raw: bytes) -> bytes:
    """A note's text is signed, so whatever opens holds the text that was signed."""
    return raw if open_note(raw, SIGNER.key) == SEEDS["note"][0].rpartition(b"\n\n")[0] + b"\n" else b""


def proven(raw: bytes) -> bytes:
    check_evidence(raw, SIGNER.key)
    return raw


HEAD = Checkpoint(ORIGIN, 5, bytes(range(32)))
NOTE = sign_checkpoint(HEAD, SIGNER)
SEEDS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "note": (sign_note(b"text\n\nmore\n", SIGNER), noted),
    "checkpoint": (HEAD.text(), lambda raw: parse_checkpoint(raw).text()),
    "proof": (
        format_proof(EntryProof(3, (bytes(32), bytes(range(32))), cosign(NOTE, SIGNER, 1), b"extra")),
        lambda raw: format_proof(parse_proof(raw)),
    ),
    "entry": (encode(uploaded(3)), lambda raw: encode(decode(raw))),
    "key": (str(SIGNER.key).encode(), texts),
    "positions": (
        encode_positions([Position(1, 2), Position(1, 3), Position(9, 0)]),
        lambda raw: encode_positions(decode_positions(raw)),
    ),
    "evidence": (b'{"place":0,"item":"aQ==","opening":"' + b"A" * 43 + b'=","path":[],"entry":"x"}', proven),
}


def mutated(raw: bytes, dice: random.Random) -> bytes:
    """A few changes: bits, bytes, cuts, repeats, and pieces of the other seeds."""
    changed = bytearray(raw)
    for _ in range(dice.randint(1, 4)):
        place, kind = dice.randint(0, len(changed)), dice.randrange(5)
        if kind == 0 and place < len(changed):
            changed[place] ^= 1 << dice.randrange(8)
        elif kind == 1:
            changed[place:place] = bytes([dice.choice(b'\x00\n +={}[]"0129-\xff')])
        elif kind == 2:
            del changed[place : place + dice.randint(1, 40)]
        elif kind == 3:
            changed[place:place] = changed[place : place + dice.randint(1, 40)]
        else:
            other = dice.choice(list(SEEDS.values()))[0]
            start = dice.randrange(len(other))
            changed[place:place] = other[start : start + dice.randint(1, 40)]
    return bytes(changed)


def main() -> None:
    limit = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbits(32)
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    dice, tried, ends = random.Random(seed), 0, time.monotonic() + limit
    while time.monotonic() < ends:
        name = dice.choice(list(SEEDS))
        raw, again = SEEDS[name]
        given = mutated(raw, dice)
        tried += 1
        try:
            found = again(given)
        except TOLD:
            continue
        if found != given or (name == "evidence" and given != raw):
            sys.exit(f"{name}: accepted in another form, with seed {seed} at attempt {tried}")
    sys.stdout.write(f"{tried} attempts with seed {seed}: no crash, nothing accepted that is not in its one form\n")


if __name__ == "__main__":
    main()
