"""Delivering, against a server in memory that cuts, lies, repeats, already has a file, or has a foreign one."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.steps.deliver import (
    ForeignFileError,
    LocalFileError,
    Parcel,
    ParcelFile,
    deliver,
    deliver_with_retry,
)
from gateway.transport.sftp import AuthenticationError, ContentError, HostKeyError, TransportError, UnreachableError

NAMES = ("p.cases.jsonl.zst.age", "p.identities.jsonl.zst.age", "p.manifest.json", "p.manifest.json.sig")


def parcel_in(outbox: Path) -> Parcel:
    files = []
    for number, name in enumerate(NAMES):
        content = f"content {number}".encode() * (number + 1)
        (outbox / name).write_bytes(content)
        files.append(ParcelFile(name, outbox / name, len(content), hashlib.sha256(content).hexdigest()))
    return Parcel("p", tuple(files))


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    return parcel_in(tmp_path)


@dataclass
class Server:
    """An agency's server that remembers: what lies there, and what was sent. `faults` are raised in their order, one a
    call: before the work is done, or after it (`answer lost`).
    """

    files: dict[str, bytes] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    faults: list[tuple[str, Exception | None]] = field(default_factory=list)
    connections: int = 0

    @contextmanager
    def connect(self) -> Iterator["Server"]:
        self.connections += 1
        yield self

    def upload(self, local: Path, name: str, sha256: str) -> None:
        with self._faulty():
            content = local.read_bytes()
            assert hashlib.sha256(content).hexdigest() == sha256
            assert name not in self.files, "sent twice"
            self.files[name] = content
            self.sent.append(name)

    def digest(self, name: str, size_limit: int) -> str | None:
        with self._faulty():
            content = self.files.get(name)
            if content is not None and len(content) > size_limit:
                raise ContentError("longer")
            return None if content is None else hashlib.sha256(content).hexdigest()

    @contextmanager
    def _faulty(self) -> Iterator[None]:
        when, fault = self.faults.pop(0) if self.faults else ("", None)
        if fault is not None and when == "before":
            raise fault
        yield
        if fault is not None:
            raise fault


def contents(parcel: Parcel) -> dict[str, bytes]:
    return {file.name: file.path.read_bytes() for file in parcel.files}


def test_files_arrive_in_order_the_signature_last(parcel: Parcel) -> None:
    """Everything once; a second delivery sends nothing."""
    server = Server()

    assert deliver(parcel, server) == NAMES
    assert server.sent == list(NAMES)
    assert deliver(parcel, server) == ()
    assert server.files == contents(parcel)


@pytest.mark.parametrize("there", range(len(NAMES) + 1))
def test_a_half_delivery_is_finished(parcel: Parcel, there: int) -> None:
    """What has arrived is asked for first, and not sent again."""
    server = Server(dict(list(contents(parcel).items())[:there]))

    assert deliver(parcel, server) == NAMES[there:]
    assert server.files == contents(parcel)


@pytest.mark.parametrize("foreign", [b"", b"x", b"x" * 1000])
@pytest.mark.parametrize("name", NAMES)
def test_a_foreign_file_is_never_overwritten(parcel: Parcel, name: str, foreign: bytes) -> None:
    """Shorter, longer or of the same size: delivery stops, and no signature says that the package is there."""
    server = Server({name: foreign})
    with pytest.raises(ForeignFileError, match="nothing was overwritten") as caught:
        deliver_with_retry(parcel, server.connect, 3)

    assert caught.value.exit_code == 4
    assert server.files[name] == foreign
    assert NAMES[-1] not in server.sent
    assert server.connections == 1


CUT = UnreachableError("cut")


@settings(max_examples=60)
@given(
    faults=st.lists(st.sampled_from([("before", CUT), ("after", CUT), ("", None), ("", None), ("", None)]), max_size=20)
)
def test_wherever_the_line_breaks_each_file_is_sent_once(
    tmp_path_factory: pytest.TempPathFactory, faults: list[tuple[str, Exception | None]]
) -> None:
    """Before or after any call, any number of times, also when only the answer was lost: night after night it converges."""
    parcel = parcel_in(tmp_path_factory.mktemp("outbox"))
    server = Server(faults=list(faults))
    for _ in range(len(faults) + 1):
        try:
            with server.connect() as transport:
                deliver(parcel, transport)
            break
        except UnreachableError:
            assert server.sent == list(NAMES[: len(server.sent)])

    assert server.sent == list(NAMES)
    assert server.files == contents(parcel)


@pytest.fixture
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_trying_again_is_bounded(parcel: Parcel, attempts: int) -> None:
    """A server that is down is asked so many times, and no more; one that comes back in time gets everything."""
    dead = Server(faults=[("before", CUT)] * 50)
    with pytest.raises(UnreachableError):
        deliver_with_retry(parcel, dead.connect, attempts)
    back = Server(faults=[("before", CUT)] * (attempts - 1))

    assert dead.connections == attempts
    assert deliver_with_retry(parcel, back.connect, attempts) == NAMES
    assert back.connections == attempts


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize(
    "fault",
    [ContentError("x"), HostKeyError("x"), AuthenticationError("x"), TransportError("x")],
    ids=lambda fault: type(fault).__name__,
)
def test_what_does_not_pass_by_itself_is_not_tried_again(parcel: Parcel, fault: TransportError) -> None:
    """Altered content, another key, no entry, no space: somebody has to look first."""
    server = Server(faults=[("", None), ("before", fault)])
    with pytest.raises(type(fault)):
        deliver_with_retry(parcel, server.connect, 5)

    assert server.connections == 1
    assert server.sent == []


def _shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


@pytest.mark.parametrize("spoil", [_shorten, _flip, Path.unlink], ids=["shorter", "flipped", "missing"])
@pytest.mark.parametrize("name", NAMES)
def test_an_outbox_that_is_not_what_was_sealed_sends_nothing(
    parcel: Parcel, tmp_path: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    """What leaves was committed first: before any connection every file is compared, the last one too."""
    spoil(tmp_path / name)
    server = Server()
    with pytest.raises(LocalFileError, match="nothing was sent") as caught:
        deliver_with_retry(parcel, server.connect, 3)

    assert caught.value.exit_code == 5
    assert server.connections == 0
