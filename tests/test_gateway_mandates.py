"""Mandates: which claims they select, what travels of them, and that a claim is with one agency at a time."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from pypdf import PdfReader

from gateway.agency.settings import Abilities, load_agency
from gateway.demo.template import CREDITOR
from gateway.demo.vetting import ACTOR
from gateway.settings import load
from gateway.wiring import open_desk, open_office
from schemas.canonical import digest
from schemas.mandate import Channel, ContactHours, Instruction, Language, Mandate, Stage, Tone
from schemas.messages import CaseNew, IdentityLine
from world import World, cli, jsonl, row

SECOND = """
[[mandates]]
id = "big"
source = "nordlicht-erp"
agency = "ostsee"
minimum_amount = 1500
channels = ["letter"]
forbidden_channels = ["visit"]
stage = "court-order"
[mandates.segment]
open_from = {open_from}
"""
CANARY = "Knutt7731"
STANDARD = 'stage = "reminding"\n'


def two_mandates(world: World, below: int, open_from: int) -> None:
    """The demo's mandate takes what is below an amount, a second one what is above another."""
    world.configure(
        STANDARD, f"{STANDARD}[mandates.segment]\nopen_below = {below}\n{SECOND.format(open_from=open_from)}"
    )


def test_each_claim_goes_under_the_one_mandate_that_selects_it(world: World) -> None:
    """Two mandates of a source: one package each, in sequence; a gap holds, an overlap holds."""
    two_mandates(world, 10_000, 10_000)
    world.drop("a.jsonl", jsonl([row(1, amount="50.00"), row(2, amount="500.00"), row(3, amount="120.00")]))

    told = world.handover().json
    received = world.receive().json

    assert told["claims"]["handed_over"] == 3
    assert told["packages"] == {"sealed": 2, "uploaded": 2}
    assert (received["packages"]["received"], received["failures"]) == (2, [])


@pytest.mark.parametrize(
    ("below", "open_from", "amount", "reason"),
    [
        (10_000, 20_000, "119.99", None),
        (10_000, 20_000, "120.00", "no-mandate"),
        (10_000, 20_000, "219.99", "no-mandate"),
        (10_000, 20_000, "220.00", None),
        (20_000, 10_000, "119.99", None),
        (20_000, 10_000, "120.00", "two-mandates"),
        (20_000, 10_000, "219.99", "two-mandates"),
        (20_000, 10_000, "220.00", None),
    ],
)
def test_none_or_two_mandates_hold_a_claim(
    still_world: World, below: int, open_from: int, amount: str, reason: str | None
) -> None:
    """One cent below, equal and above each border of two segments; 20.00 of every amount has been paid."""
    two_mandates(still_world, below, open_from)
    still_world.drop("a.jsonl", jsonl([row(1, amount=amount)]))

    told = still_world.handover("--dry-run").json

    assert told["reasons"] == ({} if reason is None else {reason: 1})


def test_a_claim_is_with_one_agency_at_a_time(world: World) -> None:
    """When segments move, what has been handed over stays where it is; what was held goes under the new mandate."""
    two_mandates(world, 10_000, 20_000)
    world.drop("a.jsonl", jsonl([row(1, amount="50.00"), row(2, amount="150.00")]))
    first = world.handover().json
    world.configure("open_below = 10000", "open_below = 4000")
    world.configure('id = "standard"', 'id = "standard"\nversion = 2')
    world.configure('id = "big"', 'id = "big"\nversion = 2')
    world.configure("open_from = 20000", "open_from = 0")
    world.configure("open_below = 4000", "open_below = 1")

    second = world.handover().json

    assert (first["claims"]["handed_over"], first["reasons"]) == (1, {"no-mandate": 1})
    assert (second["claims"]["handed_over"], second["reasons"]) == (1, {})
    assert world.receive().json["messages"] == 2


def test_a_run_for_one_mandate_leaves_the_claims_of_the_others(world: World) -> None:
    """`--mandate` judges only what that mandate selects, and the next full night does the rest of the same file."""
    two_mandates(world, 10_000, 10_000)
    world.drop("a.jsonl", jsonl([row(1, amount="50.00"), row(2, amount="500.00")]))

    one = world.handover("--mandate", "big").json["claims"]
    rest = world.handover().json["claims"]

    assert (one["read"], one["handed_over"]) == (1, 1)
    assert (rest["read"], rest["handed_over"], rest["unchanged"]) == (1, 1, 1)


def mandate(**changes: object) -> Mandate:
    given: dict[str, object] = {
        "id": "m", "source": "s", "agency": "a", "minimum_amount": 0,
        "channels": (Channel.LETTER,), "stage": Stage.REMINDING,
    }  # fmt: skip
    return Mandate.model_validate(given | changes)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"forbidden_channels": (Channel.LETTER,)}, "both allowed and forbidden"),
        ({"special_care": Instruction(stage=Stage.COURT_ORDER)}, "goes further"),
        ({"special_care": Instruction(channels=(Channel.EMAIL,))}, "goes further"),
    ],
)
def test_a_mandate_agrees_with_itself(changes: dict[str, object], rule: str) -> None:
    """What contradicts itself stops the start, and is named by its rule."""
    with pytest.raises(ValidationError) as error:
        mandate(**changes)
    assert rule in error.value.errors()[0]["type"]


