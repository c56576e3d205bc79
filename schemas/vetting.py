"""Who an agency is, and what a person found when checking it.

The register is www.rechtsdienstleistungsregister.de (§ 16 RDG; registration authority since 2025: Bundesamt für Justiz).
The legal role decides whether a message about a person's rights is an instruction (Art. 28 GDPR) or a notice (Art. 19).
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Strict

_Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class LegalRole(StrEnum):
    """What the agency is in data-protection law: works on instruction, decides itself, or owns the claims (§ 398 BGB)."""

    PROCESSOR = "processor"
    CONTROLLER = "controller"
    ASSIGNEE = "assignee"


class Registration(StrEnum):
    """What the register says of the agency's permission to collect (§§ 10, 13, 14, 16 RDG)."""

    VALID = "valid"
    CONDITIONAL = "conditional"
    REVOKED = "revoked"
    NOT_FOUND = "not-found"


class Confirmation(StrEnum):
    """How the fingerprints of the agency's keys were confirmed with it, apart from the way they came."""

    TELEPHONE = "telephone"
    VIDEO = "video"
    MEETING = "meeting"
    LETTER = "letter"
    NOT_CONFIRMED = "not-confirmed"


class Register(Strict):
    """The agency's entry in the Rechtsdienstleistungsregister."""

    name: _Words
    file_number: _Words
    scope: _Words = "Inkassodienstleistungen"


class Contract(Strict):
    """The contract with the agency; without `until` it has no end."""

    reference: _Words
    since: date
    until: date | None = None


class Profile(Strict):
    """Who the agency is, as the creditor knows it. `places`: where it processes. A change needs a new check."""

    register_entry: Register
    contract: Contract
    role: LegalRole
    places: Annotated[tuple[_Words, ...], Field(min_length=1, max_length=20)]
    association: _Words | None = None


class Findings(Strict):
    """What a person found."""

    registration: Registration
    keys_confirmed: Confirmation
