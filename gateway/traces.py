"""By what a person is found again: e-mail, surname with postcode, invoice number, and the agency's own file number.

Rules: one spelling each, so that how somebody writes it does not matter; what is empty makes no
trace. The vault keeps keyed digests of these, per legal entity, and never the texts.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from keys.claimkeys import ClaimKey
from keys.labels import Label
from keys.vault import Trace
from schemas.claim import Claim

_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})  # casefold has made ss of ß


def traces_of(claim: Claim) -> tuple[Trace, ...]:
    """Everything a claim can be found by, beside its number and its customer's."""
    debtor = claim.debtor
    names = {name for name in (debtor.last_name, debtor.company_name) if name}
    found = [by_invoice(claim.invoice_no), *(by_name(name, debtor.address.postcode) for name in sorted(names))]
    if debtor.email:
        found.append(by_email(debtor.email))
    return tuple(trace for trace in found if all(trace.parts))


def traces_by_id(claims: Iterable[Claim], keys: Mapping[str, ClaimKey]) -> dict[str, tuple[Trace, ...]]:
    """What leads to claims, by their ids; `keys` by claim number."""
    return {keys[claim.claim_no].claim_id: traces_of(claim) for claim in claims}


def by_invoice(number: str) -> Trace:
    """The invoice number, as letters of the agency quote it."""
    return Trace(Label.INVOICE_INDEX, (_plain(number),))


def by_email(address: str) -> Trace:
    """An e-mail address."""
    return Trace(Label.EMAIL_INDEX, (unicodedata.normalize("NFKC", address).strip().casefold(),))


def by_name(surname: str, postcode: str) -> Trace:
    """A surname or firm, with the postcode of the billing address."""
    return Trace(Label.NAME_INDEX, (_plain(surname), _plain(postcode)))


def by_agency_ref(agency: str, number: str) -> Trace:
    """The file number of an agency: it numbers for itself."""
    return Trace(Label.AGENCY_REF_INDEX, (agency, _plain(number)))


def _plain(text: str) -> str:
    """Letters and digits alone: folded, umlauts spelt out, accents and separators left out."""
    folded = unicodedata.normalize("NFC", text).casefold().translate(_GERMAN)
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(letter for letter in decomposed if letter.isalnum())
