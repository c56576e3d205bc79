"""The inbox: which files are complete, which belong together, and what one pass tells before any of it is judged.

Rules: a file is complete when it has not changed for `settle_seconds` and, if it is made of lines, ends with a line end;
anything younger or cut off is left for the next run, and said. Postings and invoices are read together, as one
document, and wait for one another. Copies are named and not read. A document is known by a keyed digest of content and
mapping. Both passes hash it, and must agree. Links and folders are refused, unknown kinds of file too.
"""

import hashlib
import io
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from gateway.errors import InputError, UsageError
from gateway.handover.mixups import Look, Mixups
from gateway.handover.repeats import Number, Repeats
from gateway.readers.document import Document
from gateway.readers.formats import Format
from gateway.readers.mapping import Mapping
from gateway.readers.presets import Preset, preset_of
from gateway.readers.reading import first_looks
from gateway.settings import Source
from gateway.steps.plain import open_plain

_OF_LINES: Final = frozenset({Format.CSV, Format.JSON_LINES, Format.DATEV})
_READ_TOGETHER: Final = frozenset({Format.DATEV, Format.EINVOICE})
Watching = Callable[[Iterable[Look]], Iterator[Look]]
"""Hands on the looks of a first pass as they are."""


class InboxFile(NamedTuple):
    """A complete document: its files in order, the mapping that reads it, and what is said of a file that cannot be read."""

    paths: tuple[Path, ...]
    mapping: Mapping
    name: str = "a file of the inbox"

    def document(self) -> Document:
        """The document, for one pass over it."""
        return Document([partial(opened, path, self.name) for path in self.paths])


class FirstPass(NamedTuple):
    """What the first pass found: SHA-256 of the content, claim numbers that stand twice, persons that may be mixed up."""

    sha256: str
    repeats: Repeats
    mixups: Mixups


class _Entry(NamedTuple):
    position: int
    path: Path
    size: int
    mapping: Mapping


def waiting(source: Source, inbox: Path, now: datetime) -> Iterator[InboxFile | InputError]:
    """The documents of an inbox in order of name; an InputError for each that has to wait or cannot be used."""
    preset = preset_of(source)
    complete: list[_Entry] = []
    unsettled: set[Format] = set()
    try:
        names = sorted(entry.name for entry in os.scandir(inbox) if not entry.name.startswith("."))
    except OSError:
        yield InputError(f"the inbox of source {source.id} cannot be read: create it, or correct `inbox`")
        return
    for position, name in enumerate(names, start=1):
        path = inbox / name
        try:
            complete.append(_entry(source, preset, position, path, now))
        except _NotYetError as error:
            unsettled.add(error.format)
            yield error
        except InputError as error:
            yield error
    copies = dict(_copies(complete))
    for position, first in copies.items():
        yield InputError(
            f"source {source.id}, inbox file {position}: a copy of inbox file {first}, and not read: remove one of them"
        )
    yield from _documents(source, [entry for entry in complete if entry.position not in copies], unsettled)


class _NotYetError(InputError):
    def __init__(self, sentence: str, waiting_format: Format) -> None:
        super().__init__(sentence)
        self.format = waiting_format


def _entry(source: Source, preset: Preset, position: int, path: Path, now: datetime) -> _Entry:
    where = f"source {source.id}, inbox file {position}"
    try:
        found = path.lstat()
    except OSError:
        raise InputError(f"{where}: it went away while the inbox was read; it is left for the next run") from None
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{where}: not a plain file; put the file itself there")
    mapping = preset.mapping_for(path)
    if source.settle_seconds and now.timestamp() - found.st_mtime < source.settle_seconds:
        raise _NotYetError(
            f"{where}: changed less than {source.settle_seconds} seconds ago; it is left for the next run",
            mapping.format,
        )
    return _Entry(position, path, found.st_size, mapping)


def _copies(entries: Sequence[_Entry]) -> Iterator[tuple[int, int]]:
    """The positions of files that are copies, each with the first of its kind; only equal sizes are compared."""
    sizes = Counter(entry.size for entry in entries)
    first: dict[str, int] = {}
    for entry in entries:
        if sizes[entry.size] > 1:
            try:
                with opened(entry.path) as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except InputError:
                continue  # said when it is read itself
            original = first.setdefault(digest, entry.position)
            if original != entry.position:
                yield entry.position, original


