"""Vetting: an agency that is not checked, or no longer, gets nothing; the rest of the night goes on."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.agency.settings import load_agency
from gateway.demo.template import AGENCY, CREDITOR
from gateway.demo.vetting import ACTOR
from gateway.handover.probe import probe_answered
from gateway.partners.vetting import fault, keys_digest, profile_digest
from gateway.settings import Agency, load
from gateway.store.vettings import Check
from gateway.wiring import creditor_ring, open_desk, open_office
from keys.recipients import HybridIdentity
from keys.sshsig import verify
from schemas.package import Manifest, PackageType
from schemas.vetting import Confirmation, Findings, Profile, Registration
from world import TODAY, Result, World, cli, jsonl, row, vet

GOOD = Findings(registration=Registration.VALID, keys_confirmed=Confirmation.MEETING)
DAY = date(2026, 6, 30)
CANARY = "Knurrhahn0815"


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


def check_agency(world: World, *options: str | Path, now: datetime = TODAY) -> Result:
    """`agency check` in two steps, approved with the clerk's key."""
    preview = world.home / f"check-{now:%Y%m%d}-{len(options)}"
    command = ("agency", "check", AGENCY, *options, "--config", world.creditor)
    written = cli(*command, "--preview-to", preview, now=now)
    assert written.code == 0, written.err
    return cli(*command, "--preview", preview, "--key", world.home / "clerk" / ACTOR, now=now)


FOUND = ("--registration", "valid", "--keys-confirmed", "telephone")


def agency_of(world: World, **changes: object) -> tuple[Agency, Profile]:
    agency = load(world.creditor).agency(AGENCY)
    assert agency.profile
    return agency.model_copy(update=changes), agency.profile


@pytest.mark.parametrize(
    ("today", "until", "findings", "answered", "words"),
    [
        (DAY + timedelta(179), None, GOOD, True, None),
        (DAY + timedelta(180), None, GOOD, True, None),
        (DAY + timedelta(181), None, GOOD, True, "older than 180 days"),
        (DAY, DAY - timedelta(1), GOOD, True, "contract is not in force"),
        (DAY, DAY, GOOD, True, None),
        (DAY, DAY + timedelta(1), GOOD, True, None),
        (date(2019, 12, 31), None, GOOD, True, "contract is not in force"),
        (date(2020, 1, 1), None, GOOD, True, None),
        (DAY, None, GOOD, False, "not answered a probe"),
        (DAY, None, GOOD.model_copy(update={"registration": Registration.CONDITIONAL}), True, "conditional"),
        (DAY, None, GOOD.model_copy(update={"registration": Registration.REVOKED}), True, "revoked"),
        (DAY, None, GOOD.model_copy(update={"registration": Registration.NOT_FOUND}), True, "not-found"),
        (DAY, None, GOOD.model_copy(update={"keys_confirmed": Confirmation.NOT_CONFIRMED}), True, "fingerprints"),
    ],
)
def test_each_condition_on_the_day_before_on_it_and_after(
    module_world: World, today: date, until: date | None, findings: Findings, *, answered: bool, words: str | None
) -> None:
    """§§ 10, 14, 16 RDG, Art. 28(1) GDPR: every condition has its sentence, and its last day counts."""
    agency, profile = agency_of(module_world)
    profile = profile.model_copy(update={"contract": profile.contract.model_copy(update={"until": until})})
    agency = agency.model_copy(update={"profile": profile})
    found = fault(agency, Check(profile_digest(agency, profile), DAY, findings), answered, today)

    assert (found is None) == (words is None)
    assert words is None or words in str(found)


