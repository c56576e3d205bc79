"""The inbox: what is complete, what belongs together, what is left alone, and where files go that have been read."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forger import CANARY
from gateway.handover import inbox
from rows import csv_bytes
from world import TODAY, World, jsonl, row

VECTORS = Path(__file__).parent / "vectors"


def put(world: World, name: str, data: bytes) -> None:
    world.drop(name, data)


def fresh(world: World) -> None:
    path = world.drop("a.jsonl", jsonl([row(1)]))
    os.utime(path, (TODAY.timestamp(), TODAY.timestamp()))


def linked(world: World) -> None:
    (world.home / "elsewhere.jsonl").write_bytes(jsonl([row(1)]))
    (world.inbox / "a.jsonl").symlink_to(world.home / "elsewhere.jsonl")


def pipe(world: World) -> None:
    os.mkfifo(world.inbox / "a.jsonl")


LEFT = [
    ("still written", fresh, "changed less than 3600 seconds ago"),
    ("cut off", lambda world: put(world, "a.jsonl", jsonl([row(1)])[:-5]), "does not end with a line end"),
    ("a link", linked, "not a plain file"),
    ("a pipe", pipe, "not a plain file"),
    ("a folder", lambda world: (world.inbox / "a.jsonl").mkdir(), "not a plain file"),
    ("an archive", lambda world: put(world, "a.zip", b"PK\x03\x04"), "none of .csv, .jsonl"),
    ("a compressed file", lambda world: put(world, "a.csv.gz", b"\x1f\x8b"), "none of .csv, .jsonl"),
    ("an archive as CSV", lambda world: put(world, "a.csv", b"PK\x03\x04;\n"), "the header lacks"),
    ("an encrypted workbook", lambda world: put(world, "a.xlsx", b"\xd0\xcf\x11\xe0"), "none of .csv, .jsonl"),
]


@pytest.mark.parametrize(("prepare", "said"), [case[1:] for case in LEFT], ids=[case[0] for case in LEFT])
def test_what_is_not_a_complete_export_is_left_and_said(
    world: World, prepare: Callable[[World], object], said: str
) -> None:
    """Exit code 3, a sentence, the file where it was; the other file of the night is read."""
    world.configure("settle_seconds = 0", "settle_seconds = 3600")
    prepare(world)
    world.drop("z.jsonl", jsonl([row(2)]))
    before = sorted(world.inbox.iterdir())
    night = world.handover("--dry-run")

    assert (night.code, night.json["claims"]["read"]) == (3, 1)
    assert said in night.err
    assert sorted(world.inbox.iterdir()) == before


@pytest.mark.parametrize("gone", ["when it is looked at", "when it is compared", "when it is read"])
def test_a_file_that_goes_away_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    """Whatever moment an exporter takes its file back at: it is said without its name, which may be a person's."""
    paths = [world.drop(name, jsonl([row(number)])) for number, name in ((1, f"{CANARY}.jsonl"), (2, "z.jsonl"))]
    if gone == "when it is looked at":
        look = inbox._entry

        def looking(*arguments: Any) -> Any:
            paths[0].unlink(missing_ok=True)
            return look(*arguments)

        monkeypatch.setattr(inbox, "_entry", looking)
    else:
        take, calls = inbox.open_plain, iter([gone == "when it is compared", *[True] * 9])

        def opening(path: Path) -> Any:
            if path == paths[0] and next(calls):
                raise FileNotFoundError(path)
            return take(path)

        monkeypatch.setattr(inbox, "open_plain", opening)
    night = world.handover("--dry-run")

    assert (night.code, night.json["claims"]["read"]) == (3, 1)
    assert CANARY not in night.err + night.out


def test_a_copy_is_named_and_not_read(world: World) -> None:
    """Two files with the same content are one export; the second is told, by position."""
    for name in ("a.jsonl", "b.jsonl"):
        world.drop(name, jsonl([row(1), row(2)]))
    night = world.handover("--dry-run")

    assert (night.code, night.json["claims"]["read"]) == (3, 2)
    assert "inbox file 2: a copy of inbox file 1" in night.err


