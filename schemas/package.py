"""The package: manifest, and the first and last line of its sealed files.

The manifest holds no personal data and is signed (SSHSIG, namespace `cases@inkasso-gateway`). The header line repeats
what addresses the package, so that a sealed file cannot be passed off as another one's.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from schemas.base import Instant, Strict
from schemas.identifiers import Digest, PackageId, PartyId
from schemas.mandate import Mandate
from schemas.messages import CaseNew
from schemas.money import Cents

FORMAT_VERSION: Final = 1
CASES_NAMESPACE: Final = "cases@inkasso-gateway"

Name = Annotated[str, Field(min_length=1, max_length=200)]


class PackageType(StrEnum):
    """`cases` hand over; `stops` take back (their issue)."""

    CASES = "cases"


class Part(StrEnum):
    """The sealed files of a package."""

    CASES = "cases"
    IDENTITIES = "identities"


class Direction(StrEnum):
    """Who sends."""

    TO_AGENCY = "to-agency"


class SealedFile(Strict):
    """One sealed file as it lies on the server: size and SHA-256 of the ciphertext, fingerprints of its recipients."""

    part: Part
    name: Annotated[str, Field(pattern=r"^[0-9a-z.]{1,80}$")]
    size: Annotated[int, Field(ge=0)]
    sha256: Digest
    recipients: tuple[Digest, ...]


class Addressing(Strict):
    """What a package is, for whom and from whom: equal in the manifest and in every header line."""

    direction: Direction
    package_type: PackageType
    package_id: PackageId
    sequence: Annotated[int, Field(ge=1)]
    sender: PartyId
    recipient: PartyId


class Manifest(Addressing):
    """What the signature covers. `checkpoint`, `consistency_proof` and `journal_head` come with their issues."""

    format: Literal[1] = FORMAT_VERSION
    created: Instant
    expires: Instant
    mandate_digest: Digest
    schema_digest: Digest
    post_quantum: bool
    files: tuple[SealedFile, ...]
    checkpoint: None = None
    consistency_proof: None = None
    journal_head: None = None


class Creditor(Strict):
    """Whom the debtor owes (§ 13a(1) Nr. 1 and 6 RDG), and where payment reaches the creditor."""

    name: Name
    street: Name
    house_no: Name
    postcode: Name
    city: Name
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    vat_deductible: bool
    iban: Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$")]


class Header(Addressing):
    """The first line of a sealed file."""

    type: Literal["header"] = "header"
    part: Part
    mandate: Mandate
    creditor: Creditor


class End(Strict):
    """The last line of a sealed file: messages, and the sum of what is open in cents (cases file only)."""

    type: Literal["end"] = "end"
    messages: Annotated[int, Field(ge=0)]
    principal_open: Cents | None = None


CasesLine: TypeAdapter[Header | CaseNew | End] = TypeAdapter(
    Annotated[Header | CaseNew | End, Field(discriminator="type")]
)
