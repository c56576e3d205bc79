"""Collecting answers: what lies at an agency's server comes into quarantine under names of ours, bounded in every way.

Rules: the gateway dials out; a remote name is data, compared with the shape of our own and never used as a path; how
many names are read, how many packages are opened, how large each file may be, and how much a run unpacks is fixed here; the
transport has a deadline. A sealed file is fetched only when its manifest is believed and its turn has come, so that nobody
without the agency's key, and no backlog in disorder, fills our disk. Whatever an earlier run left in quarantine is removed
first: it lies at the server still.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.steps.names import SIGNATURE_SUFFIX, answer_files
from gateway.steps.unseal import MAXIMUM_SIGNATURE_BYTES, Line, PackageError
from gateway.transport.sftp import ContentError, SftpTransport
from schemas.package import Part

MAXIMUM_NAMES: Final = 10_000
MAXIMUM_PACKAGES: Final = 500
MAXIMUM_MANIFEST_BYTES: Final = 1 << 16  # a checkpoint with its cosignatures is all that makes one long
MAXIMUM_ANSWERS_BYTES: Final = 64 << 20  # 50,000 answers of 400 bytes are 20 MB
MAXIMUM_RUN_BYTES: Final = 1 << 30  # a statement of a million cases, three times
_OURS: Final = re.compile(rf"([0-9a-hjkmnp-tv-z]{{26}})(\.{Part.ANSWERS}\.jsonl\.zst\.age|\.manifest\.json(\.sig)?)")


@dataclass(slots=True)
class Collected:
    """Ids of packages whose manifest and signature came into quarantine; how many names were not ours; what failed."""

    packages: list[str]
    foreign_names: int
    failures: list[ContentError]


def collect(transport: SftpTransport, quarantine: Path) -> Collected:
    """Fetches what announces a package. Raises TransportErrors other than for a file that is too large."""
    empty(quarantine)
    names = transport.listing(MAXIMUM_NAMES)
    matches = [match for match in map(_OURS.fullmatch, names) if match is not None]
    announced = sorted(match[1] for match in matches if match[2].endswith(SIGNATURE_SUFFIX))
    collected = Collected([], len(names) - len(matches), [])
    if len(names) == MAXIMUM_NAMES:
        collected.failures.append(
            ContentError(f"a folder of answers holds {MAXIMUM_NAMES:,} names or more, and only those were looked at")
        )
    for package_id in announced:
        _, manifest, signature = answer_files(package_id)
        try:
            for name, limit in ((signature, MAXIMUM_SIGNATURE_BYTES), (manifest, MAXIMUM_MANIFEST_BYTES)):
                transport.fetch(name, quarantine / name, limit)
        except ContentError as failure:
            collected.failures.append(failure)
            continue
        collected.packages.append(package_id)
    return collected


def fetch_answers(transport: SftpTransport, quarantine: Path, package_id: str) -> None:
    """Fetches the sealed file of a package whose manifest is believed. Raises TransportErrors."""
    name = Part.ANSWERS.file_of(package_id)
    transport.fetch(name, quarantine / name, MAXIMUM_ANSWERS_BYTES)


def bounded(lines: Iterable[Line], package_id: str) -> Iterator[Line]:
    """White space makes a short line long, and compresses to nothing. Raises PackageError."""
    size = 0
    for line in lines:
        size += len(line.raw)
        if size > MAXIMUM_ANSWERS_BYTES:
            raise PackageError(
                f"package {package_id} unpacks to more than {MAXIMUM_ANSWERS_BYTES >> 20} MiB of answers"
            )
        yield line


def empty(quarantine: Path) -> None:
    """Removes what lies in quarantine, if it bears a name of ours."""
    for path in quarantine.iterdir():
        if _OURS.fullmatch(path.name):
            path.unlink()
