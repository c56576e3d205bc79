"""Vetting an agency: what must hold before it gets a single case. Each that fails has its sentence.

    1  the configuration has its profile, and the contract is in force
    2  a person has checked it, and profile and keys are still those that were checked
    3  the register knows it, without conditions and not revoked (§§ 10, 14, 16 RDG)
    4  the fingerprints of its keys were confirmed with it, apart from the way they came
    5  the check is not older than `check_days`
    6  it has answered a probe: a signed package of invented cases, sealed for the same keys

Until then claims are held for it, and what was sealed before waits. Stops are never held back: they take data away.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from audit.store import append
from gateway.errors import PartnerError, UsageError
from gateway.office import Office
from gateway.people.approvals import Build, Given, Preview, actor_of, settle
from gateway.settings import Agency
from gateway.store.vettings import Check
from keys.recipients import parse_recipient
from keys.references import new_id
from keys.sshsig import fingerprint, parse_public_line
from schemas.calendar import day_in_germany
from schemas.canonical import digest, encode
from schemas.entry import AgencyChecked
from schemas.vetting import Confirmation, Contract, Findings, Profile, Registration


class UnfitError(PartnerError):
    """An agency may get nothing today; the others go on."""


def keys_digest(agency: Agency) -> str:
    """SHA-256 over everything of an agency's that decides who can read what we send, where it goes, and what we believe."""
    keys = [agency.cases_recipients, agency.identities_recipients, agency.signers, agency.sftp.host_key]
    return hashlib.sha256(encode([agency.id, keys, agency.cosigner or ""])).hexdigest()


def profile_digest(agency: Agency, profile: Profile) -> str:
    """SHA-256 over what a check is about: who the agency is, and its keys."""
    return hashlib.sha256(encode([digest(profile), keys_digest(agency)])).hexdigest()


def fault(agency: Agency, check: Check | None, answered: bool, today: date) -> str | None:
    """Why an agency may get nothing today; None if it may. The first that fails speaks."""
    if agency.profile is None:
        return "its profile is missing in the configuration ([agencies.profile])"
    return (
        _contract_fault(agency.profile.contract, today)
        or _check_fault(agency, agency.profile, check, today)
        or (
            None if answered else "it has not answered a probe for these keys: `inkasso agency probe`, then its receipt"
        )
    )


def _contract_fault(contract: Contract, today: date) -> str | None:
    if today < contract.since or (contract.until is not None and today > contract.until):
        return "its contract is not in force today: correct [agencies.profile.contract], then `inkasso agency check`"
    return None


def _check_fault(agency: Agency, profile: Profile, check: Check | None, today: date) -> str | None:
    if check is None:
        return "nobody has checked it yet: `inkasso agency check`"
    if not hmac.compare_digest(check.profile_digest, profile_digest(agency, profile)):
        return "its profile or keys have changed since the check: `inkasso agency check`"
    if check.findings.registration is not Registration.VALID:
        return f"its registration was found to be {check.findings.registration} (§§ 10, 14 RDG)"
    if check.findings.keys_confirmed is Confirmation.NOT_CONFIRMED:
        return "the fingerprints of its keys have not been confirmed: call it, then `inkasso agency check`"
    if today > check.checked_on + timedelta(days=agency.check_days):
        return f"its check is older than {agency.check_days} days: `inkasso agency check`"
    return None


def unfit(office: Office, names: Iterable[str], today: date) -> dict[str, UnfitError]:
    """The agencies among `names` that may get nothing today, each with the words for it."""
    found = {}
    with office.connection.begin():
        for name in names:
            agency = office.configuration.agency(name)
            check = office.vettings.last_check(name)
            words = fault(agency, check, office.vettings.answered(name, keys_digest(agency)), today)
            if words is not None:
                found[name] = UnfitError(f"agency {name} gets nothing: {words}")
    return found


def checking(agency: Agency, findings: Findings) -> Build:
    """The preview of a check: everything a person has looked at. Raises UsageError if there is no profile."""
    profile = agency.profile
    if profile is None:
        raise UsageError("the agency has no profile in the configuration: write [agencies.profile] first")
    entry, contract = profile.register_entry, profile.contract

    def build(made: datetime) -> Preview:
        lines = (
            f"agency: {agency.id}",
            f"checked on: {day_in_germany(made)}",
            f"register entry: {entry.name}, {entry.file_number}, {entry.scope}",
            f"registration found: {findings.registration}",
            f"contract: {contract.reference}, from {contract.since} to {contract.until or 'no end'}",
            f"association: {profile.association or 'none'}",
            f"legal role: {profile.role}",
            f"places of processing: {', '.join(profile.places)}",
            *fingerprints(agency),
            f"fingerprints confirmed: {findings.keys_confirmed}",
            f"digest: {profile_digest(agency, profile)}",
        )
        return Preview("agency check", made, lines)

    return build


def fingerprints(agency: Agency) -> tuple[str, ...]:
    """The keys of an agency as they are read out on the telephone."""
    recipients = [("cases key", one) for one in agency.cases_recipients]
    recipients += [("identities key", one) for one in agency.identities_recipients]
    signers = [f"signing key: {fingerprint(parse_public_line(one))}" for one in agency.signers]
    cosigner = [] if agency.cosigner is None else [f"cosigning key: {agency.cosigner}"]
    server = f"server's host key: {fingerprint(parse_public_line(agency.sftp.host_key))}"
    return (*(f"{what}: {parse_recipient(one).fingerprint}" for what, one in recipients), *signers, *cosigner, server)


def check(office: Office, agency: Agency, findings: Findings, given: Given, now: datetime) -> None:
    """Records what a person found, good or bad, with that person's approval. Raises UsageError, ApprovalError."""
    build = checking(agency, findings)
    with office.connection.begin():
        approved = settle(build, given, office, now)
        if agency.profile is None:
            raise UsageError("the agency has no profile in the configuration: write [agencies.profile] first")
        found = Check(profile_digest(agency, agency.profile), day_in_germany(now), findings)
        entry = AgencyChecked(
            id=new_id(),
            time=now,
            actor=actor_of(approved),
            agency=agency.id,
            profile_digest=found.profile_digest,
            checked_on=found.checked_on,
            registration=findings.registration,
            keys_confirmed=findings.keys_confirmed,
            approved=approved,
        )
        position = append(office.connection, entry).position
        office.vettings.record(agency.id, found, position)