def test_contact_hours_end_after_they_begin() -> None:
    """09:00 to 09:00 is no time at all."""
    assert ContactHours(since="09:00", until="09:01")
    with pytest.raises(ValidationError):
        ContactHours(since="09:00", until="09:00")


def test_a_used_mandate_changes_only_with_a_new_version(world: World) -> None:
    """A version is one text for ever: a change without a new one stops the start, and versions only go up."""
    world.drop("a.jsonl", jsonl([row(1)]))
    first = world.handover()
    world.configure("minimum_amount = 1500", "minimum_amount = 1600")
    changed = [world.handover(*dry).code for dry in ((), ("--dry-run",))]
    world.configure("minimum_amount = 1600", "minimum_amount = 1600\nversion = 2")
    second = world.handover()
    world.configure("minimum_amount = 1600\nversion = 2", "minimum_amount = 1500")
    back = world.handover()

    assert (first.code, changed, second.code, back.code) == (0, [2, 2], 0, 2)
    assert "give it version 3" in back.err
    assert world.events().count("mandate.issued") == 2


@pytest.mark.parametrize(
    ("language", "says"),
    [("de", ("15,00 EUR", "Nachlass, der angenommen werden darf: keiner")), ("en", ("15.00 EUR",))],
)
def test_the_page_is_one_page_and_says_every_point(
    still_world: World, tmp_path: Path, language: str, says: tuple[str, ...]
) -> None:
    """`report mandate` writes one page with the digest that every manifest bears, and a place for both signatures."""
    path = tmp_path / "mandate.pdf"
    written = cli(
        "report", "mandate", "standard", "--out", path, "--language", language, "--config", still_world.creditor
    )
    shown = cli("report", "mandate", "standard", "--language", language, "--config", still_world.creditor)
    pages = PdfReader(path).pages
    text = pages[0].extract_text()

    assert (written.code, shown.code, len(pages)) == (0, 0, 1)
    assert digest(load(still_world.creditor).settings.mandates[0]) in text.replace("\n", "")
    assert shown.out.count("\n") >= 14
    assert all(one in re.sub(" +", " ", shown.out).replace("darf keiner", "darf: keiner") for one in says)


def test_both_sides_sign_the_page(world: World) -> None:
    """An actor signs the page, the agency its digest; another party's signature, or one over another text, is refused."""
    preview, signature, wrong = (world.home / name for name in ("page", "page.sig", "wrong.sig"))
    command = ("report", "mandate", "standard", "--config", world.creditor)
    found = digest(load(world.creditor).settings.mandates[0])
    cli("agency", "countersign", found, "--out", signature, "--config", world.agency)
    cli("agency", "countersign", "0" * 64, "--out", wrong, "--config", world.agency)

    written = cli(*command, "--sign", "--preview-to", preview)
    signed = cli(*command, "--sign", "--preview", preview, "--key", world.home / "clerk" / ACTOR)
    refused = cli(*command, "--countersignature", wrong)
    countersigned = cli(*command, "--countersignature", signature)

    assert (written.code, signed.code, refused.code, countersigned.code) == (0, 0, 4, 0)
    assert world.events()[-3:] == ["mandate.issued", "mandate.signed", "mandate.countersigned"]


@pytest.mark.parametrize(
    ("kind", "role", "fits"),
    [
        (None, "processor", True),
        ("collection-authority", "controller", True),
        ("collection-authority", "assignee", False),
        ("fiduciary-assignment", "assignee", True),
        ("fiduciary-assignment", "controller", False),
        ("sale", "assignee", True),
        ("sale", "processor", False),
    ],
)
def test_a_mandate_and_its_agencys_role_are_both_true(
    still_world: World, kind: str | None, role: str, fits: bool
) -> None:
    """Who owns claims by assignment is no processor and needs no authority; the page says in whose name is collected."""
    still_world.configure('role = "controller"', f'role = "{role}"')
    if kind is not None:
        still_world.configure(STANDARD, f'{STANDARD}type = "{kind}"\n')
    pages = [
        cli("report", "mandate", "standard", "--language", language, "--config", still_world.creditor)
        for language in ("de", "en")
    ]

    assert [page.code for page in pages] == ([0, 0] if fits else [2, 2])
    assert ("§ 2 Abs. 2 RDG" in pages[0].out, "§ 2(2) RDG" in pages[1].out) == (
        fits and role != "assignee", fits and role != "assignee",
    )  # fmt: skip
    assert ("needs an agency whose role is assignee" in pages[0].err) is not fits


CARE = "customer_no;tone;language;channels;stage;ask_first\n"


