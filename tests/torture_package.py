"""Every bit of a small package flipped, and every truncation: each refused, for the right reason. Part of `make torture`.

usage: torture_package.py [STEP]   looks at every STEPth byte, each of them by default; a short form is in `make test`
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from forger import IDENTITIES, KEY, RECIPIENT, SENDER, Forgery
from gateway.steps.unseal import Opener, PackageError, open_messages, read_manifest
from keys.sshsig import allowed_signers_line, load_allowed_signers
from schemas.package import Direction, Manifest, Part

SIGNERS = allowed_signers_line(SENDER, KEY.public_key(), Direction.TO_AGENCY.namespaces)
FLIPPED = {".age": ("another content",), ".json": ("signature",), ".sig": ("signature", "base64")}
CUT = {".age": ("another size",), ".json": ("signature",), ".sig": ("signature", "base64")}


def changes(content: bytes, step: int) -> Iterator[tuple[bool, bytes]]:
    """Every single bit flipped, and every beginning alone; whether it is the latter."""
    for place in range(0, len(content), step):
        yield True, content[:place]
        for bit in range(8):
            yield False, content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]


def refusal(folder: Path, package_id: str, opener: Opener) -> str | None:
    """Why a package is not believed; None if it is."""
    try:
        manifest = read_manifest(folder, f"{package_id}.manifest.json", opener).manifest
        assert isinstance(manifest, Manifest)
        for _ in open_messages(folder, manifest, opener):
            pass
    except PackageError as error:
        return str(error)
    return None


def sweep(folder: Path, step: int) -> list[str]:
    """The places where a change was believed, or refused for another reason than its own."""
    forgery = Forgery()
    opener = Opener(
        RECIPIENT,
        Direction.TO_AGENCY,
        {Part(part): [key] for part, key in IDENTITIES.items()},
        load_allowed_signers(SIGNERS),
    )
    files = forgery.files()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert refusal(folder, forgery.package_id, opener) is None
    wrong = []
    for name, content in files.items():
        suffix = Path(name).suffix
        for cut, altered in changes(content, step):
            (folder / name).write_bytes(altered)
            found = refusal(folder, forgery.package_id, opener)
            # The armor of a signature may end with more or fewer line ends; nothing else may differ.
            same = suffix == ".sig" and altered.strip() == content.strip()
            if not same and not any(reason in (found or "") for reason in (CUT if cut else FLIPPED)[suffix]):
                wrong.append(f"{suffix}, {len(altered) if cut else 'flipped'}: {found}")
        (folder / name).write_bytes(content)
    return wrong


def main() -> None:
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as folder:
        wrong = sweep(Path(folder), step)
    print(f"{len(wrong)} changes believed or refused for a wrong reason")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