def test_a_file_that_has_been_read_goes_where_the_configuration_says(world: World) -> None:
    """Moved after a hand-over, never over another file, not by a dry run; the same export again is not read twice."""
    world.configure('inbox = "inbox"', 'inbox = "inbox"\nprocessed = "done"')
    done = world.creditor.parent / "done"
    world.drop("a.jsonl", jsonl([row(1)]))
    missing = world.handover()
    done.mkdir()
    dry = world.handover("--dry-run")
    moved = world.handover()
    world.drop("a.jsonl", jsonl([row(1)]))
    again = world.handover()

    assert (missing.code, missing.json["claims"]["handed_over"]) == (3, 1)
    assert "make the folder that `processed` names" in missing.err
    assert (dry.code, moved.code, again.code) == (0, 0, 0)
    assert [again.json["claims"][name] for name in ("handed_over", "unchanged")] == [0, 1]
    assert sorted(path.name for path in done.iterdir()) == ["a.1.jsonl", "a.jsonl"]
    assert list(world.inbox.iterdir()) == []


def test_a_rejected_file_stays(world: World) -> None:
    """What could not be read is not moved away from whoever must look at it."""
    world.configure('inbox = "inbox"', 'inbox = "inbox"\nprocessed = "done"')
    (world.creditor.parent / "done").mkdir()
    world.drop("a.csv", csv_bytes(columns=["religion"]))

    assert world.handover().code == 3
    assert [path.name for path in world.inbox.iterdir()] == ["a.csv"]


def test_invoices_of_a_folder_are_one_document(world: World) -> None:
    """A credit note that comes later reduces its invoice the next night; while one is written, all wait."""
    world.configure('preset = "erp-de"', 'preset = "einvoice"')
    invoices = VECTORS / "invoices"
    world.drop("a.xml", (invoices / "Einfach_DueDate.ubl.xml").read_bytes())
    world.drop("b.xml", (invoices / "Physiotherapeut.cii.xml").read_bytes())
    first = world.handover("--dry-run")
    world.configure("settle_seconds = 0", "settle_seconds = 3600")
    os.utime(world.inbox / "b.xml", (TODAY.timestamp(), TODAY.timestamp()))
    second = world.handover("--dry-run")
    world.configure("settle_seconds = 3600", 'settle_seconds = 3600\nprocessed = "done"')
    third = world.handover("--dry-run", now=datetime(2026, 7, 2, 3, 0, tzinfo=UTC))

    assert (first.code, first.json["claims"]["read"]) == (0, 2)
    assert (second.code, second.json["claims"]["read"]) == (3, 0)
    assert third.code == 2
    assert "leave `processed` out" in third.err


MAPPING = """\
preset = "erp-de"
[csv]
delimiter = ","
"""


def test_a_source_reads_with_a_mapping_of_its_own(world: World) -> None:
    """As a file beside the configuration or inline; its text counts in the configuration's digest; faults stop the start."""
    world.configure('preset = "erp-de"', 'mapping = "shop.toml"')
    (world.creditor.parent / "shop.toml").write_text(MAPPING)
    data = csv_bytes({"amount": "80,00", "paid_amount": "", "reminders": ""})
    world.drop("a.csv", data.replace(b"80,00", b'"80.00"').replace(b";", b",").replace(b'"80.00"', b'"80,00"'))
    read = world.handover("--dry-run")
    world.configure('mapping = "shop.toml"', 'mapping = { preset = "erp-de", csv = { delimiter = "," } }')
    inline = world.handover("--dry-run")
    world.configure("delimiter", "colour")
    wrong = world.handover("--dry-run")

    assert (read.code, read.json["claims"]["read"], read.json["claims"]["rejected"]) == (0, 1, 0)
    assert inline.json["claims"] == read.json["claims"]
    assert wrong.code == 2
    assert "csv.colour" in wrong.err
