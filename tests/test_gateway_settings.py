"""The configuration: what it does not know, or cannot honour, stops the start, and no value is repeated."""

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.note import COSIGNATURE, VerifierKey
from gateway.agency.settings import load_agency
from gateway.agency.template import agency_template
from gateway.demo.template import demo_configuration
from gateway.errors import UsageError
from gateway.settings import Settings, load
from gateway.template import CREDITOR_TEMPLATE
from keys.recipients import HybridIdentity, X25519Identity
from keys.sshsig import public_line
from schemas.package import Part

CANARY = "Zyxwvutsrq"
HOST_KEY = public_line(Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key())
SIGNER = public_line(Ed25519PrivateKey.from_private_bytes(bytes([2]) * 32).public_key())
HYBRID, OTHER = (str(HybridIdentity(bytes([seed]) * 32).recipient) for seed in (3, 4))
CLASSIC = str(X25519Identity(bytes([5]) * 32).recipient)
RECIPIENTS = {Part.CASES: HYBRID, Part.IDENTITIES: OTHER}
COSIGNER = str(VerifierKey("ostsee", COSIGNATURE, bytes([3]) * 32))
CREDITOR = demo_configuration(22, HOST_KEY, RECIPIENTS, (SIGNER, COSIGNER))
AGENCY = agency_template("ostsee", "../sftp")
SIDES: dict[str, tuple[str, Callable[[Path], object]]] = {"creditor": (CREDITOR, load), "agency": (AGENCY, load_agency)}
LINES = [
    (side, number, line)
    for side, (text, _) in SIDES.items()
    for number, line in enumerate(text.splitlines())
    if re.match(r"[a-z_]+ = ", line)
]
TABLES = [line for line in CREDITOR.splitlines() if line.startswith("[")]


def refusal(tmp_path: Path, text: str | bytes, side: str = "creditor") -> str:
    """What is said of a configuration that is refused."""
    path = tmp_path / "inkasso.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as caught:
        SIDES[side][1](path)

    assert CANARY not in str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


@pytest.mark.parametrize("side", SIDES)
def test_a_whole_configuration_is_read(tmp_path: Path, side: str) -> None:
    """What `init` and the demo write is valid; paths are relative to the file, and nothing is created."""
    text, read = SIDES[side]
    (tmp_path / "inkasso.toml").write_text(text)
    found = read(tmp_path / "inkasso.toml")

    assert found.path("x/y") == tmp_path / "x" / "y"
    assert [path.name for path in tmp_path.iterdir()] == ["inkasso.toml"]


@pytest.mark.parametrize("table", TABLES)
def test_an_unknown_key_stops_the_start(tmp_path: Path, table: str) -> None:
    """In every table: a key that means nothing may be a mistyped one that means much."""
    text = CREDITOR.replace(f"{table}\n", f'{table}\nsurprise = "{CANARY}"\n', 1)

    assert "surprise: unknown key" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("side", "number", "line"), LINES, ids=[f"{side} {line.split()[0]} {at}" for side, at, line in LINES]
)
@pytest.mark.parametrize("value", ['{{ {0} = "{0}" }}', '[["{0}"]]'], ids=["table", "list"])
def test_a_wrong_value_is_named_by_its_key_and_not_repeated(
    tmp_path: Path, side: str, number: int, line: str, value: str
) -> None:
    """Of another type, in every place: the key and the rule are told."""
    text, _ = SIDES[side]
    key = line.split(" = ", maxsplit=1)[0]
    lines = text.splitlines()
    lines[number] = f"{key} = {value.format(CANARY)}"

    assert re.search(rf"\b{key}\b[.0-9]*: ", refusal(tmp_path, "\n".join(lines), side))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('id = "nordlicht"', f'id = "{CANARY}"', "id: is not in the expected form"),
        ("DE02120300000000202051", "DE02120300000000202015", "iban: the check digits of the IBAN do not fit"),
        ("DE02120300000000202051", f"DE02{CANARY}", "iban: "),
        ("port = 22", "port = 0", "port: is less than 1"),
        ("port = 22", "port = 65536", "port: is more than 65535"),
        ("port = 22", "port = 22.0", "port: a whole number is expected"),
        ("port = 22", "port = inf", "port: "),
        ("minimum_amount = 1500", "minimum_amount = true", "minimum_amount: a whole number is expected (cents for amounts)"),
        ("minimum_amount = 1500", f'minimum_amount = "{CANARY}"', "minimum_amount: a whole number is expected"),
        ('channels = ["letter", "email"]', "channels = []", "channels: is too short: at least 1"),
        ('channels = ["letter", "email"]', f'channels = ["{CANARY}"]', "channels.0: is none of: letter, email, "),
        ('entity = "nordlicht"', 'entity = "elsewhere"', "source nordlicht-erp names an entity that is not configured"),
        ('source = "nordlicht-erp"', 'source = "elsewhere"', "names a source that is not configured: elsewhere"),
        ('agency = "ostsee"', 'agency = "elsewhere"', "names an agency that is not configured: elsewhere"),
        (HYBRID, f"age1pq1{CANARY}", "cases_recipients.0: is not an age recipient (age1pq1…)"),
        (OTHER, f"{CANARY}", "identities_recipients.0: is not an age recipient (age1pq1…)"),
        (OTHER, CLASSIC, "agencies.0: classic recipients (age1…) need classic_recipients = true"),
        (f'"{HYBRID}"', f'"{HYBRID}", "{CLASSIC}"', "cases_recipients: recipients of two kinds"),
        (HOST_KEY, f"ssh-ed25519 {CANARY}", "host_key: is not in the expected form"),
        (HOST_KEY, HOST_KEY.replace("ssh-ed25519", "ssh-rsa"), "host_key: is not in the expected form"),
        (HOST_KEY, HOST_KEY.replace("ssh-ed25519", "ssh-dss"), "host_key: is not in the expected form"),
        (HOST_KEY, f"{HOST_KEY} comment", "host_key: is not in the expected form"),
    ],
    ids=map(str, count()),
)  # fmt: skip
def test_what_cannot_be_honoured_stops_the_start(tmp_path: Path, old: str, new: str, rule: str) -> None:
    """Bounds, names that must meet, and a pinned key of a kind that no connection of ours would use."""
    assert CREDITOR.count(old) >= 1

    assert rule in refusal(tmp_path, CREDITOR.replace(old, new, 1))


