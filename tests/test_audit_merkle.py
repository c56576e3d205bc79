"""RFC 6962 trees: foreign probes, a slow reference written from the RFC's own recursion, and another library."""

import base64
import hashlib
import json
import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from audit.merkle import EMPTY_ROOT, leaf_hash, root, split
from audit.proofs import ProofError, check_consistency, check_inclusion, consistency_proof, inclusion_proof
from audit.tiles import Edge, Tile, number_path, subtrees

PROBES = Path(__file__).parent / "vectors" / "merkle" / "testdata"
LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(131)]


@cache
def slow_root(low: int, high: int) -> bytes:
    """MTH of RFC 6962, 2.1, over LEAVES."""
    if high - low < 2:
        return LEAVES[low] if high > low else hashlib.sha256(b"").digest()
    half = 1
    while half * 2 < high - low:
        half *= 2
    return hashlib.sha256(b"\x01" + slow_root(low, low + half) + slow_root(low + half, high)).digest()


def slow_path(index: int, low: int, high: int) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1."""
    if high - low == 1:
        return []
    half = 1
    while half * 2 < high - low:
        half *= 2
    if index < half:
        return [*slow_path(index, low, low + half), slow_root(low + half, high)]
    return [*slow_path(index - half, low + half, high), slow_root(low, low + half)]


def slow_consistency(old: int, low: int, high: int, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2."""
    if old == high - low:
        return [] if whole else [slow_root(low, high)]
    half = 1
    while half * 2 < high - low:
        half *= 2
    if old <= half:
        return [*slow_consistency(old, low, low + half, whole), slow_root(low + half, high)]
    return [*slow_consistency(old - half, low + half, high, False), slow_root(low, low + half)]


def stored(size: int, leaves: list[bytes], steps: int = 1) -> tuple[Edge, dict[tuple[int, int], bytes]]:
    """A tree grown in steps, as edge and full tiles."""
    edge, tiles = Edge(), {}
    for start in range(0, size, steps):
        tiles |= {
            (level, number): hashes
            for level, number, hashes in edge.extend(leaves[start : start + steps][: size - start])
        }
    return edge, tiles


def reader(edge: Edge, tiles: dict[tuple[int, int], bytes]):
    def read(level: int, number: int) -> bytes:
        return tiles[level, number] if (level, number) in tiles else b"".join(edge.levels[level])

    return subtrees(read)


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


@pytest.mark.parametrize("path", sorted(PROBES.rglob("*.json")), ids=lambda path: path.relative_to(PROBES).as_posix())
def test_foreign_probes_are_judged_as_their_authors_judge_them(path: Path) -> None:
    """98 inclusion and 98 consistency probes of transparency-dev/merkle; size 0 is refused by the functions."""
    probe = json.loads(path.read_text())
    proof = [decoded(one) for one in probe["proof"] or ()]
    try:
        if "leafIdx" in probe:
            check_inclusion(
                probe["leafIdx"], probe["treeSize"], decoded(probe["leafHash"]), decoded(probe["root"]), proof
            )
        else:
            check_consistency(probe["size1"], probe["size2"], decoded(probe["root1"]), decoded(probe["root2"]), proof)
        refused = False
    except ProofError:
        refused = True

    assert refused is probe["wantErr"]


def test_there_are_as_many_probes_as_published() -> None:
    """A vector that is lost proves nothing."""

    assert len(list(PROBES.rglob("*.json"))) == 196


@pytest.mark.parametrize("size", range(131))
def test_every_tree_up_to_130_is_the_one_of_the_rfc(size: int) -> None:
    """Roots, every path and every consistency proof equal the RFC's recursion, and are accepted."""
    edge, tiles = stored(size, LEAVES, steps=7)
    subtree = reader(edge, tiles)

    assert root(LEAVES[:size]) == edge.root() == slow_root(0, size)
    for index in range(size):
        path = inclusion_proof(index, size, subtree)
        assert path == slow_path(index, 0, size)
        check_inclusion(index, size, LEAVES[index], edge.root(), path)
    for old in range(1, size + 1):
        proof = consistency_proof(old, size, subtree)
        assert proof == slow_consistency(old, 0, size)
        check_consistency(old, size, slow_root(0, old), edge.root(), proof)


@settings(max_examples=25)
@given(size=st.integers(2, 1 << 16), seed=st.integers(0, 1 << 32), steps=st.integers(1, 1 << 15))
def test_large_trees_give_proofs_that_only_fit_themselves(size: int, seed: int, steps: int) -> None:
    """A path proves one leaf at one index; one changed bit of leaf, root, index or proof makes it fail."""
    chance = random.Random(seed)
    leaves = [number.to_bytes(32) for number in range(size)]
    edge, tiles = stored(size, leaves, steps)
    subtree, head = reader(edge, tiles), edge.root()
    index, old = chance.randrange(size), chance.randrange(1, size + 1)
    path, proof = inclusion_proof(index, size, subtree), consistency_proof(old, size, subtree)
    check_inclusion(index, size, leaves[index], head, path)
    check_consistency(old, size, root(leaves[:old]), head, proof)

    assert head == root(leaves)
    for broken in ([*path, head], path[:-1], [flipped(path[0], chance), *path[1:]]):
        with pytest.raises(ProofError):
            check_inclusion(index, size, leaves[index], head, broken)
    with pytest.raises(ProofError):
        check_inclusion(index, size, flipped(leaves[index], chance), head, path)
    with pytest.raises(ProofError):
        check_consistency(old, size, flipped(root(leaves[:old]), chance), head, proof)
    for broken in ([*proof, head], proof[:-1] if proof else [head]):
        with pytest.raises(ProofError):
            check_consistency(old, size, root(leaves[:old]), head, broken)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 255, 256, 257, 1000])
def test_another_library_computes_the_same_tree(size: int) -> None:
    """pymerkle, used as the oracle: equal roots, and it accepts our leaves in our order."""
    entries = [f"entry {number}".encode() for number in range(size)]
    oracle = InmemoryTree(algorithm="sha256")
    for entry in entries:
        oracle.append_entry(entry)

    assert root([leaf_hash(entry) for entry in entries]) == oracle.get_root()


def test_tiles_are_cut_as_the_standard_cuts_them() -> None:
    """A tree of 70,000 leaves has 273 full tiles of leaves and one of their roots (the example of tlog-tiles)."""
    leaves = [number.to_bytes(32) for number in range(70_000)]
    edge = Edge()
    full = edge.extend(leaves)
    upper = next(tile for tile in full if tile.level == 1)

    assert [len(level) for level in edge.levels] == [112, 17, 1]
    assert [tile.number for tile in full if tile.level == 0] == list(range(273))
    assert upper == Tile(1, 0, b"".join(root(leaves[start : start + 256]) for start in range(0, 65536, 256)))
    assert split(full[0].hashes) == leaves[:256]
    assert number_path(1_234_067) == "x001/x234/067"
    assert Edge().root() == EMPTY_ROOT


def flipped(value: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(value) * 8)
    return (int.from_bytes(value) ^ (1 << place)).to_bytes(len(value))
