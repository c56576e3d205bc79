"""The commands about keys that change between creditor and agency: offer ours, see and confirm theirs."""

from datetime import date
from typing import Annotated

from cyclopts import App, Parameter

from gateway.agency.keychange import OwnPurpose as AgencyPurpose
from gateway.agency.keychange import confirm as confirm_at_agency
from gateway.agency.keychange import offer_key as offer_at_agency
from gateway.agency.keychange import offers as offers_at_agency
from gateway.agency.keychange import switch_signing
from gateway.agency.post import post, sign_again
from gateway.agency.settings import load_agency
from gateway.cli import output
from gateway.cli.consent import Consent, carry_out
from gateway.cli.creditor import Config, named_agency
from gateway.handover.offering import OwnPurpose, offer_key
from gateway.partners.keys import confirm, confirming, offered, offers
from gateway.settings import load
from gateway.wiring import agency_root, clock, open_desk, open_office
from schemas.calendar import day_in_germany
from schemas.messages import KeyOffer

NOTHING_GIVEN = Consent()
Until = Annotated[date, Parameter(help="The last day of the old key (YYYY-MM-DD).")]


def register(app: App) -> None:
    """Adds the commands at both sides."""
    app["key"].command(key_offer, name="offer")
    app["key"].command(key_offers, name="offers")
    app["key"].command(key_confirm, name="confirm")
    at_agency = App(name="key", help="Our keys and the creditors': offer, confirm, switch.", group="At the agency")
    at_agency.command(kit_offer, name="offer")
    at_agency.command(kit_offers, name="offers")
    at_agency.command(kit_confirm, name="confirm")
    at_agency.command(kit_switch, name="switch")
    app["agency"].command(at_agency)


def key_offer(purpose: OwnPurpose, *, until: Until, config: Config) -> int:
    """Offer a new key of ours to the agencies; it goes out with the next `handover` or `nightly`.

    Parameters
    ----------
    purpose
        `signing`: what signs packages. `answers`: what answers are sealed to.
    """
    with open_office(load(config)) as office:
        fingerprint = offer_key(office, purpose, until, clock())
    output.line(f"offered; read this out when an agency calls: {fingerprint}")
    if purpose == "signing":
        output.line("once every agency trusts it: `inkasso key rotate package-signing --activate`")
    return 0


def key_offers(*, config: Config) -> int:
    """List the keys that agencies have offered."""
    with open_office(load(config)) as office, office.connection.begin():
        names = [one.id for one in office.configuration.settings.agencies]
        _print([(name, one) for name in names for one in offers(office, name)])
    return 0


def key_confirm(agency: str, fingerprint: str, *, consent: Consent = NOTHING_GIVEN, config: Config) -> int:
    """Trust a key that an agency has offered, once it has read out the fingerprint over another way; with your approval.

    Parameters
    ----------
    agency
        The agency's id.
    fingerprint
        The fingerprint as the agency reads it out.
    """
    now = clock()
    configuration = load(config)
    party = named_agency(configuration, agency)
    with open_office(configuration) as office:
        offer = offered(office, party, fingerprint, day_in_germany(now))
        build = confirming(party, offer)
        if not carry_out(office, build, consent, now, lambda given: confirm(office, party, offer, given, now)):
            return 0
    output.line(f"the {offer.purpose} key counts from now on; the old ones until {offer.old_until}")
    return 0


def kit_offer(purpose: AgencyPurpose, *, until: Until, config: Config) -> int:
    """Offer a new key of ours to the creditors.

    Parameters
    ----------
    purpose
        `signing`: what signs our answers. `cases`, `identities`: what the creditors seal to.
    """
    now = clock()
    configuration = load_agency(config)
    keys = configuration.path(configuration.settings.keys)
    with open_desk(configuration) as desk:
        fingerprint = offer_at_agency(desk, keys, agency_root(keys), (purpose, until), now)
        post(desk, now)
    output.line(f"offered; read this out when a creditor calls: {fingerprint}")
    if purpose == "signing":
        output.line("once every creditor trusts it: `inkasso agency key switch`")
    return 0


def kit_offers(*, config: Config) -> int:
    """List the keys that creditors have offered."""
    with open_desk(load_agency(config)) as desk, desk.cases_connection.begin():
        _print([(name, one) for name in desk.creditors for one in offers_at_agency(desk, name)])
    return 0


def kit_confirm(creditor: str, fingerprint: str, *, config: Config) -> int:
    """Trust a key that a creditor has offered, once it has read out the fingerprint over another way.

    Parameters
    ----------
    creditor
        The creditor's id.
    fingerprint
        The fingerprint as the creditor reads it out.
    """
    with open_desk(load_agency(config)) as desk:
        offer = confirm_at_agency(desk, creditor, fingerprint, clock())
    output.line(f"the {offer.purpose} key counts from now on; the old ones until {offer.old_until}")
    return 0


def kit_switch(*, config: Config) -> int:
    """Sign with the key that was offered, once every creditor trusts it."""
    configuration = load_agency(config)
    with open_desk(configuration):
        switch_signing(configuration.path(configuration.settings.keys), clock())
    with open_desk(configuration) as desk:
        sign_again(desk)
    output.line("the new key signs from now on, and has signed what was not yet collected")
    return 0


def _print(found: list[tuple[str, KeyOffer]]) -> None:
    rows = [(name, one.purpose, one.fingerprint, str(one.old_until)) for name, one in found]
    output.table([("from", "for", "fingerprint", "old key until"), *rows], indent=0)
