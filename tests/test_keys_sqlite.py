"""Statements about many: SQLite as it is built by default takes 32,766 values, and a package holds more claims than that."""

from collections.abc import Callable, Iterator

import pytest

from gateway.office import Office
from gateway.settings import load
from gateway.wiring import open_office
from keys.sqlite import MAXIMUM_VALUES
from world import World

MANY = [f"{number:026d}" for number in range(MAXIMUM_VALUES + 1)]
CALLS: dict[str, Callable[[Office], object]] = {
    "a package that goes out again": lambda office: office.cases.forget(MANY),
    "the cases of claims": lambda office: office.cases.of_claims("ostsee", MANY),
    "the cases of messages": lambda office: office.cases.of_messages("ostsee", MANY),
    "sent messages": lambda office: office.cases.outbound("ostsee", MANY),
    "used ids": lambda office: office.cases.inbound_ids("ostsee", MANY),
    "notices": lambda office: office.requests.noticed("ostsee", "nordlicht", MANY),
    "claims that a statement names": lambda office: office.unmatched.state(MANY, "ostsee"),
    "claims to judge again": lambda office: office.claims.judge_again(MANY),
    "keys": lambda office: office.vault.by_id(MANY),
    "claims by number": lambda office: office.vault.find("nordlicht", MANY),
    "owners of references": lambda office: office.vault.owners(MANY, "ostsee"),
    "references of claims": lambda office: office.vault.references_of(MANY, "ostsee"),
}


@pytest.fixture(scope="module")
def office(module_world: World) -> Iterator[Office]:
    with open_office(load(module_world.creditor)) as opened:
        yield opened


@pytest.mark.parametrize("name", CALLS)
def test_what_is_asked_about_a_whole_package_is_asked_in_portions(office: Office, name: str) -> None:
    """On a build that takes more values at once, the same limit holds: what fails elsewhere fails here."""
    with office.connection.begin(), office.vault_connection.begin():
        assert not CALLS[name](office)
