"""Root key and ring: who may read a key, which key is active, and what key material never does."""

import copy
import os
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.keyfile import KeyFile, KeyState, create_key
from keys.labels import Label, Purpose, bound, keyed_digest
from keys.material import Secret
from keys.ring import load_ring
from keys.root import KeyFileError, create_root, load_root, read_private, write_private
from keys.wrap import WrapError, unwrap, wrap
from schemas.canonical import encode_model

NOW = datetime(2026, 6, 30, 3, 0, tzinfo=UTC)
ROOT = Secret(bytes(range(32)))
PURPOSES = (Purpose.INDEX, Purpose.EPOCH, Purpose.PACKAGE_SIGNING)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A key directory with one active key of each purpose."""
    for purpose in PURPOSES:
        create_key(tmp_path, ROOT, purpose, NOW)
    return tmp_path


def test_a_root_key_is_made_once_and_read_back(tmp_path: Path) -> None:
    """`create_root` never overwrites; what it wrote is private, and the same key each time."""
    create_root(tmp_path)

    assert load_root(tmp_path, None) == load_root(tmp_path, None)
    assert (tmp_path / "root.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        create_root(tmp_path)


def test_a_credential_directory_goes_first(tmp_path: Path) -> None:
    """What the service manager hands over is used; a missing credential is not replaced by the file."""
    (tmp_path / "credentials").mkdir()
    create_root(tmp_path)
    with pytest.raises(KeyFileError, match=r"credentials/root\.key is missing"):
        load_root(tmp_path, tmp_path / "credentials")
    create_root(tmp_path / "credentials")

    assert load_root(tmp_path, tmp_path / "credentials") == load_root(tmp_path / "credentials", None)
    assert load_root(tmp_path, tmp_path / "credentials") != load_root(tmp_path, None)


def _mode(mode: int) -> Callable[[Path], None]:
    return lambda path: path.chmod(mode)


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        (Path.unlink, "is missing: restore it from its escrow copy"),
        (_mode(0o640), "may be read by others: chmod 600"),
        (_mode(0o604), "may be read by others: chmod 600"),
        (_mode(0o602), "may be read by others: chmod 600"),
        (_link, "must be a plain file"),
        (_directory, "must be a file of the user"),
        (_pipe, "must be a file of the user"),
    ],
    ids=["missing", "group", "others", "writable", "link", "directory", "pipe"],
)
def test_a_key_that_others_could_touch_is_refused(tmp_path: Path, spoil: Callable[[Path], None], hint: str) -> None:
    """Wrong mode, a link, or no plain file: the start is refused at once, with what to do."""
    create_root(tmp_path)
    text = (tmp_path / "root.key").read_text().strip()
    spoil(tmp_path / "root.key")
    with pytest.raises(KeyFileError, match=hint) as caught:
        load_root(tmp_path, None)

    assert text not in str(caught.value)


def test_a_key_of_another_owner_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs this must own its keys."""
    create_root(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    with pytest.raises(KeyFileError, match="chown it"):
        read_private(tmp_path / "root.key")


@pytest.mark.parametrize(
    "content", ["", "ab" * 31, "ab" * 33, "zz" * 32, "ab " * 21 + "a", "é" * 32], ids=map(str, count())
)
def test_what_is_no_root_key_is_refused_and_not_repeated(tmp_path: Path, content: str) -> None:
    """64 hex digits, and nothing that could be read as them."""
    write_private(tmp_path / "root.key", content.encode())
    with pytest.raises(KeyFileError, match="64 hex digits are expected") as caught:
        load_root(tmp_path, None)

    assert not content or content not in str(caught.value)


def test_a_ring_holds_the_active_key_of_each_purpose(keys: Path) -> None:
    """Keys are read back the same each time, differ from each other, and their files are private."""
    ring, again = load_ring(keys, ROOT, PURPOSES), load_ring(keys, ROOT, PURPOSES)

    assert all(ring.secret(one) == again.secret(one) for one in PURPOSES)
    assert len({ring.secret(one).reveal() for one in PURPOSES} | {ROOT.reveal()}) == 4
    assert len({ring.key_id(one) for one in PURPOSES}) == 3
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}
    assert ring.signing_key().private_bytes_raw() == ring.secret(Purpose.PACKAGE_SIGNING).reveal()


def test_a_missing_purpose_stops_the_start(keys: Path) -> None:
    """A key that is not there is restored from escrow, never made anew."""
    with pytest.raises(KeyFileError, match="no active key for: cases-store; restore it from escrow"):
        load_ring(keys, ROOT, (*PURPOSES, Purpose.CASES_STORE))
    ring = load_ring(keys, ROOT, PURPOSES)

    with pytest.raises(KeyFileError, match="no active cases-store key"):
        ring.secret(Purpose.CASES_STORE)


def test_two_active_keys_of_a_purpose_stop_the_start(keys: Path) -> None:
    """Which of two would wrap is nobody's guess."""
    create_key(keys, ROOT, Purpose.EPOCH, NOW)

    with pytest.raises(KeyFileError, match="two active epoch keys"):
        load_ring(keys, ROOT, PURPOSES)


