"""What a person provided (Art. 20 GDPR), as data that another controller can read. Its JSON Schema is
docs/provided.schema.json.

Rules: only what the person gave (name, address, e-mail, date of birth); no numbers of ours, no amounts, no verdicts, nothing
that was derived or received from others. Only what is processed by automated means for a contract (Art. 20(1)(a), 6(1)(b)):
every claim here is one under a contract.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Instant, Strict
from schemas.claim import Address, Text
from schemas.package import Creditor


class ProvidedPerson(Strict):
    """What a person said of themselves, in one version; a later one stands after it."""

    first_name: Text | None = None
    last_name: Text | None = None
    company_name: Text | None = None
    birth_date: date | None = None
    email: Text | None = None
    address: Address


class Provided(Strict):
    """Everything the person provided. `format` is that of this document."""

    format: Literal[1] = 1
    made: Instant
    controller: Creditor
    norm: Literal["Art. 20(1)(a) GDPR, Art. 6(1)(b) GDPR"] = "Art. 20(1)(a) GDPR, Art. 6(1)(b) GDPR"
    persons: Annotated[tuple[ProvidedPerson, ...], Field(min_length=1)]
