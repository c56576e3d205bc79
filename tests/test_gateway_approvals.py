"""Approvals and the roster: who may say yes, to what exactly, and how a stranger checks it."""

import base64
import hashlib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from audit.entry import encode
from audit.store import append, entries
from gateway.cli import output
from gateway.cli.main import run
from gateway.errors import GatewayError, IntegrityError, UsageError
from gateway.office import Office
from gateway.people.approvals import VALID, ApprovalError, Given, Preview, Signer, settle
from gateway.people.roster import enrol, enrolment
from gateway.people.signers import agent_key
from gateway.settings import load
from gateway.setup import CONFIGURATION, init_creditor, openssh
from gateway.store.roster import Actor
from gateway.template import CREDITOR_TEMPLATE
from gateway.wiring import open_office
from keys.approval import (
    APPROVAL_NAMESPACE,
    ActorKey,
    approve,
    file_signer,
    parse_actor_key,
    preview_digest,
    verify_approval,
)
from keys.references import new_id
from keys.root import write_private
from keys.sshsig import SignatureError, public_line, sign, string
from schemas.entry import ActorEnrolled, ActorRevoked

NOW = datetime(2026, 6, 30, 3, 0, tzinfo=UTC)
CANARY = "Zimtstern4711"
FREE = f"SHA256:{'A' * 43}"


class Person:
    """Somebody with a key in a file."""

    def __init__(self, folder: Path, name: str) -> None:
        private = Ed25519PrivateKey.generate()
        self.file = folder / name
        write_private(self.file, openssh(private))
        self.public = folder / f"{name}.pub"
        self.public.write_text(f"{public_line(private.public_key())} {name}@desk\n")
        self.key = parse_actor_key(self.public.read_text())
        self.actor = Actor(name, self.key)
        self.signer = Signer(self.key, file_signer(private))
        self.private = private


@pytest.fixture
def ada(tmp_path: Path) -> Person:
    return Person(tmp_path, "ada")


@pytest.fixture
def bo(tmp_path: Path) -> Person:
    return Person(tmp_path, "bo")


@pytest.fixture
def office(tmp_path: Path, ada: Person) -> Iterator[Office]:
    init_creditor(tmp_path / "home", CREDITOR_TEMPLATE, NOW, ada.actor)
    with open_office(load(tmp_path / "home" / CONFIGURATION)) as opened:
        yield opened


def act(made: datetime) -> Preview:
    return Preview("test", made, ("destroy nothing",))


def events(office: Office) -> list[str]:
    with office.connection.begin():
        return [logged.entry.event for logged in entries(office.connection)]


def ssh_keygen(*arguments: str | Path, text: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["ssh-keygen", *map(str, arguments)], input=text, capture_output=True, check=False, timeout=30
    )


def test_ssh_keygen_alone_makes_an_approval_and_checks_ours(tmp_path: Path, office: Office, ada: Person) -> None:
    """An approval is an SSHSIG over the preview's digest: neither side of it needs our program."""
    preview = act(NOW).text()
    digest_line = hashlib.sha256(preview).hexdigest().encode() + b"\n"
    theirs = ssh_keygen("-Y", "sign", "-n", APPROVAL_NAMESPACE, "-f", ada.file, text=digest_line).stdout
    ours = approve(preview, ada.key, ada.signer.sign_blob)
    (tmp_path / "ours.sig").write_bytes(ours)
    signers = tmp_path / "signers"
    signers.write_text(f'ada namespaces="{APPROVAL_NAMESPACE}" {ada.key.line}\n')
    arguments = ("-Y", "verify", "-f", signers, "-I", "ada", "-n", APPROVAL_NAMESPACE, "-s", tmp_path / "ours.sig")

    with office.connection.begin():
        assert settle(act, Given(preview, (theirs,)), office, NOW).approvals[0].key == ada.key.fingerprint
    assert ssh_keygen(*arguments, text=digest_line).returncode == 0
    assert ssh_keygen(*arguments, text=digest_line.replace(b"\n", b"0\n")).returncode != 0