def test_a_retired_key_is_not_used(keys: Path) -> None:
    """A retired key beside the active one stops nothing, and is not the one that wraps."""
    active = load_ring(keys, ROOT, PURPOSES).key_id(Purpose.EPOCH)
    rewrite(next(keys.glob("epoch-*.json")), state=KeyState.RETIRED)
    with pytest.raises(KeyFileError, match="no active key for: epoch"):
        load_ring(keys, ROOT, PURPOSES)
    create_key(keys, ROOT, Purpose.EPOCH, NOW)

    assert load_ring(keys, ROOT, PURPOSES).key_id(Purpose.EPOCH) != active


def rewrite(path: Path, **changes: object) -> None:
    file = KeyFile.model_validate_json(path.read_bytes()).model_copy(update=changes)
    path.unlink()
    write_private(path, encode_model(file))


def _other_root(path: Path) -> None:
    path.unlink()
    create_key(path.parent, Secret.generate(), Purpose.EPOCH, NOW)


def _other_purpose(path: Path) -> None:
    rewrite(path, purpose=Purpose.CASES_STORE)
    path.rename(path.with_name(path.name.replace("epoch", "cases-store")))


def _other_name(path: Path) -> None:
    path.rename(path.with_name("epoch-" + "0" * 26 + ".json"))


def _unknown_field(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'{"', b'{"note":"x","', 1))


def _flipped(path: Path) -> None:
    wrapped = KeyFile.model_validate_json(path.read_bytes()).wrapped
    rewrite(path, wrapped=wrapped[:-1] + f"{int(wrapped[-1], 16) ^ 1:x}")


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        (_other_root, "another root key, or was altered"),
        (_other_purpose, "another root key, or was altered"),
        (_other_name, "bears the name of another key"),
        (_unknown_field, "not a key file of this version"),
        (_flipped, "another root key, or was altered"),
        (_mode(0o644), "may be read by others"),
        (_link, "must be a plain file"),
    ],
    ids=["foreign root", "moved purpose", "moved name", "unknown field", "flipped", "mode", "link"],
)
def test_a_ring_with_a_spoilt_key_does_not_open(keys: Path, spoil: Callable[[Path], None], hint: str) -> None:
    """Every key is bound to root, id and purpose, and is a file of its owner alone."""
    spoil(next(keys.glob("epoch-*.json")))

    with pytest.raises(KeyFileError, match=hint):
        load_ring(keys, ROOT, PURPOSES)


def test_key_material_shows_nothing_and_does_not_travel(keys: Path) -> None:
    """No repr, pickle, copy or dictionary carries a secret away."""
    ring = load_ring(keys, ROOT, PURPOSES)

    assert f"{ROOT!r} {ROOT}" == "Secret(redacted) Secret(redacted)"
    assert repr(ring) == "Keyring(epoch, index, package-signing)"
    assert not hasattr(ROOT, "__dict__")
    for thing in (ROOT, ring):
        for take in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match="does not pickle"):
                take(thing)
    with pytest.raises(TypeError, match="not a dictionary key"):
        hash(ROOT)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_secrets_are_equal_if_their_bytes_are(first: bytes, second: bytes) -> None:
    """And equal to nothing that is no secret."""
    assert (Secret(first) == Secret(second)) is (first == second)
    assert Secret(first) != first


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_secret_has_32_bytes(size: int) -> None:
    """Neither a shortened nor a padded key is one."""
    with pytest.raises(ValueError, match="32 bytes"):
        Secret(bytes(size))


PARTS = st.lists(st.text(max_size=8), max_size=3)


@given(st.sampled_from(Label), PARTS, st.sampled_from(Label), PARTS)
def test_no_two_uses_share_an_input(label: Label, parts: list[str], other: Label, others: list[str]) -> None:
    """Label and parts cannot be confused, moved across a border, or read two ways."""
    same = (label, parts) == (other, others)

    assert (bound(label, *parts) == bound(other, *others)) is same
    assert (keyed_digest(ROOT, label, *parts) == keyed_digest(ROOT, other, *others)) is same


@given(st.binary(max_size=200))
def test_a_wrapped_value_opens_only_where_it_belongs(plain: bytes) -> None:
    """It opens under its key, its label and its row id; moved to another of them, it does not."""
    here = bound(Label.CLAIM_KEY, "a")
    wrapped = wrap(ROOT, plain, here)

    assert unwrap(ROOT, wrapped, here) == plain
    assert plain not in wrapped or len(plain) < 8
    for key, place in (
        (ROOT, bound(Label.CLAIM_KEY, "b")),
        (ROOT, bound(Label.RING_KEY, "a")),
        (ROOT, bound(Label.CLAIM_KEY, "a", "")),
        (Secret(bytes(32)), here),
    ):
        with pytest.raises(WrapError):
            unwrap(key, wrapped, place)


def test_every_flipped_or_missing_byte_of_a_wrapped_value_is_noticed() -> None:
    """Nonce, ciphertext and tag; a short tag is no tag."""
    here = bound(Label.CLAIM_KEY, "a")
    wrapped = wrap(ROOT, b"sixteen bytes...", here)
    changed = [wrapped[:place] + bytes([wrapped[place] ^ 1]) + wrapped[place + 1 :] for place in range(len(wrapped))]
    changed += [wrapped[:length] for length in range(len(wrapped))] + [wrapped + b"\0"]
    for one in changed:
        with pytest.raises(WrapError):
            unwrap(ROOT, one, here)

    assert wrap(ROOT, b"", here) != wrap(ROOT, b"", here)
