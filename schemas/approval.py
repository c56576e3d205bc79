"""An approval as it stands in the log: signatures of people over the digest of what they were shown."""

from typing import Annotated

from pydantic import Field

from schemas.base import Strict
from schemas.identifiers import Digest

Fingerprint = Annotated[str, Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]
"""An SSH key, as `ssh-keygen -l` shows it."""


class Approval(Strict):
    """One person's SSHSIG over the digest of a preview, armored: `ssh-keygen -Y verify` checks it without us."""

    key: Fingerprint
    signature: Annotated[
        str,
        Field(pattern=r"^-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]{200,2000}\n-----END SSH SIGNATURE-----\n$"),
    ]


class Approved(Strict):
    """What people approved: the SHA-256 of the preview they were shown, and the signature of each."""

    preview_digest: Digest
    approvals: Annotated[tuple[Approval, ...], Field(min_length=1, max_length=8)]