def test_an_agent_signs_for_an_actor(
    tmp_path: Path, office: Office, bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key may live in an SSH agent: `actor add --agent` never sees it."""
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    try:
        assert agent.stdout
        agent.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        added = subprocess.run(["ssh-add", "-q", tmp_path / "ada"], check=False, timeout=10)
        with office.connection.begin():
            actors = office.roster.active()
        with agent_key(actors) as signer:
            enrol(office, bo.actor, Given(None, (), (signer,)), NOW)
    finally:
        agent.terminate()
        agent.communicate()

    assert added.returncode == 0
    assert events(office) == ["store.created", "actor.enrolled", "actor.enrolled"]


def token_approval(preview: bytes, private: Ed25519PrivateKey, flags: int) -> tuple[ActorKey, bytes]:
    """What a security key would make (PROTOCOL.u2f), with the key in our hands."""
    kind, application = b"sk-ssh-ed25519@openssh.com", b"ssh:"
    blob = string(kind) + string(private.public_key().public_bytes_raw()) + string(application)
    key = parse_actor_key(f"{kind.decode()} {base64.b64encode(blob).decode()}")
    tail = bytes([flags]) + (7).to_bytes(4)

    def sign_blob(data: bytes) -> bytes:
        hashed = hashlib.sha256(application).digest() + tail + hashlib.sha256(data).digest()
        return string(kind) + string(private.sign(hashed)) + tail

    return key, approve(preview, key, sign_blob)


def test_a_token_approves_only_when_touched(tmp_path: Path, ada: Person) -> None:
    """A security key's approval is accepted as OpenSSH accepts it, and only with a touch."""
    preview = act(NOW).text()
    key, signature = token_approval(preview, ada.private, 1)
    (tmp_path / "sig").write_bytes(signature)
    (tmp_path / "signers").write_text(f'ada namespaces="{APPROVAL_NAMESPACE}" {key.line}\n')
    checked = ssh_keygen(
        *("-Y", "verify", "-f", tmp_path / "signers", "-I", "ada", "-n", APPROVAL_NAMESPACE, "-s", tmp_path / "sig"),
        text=preview_digest(preview).encode() + b"\n",
    )

    assert verify_approval(preview_digest(preview), signature, key)
    assert checked.returncode == 0
    with pytest.raises(SignatureError, match="touched"):
        token_approval(preview, ada.private, 0)


def test_what_does_not_count_as_an_approval(office: Office, ada: Person, bo: Person) -> None:
    """Another key, namespace, preview, moment or act, and a preview used twice: each refused, and nothing is logged."""
    preview = act(NOW).text()
    good = approve(preview, ada.key, ada.signer.sign_blob)
    digest_line = preview_digest(preview).encode() + b"\n"
    other = Preview("test", NOW, ("destroy everything",)).text()
    late = NOW + VALID + timedelta(seconds=1)
    refused = {
        "nobody": (Given(preview), NOW, 1),
        "stranger": (Given(preview, (approve(preview, bo.key, bo.signer.sign_blob),)), NOW, 1),
        "namespace": (Given(preview, (sign(digest_line, ada.private, "cases@inkasso-gateway"),)), NOW, 1),
        "other preview": (Given(other, (good,)), NOW, 1),
        "other act": (Given(other, (approve(other, ada.key, ada.signer.sign_blob),)), NOW, 1),
        "too old": (Given(preview, (good,)), late, 1),
        "from the future": (Given(preview, (good,)), NOW - timedelta(hours=1), 1),
        "one key twice": (Given(preview, (good, good), (ada.signer,)), NOW, 2),
        "garbage": (Given(preview, (CANARY.encode(),)), NOW, 1),
    }
    before = events(office)

    with office.connection.begin():
        settle(act, Given(preview, (good,)), office, NOW)
        for name, (given, now, people) in refused.items():
            with pytest.raises(ApprovalError) as error:
                settle(act, given, office, now, people)
            assert CANARY not in str(error.value), name
    assert events(office) == before


def test_an_approval_serves_once_and_two_people_are_two_keys(office: Office, ada: Person, bo: Person) -> None:
    """The transaction that logs an act uses its preview up; a second person is a second key on the roster."""
    given = Given(enrolment(bo.actor)(NOW).text(), (), (ada.signer,))
    enrol(office, bo.actor, given, NOW)

    with office.connection.begin():
        assert len(settle(act, Given(None, (), (ada.signer, bo.signer)), office, NOW, 2).approvals) == 2
        with pytest.raises(ApprovalError, match="carried out already"):
            settle(enrolment(bo.actor), given, office, NOW)
    with pytest.raises(GatewayError, match="has that name"):
        enrol(office, bo.actor, given, NOW)


def rewritten(office: Office, index: int, leaf: bytes) -> None:
    """Somebody who owns the database drops the triggers and writes over an entry."""
    with office.connection.begin():
        office.connection.execute(text("DROP TRIGGER log_entry_update"))
        office.connection.execute(
            text('UPDATE entry SET leaf = :leaf WHERE "index" = :index'), {"leaf": leaf, "index": index}
        )


def test_nobody_is_enrolled_in_the_database_alone(office: Office, ada: Person, bo: Person) -> None:
    """The roster is what the signed log says: an entry of somebody's own enrols nobody, and names nobody."""
    enrol(office, bo.actor, Given(enrolment(bo.actor)(NOW).text(), (), (ada.signer,)), NOW)
    enrolled = ActorEnrolled(id=new_id(), time=NOW, actor="system:init", name="bo", public_key=bo.key.line)
    rewritten(office, 2, encode(enrolled))

    with office.connection.begin():
        assert settle(act, Given(None, (), (ada.signer,)), office, NOW)
        for signers in ((bo.signer,), (ada.signer, bo.signer)):
            with pytest.raises(IntegrityError, match="not the one that the log was signed with") as error:
                settle(act, Given(None, (), signers), office, NOW)
            assert "bo" not in str(error.value).split()


def test_an_approval_that_an_entry_names_has_served(office: Office, ada: Person, bo: Person) -> None:
    """What has served is told by the log, too: no row of a table can be taken away to approve the same again."""
    given = Given(enrolment(bo.actor)(NOW).text(), (), (ada.signer,))
    with office.connection.begin():
        approved = settle(enrolment(bo.actor), given, office, NOW)
        append(office.connection, ActorRevoked(id=new_id(), time=NOW, actor="system:test", key=FREE, approved=approved))
        with pytest.raises(ApprovalError, match="carried out already"):
            settle(enrolment(bo.actor), given, office, NOW)


def transcript(tmp_path: Path, capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    code = run([*map(str, arguments), "--config", str(tmp_path / "home" / CONFIGURATION)])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_the_roster_from_the_command_line(
    tmp_path: Path, ada: Person, bo: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    """`init` enrols the first actor; the next is approved in steps through files; a revoked key does not come back."""

    def inkasso(*arguments: str | Path) -> tuple[int, str]:
        return transcript(tmp_path, capsys, *arguments)

    assert run(["init", str(tmp_path / "home"), "--actor", "ada", "--actor-key", str(ada.public)]) == 0
    add = ("actor", "add", "bo", bo.public)
    code, told = inkasso(*add, "--key", ada.file)
    assert code == 2
    assert "nobody has seen the preview" in told
    preview = tmp_path / "preview"
    assert inkasso(*add, "--preview-to", preview)[0] == 0
    assert inkasso(*add, "--preview", preview, "--key", ada.file)[0] == 0
    listed = inkasso("actor", "list")[1]
    assert [ada.key.fingerprint in listed, bo.key.fingerprint in listed] == [True, True]
    preview.unlink()
    revoke = ("actor", "revoke", "ada")
    assert inkasso(*revoke, "--preview-to", preview)[0] == 0
    assert inkasso(*revoke, "--preview", preview, "--key", bo.file)[0] == 0
    assert ada.key.fingerprint not in inkasso("actor", "list", "--allowed-signers")[1]
    preview.unlink()
    for name, public, why in (("ada2", ada.public, "another key"), ("bo", ada.public, "another name")):
        code, told = inkasso("actor", "add", name, public, "--preview-to", preview)
        assert (code, preview.exists()) == (2, False)
        assert why in told
    code, told = inkasso("actor", "revoke", "bo", "--preview-to", preview)
    assert (code, preview.exists()) == (2, False)
    assert "last actor" in told


@pytest.mark.parametrize("kind", ["public", "private", "name", "preview", "signature"])
def test_no_failure_repeats_what_it_was_given(
    tmp_path: Path, ada: Person, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """A broken key, name, preview or signature is named by its file, never by its content."""
    init_creditor(tmp_path / "home", CREDITOR_TEMPLATE, NOW, ada.actor)
    broken = tmp_path / "broken"
    write_private(broken, f"ssh-ed25519 {CANARY} {CANARY}".encode())
    arguments: dict[str, tuple[str | Path, ...]] = {
        "public": ("actor", "add", "bo", broken),
        "private": ("actor", "revoke", "ada", "--key", broken),
        "name": ("actor", "add", f"Bo {CANARY}", ada.public),
        "preview": ("actor", "revoke", "ada", "--preview", broken, "--key", ada.file),
        "signature": ("actor", "revoke", "ada", "--preview", broken, "--approval", broken),
    }
    code, told = transcript(tmp_path, capsys, *arguments[kind])

    assert code == 2
    assert CANARY not in told


def test_an_input_that_ends_is_no_consent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever closes the terminal at the question has approved nothing, and reads that nothing was done."""
    monkeypatch.setattr("builtins.input", _ended)

    with pytest.raises(UsageError, match="nothing was done"):
        output.ask("Approve? ")
    assert capsys.readouterr().out == "\n"


def _ended(_: str) -> str:
    raise EOFError
