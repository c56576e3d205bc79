"""Stops: what takes back a case overtakes it wherever it is.

A stop goes out before any new case, in a package of its own sequence. A package that lies sealed in the outbox and holds a
case that was recalled or erased, or that a request restricts or puts right, is withdrawn: its number is closed by a signed
void manifest, and its other claims are judged again the same night. What was to be told of them since is dropped: the case
that goes out then says it all; what holds back or puts right what nobody received is told to nobody. Nothing is withdrawn
whose signature may lie at the agency: then the stop alone must do, and the kit keeps it for a case that it has not seen.
"""

from datetime import datetime
from typing import NamedTuple

from audit.store import append
from gateway.errors import InputError, PartnerError
from gateway.handover.again import go_again
from gateway.handover.batch import SYSTEM_ACTOR
from gateway.handover.missing import OPEN_CASES
from gateway.handover.sealing import publish
from gateway.handover.void import VoidFiles, write_void
from gateway.handover.waiting import queue
from gateway.office import Office
from gateway.people.approvals import Build, Given, Preview, actor_of, settle
from gateway.settings import Agency
from gateway.state import CaseEvent, PackageState, standing_after
from gateway.store.cases import CaseRecord
from gateway.store.packages import Addressee, Outgoing
from gateway.transport.sftp import ContentError
from keys.claimkeys import ClaimKey
from keys.references import new_id
from schemas.case_entry import CaseRecalled
from schemas.codes import CaseStanding, RecallReason
from schemas.entry import PackageWithdrawn
from schemas.messages import CaseRecall
from schemas.package import PackageType


class Recalling(NamedTuple):
    """Which case would be recalled, and why."""

    claim_no: str
    case: CaseRecord
    key: ClaimKey
    reason: RecallReason

    @property
    def build(self) -> Build:
        """The preview."""
        lines = (
            f"claim: {self.claim_no}",
            f"recalled from {self.case.agency}, where it is {self.case.standing}",
            f"reason: {self.reason}",
        )
        return lambda made: Preview("claim recall", made, lines)


def recalling(office: Office, entity: str, claim_no: str, reason: RecallReason) -> Recalling:
    """What a recall comes to. Raises InputError if the claim has no open case."""
    with office.connection.begin(), office.vault_connection.begin():
        key = office.vault.find(entity, [claim_no]).get(claim_no)
        if key is None:
            raise InputError("this claim number is not known: check it, and the source it belongs to")
        case = office.cases.of_claims(None, [key.claim_id]).get(key.claim_id)
        after = None if case is None else standing_after(case.standing, CaseEvent.RECALL)
        if case is None or after is not CaseStanding.RECALLED or case.standing is after:
            raise InputError("this claim is not with an agency, or its case has ended: there is nothing to recall")
    return Recalling(claim_no, case, key, reason)


def recall(office: Office, recalling: Recalling, given: Given | None, now: datetime) -> None:
    """A case must not be worked any further: the stop waits from here on.

    It protects, so it needs nobody's approval; a person who gives one is named in the log. Raises ApprovalError.
    """
    case, key, reason = recalling.case, recalling.key, recalling.reason
    with office.connection.begin(), office.vault_connection.begin():
        approved = None if given is None else settle(recalling.build, given, office, now)
        case_ref = office.vault.references_of([key.claim_id], case.agency)[key.claim_id]
        queue(office, case, CaseRecall(message_id=new_id(), case_ref=case_ref, reason=reason), key, now)
        office.cases.change(case.message_id, standing=CaseStanding.RECALLED)
        actor = "system:claim-recall" if approved is None else actor_of(approved)
        entry = CaseRecalled(id=new_id(), time=now, actor=actor, agency=case.agency, reason=reason, approved=approved)
        append(office.connection, entry)


def withdraw_overtaken(office: Office, agency: Agency, now: datetime) -> list[str]:
    """Withdraws what has not left and holds a case that was recalled or erased, or that a request holds back, or a document
    for a case that has ended; the ids.

    Raises PartnerError if the server cannot be asked.
    """
    with office.connection.begin():
        recalled = {one.package for one in office.cases.at(agency.id) if one.standing is CaseStanding.RECALLED}
        recalled |= office.cases.packages_noticed(agency.id)
        recalled |= office.documents.packages_overtaken(agency.id, OPEN_CASES)
        candidates = [
            one
            for one in office.packages.outgoing(agency.id)
            if one.state is PackageState.SEALED and one.type is PackageType.CASES
            if one.package_id in recalled or _holds_erased(office, one)
        ]
    withdrawn = []
    for package in candidates:
        if not _has_arrived(office, agency, package):
            _withdraw_messages(office, agency, package, now)
            _withdraw(office, package, now)
            withdrawn.append(package.package_id)
    return withdrawn


def _holds_erased(office: Office, package: Outgoing) -> bool:
    """Whether a new case of a sealed package was erased since: then it has lost items, and nobody must receive it."""
    sealed = office.packages.dates([package.package_id])[package.package_id]
    return sealed.screened_entry is not None and len(office.items.places(sealed.sealed_entry)) < package.messages


def _withdraw_messages(office: Office, agency: Agency, package: Outgoing, now: datetime) -> None:
    """What was sealed later about cases of a package waits again, so that it can be dropped with them.

    Unless a claim beside them was erased since: what its agency must be told of that lies in the outbox alone.
    """
    with office.connection.begin():
        about = office.cases.packages_about(package.package_id)
        later = [
            one
            for one in office.packages.outgoing(agency.id)
            if one.package_id in about
            and one.state is PackageState.SEALED
            and office.cases.count_sealed(one.package_id) == one.messages
        ]
    for one in later:
        if not _has_arrived(office, agency, one):
            _withdraw(office, one, now)


def _has_arrived(office: Office, agency: Agency, package: Outgoing) -> bool:
    """Whether the signature, which is the commit, lies at the server; what lies there without it is removed."""
    signature = package.files[-1]
    with office.connect(agency) as transport:
        try:
            arrived = transport.digest(signature.name, signature.size) is not None
        except ContentError:
            arrived = True
        if not arrived:
            for file in package.files:
                transport.remove(file.name)
    return arrived


def _withdraw(office: Office, package: Outgoing, now: datetime) -> None:
    with office.connection.begin():
        sent = office.packages.sent(package.agency, package.package_id)
    if sent is None:
        raise PartnerError("a package that is to be withdrawn is gone from the outbox: run this again")
    addressee = Addressee(package.agency, sent.entity, package.type)
    void = write_void(office, addressee, package.package_id, package.sequence, now)
    book_withdrawal(office, package, void, now)
    publish(office, void.files)
    for file in package.files:
        (office.outbox / file.name).unlink(missing_ok=True)


def book_withdrawal(office: Office, package: Outgoing, void: VoidFiles, now: datetime) -> None:
    """From here on a sealed package is withdrawn, with its entry; call it in no transaction."""
    with office.connection.begin(), office.vault_connection.begin():
        office.packages.withdraw(package.package_id, void.files)
        claims = go_again(office, package.package_id)
        entry = PackageWithdrawn(
            id=new_id(),
            time=now,
            actor=SYSTEM_ACTOR,
            package=package.package_id,
            recipient=package.agency,
            sequence=package.sequence,
            manifest_digest=void.manifest_digest,
            claims=claims,
        )
        append(office.connection, entry)