def test_without_profile_or_check_or_with_other_keys_an_agency_is_unfit(module_world: World) -> None:
    """A check is about the profile and the keys that were looked at, and no others."""
    agency, profile = agency_of(module_world)
    check = Check(profile_digest(agency, profile), DAY, GOOD)
    moved = agency.model_copy(update={"profile": profile.model_copy(update={"places": ("Elsewhere",)})})
    other_key = agency.model_copy(update={"identities_recipients": agency.cases_recipients})

    assert "profile is missing" in str(fault(agency.model_copy(update={"profile": None}), check, True, DAY))
    assert "nobody has checked" in str(fault(agency, None, True, DAY))
    assert "have changed" in str(fault(moved, check, True, DAY))
    assert "have changed" in str(fault(other_key, check, True, DAY))


SECOND = """
[[mandates]]
id = "west"
source = "nordlicht-erp"
agency = "westsee"
minimum_amount = 1500
channels = ["letter"]
stage = "reminding"
[mandates.segment]
open_from = 20000
"""


def add_second_agency(world: World) -> None:
    """A second agency on the same server, for claims from 200 euros on."""
    text = world.creditor.read_text()
    start, end = text.index("[[agencies]]"), text.index("[[mandates]]")
    second = text[start:end].replace('id = "ostsee"', 'id = "westsee"')
    text = text[:end] + second + text[end:].rstrip() + "\n[mandates.segment]\nopen_below = 20000\n" + SECOND
    world.creditor.write_text(text)


def test_a_check_one_day_too_old_stops_one_agency_and_the_night_goes_on(world: World) -> None:
    """Nothing is sealed or sent for it, its claims are held with the reason; the other agency gets its package."""
    add_second_agency(world)
    late = at(DAY + timedelta(181))
    with open_office(load(world.creditor)) as office:
        vet(office, "westsee", world.home / "clerk", late)
    changes = {"reminders": [{"level": 2, "sent_on": "2026-11-20", "channel": "letter", "fee": "0.00"}]}
    world.drop("a.jsonl", jsonl([row(1, amount="100.00", **changes), row(2, amount="500.00", **changes)]))

    stopped = world.handover(now=late)
    rest = cli("handover", "--mandate", "west", "--json", "--config", world.creditor, now=late)

    assert stopped.code == 4
    assert "older than 180 days" in stopped.err
    assert stopped.json["claims"]["handed_over"] == 1
    assert stopped.json["reasons"]["agency-unfit"] == 1
    assert [json.loads(path.read_text())["recipient"] for path in world.sftp.glob("*.manifest.json")] == ["westsee"]
    assert rest.code == 0

    assert check_agency(world, *FOUND, now=late).code == 0
    assert world.handover(now=late).json["claims"]["handed_over"] == 1


def test_what_was_sealed_before_waits_until_the_agency_is_fit_again(world: World) -> None:
    """A package of an earlier night does not leave for an agency whose registration was found revoked."""
    server_down = world.port
    world.configure(f"port = {server_down}", "port = 1")
    world.drop("a.jsonl", jsonl([row(1)]))
    assert world.handover().json["packages"] == {"sealed": 1, "uploaded": 0}
    world.configure("port = 1\n", f"port = {server_down}\n")

    found = check_agency(world, "--registration", "revoked", "--keys-confirmed", "telephone")
    stopped = world.handover()
    checked = check_agency(world, *FOUND, now=TODAY + timedelta(days=1))
    sent = world.handover(now=TODAY + timedelta(days=1))

    assert found.code == 0
    assert "revoked" in found.out
    assert (stopped.code, stopped.json["packages"]["uploaded"]) == (4, 0)
    assert (checked.code, sent.code, sent.json["packages"]["uploaded"]) == (0, 0, 1)


