"""Keys that change: offered in a signed message, confirmed by people, both good for a time, then the old one refused."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.steps.keychange import fingerprint_of, in_force, is_usable, own_in_force
from keys.recipients import HybridIdentity, X25519Identity
from schemas.keychange import KeyChange
from schemas.messages import KeyOffer
from world import TODAY, Result, World, cli, jsonl, row

UNTIL = date(2026, 7, 5)
OVERLAP, AFTER = TODAY + timedelta(days=5), TODAY + timedelta(days=6)


def change(key: str, *retired: str, until: date = UNTIL) -> KeyChange:
    return KeyChange("signing", key, retired, until)


@pytest.mark.parametrize(
    ("changes", "today", "keys"),
    [
        ([], AFTER.date(), ("a",)),
        ([change("b", "a")], UNTIL, ("a", "b")),
        ([change("b", "a")], AFTER.date(), ("b",)),
        ([change("b", "a"), change("c", "a", "b", until=date(2026, 8, 1))], AFTER.date(), ("b", "c")),
        ([change("b", "a"), change("c", "a", "b", until=date(2026, 8, 1))], date(2026, 8, 2), ("c",)),
        ([change("b", "a")._replace(purpose="cases")], AFTER.date(), ("a",)),
    ],
    ids=["none", "last day", "day after", "second change", "both over", "another purpose"],
)
def test_the_old_key_counts_until_its_day_and_no_longer(
    changes: list[KeyChange], today: date, keys: tuple[str, ...]
) -> None:
    """Both are in force up to and on the last day; a later change retires what was in force before it."""

    assert in_force(("a",), changes, "signing", today) == keys


def offer_of(key: str, fingerprint: str) -> KeyOffer:
    return KeyOffer(message_id="0" * 26, purpose="cases", key=key, fingerprint=fingerprint, old_until=UNTIL)


def test_an_offer_is_a_key_of_its_purpose_with_its_own_fingerprint() -> None:
    """Another key's fingerprint, no key at all, or a classic one where hybrid is agreed is none. Our old ones end."""
    hybrid, classic, old = HybridIdentity.generate(), X25519Identity.generate(), HybridIdentity.generate()
    good, weak = (offer_of(str(one.recipient), one.recipient.fingerprint) for one in (hybrid, classic))
    wrong = (offer_of(str(hybrid.recipient), "0" * 64), offer_of("age1none", "0" * 64))

    assert is_usable(good, classic=False)
    assert is_usable(weak, classic=True)
    assert not [one for one in (weak, *wrong) if is_usable(one, classic=False)]
    assert not is_usable(good.model_copy(update={"purpose": "signing"}), classic=False)
    assert own_in_force((hybrid, old), [good], UNTIL) == (hybrid, old)
    assert own_in_force((hybrid, old), [good], AFTER.date()) == (hybrid,)
    assert fingerprint_of("cases", good.key) == good.fingerprint


def at(world: World, side: str, *command: str | Path, now: datetime = TODAY) -> Result:
    return cli(*command, "--config", world.creditor if side == "creditor" else world.agency, now=now)


def night(world: World, number: int, now: datetime = TODAY) -> None:
    """A new case is handed over."""
    world.drop(f"export{number}.jsonl", jsonl([row(number)]))

    assert world.handover(now=now).code == 0


def said(result: Result) -> str:
    """The fingerprint that a command says is to be read out."""
    assert result.code == 0, result.err
    return result.out.splitlines()[0].rpartition(" ")[2]


def approved(world: World, tmp_path: Path, *command: str) -> None:
    """A command of the creditor with the approval of the clerk, in two steps as without a terminal."""
    preview = tmp_path / "-".join(command).replace("/", "_")[:40]

    assert at(world, "creditor", *command, "--preview-to", preview).code == 0
    given = ("--preview", preview, "--key", world.home / "clerk" / "demo-clerk")
    assert at(world, "creditor", *command, *given).code == 0


