"""The leaves of the audit log about mandates; `schemas.entry` joins them with the others."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.approval import Approved, Fingerprint
from schemas.identifiers import Digest, PartyId
from schemas.leaf import Leaf


class _AboutMandate(Leaf):
    mandate: PartyId
    mandate_version: Annotated[int, Field(ge=1)]
    mandate_digest: Digest


class MandateIssued(_AboutMandate):
    """A version of a mandate is used for the first time; from here on it does not change."""

    event: Literal["mandate.issued"] = "mandate.issued"


class MandateSigned(_AboutMandate):
    """A person at the creditor signed the page that shows a mandate."""

    event: Literal["mandate.signed"] = "mandate.signed"
    approved: Approved


class MandateCountersigned(_AboutMandate):
    """The agency's signature over the mandate's digest was verified, by one of its keys."""

    event: Literal["mandate.countersigned"] = "mandate.countersigned"
    agency: PartyId
    key: Fingerprint
    signature: Annotated[str, Field(max_length=4096, pattern=r"^-----BEGIN SSH SIGNATURE-----\n")]


MandateEntry = MandateIssued | MandateSigned | MandateCountersigned