def test_a_probe_is_signed_invented_and_comes_before_any_case(world: World) -> None:
    """New keys need a new check and a new probe; nothing real leaves before its receipt."""
    world.drop("a.jsonl", jsonl([row(1)]))
    text = world.creditor.read_text()
    start = text.index("identities_recipients = ") + len("identities_recipients = ")
    cases = text[text.index("cases_recipients = ") + len("cases_recipients = ") :].split("\n", 1)[0]
    world.creditor.write_text(text[:start] + cases + text[start:][text[start:].index("\n") :])

    changed = world.handover()
    checked = check_agency(world, *FOUND)
    waiting = world.handover()
    dry = cli("agency", "probe", AGENCY, "--dry-run", "--config", world.creditor)
    before = list(world.sftp.glob("*.sig"))
    probed = cli("agency", "probe", AGENCY, "--config", world.creditor)
    still = world.handover()
    configuration = load(world.creditor)
    (path,) = world.sftp.glob("*.manifest.json")
    raw = path.read_bytes()
    signer = creditor_ring(configuration).signing_key().public_key()
    manifest = Manifest.model_validate_json(
        verify(raw, path.with_name(f"{path.name}.sig").read_bytes(), signer, PackageType.PROBE.namespace)
    )
    with open_office(configuration) as office, office.connection.begin():
        probe_answered(office, manifest.package_id, TODAY)
        assert office.vettings.answered(AGENCY, keys_digest(configuration.agency(AGENCY)))
    fit = world.handover()

    assert [changed.code, checked.code, waiting.code, dry.code, probed.code, still.code] == [4, 0, 4, 0, 0, 4]
    assert "have changed" in changed.err
    assert "not answered a probe" in waiting.err
    assert before == []
    assert (manifest.package_type, manifest.sequence, manifest.recipient) == (PackageType.PROBE, 1, AGENCY)
    assert (fit.code, fit.json["claims"]["handed_over"]) == (0, 1)
    assert [event for event in world.events() if event.startswith("agency.")][-3:] == [
        "agency.checked",
        "agency.probed",
        "agency.answered",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("agency", "check", CANARY, *FOUND), "no agency of that name"),
        (("agency", "check", AGENCY), "without a terminal"),
        (("agency", "check", AGENCY, "--registration", CANARY), "command line"),
        (("agency", "check", AGENCY, *FOUND), "needs the approval of 1"),
        (("agency", "probe", CANARY), "no agency of that name"),
    ],
)
def test_what_a_check_or_probe_refuses(module_world: World, arguments: tuple[str, ...], words: str) -> None:
    """Each refusal says what to do, repeats nothing, and leaves no entry."""
    before = module_world.events()
    refused = cli(*arguments, "--config", module_world.creditor)

    assert refused.code == 2
    assert words in refused.err
    assert CANARY not in refused.err + refused.out
    assert module_world.events() == before


def test_the_agency_opens_and_answers_a_probe_and_keeps_none_of_it(world: World) -> None:
    """A probe shows that the whole way works, both ways, before a person's data depends on it."""
    assert cli("agency", "probe", AGENCY, "--config", world.creditor).code == 0
    received = world.receive().json
    with open_desk(load_agency(world.agency)) as desk, desk.cases_connection.begin():
        kept = desk.cases.cases(CREDITOR)

    assert received["failures"] == []
    assert (received["messages"], received["packages"]) == (3, {"received": 1, "sent": 1})
    assert kept == {}


def test_after_check_probe_and_receipt_the_agency_gets_its_first_case(world: World) -> None:
    """The whole way with the commands alone, for keys that nobody has confirmed yet."""
    text = world.creditor.read_text()
    second = str(HybridIdentity.generate().recipient)
    world.creditor.write_text(text.replace("cases_recipients = [", f'cases_recipients = ["{second}", '))
    world.drop("a.jsonl", jsonl([row(1)]))

    def may_get_cases() -> bool:
        return '"fault": null' in cli("agency", "list", "--json", "--config", world.creditor).out

    seen = [may_get_cases()]
    steps = [
        lambda: check_agency(world, *FOUND),
        lambda: cli("agency", "probe", AGENCY, "--config", world.creditor),
        world.receive,
        lambda: cli("feedback", "--config", world.creditor),
    ]
    for step in steps:
        assert step().code == 0
        seen.append(may_get_cases())

    assert seen == [False, False, False, False, True]
    assert world.handover().json["claims"]["handed_over"] == 1
    assert world.receive().json["failures"] == []