def _documents(source: Source, entries: Sequence[_Entry], unsettled: set[Format]) -> Iterator[InboxFile | InputError]:
    together: dict[Format, list[_Entry]] = {}
    for entry in entries:
        if entry.mapping.format in _READ_TOGETHER:
            together.setdefault(entry.mapping.format, []).append(entry)
        elif entry.mapping.join is not None:
            yield from _joined(source, entry, entries)
        else:
            yield InboxFile((entry.path,), entry.mapping)
    for kind, found in together.items():
        if source.processed is not None:
            raise UsageError(
                f"source {source.id}: postings and invoices are read together every night, so that a payment or a credit "
                "note finds its invoice: leave `processed` out"
            )
        if kind not in unsettled:
            yield InboxFile(tuple(entry.path for entry in found), found[0].mapping)


def _joined(source: Source, entry: _Entry, entries: Sequence[_Entry]) -> Iterator[InboxFile | InputError]:
    """A file and the one it is joined with; the joined one alone is no document."""
    join, name = entry.mapping.join, entry.path.name
    if join is None or (name.startswith(join.file) and not name.startswith(join.rows)):
        return
    other = entry.path.with_name(join.file + name.removeprefix(join.rows))
    if not name.startswith(join.rows) or other not in {one.path for one in entries}:
        yield InputError(
            f"source {source.id}, inbox file {entry.position}: the file it is joined with is not there, or not complete; "
            "export both under names that differ in their beginning only"
        )
        return
    yield InboxFile((entry.path, other), entry.mapping)


def alone(path: Path, preset: Preset) -> InboxFile:
    """A file outside any inbox, with the one it is joined with; or a folder of what is read together. Raises InputError."""
    if path.is_dir():
        found = [(one, preset.mapping_for(one)) for one in sorted(path.iterdir()) if one.is_file()]
        together = [(one, mapping) for one, mapping in found if mapping.format in _READ_TOGETHER]
        if not together:
            raise InputError("a folder holds no postings or invoices: name a file")
        return InboxFile(tuple(one for one, _ in together), together[0][1], "a file of the folder")
    mapping = preset.mapping_for(path)
    join = mapping.join
    if join is None:
        return InboxFile((path,), mapping, "the file you named")
    joined = path.with_name(join.file + path.name.removeprefix(join.rows))
    return InboxFile((path, joined), mapping, "the file you named, or the one it is joined with,")


@contextmanager
def opened(path: Path, name: str | None = None) -> Iterator[io.BufferedReader]:
    """A plain file, read only, and no link. Raises InputError, which says `name` where the file's own may name a person."""
    try:
        file = open_plain(path)
    except OSError:
        raise InputError(
            f"{name or path} cannot be read: check that it exists, is a plain file, and its mode"
        ) from None
    with file:
        yield file


def first_pass(file: InboxFile, number: Number, watching: Watching = iter) -> FirstPass:
    """Reads who and what the rows name: some 70 bytes a row are kept, and 8 of them after it. `watching` sees all of them.

    Raises InputError for a file that is cut off or unreadable.
    """
    document = file.document()
    mixups = Mixups()
    repeats = Repeats(number, mixups.noting(watching(first_looks(document, file.mapping))))
    mixups.compare()
    if file.mapping.format in _OF_LINES and not document.ends_with_line:
        raise InputError(
            "a file does not end with a line end: it looks half-written. Let the exporter finish it "
            "(write under another name, then rename), and run again"
        )
    return FirstPass(document.sha256(), repeats, mixups)


def put_away(file: InboxFile, processed: Path) -> None:
    """Moves the files of a document that has been read to its end; never over another file. Raises InputError."""
    for path in file.paths:
        target, count = processed / path.name, 1
        while target.exists():
            target, count = processed / f"{path.stem}.{count}{path.suffix}", count + 1
        try:
            path.rename(target)
        except OSError:
            raise InputError(
                "a file that has been read could not be moved: make the folder that `processed` names, on the disk of "
                "the inbox; the file is known and is not handed over again"
            ) from None
