"""Collecting answers: what lies at an agency's server comes into quarantine under names of ours, bounded in every way.

Rules: the gateway dials out; a remote name is data, compared with the shape of our own and never used as a path; how
many names are read, how many packages are taken, and how large each file may be is fixed here; the transport has a
deadline. Whatever an earlier run left in quarantine is removed first: it lies at the server still.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.steps.unseal import MANIFEST_SUFFIX, MAXIMUM_MANIFEST_BYTES, MAXIMUM_SIGNATURE_BYTES, SIGNATURE_SUFFIX
from gateway.transport.sftp import ContentError, SftpTransport
from schemas.package import Part

MAXIMUM_NAMES: Final = 10_000
MAXIMUM_PACKAGES: Final = 500
_MAXIMUM_ANSWERS_BYTES: Final = 64 << 20  # 50,000 answers of 400 bytes are 20 MB
_OURS: Final = re.compile(rf"([0-9a-hjkmnp-tv-z]{{26}})(\.{Part.ANSWERS}\.jsonl\.zst\.age|\.manifest\.json(\.sig)?)")


@dataclass(slots=True)
class Collected:
    """What came into quarantine: ids of packages; how many names were not ours; what was too large."""

    packages: list[str]
    foreign_names: int
    failures: list[ContentError]


def names_of(package_id: str) -> tuple[str, ...]:
    """The files of a package of answers, the signature first: without it the package is not announced."""
    manifest = f"{package_id}{MANIFEST_SUFFIX}"
    return (f"{manifest}{SIGNATURE_SUFFIX}", manifest, Part.ANSWERS.file_of(package_id))


def collect(transport: SftpTransport, quarantine: Path) -> Collected:
    """Fetches every announced package. Raises TransportErrors other than for a file that is too large."""
    empty(quarantine)
    names = transport.listing(MAXIMUM_NAMES)
    matches = [match for match in map(_OURS.fullmatch, names) if match is not None]
    announced = sorted(match[1] for match in matches if match[2].endswith(SIGNATURE_SUFFIX))
    collected = Collected([], len(names) - len(matches), [])
    for package_id in announced[:MAXIMUM_PACKAGES]:
        limits = (MAXIMUM_SIGNATURE_BYTES, MAXIMUM_MANIFEST_BYTES, _MAXIMUM_ANSWERS_BYTES)
        try:
            for name, limit in zip(names_of(package_id), limits, strict=True):
                transport.fetch(name, quarantine / name, limit)
        except ContentError as failure:
            collected.failures.append(failure)
            continue
        collected.packages.append(package_id)
    return collected


def empty(quarantine: Path) -> None:
    """Removes what lies in quarantine, if it bears a name of ours."""
    for path in quarantine.iterdir():
        if _OURS.fullmatch(path.name):
            path.unlink()
