"""The package: manifest, and the first and last line of its sealed files.

The manifest holds no personal data and is signed (SSHSIG) in the namespace of its type. The header line repeats what
addresses the package, so that a sealed file cannot be passed off as another one's. A void manifest closes the number
of a package that will never come.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from schemas.answers import FromAgency
from schemas.base import Instant, Strict
from schemas.identifiers import Digest, PackageId, PartyId
from schemas.leaf import LogKey
from schemas.mandate import Mandate
from schemas.messages import ToAgency
from schemas.money import Cents

FORMAT_VERSION: Final = 1
CASES_NAMESPACE: Final = "cases@inkasso-gateway"
VOID_NAMESPACE: Final = "void@inkasso-gateway"

Name = Annotated[str, Field(min_length=1, max_length=200)]


def _checked(iban: str) -> str:
    """An IBAN whose check digits fit (ISO 13616): debtors pay to it, so a mistyped one must not travel."""
    if int("".join(str(int(symbol, 36)) for symbol in iban[4:] + iban[:4])) % 97 != 1:
        sentence = "the check digits of the IBAN do not fit: a symbol is mistyped"
        raise PydanticCustomError(sentence, "{rule}", {"rule": sentence})
    return iban


class PackageType(StrEnum):
    """`cases` hand over and `stops` take back; a `probe` is all invented; `receipt` answers one package, `answers` tell
    of the work.
    """

    CASES = "cases"
    STOPS = "stops"
    PROBE = "probe"
    RECEIPT = "receipt"
    ANSWERS = "answers"

    @property
    def namespace(self) -> str:
        """The namespace its manifest is signed in."""
        return f"{self}@inkasso-gateway"


class Part(StrEnum):
    """The sealed files of a package: cases and identities to an agency, with a released document beside them if one goes
    with it, sealed as identities are; answers to a creditor.
    """

    CASES = "cases"
    IDENTITIES = "identities"
    DOCUMENTS = "documents"
    ANSWERS = "answers"

    def file_of(self, package_id: str) -> str:
        """The name of this file of a package."""
        return f"{package_id}.{self}{'' if self is Part.DOCUMENTS else '.jsonl.zst'}.age"


class Direction(StrEnum):
    """Who sends."""

    TO_AGENCY = "to-agency"
    TO_CREDITOR = "to-creditor"

    @property
    def parts(self) -> tuple[Part, ...]:
        """The sealed files of every package in this direction; a document may stand beside those to an agency."""
        return (Part.CASES, Part.IDENTITIES) if self is Direction.TO_AGENCY else (Part.ANSWERS,)

    @property
    def types(self) -> tuple[PackageType, ...]:
        """The types of package in this direction; stops and receipts before what they overtake."""
        if self is Direction.TO_AGENCY:
            return (PackageType.STOPS, PackageType.CASES, PackageType.PROBE)
        return (PackageType.RECEIPT, PackageType.ANSWERS)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """What a party of this direction may sign: for its line in the partner's list of signers."""
        return (*(one.namespace for one in self.types), VOID_NAMESPACE)


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
    sequence: Annotated[int, Field(ge=1, le=10**9)]  # more packages than either side ever sends
    sender: PartyId
    recipient: PartyId


class Consistency(Strict):
    """A proof that the log shown begins with the `size` entries it had before: RFC 6962 hashes in base64."""

    size: Annotated[int, Field(ge=1)]
    proof: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")], ...], Field(max_length=130)]


class Trail(Strict):
    """What a sender shows of its audit log: its key, its newest checkpoint, what connects that to those the recipient
    may have kept, and the newest record of its erasure journal. An agency keeps no such log: its receipts show the
    recipient's own newest checkpoint, `cosigned` by the agency.
    """

    log_key: LogKey | None = None
    log_key_proofs: Annotated[tuple[Annotated[str, Field(max_length=20_000)], ...], Field(max_length=20)] = ()
    checkpoint: Annotated[str, Field(max_length=20_000)] | None = None
    consistency_proof: Annotated[tuple[Consistency, ...], Field(max_length=1_000)] | None = None
    journal_head: Digest | None = None
    cosigned: Annotated[str, Field(max_length=20_000)] | None = None


class Manifest(Addressing, Trail):
    """What the signature covers; a package of new cases names its mandate."""

    format: Literal[1] = FORMAT_VERSION
    created: Instant
    expires: Instant
    mandate_digest: Digest | None
    schema_digest: Digest
    post_quantum: bool
    files: tuple[SealedFile, ...]


class VoidManifest(Addressing):
    """A number that will never be used again: its package was withdrawn, was lost or damaged, or has expired."""

    format: Literal[1] = FORMAT_VERSION
    void: Literal[True] = True
    created: Instant


class Creditor(Strict):
    """Whom the debtor owes (§ 13a(1) Nr. 1 and 6 RDG), and where payment reaches the creditor."""

    name: Name
    street: Name
    house_no: Name
    postcode: Name
    city: Name
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    vat_deductible: bool
    iban: Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$"), AfterValidator(_checked)]


class Header(Addressing):
    """The first line of a sealed file. To an agency it names the creditor, and with new cases the mandate."""

    type: Literal["header"] = "header"
    part: Part
    mandate: Mandate | None = None
    creditor: Creditor | None = None


class End(Strict):
    """The last line of a sealed file: messages, and in a cases file the sum of what its new cases owe, in cents."""

    type: Literal["end"] = "end"
    messages: Annotated[int, Field(ge=0)]
    principal_open: Cents | None = None


ToAgencyLine: TypeAdapter[Header | ToAgency | End] = TypeAdapter(
    Annotated[Header | ToAgency | End, Field(discriminator="type")]
)
FromAgencyLine: TypeAdapter[Header | FromAgency | End] = TypeAdapter(
    Annotated[Header | FromAgency | End, Field(discriminator="type")]
)
