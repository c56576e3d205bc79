"""`inkasso package void`: a package that its agency never got is sent again."""

from functools import partial
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter

from gateway.cli import output
from gateway.cli.consent import Consent, carry_out
from gateway.cli.creditor import Config, named_agency
from gateway.handover.void import void, voiding
from gateway.settings import load
from gateway.wiring import clock, open_office
from schemas.codes import VoidReason
from schemas.package import PackageType

NOTHING_GIVEN: Final = Consent()


def register(app: App) -> None:
    """Adds the command."""
    package = App(name="package", help="Packages to agencies.")
    package.command(package_void, name="void")
    app.command(package)


def package_void(
    package: str,
    *,
    agency: Annotated[str, Parameter(help="To which agency it was sent.")],
    reason: Annotated[VoidReason, Parameter(help="Why its receipt is waited for no longer.")],
    kind: Annotated[
        Literal["cases", "stops", "probe"], Parameter(name="--type", help="Which count of its agency's a number is of.")
    ] = "cases",
    entity: Annotated[str | None, Parameter(help="Whose count a number is of, if several entities send.")] = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Say what would be voided; keep and send nothing.")] = False,
    consent: Consent = NOTHING_GIVEN,
    config: Config,
) -> int:
    """Void a package that was uploaded and never received, with your approval: its number is closed.

    What was in it goes out again once its agency has signed that it has not taken it; if it has, its receipt stands.

    Parameters
    ----------
    package
        Its id, as `feedback` or the agency says it, or its number.
    """
    now = clock()
    with open_office(load(config)) as office:
        named = named_agency(office.configuration, agency)
        found = voiding(office, named.id, package, PackageType(kind), reason, entity=entity)
        if not carry_out(office, found.build, consent, now, partial(void, office, found, now=now), dry_run=dry_run):
            return 0
    output.line(
        f"{found.package.package_id} is voided: its void manifest goes out with the next `inkasso handover` or "
        f"`inkasso nightly`, and what was in it goes out again once {agency} has signed that it has not taken it"
    )
    return 0
