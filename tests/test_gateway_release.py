"""Held claims as work: listed with reasons, filled in as a sheet, released by people, and held again when things change."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.demo.vetting import ACTOR
from gateway.errors import GatewayError
from gateway.people.approvals import Given
from gateway.people.roster import enrol, read_actor
from gateway.people.signers import file_key
from gateway.reports.held import COLUMNS, read_sheet, write_sheet
from gateway.reports.listing import HeldClaim
from gateway.settings import load
from gateway.setup import openssh
from gateway.wiring import open_office
from keys.approval import approve
from keys.root import write_private
from keys.sshsig import public_line
from schemas.mandate import Language
from schemas.release import ReleaseReason
from world import TODAY, Result, World, cli, jsonl, row

UNTIL = "2026-07-14"
SMALL, DISPUTED, YOUNG = "F-000001", "F-000002", "F-000003"
CANARY = "Zwergdommel"


def night(world: World, **changes: object) -> None:
    """One claim below the minimum, one disputed, one not yet due."""
    rows = [row(1, amount="30.00", **changes), row(2, disputed=True), row(3, due_date="2026-07-30")]
    world.drop("a.jsonl", jsonl(rows))
    world.handover()


@pytest.fixture(scope="module")
def held_world(module_world: World) -> World:
    """A night after which three claims are held."""
    night(module_world)
    return module_world


def second_clerk(world: World) -> Path:
    """Another person on the roster, enrolled by the first."""
    key = Ed25519PrivateKey.generate()
    file = world.home / "clerk" / "second"
    write_private(file, openssh(key))
    file.with_suffix(".pub").write_text(public_line(key.public_key()))
    with open_office(load(world.creditor)) as office:
        given = Given(signers=(file_key(world.home / "clerk" / ACTOR),))
        enrol(office, read_actor("second", file.with_suffix(".pub")), given, TODAY)
    return file


def released(world: World, *arguments: str | Path, keys: int = 1) -> Result:
    """`claim release` in two steps; with two keys, the second person signs in an approval of their own."""
    preview = world.home / f"release-{len(list(world.home.iterdir()))}"
    command = ("claim", "release", *arguments, "--until", UNTIL, "--config", world.creditor)
    written = cli(*command, "--preview-to", preview)
    if written.code:
        return written
    approved = (*command, "--preview", preview, "--key", world.home / "clerk" / ACTOR)
    if keys == 1:
        return cli(*approved)
    signer = file_key(world.home / "clerk" / "second")
    signature = world.home / f"{preview.name}.sig"
    signature.write_bytes(approve(preview.read_bytes(), signer.key, signer.sign_blob))
    return cli(*approved, "--approval", signature)


def test_a_released_claim_goes_out_the_next_night(world: World) -> None:
    """An actor lifts what holds it; the night after, it is screened again and handed over; the others stay."""
    night(world)
    told = released(world, SMALL, "--reason", "worth-it")
    after = world.handover(now=TODAY + timedelta(days=1)).json

    assert told.code == 0, told.err
    assert after["claims"]["handed_over"] == 1
    assert world.events().count("claims.released") == 1


def test_a_dispute_needs_two_people(world: World) -> None:
    """One key is not enough where the rule asks for two, and the same key twice is one person."""
    night(world)
    second_clerk(world)
    alone = released(world, DISPUTED, "--reason", "unfounded")
    both = released(world, DISPUTED, "--reason", "unfounded", keys=2)
    after = world.handover(now=TODAY + timedelta(days=1)).json

    assert alone.code == 2
    assert "2 actors with different keys" in alone.err
    assert both.code == 0, both.err
    assert after["claims"]["handed_over"] == 1


@pytest.mark.parametrize(("day", "handed_over"), [(14, 1), (15, 0)])
def test_a_release_ends_with_its_day(world: World, day: int, handed_over: int) -> None:
    """The last day counts, and the next does not."""
    night(world)
    assert released(world, SMALL, "--reason", "worth-it").code == 0

    told = world.handover(now=TODAY + timedelta(days=day)).json

    assert told["claims"]["handed_over"] == handed_over


def test_a_release_ends_with_any_change_of_the_row(world: World) -> None:
    """Of four released claims one comes again as it was; one cent, a dispute or a payment holds the others."""
    small = [row(number, amount="30.00") for number in (1, 2, 3, 4)]
    world.drop("a.jsonl", jsonl(small))
    world.handover()
    assert released(world, *(one["claim_id"] for one in small), "--reason", "worth-it").code == 0
    changes = ({"amount": "30.00"}, {"amount": "30.01"}, {"amount": "30.00", "disputed": True})
    later = [row(number, **change) for number, change in enumerate(changes, start=1)]
    world.drop("b.jsonl", jsonl([*later, row(4, amount="30.00", paid_amount="30.00")]))

    told = world.handover(now=TODAY + timedelta(days=1)).json

    assert told["claims"]["handed_over"] == 1
    assert (told["reasons"]["disputed"], told["reasons"]["nothing-open"]) == (1, 1)


FEED = "kind;claim_no;invoice_no;customer_no;date;amount\n"


def tell(world: World, *facts: str, day: str = "2026-06-30") -> None:
    """The facts feed says this, completely."""
    (world.creditor.parent / "facts.csv").write_text(f"{FEED}{''.join(facts)}complete;;;;{day};\n")


LATER = {
    1: (),
    2: ("dispute;;RE-000002;;2026-06-29;\n",),
    3: ("dispute;F-000003;;;2026-06-20;\n",),
    4: ("payment;F-000004;;;2026-06-29;20.00\n",),
    5: ("dispute;;;K-000006;2026-06-29;\n",),
}
"""Told after the release, by claim: nothing, a second dispute, the same once more, a payment, a stranger's dispute."""