@pytest.mark.parametrize("kind", ["entities", "sources", "agencies", "mandates"])
def test_an_id_stands_once(tmp_path: Path, kind: str) -> None:
    """Two of one name: nobody could say which is meant."""
    block = re.search(rf"^\[\[{kind}\]\]\n.*?(?=^\[\[|\Z)", CREDITOR, re.MULTILINE | re.DOTALL)
    assert block is not None

    assert f"an id stands twice in {kind}" in refusal(tmp_path, CREDITOR + "\n" + block.group())


@pytest.mark.parametrize(
    "content",
    [
        f"{CANARY} = ".encode(),
        f'id = "{CANARY}\n'.encode(),
        f'id = "{CANARY}"\nid = "{CANARY}"'.encode(),
        f'"{CANARY}" = 2026-01-31T10:00:00'.encode(),
        f'"{CANARY}" = 10:00:00'.encode(),
        b"\xff\xfe" + CANARY.encode("utf-16-le"),
        b'x = "\xff"',
    ],
    ids=["cut off", "open text", "twice", "moment", "hour", "UTF-16", "no UTF-8"],
)
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    """Texts, whole numbers, dates and true or false, in UTF-8; of broken syntax, the line is told."""
    assert "is not a TOML file" in refusal(tmp_path, content)


def test_broken_toml_is_told_by_its_line(tmp_path: Path) -> None:
    """The line, and nothing that stands in it."""
    assert refusal(tmp_path, f'a = 1\nb = "{CANARY}\n').endswith("is not a TOML file: look at line 2")


def test_a_file_is_not_read_in_part(tmp_path: Path) -> None:
    """What stands behind the bound would be ignored in silence: a file that large is refused."""
    text = CREDITOR + "#" * (1 << 20) + "\nsurprise = 1"

    assert "is larger than any configuration" in refusal(tmp_path, text)


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    """`--config`, or `init`."""
    with pytest.raises(UsageError, match="cannot be read: name another file with --config, or make one with `init`"):
        load(tmp_path / "nowhere.toml")


def test_the_template_holds_only_what_is_known(tmp_path: Path) -> None:
    """As written it is valid; with its comments taken away, every key it shows is a setting."""
    (tmp_path / "inkasso.toml").write_text(CREDITOR_TEMPLATE)
    assert load(tmp_path / "inkasso.toml").settings == Settings()

    told = refusal(tmp_path, re.sub(r"^#(?=[a-z_\[])", "", CREDITOR_TEMPLATE, flags=re.MULTILINE))
    assert "unknown key" not in told
