"""What store and vault know of the cases and messages that a package of answers speaks of, read once before it is applied.

A package is one agency's answer to one legal entity: nothing that was sent to another agency, or from another entity, is
among it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from gateway.office import Office
from gateway.store.cases import CaseRecord, MessageRecord
from gateway.store.packages import SentPackage
from gateway.store.requests import Notice
from keys.claimkeys import ClaimKey
from schemas.answers import FromAgency, NoticeAck, PackageReceipt, PackageRefused
from schemas.codes import PackageFault
from schemas.package import Manifest


class Known(NamedTuple):
    """Claims by case reference; cases by reference and by the message that handed them over; messages and packages that
    were sent; message ids that were used; packages of which a message was answered, and that were refused as a whole;
    references of cases that were erased here.
    """

    owners: dict[str, str]
    by_ref: dict[str, CaseRecord]
    by_message: dict[str, CaseRecord]
    sent: dict[str, MessageRecord]
    keys: dict[str, ClaimKey]
    used: set[str]
    packages: dict[str, SentPackage]
    notices: dict[str, Notice]
    answered: set[str]
    refused: dict[str, PackageFault]
    erased: set[str]

    def move(self, case: CaseRecord) -> None:
        """Later answers of the same package find the case as this one left it."""
        self.by_message[case.message_id] = case
        for ref, one in self.by_ref.items():
            if one.message_id == case.message_id:
                self.by_ref[ref] = case
                break


def look_up(office: Office, manifest: Manifest, answers: Sequence[FromAgency]) -> Known:
    """Everything a package speaks of, inside the caller's transactions."""
    agency, entity = manifest.sender, manifest.recipient
    refs = {found for one in answers if (found := getattr(one, "case_ref", None)) is not None}
    named = {one.package_id for one in answers if isinstance(one, PackageReceipt | PackageRefused)}
    about = {one.about for one in answers if isinstance(one, PackageReceipt | NoticeAck)}
    owners = office.vault.owners(refs, agency)
    cases = office.cases.of_claims(agency, set(owners.values()))
    by_ref = {ref: cases[claim] for ref, claim in owners.items() if claim in cases and cases[claim].entity == entity}
    by_message = {found: one for found, one in office.cases.of_messages(agency, about).items() if one.entity == entity}
    outbound = office.cases.outbound(agency, about)
    # What still waits to be sealed was never sent: nobody can answer it.
    sent = {found: one for found, one in outbound.items() if one.package is not None and one.entity == entity}
    claims = {one.claim for one in (*by_ref.values(), *by_message.values())}
    claims |= {one.claim for one in sent.values() if one.claim is not None}
    used = office.cases.inbound_ids(agency, {one.message_id for one in answers})
    found = {name: office.packages.sent(agency, name) for name in named}
    packages = {name: one for name, one in found.items() if one is not None and one.entity == entity}
    noticed = office.requests.noticed(agency, entity, about - (outbound.keys() - sent.keys()))
    erased = office.erasures.remembered(agency, entity)
    return Known(
        owners, by_ref, by_message, sent, office.vault.by_id(sorted(claims)), used, packages, noticed, set(), {}, erased
    )
