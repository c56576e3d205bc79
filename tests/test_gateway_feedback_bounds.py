"""What an agency's server and an agency's words may leave behind at the creditor, whoever signed them."""

from unittest.mock import patch

import pytest

from asking import command
from gateway.feedback import run
from gateway.office import Office
from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.wiring import open_office
from keys.references import new_id
from schemas.entry import ErasureGround
from test_gateway_feedback_lies import lie, said
from test_gateway_void import feedback, sent
from test_gateway_void_order import handed_over
from world import TODAY, World, row

NAME = "Ida-Beispiel-Musterweg5a"


def test_what_announces_a_package_is_small_before_anybody_believes_it(world: World) -> None:
    """Thousands of names lie there at most, so what is fetched of each decides how full the disk can get."""
    handed_over(world, row(1))
    for _ in range(20):
        manifest = world.sftp / "answers" / f"{new_id()}.manifest.json"
        manifest.write_bytes(bytes(1 << 20))
        manifest.with_name(f"{manifest.name}.sig").write_bytes(bytes(100))
    sizes = []

    def measured(office: Office, *rest: object) -> object:
        sizes.append(sum(path.stat().st_size for path in office.quarantine.iterdir()))
        return believed(office, *rest)

    believed = run._believed
    with patch.object(run, "_believed", measured):
        told = command(world, "feedback", "--json")

    assert (told.code, len(told.json["failures"])) == (4, 20)
    assert max(sizes) < 20 * (1 << 16) + (1 << 20)


def test_the_file_number_of_an_erased_claim_is_kept_nowhere(world: World) -> None:
    """An agency may write there what it likes, and there is no key any more to keep it under."""
    package = sent(world, row(1), row(2))
    with open_office(load(world.creditor)) as office:
        with office.connection.begin(), office.vault_connection.begin():
            (key,) = office.vault.find("nordlicht", ["F-000001"]).values()
            case = office.cases.of_claims("ostsee", [key.claim_id])[key.claim_id]
            found = office.packages.sent("ostsee", package)
        erase(office, [key.claim_id], ErasureGround.REQUEST, None, TODAY)
    assert found is not None
    named = {"package_id": package, "manifest_digest": found.manifest_digest, "about": case.message_id}
    lie(world, said("package.receipt", **named, verdict="accepted", agency_ref=NAME), about=package)
    told = feedback(world)

    assert (told["refusals"], told["packages"]["delivered"]) == ({}, 1)
    assert [path.name for path in world.creditor.parent.glob("*.db*") if NAME.encode() in path.read_bytes()] == []
    assert command(world, "audit", "verify").code == 0
    assert command(world, "audit", "sample", "--count", "200").code == 0


def test_what_an_agency_says_in_one_run_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it the rest waits for the next run, and nothing is lost."""
    packages = [sent(world, row(number)) for number in (1, 2, 3)]
    assert world.receive().code == 0
    monkeypatch.setattr(run, "MAXIMUM_RUN_BYTES", 1)
    told = [command(world, "feedback", "--json") for _ in packages]

    assert [one.json["packages"]["applied"] for one in told] == [1, 1, 1]
    assert [one.code for one in told] == [4, 4, 0]
    assert "offers more than 1 package: run this again" in told[0].err