def received_cases(world: World) -> dict[str, CaseNew]:
    """Each case in the agency's store by its invoice number."""
    assert world.receive().json["failures"] == []
    with open_desk(load_agency(world.agency)) as desk:
        with desk.cases_connection.begin():
            cases = {one.message_id: one for one in desk.cases.cases(CREDITOR).values()}
        with desk.identities_connection.begin():
            identities = {name: IdentityLine.model_validate_json(line) for name, line in desk.persons.lines()}
    found = {identities[name].invoice_no: cases[name] for name in identities}
    return {number: CaseNew.model_validate_json(record.line) for number, record in found.items()}


def test_special_care_travels_with_the_case(world: World) -> None:
    """A customer of the care list travels with what is different for them, and with no reason; others with nothing."""
    world.configure('preset = "erp-de"', 'preset = "erp-de"\ncare = "care.csv"')
    care = world.creditor.parent / "care.csv"
    care.write_text(CARE + "K-000001;;;;;\nK-000002;firm;en;letter;;\n")
    world.drop("a.jsonl", jsonl([row(1), row(2), row(3)]))
    assert world.handover().code == 0
    cases = received_cases(world)

    assert cases["RE-000001"].instruction == load(world.creditor).settings.mandates[0].special_care
    assert cases["RE-000002"].instruction == Instruction(
        tone=Tone.FIRM, language=Language.ENGLISH, channels=(Channel.LETTER,)
    )
    assert cases["RE-000003"].instruction is None


@pytest.mark.parametrize(
    ("able", "instruction", "follows"),
    [
        ({"tones": (Tone.NEUTRAL,)}, {"tone": Tone.FIRM}, False),
        ({"tones": (Tone.FIRM,)}, {"tone": Tone.FIRM}, True),
        ({"languages": (Language.GERMAN,)}, {"language": Language.ENGLISH}, False),
        ({"languages": (Language.ENGLISH,)}, {"language": Language.ENGLISH}, True),
        ({"channels": (Channel.TELEPHONE,)}, {"channels": (Channel.LETTER, Channel.EMAIL)}, False),
        ({"channels": (Channel.EMAIL,)}, {"channels": (Channel.LETTER, Channel.EMAIL)}, True),
        ({"ask_first": False}, {"ask_first": True}, False),
        ({"ask_first": False}, {"tone": Tone.FIRM, "stage": Stage.REMINDING}, True),
        ({}, {"tone": Tone.FIRM, "language": Language.ENGLISH, "ask_first": True}, True),
    ],
)
def test_what_an_agency_can_follow(able: dict[str, object], instruction: dict[str, object], *, follows: bool) -> None:
    """Each point of an instruction is followed, or the case is refused; one of several channels is enough."""
    assert Abilities.model_validate(able).can_follow(Instruction.model_validate(instruction)) is follows


def test_what_an_agency_cannot_follow_comes_back(world: World) -> None:
    """A case whose instruction its settings do not support is refused in the receipt, and keeps no identity there."""
    world.configure('preset = "erp-de"', 'preset = "erp-de"\ncare = "care.csv"')
    (world.creditor.parent / "care.csv").write_text(f"{CARE}K-000001;firm;;;;\nK-000002;courteous;;;;\n")
    world.agency.write_text(f'{world.agency.read_text()}\n[supports]\ntones = ["courteous"]\n')
    world.drop("a.jsonl", jsonl([row(1), row(2), row(3)]))
    assert world.handover().code == 0

    kept = set(received_cases(world))
    told = cli("feedback", "--json", "--config", world.creditor).json
    with open_office(load(world.creditor)) as office, office.connection.begin():
        standings = sorted(case.standing for case in office.cases.at("ostsee"))

    assert kept == {"RE-000002", "RE-000003"}
    assert told["refusals"] == {}
    assert standings == ["refused", "under-review", "under-review"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (CARE.replace("tone", "colour"), "begins with the header"),
        (CARE + "K-1;shouting;;;;\n", "row 1, column tone"),
        (CARE + "K-1;;;letter fax;;\n", "column channels"),
        (CARE + "K-1;;;;;perhaps\n", "column ask_first"),
        (CARE + "K-1;;;;enforcement;\n", "goes further"),
        (CARE + "K-1;;;visit;;\n", "goes further"),
        (CARE + "K-1;neutral;;;;\nK-1;;;;;\n", "row 2: its customer number stands in an earlier row"),
        (CARE + "K-1;;\n", "6 cells"),
        (CARE + '"K-1;;;;;\n', "quote"),
    ],
)
def test_a_care_list_that_cannot_be_honoured_holds_its_source_back(
    still_world: World, content: str | None, words: str
) -> None:
    """Nobody is handed over without the care they were promised; the fault is told by row and column."""
    still_world.configure('preset = "erp-de"', 'preset = "erp-de"\ncare = "care.csv"')
    if content is not None:
        (still_world.creditor.parent / "care.csv").write_text(content.replace("K-1", CANARY))
    still_world.drop("a.jsonl", jsonl([row(1)]))
    told = still_world.handover()

    assert (told.code, told.json["claims"]["read"]) == (3, 0)
    assert words in told.err
    assert CANARY not in told.err + told.out
