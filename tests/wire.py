"""What goes between a creditor and its agency: two folders on which files are lost, come back and are laid down again.

Whatever appears there is kept, opened with its recipient's keys and told in plain words, so that a model can say what was
to be sent. The server may fail after so many uploads; a kill is an exception, and what follows it is a new start.
"""

import functools
import hashlib
import json
import pkgutil
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, Self
from unittest.mock import patch

from folder_server import FolderTransport, KilledHereError
from gateway.steps.names import SIGNATURE_SUFFIX, VOID_SUFFIX
from gateway.steps.unseal import Line, Opener, announced, open_messages, read_manifest
from gateway.transport.sftp import ANSWERS_FOLDER, UnreachableError
from keys.references import new_id
from schemas.package import Manifest

UNASKED: Final = {"stopped", "repeated", "unknown-case"}
"""Refusals that nobody at the agency decides."""


class Said(NamedTuple):
    """A message in plain words: what, about which claim, and the one thing that it says of it."""

    kind: str
    claim: int = 0
    value: Any = None


@dataclass(frozen=True)
class Letter:
    """A package as it first lay on the wire; one that only closes a number says nothing. `answers`: of a receipt."""

    to_agency: bool
    type: str
    number: int
    id: str
    digest: str
    answers: str | None
    void: bool
    said: tuple[tuple[str, Said], ...]

    @property
    def files(self) -> str:
        """The pattern of its files' names; what closes a package's number bears its id too."""
        return f"{self.id}.{'void.*' if self.void else '[!v]*'}"


class Server(FolderTransport):
    """A server that is down, or whose line breaks for good after so many uploads."""

    left: ClassVar[int | None] = None

    def __enter__(self) -> Self:
        if self.left is not None and self.left < 0:
            raise UnreachableError("the server is down")
        return self

    def upload(self, local: Path, name: str, sha256: str) -> None:
        """A file arrives whole, or not at all."""
        if Server.left is not None:
            Server.left -= 1
            if Server.left < 0:
                raise UnreachableError("the line broke")
        super().upload(local, name, sha256)


@contextmanager
def killed(target: str | None, nth: int) -> Iterator[None]:
    """Whoever reaches the nth call of a function ends there; nothing happens if nobody does."""
    if target is None:
        yield
        return
    owner, _, name = target.rpartition(".")
    original, calls = getattr(pkgutil.resolve_name(owner), name), 0

    @functools.wraps(original)
    def deadly(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise KilledHereError
        return original(*args, **kwargs)

    try:
        with patch(target, deadly):
            yield
    except KilledHereError:
        pass


class Wire:
    """The two folders, and every package that ever lay there."""

    def __init__(
        self, server: Path, kept: Path, openers: Mapping[bool, Opener], claim_of: Callable[[str], int]
    ) -> None:
        self.folders = {True: server, False: server / ANSWERS_FOLDER}
        self.kept, self.openers, self.claim_of = kept, openers, claim_of
        self.letters: list[Letter] = []
        self.about: dict[str, Said] = {}
        self.lost: set[tuple[str, bool]] = set()
        self.renamed: set[str] = set()
        kept.mkdir()

    def look(self) -> list[Letter]:
        """What has appeared since the last look, in order of its numbers."""
        known = {(one.id, one.void) for one in self.letters}
        found = []
        for to_agency, folder in self.folders.items():
            for name in announced(folder):
                package_id, void = name[:26], name.endswith(VOID_SUFFIX)
                if package_id not in self.renamed and (package_id, void) not in known:
                    for path in folder.glob(f"{package_id}.*"):
                        shutil.copy(path, self.kept / path.name)
                    found.append(self._read(name, to_agency))
        found.sort(key=lambda one: (one.type == "cases", one.number))
        self.letters += found
        return found

    def _read(self, name: str, to_agency: bool) -> Letter:
        opener = self.openers[to_agency]
        manifest = read_manifest(self.kept, name, opener).manifest
        void = not isinstance(manifest, Manifest)
        lines = [] if void else list(open_messages(self.kept, manifest, opener))
        said = tuple((one.message.message_id, self._said(one)) for one in lines)
        if to_agency:
            self.about |= dict(said)
        digest = hashlib.sha256((self.kept / name).read_bytes()).hexdigest()
        answers = getattr(lines[0].message, "package_id", None) if lines else None
        return Letter(to_agency, str(manifest.package_type), manifest.sequence, name[:26], digest, answers, void, said)

    def _said(self, line: Line) -> Said:
        raw = json.loads(line.raw)
        kind = raw["type"]
        if kind == "package.receipt":
            about = self.about[raw["about"]]
            verdict = raw["refusal"] if raw.get("refusal") in UNASKED else raw["verdict"]
            return Said(kind, about.claim, (verdict, about.kind))
        claim = self.claim_of(raw["case_ref"]) if "case_ref" in raw else 0
        match kind:
            case "case.new":
                assert json.loads(line.identity)["invoice_no"] == f"RE-{claim:06d}"
                value = raw["principal_open"]
            case "notice.ack":
                value = (raw["result"], self.about[raw["about"]].kind)
            case "case.unrestrict":
                value = raw.get("dispute")
            case "case.payment" | "case.credit":
                value = raw["amount"]
            case "case.status":
                value = raw["status"]
            case _:
                value = None
        return Said(kind, claim, value)

    def whole(self, letter: Letter) -> bool:
        """Whether all files of a package lie on the wire."""
        folder = self.folders[letter.to_agency]
        return all((folder / path.name).exists() for path in self.kept.glob(letter.files))

    def lose(self, letter: Letter, which: int) -> None:
        """One file of a package is gone, or all of them; the signature is the last."""
        folder = self.folders[letter.to_agency]
        paths = sorted(folder.glob(letter.files), key=lambda one: (one.name.endswith(SIGNATURE_SUFFIX), one.name))
        for path in paths if which >= len(paths) else [paths[which]]:
            path.unlink()
        self.lost.add((letter.id, letter.void))

    def lay(self, letter: Letter, *, renamed: bool = False) -> None:
        """A package lies there again, under its own name or under another."""
        name = new_id() if renamed else letter.id
        if renamed:
            self.renamed.add(name)
        else:
            self.lost.discard((letter.id, letter.void))
        folder = self.folders[letter.to_agency]
        for path in sorted(self.kept.glob(letter.files), key=lambda one: one.name.endswith(SIGNATURE_SUFFIX)):
            shutil.copy(path, folder / path.name.replace(letter.id, name))

    def clear(self) -> None:
        """What was laid down under another name is taken away, and what was lost is back."""
        for name in self.renamed:
            for folder in self.folders.values():
                for path in folder.glob(f"{name}.*"):
                    path.unlink()
        self.renamed.clear()
        for letter in self.letters:
            if (letter.id, letter.void) in self.lost:
                self.lay(letter)
