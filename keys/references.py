"""References: new pseudonyms and ids, drawn from the operating system's generator.

A pseudonym is random, not derived (EDPB 01/2025): destroying its row in the vault makes it noise.
"""

import os

from schemas.identifiers import crockford, reference


def new_id() -> str:
    """128 random bits as 26 lower-case Crockford symbols: packages, messages, claims, subjects, entries."""
    return crockford(int.from_bytes(os.urandom(16)), 26).lower()


def new_case_ref() -> str:
    """80 random bits as a `C1-` reference."""
    return reference("C", int.from_bytes(os.urandom(10)))


def new_debtor_ref() -> str:
    """80 random bits as a `D1-` reference."""
    return reference("D", int.from_bytes(os.urandom(10)))
