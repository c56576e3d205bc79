"""A source's inbox: which files are complete, and what one pass over a file tells before any of it is judged.

Rules: a file is complete when it has not changed for `settle_seconds` and ends with a line end; anything younger or cut
off is left for the next run, and said. A file is known by a keyed digest of content and mapping. Both passes hash the
file, and must agree. Links and folders are refused, unknown kinds of file too.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from gateway.errors import InputError
from gateway.handover.repeats import Number, Repeats
from gateway.readers.mapping import Mapping, load_preset
from gateway.readers.reading import HashingStream, claim_numbers, mapping_for
from gateway.settings import Source


class InboxFile(NamedTuple):
    """A complete file of an inbox, and the mapping that reads it."""

    path: Path
    mapping: Mapping


class FirstPass(NamedTuple):
    """What the first pass found: SHA-256 of the content, and the claim numbers that stand twice."""

    sha256: str
    repeats: Repeats


def waiting(source: Source, inbox: Path, now: datetime) -> Iterator[InboxFile | InputError]:
    """The files of an inbox in order of name; an InputError for each that has to wait or cannot be used."""
    preset = load_preset(source.preset)
    try:
        names = sorted(entry.name for entry in os.scandir(inbox) if not entry.name.startswith("."))
    except OSError:
        yield InputError(f"the inbox of source {source.id} cannot be read: create it, or correct `inbox`")
        return
    for position, name in enumerate(names, start=1):
        path = inbox / name
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            yield InputError(f"source {source.id}, inbox file {position}: not a plain file; put the file itself there")
        elif source.settle_seconds and now.timestamp() - found.st_mtime < source.settle_seconds:
            yield InputError(
                f"source {source.id}, inbox file {position}: changed less than {source.settle_seconds} seconds ago; "
                "it is left for the next run"
            )
        else:
            try:
                yield InboxFile(path, mapping_for(path, preset))
            except InputError as error:
                yield error


@contextmanager
def opened(path: Path) -> Iterator[HashingStream]:
    """A file as a stream that hashes what is read. Raises InputError if it cannot be opened."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        raise InputError(f"{path} cannot be read: check that it exists and its mode") from None
    with os.fdopen(descriptor, "rb") as file:
        yield HashingStream(file)


def first_pass(path: Path, mapping: Mapping, number: Number) -> FirstPass:
    """Reads claim numbers only: 8 bytes a row are kept. Raises InputError for a file that is cut off or unreadable."""
    with opened(path) as stream:
        repeats = Repeats(number, claim_numbers(stream, mapping))
        sha256 = stream.sha256()
    _require_line_end(path)
    return FirstPass(sha256, repeats)


def _require_line_end(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            raise InputError(
                "a file of the inbox does not end with a line end: it looks half-written. Let the exporter finish it "
                "(write under another name, then rename), and run again"
            )
