"""Every use of a key, one row each: which purpose keys exist, and what their inputs are labelled with.

Inputs of HMAC and additional data of AEAD are canonical JSON arrays that begin with the label, so no two uses can be
confused, and no concatenation can be read two ways.
"""

import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum

from keys.material import Secret
from schemas.canonical import encode


class Purpose(StrEnum):
    """What a key of the ring is for; a key has exactly one purpose."""

    INDEX = "index"
    """blind indexes of the vault, digests of rows and files"""
    MARKER = "marker"
    """markers of erased claims, which outlive whatever the index key was made for"""
    PACKAGE_SIGNING = "package-signing"
    """Ed25519 seed of the SSHSIG over manifests"""
    EPOCH = "epoch"
    """wraps the claim keys in the vault; destroyed after a night's erasures"""
    LOG_SIGNING = "log-signing"
    """Ed25519 seed of the signature on checkpoints of the audit log"""
    JOURNAL_SIGNING = "journal-signing"
    """Ed25519 seed of the signatures in the erasure journal"""
    COSIGNING = "log-cosigning"
    """Ed25519 seed of a witness's cosignature on checkpoints of others"""
    CASES_STORE = "cases-store"
    """the agency's store of cases"""
    IDENTITIES_STORE = "identities-store"
    """the agency's store of identities"""


class Label(StrEnum):
    """The first element of an HMAC input or of additional data."""

    RING_KEY = "ring-key"
    ROOT_ID = "root-id"
    ESCROWED = "escrowed"
    STACKED = "stacked"
    CLAIM_KEY = "claim-key"
    SOURCE_KEY = "source-key"
    SCREENING = "screening"
    SOURCE = "source"
    CLAIM_INDEX = "claim-index"
    CUSTOMER_INDEX = "customer-index"
    INVOICE_INDEX = "invoice-index"
    AGENCY_REF_INDEX = "agency-ref-index"
    EMAIL_INDEX = "email-index"
    NAME_INDEX = "name-index"
    REQUEST_KEY = "request-key"
    REQUEST = "request"
    ERASED_CLAIM = "erased-claim"
    CLAIM_NUMBER = "claim-number"
    ROW = "row"
    TOLD = "told"
    FILE = "file"
    RECEIVED_LINE = "received-line"
    ANSWER_LINE = "answer-line"
    MESSAGE = "message"
    DOCUMENT = "document"
    JOURNAL = "erasure-journal"


def bound(label: Label, *parts: str) -> bytes:
    """The additional data of one use: label and row ids as a canonical array."""
    return encode([label, *parts])


def keyed_digest(key: Secret, label: Label, *parts: str) -> bytes:
    """HMAC-SHA-256 over a labelled canonical array, 32 bytes."""
    return hmac.digest(key.reveal(), bound(label, *parts), hashlib.sha256)


def stacked_digest(keys: Sequence[Secret], label: Label, *parts: str) -> bytes:
    """A keyed digest under the oldest of `keys`, and under each later one a digest over the digest before, 32 bytes."""
    found = keyed_digest(keys[0], label, *parts)
    for key in keys[1:]:
        found = digest_again(key, found)
    return found


def digest_again(key: Secret, digest: bytes) -> bytes:
    """What a digest becomes when a newer key is stacked on those it was made with."""
    return keyed_digest(key, Label.STACKED, digest.hex())
