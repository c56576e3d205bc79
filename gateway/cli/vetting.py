"""The creditor's commands about an agency: check it, and probe it. The agency's own commands are beside them."""

import sys
from enum import StrEnum
from typing import Annotated, TypeVar

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.consent import Consent, carry_out
from gateway.cli.creditor import Config, Json, named_agency
from gateway.errors import UsageError
from gateway.handover.outbox import send
from gateway.handover.probe import seal_probe
from gateway.handover.recovery import recover
from gateway.partners.vetting import check, checking, fingerprints, unfit
from gateway.settings import Agency, load
from gateway.wiring import clock, open_office
from schemas.calendar import day_in_germany
from schemas.vetting import Confirmation, Findings, Registration

NOTHING_GIVEN = Consent()
_Answer = TypeVar("_Answer", bound=StrEnum)


def register(app: App) -> None:
    """Adds the creditor's commands to those of the agency."""
    for function, name in ((agency_check, "check"), (agency_probe, "probe"), (agency_list, "list")):
        app["agency"].command(function, name=name, group="At the creditor")


def agency_list(*, json: Json = False, config: Config) -> int:
    """At the creditor: list the agencies, and why one gets nothing today."""
    with open_office(load(config)) as office:
        names = [agency.id for agency in office.configuration.settings.agencies]
        faults = unfit(office, names, day_in_germany(clock()))
    if json:
        output.as_json(
            {"agencies": [{"agency": one, "fault": str(faults[one]) if one in faults else None} for one in names]}
        )
    else:
        output.table([("agency", "today"), *((one, str(faults.get(one, "may get cases"))) for one in names)], indent=0)
    return 0


def agency_check(
    name: str,
    *,
    registration: Annotated[
        Registration | None, Parameter(help="What the register says; asked for if left out.")
    ] = None,
    keys_confirmed: Annotated[
        Confirmation | None, Parameter(help="How the fingerprints were confirmed; asked for if left out.")
    ] = None,
    consent: Consent = NOTHING_GIVEN,
    config: Config,
) -> int:
    """At the creditor: walk through the check of an agency, and record what was found with your approval.

    Parameters
    ----------
    name
        The agency's id in the configuration.
    """
    now = clock()
    configuration = load(config)
    agency = named_agency(configuration, name)
    findings = Findings(
        registration=registration or _ask_registration(agency),
        keys_confirmed=keys_confirmed or _ask_confirmation(agency),
    )
    with open_office(configuration) as office:
        build = checking(agency, findings)
        if not carry_out(office, build, consent, now, lambda given: check(office, agency, findings, given, now)):
            return 0
        fault = unfit(office, [name], day_in_germany(now)).get(name)
    output.line(f"the check of {name} is on record; {fault or 'it may get cases'}")
    return 0


def agency_probe(
    name: str,
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Say what would be sent; seal and send nothing.")] = False,
    config: Config,
) -> int:
    """At the creditor: send an agency a signed package of invented cases; it gets no other before it has answered.

    Parameters
    ----------
    name
        The agency's id in the configuration.
    """
    now = clock()
    configuration = load(config)
    agency = named_agency(configuration, name)
    if dry_run:
        output.line(f"three invented cases would be sealed and sent to {name}, in a package of type probe")
        return 0
    with open_office(configuration) as office:
        recover(office, now)
        probe = seal_probe(office, agency, day_in_germany(now), now)
        sent = send(office, agency, now, lambda _messages: None, cases=False)
    if sent.failure is not None:
        output.complain(f"{sent.failure}; the probe is in the outbox and goes with the next run")
        return sent.failure.exit_code
    output.line(f"probe {probe.package_id} lies at {name}'s server; cases follow once its receipt has come")
    return 0


def _ask_registration(agency: Agency) -> Registration:
    output.heading("The register: look the agency up on www.rechtsdienstleistungsregister.de")
    if agency.profile is not None:
        entry = agency.profile.register_entry
        output.table([("name", entry.name), ("file number", entry.file_number), ("scope", entry.scope)], numbers=False)
    return _choose("Is it there, in force, and without conditions (Auflagen)?", Registration)


def _ask_confirmation(agency: Agency) -> Confirmation:
    output.heading("The keys: have the agency read out these fingerprints, over another way than they came")
    for line in fingerprints(agency):
        output.line(f"  {line}")
    return _choose("How did the agency confirm them?", Confirmation)


def _choose(question: str, answers: type[_Answer]) -> _Answer:
    if not sys.stdin.isatty():
        raise UsageError("without a terminal, --registration and --keys-confirmed say what was found")
    while True:
        given = output.ask(f"{question} [{' / '.join(answers)}] ")
        if given in set(answers):
            return answers(given)
