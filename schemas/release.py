"""Why a person released a held claim: codes, so that no free text about a debtor comes to lie anywhere."""

from enum import StrEnum


class ReleaseReason(StrEnum):
    """What the person found out, or decided."""

    CHECKED = "checked"
    """the data were compared with the source's documents and are right"""
    SETTLED = "settled"
    """the dispute or request was answered, and the debtor was told"""
    UNFOUNDED = "unfounded"
    """the objection was examined and has no ground; it travels with the case as disputed"""
    SUSPENDED = "suspended"
    """limitation was suspended (§§ 203, 204 BGB)"""
    LEGAL_CLAIMS = "legal-claims"
    """processing is needed to establish or exercise legal claims (Art. 18(2) GDPR)"""
    WORTH_IT = "worth-it"
    """the creditor wants this one collected all the same"""
