"""A batch: at most 50,000 judged claims and the package made of those that cleared. Finished, or never happened.

Order of what must be durable: the open package; then, chunk by chunk, the vault's rows, the verdicts, the sealed
lines in `.part` files; at the end one transaction with verdict entry, package, sequence number and sealing entry;
then the names without `.part`. Whatever a killed run leaves before that transaction, `recovery` removes.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Final

from audit.items import commitment, verdict_item
from audit.store import append, items_of
from gateway.handover.judge import Judged
from gateway.handover.sealing import addressing_of, envelope_recipients, outgoing_of, publish
from gateway.log.trail import show, trail_for
from gateway.office import Office
from gateway.readers.care import CareList
from gateway.settings import Agency, Source
from gateway.state import ClaimState, judge_again, state_of
from gateway.steps.minimise import minimise
from gateway.steps.pseudonymise import Pseudonymised, case_line, identity_line, item_bytes, opening_text, pseudonymise
from gateway.steps.seal import Envelope, Lines, PackageWriter, Sealed
from gateway.store.cases import CaseRecord
from gateway.store.claims import Screening
from gateway.store.packages import Addressee
from gateway.store.payload import ItemKept, Payload, SourceData, seal_payload, seal_source
from gateway.traces import traces_by_id
from keys.claimkeys import ClaimKey
from keys.references import new_id
from keys.sshsig import sign
from keys.vault import Numbers, References
from schemas.canonical import digest
from schemas.claim import Rejected
from schemas.codes import CaseStanding
from schemas.entry import ClaimsScreened, PackageSealed
from schemas.mandate import Mandate
from schemas.package import CASES_NAMESPACE, PackageType
from schemas.screening import Cleared, Held, Refused

MAXIMUM_CLAIMS: Final = 50_000
OPENING_BYTES: Final = 32
SYSTEM_ACTOR: Final = "system:handover"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Whose claims go to whom, on which day: what all batches of one mandate share."""

    source: Source
    agency: Agency
    mandate: Mandate
    today: date
    now: datetime
    care: CareList


@dataclass(slots=True)
class _Counts:
    rejected: int = 0
    held: int = 0
    refused: int = 0
    cleared: int = 0

    def add(self, judged: Sequence[Judged], rejected: int) -> None:
        self.rejected += rejected
        self.held += sum(isinstance(found.verdict, Held) for found in judged)
        self.refused += sum(isinstance(found.verdict, Refused) for found in judged)
        self.cleared += sum(isinstance(found.verdict, Cleared) for found in judged)


@dataclass(slots=True)
class _Commitments:
    verdicts: list[bytes] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)