def test_an_agency_changes_its_keys(world: World, tmp_path: Path) -> None:
    """An offer alone changes nothing; confirmed, both keys are good; after its day the old one neither signs nor opens."""
    night(world, 1)
    world.receive()
    signing = said(at(world, "agency", "agency", "key", "offer", "signing", "--until", str(UNTIL)))
    cases = said(at(world, "agency", "agency", "key", "offer", "cases", "--until", str(UNTIL)))

    assert at(world, "creditor", "feedback").code == 0
    listed = at(world, "creditor", "key", "offers").out
    assert signing in listed
    assert cases in listed
    assert at(world, "creditor", "key", "confirm", "ostsee", "0" * 64).code == 2
    night(world, 2)  # sealed to the old key alone, and received after the change
    for found in (signing, cases):
        approved(world, tmp_path, "key", "confirm", "ostsee", found)
    assert world.events().count("partner-key.confirmed") == 2
    assert at(world, "creditor", "key", "confirm", "ostsee", signing).code == 2
    assert world.receive(now=OVERLAP).code == 0
    assert cli("feedback", "--json", "--config", world.creditor, now=OVERLAP).json["failures"] == []

    night(world, 3, now=OVERLAP)
    manifests = [json.loads(path.read_text()) for path in world.sftp.glob("*.manifest.json")]
    newest = max((one for one in manifests if one["package_type"] == "cases"), key=lambda one: one["sequence"])
    assert [len(file["recipients"]) for file in newest["files"]] == [2, 1]
    assert world.receive(now=AFTER).code == 0
    refused = at(world, "creditor", "feedback", now=AFTER)
    assert refused.code == 4
    assert refused.err.count("no allowed signer made its signature") == 1
    assert at(world, "agency", "agency", "key", "switch", now=AFTER).code == 0
    assert at(world, "agency", "agency", "key", "switch", now=AFTER).code == 2
    assert at(world, "creditor", "feedback", now=AFTER).code == 0


def test_a_package_sealed_to_the_old_key_is_refused_after_its_day(world: World) -> None:
    """What is still on its way when the overlap ends does not open: the old key may be in other hands by then."""
    night(world, 1)
    world.receive()
    said(at(world, "agency", "agency", "key", "offer", "identities", "--until", str(UNTIL)))
    night(world, 2)
    late = world.receive(now=AFTER)

    assert late.code == 4
    assert "sealed to other recipients" in late.err
    assert world.receive(now=OVERLAP).code == 0


def test_a_creditor_changes_its_keys(world: World, tmp_path: Path) -> None:
    """The kit trusts what was confirmed to it, answers to both keys, and refuses the retired signature after its day."""
    night(world, 1)
    world.receive()
    cli("feedback", "--config", world.creditor)
    signing = said(at(world, "creditor", "key", "offer", "signing", "--until", str(UNTIL)))
    answers = said(at(world, "creditor", "key", "offer", "answers", "--until", str(UNTIL)))

    assert world.events().count("key.offered") == 2
    assert world.handover().code == 0
    assert world.receive().code == 0
    assert signing in at(world, "agency", "agency", "key", "offers").out
    assert at(world, "agency", "agency", "key", "confirm", "nordlicht", "0" * 64).code == 2
    for found in (signing, answers):
        assert at(world, "agency", "agency", "key", "confirm", "nordlicht", found).code == 0
    night(world, 2)  # signed with the old key
    assert world.receive(now=AFTER).err.count("no allowed signer made its signature") == 1
    assert world.receive(now=OVERLAP).code == 0
    assert cli("feedback", "--config", world.creditor, now=OVERLAP).code == 0
    approved(world, tmp_path, "key", "rotate", "package-signing", "--activate")
    night(world, 3, now=AFTER)
    received = world.receive(now=AFTER)
    assert received.json["packages"]["received"] == 1
    told = cli("feedback", "--json", "--config", world.creditor, now=AFTER).json
    assert (told["failures"], told["packages"]["delivered"]) == ([], 1)