def test_a_release_covers_what_was_known_and_nothing_later(world: World) -> None:
    """A second fact of the kind that was released, or any other, holds the claim again; other people's do not."""
    disputes = [f"dispute;F-00000{number};;;2026-06-20;\n" for number in LATER]
    world.configure('preset = "erp-de"', 'preset = "erp-de"\nfacts = "facts.csv"')
    tell(world, *disputes)
    rows = [row(number, **{"debtor.last_name": f"Beispiel{'abcde'[number - 1]}"}) for number in LATER]
    world.drop("a.jsonl", jsonl(rows))
    world.handover()
    second_clerk(world)
    assert released(world, *(one["claim_id"] for one in rows), "--reason", "unfounded", keys=2).code == 0
    tell(world, *disputes, *(line for told in LATER.values() for line in told), day="2026-07-01")

    told = world.handover(now=TODAY + timedelta(days=1)).json
    held = cli("claim", "list", "--json", "--config", world.creditor).json["held"]

    assert told["claims"]["handed_over"] == 2
    assert {one["claim_no"] for one in held} == {"F-000002", "F-000003", "F-000004"}


def test_a_preview_dies_with_what_it_showed(world: World) -> None:
    """What is told, or read, between preview and approval makes the approved preview another than what would happen."""
    world.configure('preset = "erp-de"', 'preset = "erp-de"\nfacts = "facts.csv"')
    tell(world)
    night(world)
    command = ("claim", "release", SMALL, "--reason", "worth-it", "--until", UNTIL, "--config", world.creditor)
    first, second = world.home / "first", world.home / "second"
    assert cli(*command, "--preview-to", first).code == 0
    assert "\n1 claim, 1 approval needed, until " in first.read_text()
    tell(world, f"payment;{SMALL};;;2026-06-29;20.00\n")
    told = cli(*command, "--preview", first, "--key", world.home / "clerk" / ACTOR)
    assert cli(*command, "--preview-to", second).code == 0
    world.drop("b.jsonl", jsonl([row(1, amount="29.99")]))
    world.handover()
    read = cli(*command, "--preview", second, "--key", world.home / "clerk" / ACTOR)

    assert [one.code for one in (told, read)] == [2, 2]
    assert all("is not what would happen now" in one.err for one in (told, read))
    assert "payment 2026-06-29" in second.read_text()
    assert "claims.released" not in world.events()


def test_the_sheet_comes_back_as_it_was_filled_in(world: World) -> None:
    """`claim list --held --csv` says what to do and who may; the rows with a reason are released together."""
    night(world)
    sheet = world.home / "held.csv"
    assert cli("claim", "list", "--held", "--csv", sheet, "--language", "de", "--config", world.creditor).code == 0
    rows = list(csv.reader(io.StringIO(sheet.read_text("utf-8-sig")), delimiter=";"))
    rights = {cells[1]: cells[COLUMNS.index("who may release")] for cells in rows[1:]}
    filled = [[*cells[:-1], "worth-it" if cells[1] == SMALL else ""] for cells in rows[1:]]
    back = io.StringIO()
    csv.writer(back, delimiter=",").writerows([rows[0], *filled])
    sheet.write_text(back.getvalue(), "utf-8-sig")

    told = released(world, "--sheet", sheet)

    assert rights == {SMALL: "one actor", DISPUTED: "two actors", YOUNG: "nobody"}
    assert told.code == 0, told.err
    assert "1 claim released" in told.out


@pytest.mark.parametrize("number", ["=1+1", "+49", "-5", "@x", "'x", "\uff1dx", "plain"])
def test_no_cell_is_a_formula_and_every_number_comes_back(number: str) -> None:
    """A claim number that a spreadsheet would compute is written harmless and read as it was (ASVS 1.2.10)."""
    sheet = write_sheet([HeldClaim(number, "shop", 1, ("below-minimum",))], Language.ENGLISH)
    cell = sheet.decode("utf-8-sig").split("\r\n")[1].split(";")[1]
    filled = sheet.rstrip().decode("utf-8-sig") + "checked\r\n"

    assert cell[0] not in "=+-@\uff1d"
    assert read_sheet(filled.encode()) == (("shop", number, ReleaseReason.CHECKED),)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((YOUNG, "--reason", "checked"), "which nobody can release"),
        (("F-9", "--reason", "checked"), "claim 1 of those named is not held"),
        ((SMALL, SMALL, "--reason", "checked"), "stands twice"),
        ((SMALL,), "--reason"),
        ((SMALL, "--reason", CANARY), "command line"),
        ((SMALL, "--source", CANARY.lower(), "--reason", "checked"), "no source of that name"),
        (("--sheet", "{sheet}"), "release reason"),
        (("--sheet", "{sheet}", SMALL), "leave out"),
    ],
)
def test_what_cannot_be_released_is_told_by_position(held_world: World, arguments: tuple[str, ...], words: str) -> None:
    """Each refusal says which claim, by place, and what to do; nothing is repeated, and nothing is logged."""
    sheet = held_world.home / "sheet.csv"
    sheet.write_text(";".join(COLUMNS) + f"\n;{CANARY};1{';' * (len(COLUMNS) - 3)}{CANARY}\n")
    before = held_world.events()
    refused = released(held_world, *(one.format(sheet=sheet) for one in arguments))

    assert refused.code in (2, 3)
    assert words in refused.err
    assert CANARY.lower() not in (refused.err + refused.out).lower()
    assert held_world.events() == before


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a;b\r\n", (";".join(COLUMNS) + '\r\n"').encode(), b""])
def test_a_broken_sheet_is_refused(content: bytes) -> None:
    """Another encoding, other columns, an unclosed quote, an empty file."""
    with pytest.raises(GatewayError):
        read_sheet(content)
