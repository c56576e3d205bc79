"""What the files of a package are called, on both sides."""

from typing import Final

from schemas.package import Part

MANIFEST_SUFFIX: Final = ".manifest.json"
VOID_SUFFIX: Final = ".void.json"
SIGNATURE_SUFFIX: Final = ".sig"


def answer_files(package_id: str) -> tuple[str, str, str]:
    """The files of a package of answers in the order they are placed: the signature last, for it announces the others."""
    manifest = f"{package_id}{MANIFEST_SUFFIX}"
    return Part.ANSWERS.file_of(package_id), manifest, f"{manifest}{SIGNATURE_SUFFIX}"