class Batch:
    """One package in the making. `file` is the keyed digest of the file its rows come from, None for held claims."""

    def __init__(self, office: Office, assignment: Assignment, file: bytes | None) -> None:
        self._office = office
        self._assignment = assignment
        self._file = file
        self.package_id = new_id()
        self.judged = 0
        self._counts = _Counts()
        self._commitments = _Commitments()
        self.sequence: int | None = None
        self._addressee = Addressee(assignment.agency.id, assignment.source.entity, PackageType.CASES)
        with office.connection.begin():
            office.packages.open(self.package_id, self._addressee, assignment.source.id, assignment.now)
        self._writer: PackageWriter | None = None

    def add(self, judged: Sequence[Judged], rejected: Sequence[Rejected]) -> list[CaseRecord]:
        """Keeps and seals one chunk: the vault first, then the verdicts, then the lines; the cases it hands over."""
        keys, references = self._resolve(judged)
        screenings: list[Screening] = []
        lines: list[Lines] = []
        cases: list[CaseRecord] = []
        for found in judged:
            key = keys[found.claim.claim_no]
            pseudonymised = self._pseudonymise(found, references.get(key.claim_id))
            screenings.append(self._screening(found, key, pseudonymised, lines))
            if pseudonymised is not None:
                cases.append(self._case(key.claim_id, pseudonymised.case.message_id))
        with self._office.connection.begin():
            self._office.claims.add(screenings)
            self._office.cases.add(cases)
            if self._file is not None:
                self._office.claims.reject(self._file, self.package_id, rejected)
        self._counts.add(judged, len(rejected))
        self.judged += len(judged)
        if lines:
            self._writer = self._writer or self._begin_package()
            self._writer.add(lines)
        return cases

    def finish(self, file_rows: int | None) -> Sealed | None:
        """Makes the batch happened: one transaction, then the final names. `file_rows` says that its file is at its end.

        Returns the sealed package, or None if nothing cleared.
        """
        sealed = None
        trail = trail_for(self._office, self._addressee)
        if self._writer is not None:
            sign_manifest = partial(sign, key=self._office.ring.signing_key(), namespace=CASES_NAMESPACE)
            sealed = self._writer.finish(sign_manifest, self._assignment.now, trail)
        with self._office.connection.begin():
            screened = self._log_screened()
            self._office.cases.carry_out(self.package_id)
            if sealed is None:
                self._office.packages.finish_empty(self.package_id, screened)
            else:
                self._log_sealed(sealed, screened)
                show(self._office, self._addressee, trail)
            if self._file is not None and file_rows is not None:
                self._office.claims.remember_file(self._assignment.source.id, self._file, file_rows)
        if sealed is not None:
            publish(self._office, sealed.files)
        return sealed

    def close(self) -> None:
        """Lets go of the files; what has not been finished is for `recovery`."""
        if self._writer is not None:
            self._writer.close()

    def _resolve(self, judged: Sequence[Judged]) -> tuple[dict[str, ClaimKey], dict[str, References]]:
        numbers = [Numbers(one.claim.claim_no, one.claim.customer_no) for one in judged]
        vault, entity = self._office.vault, self._assignment.source.entity
        with self._office.vault_connection.begin():
            keys = vault.ensure(entity, numbers, self.package_id)
            vault.trace(entity, traces_by_id([found.claim for found in judged], keys), self.package_id)
            cleared = [keys[found.claim.claim_no] for found in judged if isinstance(found.verdict, Cleared)]
            return keys, vault.references(cleared, self._assignment.agency.id, self.package_id)

    def _pseudonymise(self, found: Judged, references: References | None) -> Pseudonymised | None:
        if not isinstance(found.verdict, Cleared) or references is None:
            return None
        given = self._assignment
        instruction = given.care.of(found.claim.customer_no, given.mandate)
        minimised = minimise(found.verdict, given.source.declarations, given.mandate, instruction)
        return pseudonymise(minimised, references.case_ref, references.debtor_ref, new_id())

    def _screening(
        self, found: Judged, key: ClaimKey, pseudonymised: Pseudonymised | None, lines: list[Lines]
    ) -> Screening:
        """One stored verdict; the message of a cleared claim is added to `lines`."""
        verdict = state_of(found.verdict)
        if found.handed_over:
            judge_again(ClaimState.CLEARED, verdict)
        rules = () if isinstance(found.verdict, Cleared) else found.verdict.rules
        item = verdict_item(key.claim_id, verdict, rules, self._assignment.today)
        verdict_kept = _commit(item, os.urandom(OPENING_BYTES), self._commitments.verdicts)
        message_kept = None
        if pseudonymised is not None:
            opening = os.urandom(OPENING_BYTES)
            case = case_line(pseudonymised)
            message_kept = _commit(item_bytes(pseudonymised), opening, self._commitments.messages)
            lines.append(Lines(case, identity_line(pseudonymised, opening), pseudonymised.case.principal_open))
        payload = Payload(claim_no=found.claim.claim_no, verdict=verdict_kept, message=message_kept)
        return Screening(
            claim=key.claim_id,
            package=self.package_id,
            verdict=verdict,
            rules=rules,
            handed_over=found.handed_over or pseudonymised is not None,
            held_since=found.held_since,
            row=found.row,
            row_digest=found.row_digest,
            verdict_item=len(self._commitments.verdicts) - 1,
            message_item=None if message_kept is None else len(self._commitments.messages) - 1,
            payload=seal_payload(payload, key, self.package_id),
            source=seal_source(SourceData(claim=found.claim, told=found.told), key, self.package_id),
        )

    def _case(self, claim: str, message_id: str) -> CaseRecord:
        return CaseRecord(
            message_id=message_id,
            claim=claim,
            agency=self._addressee.agency,
            entity=self._addressee.entity,
            package=self.package_id,
            standing=CaseStanding.UNDER_REVIEW,
            restricted=False,
            vanished=None,
            opened=self._assignment.now.isoformat(),
            answered=None,
            acted=None,
            closed=None,
        )

    def _begin_package(self) -> PackageWriter:
        with self._office.connection.begin():
            self.sequence = self._office.packages.reserve_sequence(self.package_id, self._addressee)
        return PackageWriter(self._office.outbox, self._envelope(self.sequence))

    def _envelope(self, sequence: int) -> Envelope:
        given, agency = self._assignment, self._assignment.agency
        addressing = addressing_of(self._addressee, self.package_id, sequence)
        creditor = self._office.configuration.entity(given.source.entity).creditor
        return Envelope(addressing, given.mandate, creditor, envelope_recipients(agency), agency.expires_days)

    def _log_screened(self) -> int:
        entry = ClaimsScreened(
            id=new_id(),
            time=self._assignment.now,
            actor=SYSTEM_ACTOR,
            package=self.package_id,
            source=self._assignment.source.id,
            mandate_digest=digest(self._assignment.mandate),
            configuration_digest=self._office.configuration.digest,
            rejected=self._counts.rejected,
            held=self._counts.held,
            refused=self._counts.refused,
            cleared=self._counts.cleared,
            items=items_of(self._commitments.verdicts),
        )
        return append(self._office.connection, entry, self._commitments.verdicts).position

    def _log_sealed(self, sealed: Sealed, screened: int) -> None:
        items = items_of(self._commitments.messages)
        if items is None:
            raise ValueError("a sealed package has messages")
        entry = PackageSealed(
            id=new_id(),
            time=self._assignment.now,
            actor=SYSTEM_ACTOR,
            package=self.package_id,
            recipient=self._assignment.agency.id,
            sequence=sealed.manifest.sequence,
            manifest_digest=sealed.manifest_digest,
            post_quantum=sealed.manifest.post_quantum,
            items=items,
        )
        index = append(self._office.connection, entry, self._commitments.messages).position
        self._office.packages.seal(outgoing_of(sealed, len(self._commitments.messages)), screened, index)


def _commit(item: bytes, opening: bytes, commitments: list[bytes]) -> ItemKept:
    commitments.append(commitment(opening, item))
    return ItemKept(item=item.decode(), opening=opening_text(opening))
