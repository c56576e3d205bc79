"""Probing an agency: a signed package of invented cases in a sequence of its own (type `probe`).

It shows that the agency can verify, open and answer, before a person's data depends on it. The cases are as good as
invented can be: nobody lives there, and the references were never issued. A package that was lost is probed again.
"""

import os
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from audit.store import append
from gateway.errors import IntegrityError, UsageError
from gateway.handover.batch import OPENING_BYTES
from gateway.handover.sealing import addressing_of, envelope_recipients, outgoing_of, publish
from gateway.office import Office
from gateway.partners.keys import with_keys_in_force
from gateway.partners.vetting import keys_digest
from gateway.settings import Agency
from gateway.steps.minimise import minimise
from gateway.steps.pseudonymise import Pseudonymised, case_line, identity_line, pseudonymise
from gateway.steps.seal import Envelope, Lines, PackageWriter, Sealed
from gateway.store.packages import Addressee
from keys.references import new_case_ref, new_debtor_ref, new_id
from keys.sshsig import sign
from schemas.claim import Address, Claim, Debtor, DebtorKind, Disputed
from schemas.entry import AgencyProbed, ProbeAnswered
from schemas.mandate import Declarations, Mandate
from schemas.package import PackageType
from schemas.screening import Cleared, Default, DefaultGround

_ACTOR: Final = "system:agency-probe"
_INVENTED: Final = (("Eins", 1_999), ("Zwei", 12_345), ("Drei", 250_000))
"""Surname of each invented debtor, and what is open, in cents."""


class Probe(NamedTuple):
    """A probe that lies in the outbox."""

    package_id: str
    sequence: int


def seal_probe(office: Office, agency: Agency, today: date, now: datetime) -> Probe:
    """Seals a probe; `handover.outbox.send` sends it. Raises UsageError if no mandate names the agency."""
    mandate = next((one for one in office.configuration.settings.mandates if one.agency == agency.id), None)
    if mandate is None:
        raise UsageError("no mandate names this agency: configure one first, its header is part of the probe")
    source = office.configuration.source(mandate.source)
    addressee = Addressee(agency.id, source.entity, PackageType.PROBE)
    package_id = new_id()
    with office.connection.begin():
        office.packages.open(package_id, addressee, source.id, now)
        sequence = office.packages.reserve_sequence(package_id, addressee)
    creditor = office.configuration.entity(source.entity).creditor
    envelope = Envelope(
        addressing_of(addressee, package_id, sequence),
        mandate,
        creditor,
        envelope_recipients(with_keys_in_force(office, agency, today)),
        agency.expires_days,
    )
    writer = PackageWriter(office.outbox, envelope)
    invented = [_invented(name, cents, source.declarations, mandate, today) for name, cents in _INVENTED]
    writer.add([_lines(one) for one in invented])
    sealed = writer.finish(partial(sign, key=office.ring.signing_key(), namespace=PackageType.PROBE.namespace), now)
    _commit(office, agency, sealed, [one.case.message_id for one in invented], now)
    return Probe(package_id, sequence)


def _commit(office: Office, agency: Agency, sealed: Sealed, messages: Sequence[str], now: datetime) -> None:
    manifest = sealed.manifest
    entry = AgencyProbed(
        id=new_id(),
        time=now,
        actor=_ACTOR,
        agency=agency.id,
        package=manifest.package_id,
        sequence=manifest.sequence,
        manifest_digest=sealed.manifest_digest,
        post_quantum=manifest.post_quantum,
    )
    outgoing = outgoing_of(sealed, len(messages))
    with office.connection.begin():
        position = append(office.connection, entry).position
        office.packages.seal(outgoing, None, position)
        office.vettings.probe(manifest.package_id, agency.id, keys_digest(agency), position, messages)
    publish(office, sealed.files)


def probe_answered(office: Office, package_id: str, now: datetime) -> None:
    """The agency's receipt of a probe has been verified: from here on it may get cases for the keys it was sealed to.

    Works inside the caller's transaction, where the receipt's own entry is. Raises IntegrityError for another package.
    """
    agency = office.vettings.probed(package_id)
    if agency is None:
        raise IntegrityError("a receipt was taken for a probe's, and its package is none")
    entry = ProbeAnswered(id=new_id(), time=now, actor=_ACTOR, agency=agency, package=package_id)
    office.vettings.answer(package_id, append(office.connection, entry).position)


def _lines(message: Pseudonymised) -> Lines:
    return Lines(case_line(message), identity_line(message, os.urandom(OPENING_BYTES)), message.case.principal_open)


def _invented(name: str, cents: int, declarations: Declarations, mandate: Mandate, today: date) -> Pseudonymised:
    due = today - timedelta(days=90)
    claim = Claim(
        claim_no=f"PROBE-{name}",
        customer_no=f"PROBE-{name}",
        invoice_no=f"PROBE-{name}",
        debtor=Debtor(
            kind=DebtorKind.CONSUMER,
            first_name="Probe",
            last_name=name,
            address=Address(street="Probeweg", house_no="0", postcode="00000", city="Probestadt", country="DE"),
        ),
        contract_date=due - timedelta(days=30),
        invoice_date=due - timedelta(days=14),
        due_date=due,
        amount=cents,
        paid=0,
        currency="EUR",
        disputed=Disputed.NO,
    )
    default = Default(since=due + timedelta(days=31), ground=DefaultGround.NOTICE)
    minimised = minimise(Cleared(claim=claim, default=default), declarations, mandate)
    return pseudonymise(minimised, new_case_ref(), new_debtor_ref(), new_id())
