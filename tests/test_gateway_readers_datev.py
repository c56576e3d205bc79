"""DATEV: postings and debtor master become open items; what has two readings is refused."""

import json
from pathlib import Path

import pytest

from gateway.errors import InputError
from gateway.readers.datev_postings import POSTINGS
from gateway.readers.presets import load_preset
from rows import read
from schemas.claim import Rejected, Row

VECTORS = Path(__file__).parent / "vectors" / "datev"
BATCH, MASTER = ((VECTORS / f"EXTF_{name}.csv").read_bytes() for name in ("Buchungsstapel", "Stammdaten"))
PRESET = load_preset("datev").datev
assert PRESET is not None
DECLARED = PRESET.model_copy(update={"constants": {"term_days": "14", "country": "DE"}})
NAMES = [column for _, column in POSTINGS]
HEAD = BATCH.split(b"\r\n")[0].decode("cp1252")


def post(side: str, amount: str, counter: str = "8400", document: str = "R1", **more: str) -> dict[str, str]:
    """A posting on account 10000 of 22 February."""
    return {
        "amount": amount,
        "side": side,
        "account": "10000",
        "other": counter,
        "day": "2202",
        "document": document,
        **more,
    }


def batch(*postings: dict[str, str], head: str = HEAD) -> bytes:
    """A Buchungsstapel of a few columns."""
    rows = [";".join(f'"{found.get(field, "")}"' for field, _ in POSTINGS) for found in postings]
    return "\r\n".join([head, ";".join(NAMES), *rows, ""]).encode("cp1252")


def outcome(*files: bytes) -> list[object]:
    """Amount and payments, or the rule, of each row with its number."""
    rows = read(DECLARED, *files, MASTER)
    return [
        (row.row, row.rule) if isinstance(row, Rejected) else (row.row, row.claim.amount, row.claim.paid)
        for row in rows
    ]


def test_the_pair_is_what_a_person_read_in_it() -> None:
    """The example of the corpus against an expectation written by hand."""
    expected = json.loads((VECTORS / "expected.json").read_text())
    (row,) = read(DECLARED, BATCH, MASTER)
    field, rule = expected["without_term_days"]

    assert isinstance(row, Row)
    claim, debtor = row.claim, row.claim.debtor
    found = claim.model_dump(mode="json") | debtor.model_dump(mode="json") | debtor.address.model_dump()
    assert {key: (found | {"open": claim.open})[key] for key in expected["claim"]} == expected["claim"]
    assert row.row == expected["row"]
    assert read(PRESET, MASTER, BATCH) == [Rejected(row=2, field=field, rule=rule)]
    assert "Seminar" not in repr(row)


S100 = post("S", "100,00")
SETTLED = [post("S", "5,00", document="R2"), post("H", "5,00", "1200", "R2")]
CASES = [
    ("an invoice", [S100], [(1, 10_000, 0)]),
    ("the debtor on the other side", [S100 | {"side": "H", "account": "8400", "other": "10000"}], [(1, 10_000, 0)]),
    ("two rates of tax", [S100, post("S", "7,00", "8300")], [(1, 10_700, 0)]),
    ("a payment", [S100, post("H", "40,00", "1200")], [(1, 10_000, 4_000)]),
    ("a payment that came back", [S100, post("H", "100,00", "1200"), post("S", "100,00", "1200")], [(1, 10_000, 0)]),
    ("a credit note", [S100, post("H", "30,00", "8400")], [(1, 7_000, 0)]),
    ("reversed", [S100, post("S", "100,00", reversal="1")], [(1, 0, 0)]),
    ("to the right invoice", [S100, *SETTLED], [(1, 10_000, 0), (2, 500, 500)]),
    ("without document", [S100, post("H", "40,00", "1200", "")], [(1, "unallocated"), (2, "unallocated")]),
    ("skonto", [S100, post("H", "98,00", "1200", discount="2,00")], [(1, "skonto")]),
    ("carried forward", [post("S", "100,00", "9008")], [(1, "carried-forward")]),
    ("payment alone", [post("H", "100,00", "1200")], [(1, "no-invoice")]),
    ("unreadable amount", [S100, post("H", "4o,00", "1200")], [(1, "posting"), (2, "amount")]),
    ("unreadable side", [S100, post("X", "40,00", "1200")], [(1, "posting"), (2, "side")]),
    ("a day that is none", [post("S", "100,00", day="3002")], [(1, "date-period")]),
    ("a day outside the period", [post("S", "100,00", day="0103")], [(1, "date-period")]),
    ("no zero in front", [post("S", "100,00", day="202")], [(1, 10_000, 0)]),
    ("two debtors", [post("S", "100,00", "10001")], [(1, "two-debtors")]),
    ("a creditor", [post("S", "100,00") | {"account": "70001"}], []),
    ("a debtor without master", [post("S", "100,00") | {"account": "10009"}], [(1, "join-missing")]),
]  # fmt: skip


@pytest.mark.parametrize(("postings", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_postings_become_items(postings: list[dict[str, str]], expected: list[object]) -> None:
    """Soll and Haben, payments, returns, credit notes, by Belegfeld 1; whatever makes a sum uncertain refuses the item."""
    assert outcome(batch(*postings)) == expected


def test_months_are_read_together() -> None:
    """An invoice in one file and its payment in the next are one item; rows count through."""
    assert outcome(batch(S100), batch(post("H", "40,00", "1200"))) == [(1, 10_000, 4_000)]


@pytest.mark.parametrize(("day", "year"), [("3006", 2018), ("3007", 2017), ("107", 2017), ("2902", None)])
def test_without_a_period_the_fiscal_year_gives_the_year(day: str, year: int | None) -> None:
    """A year from July to June: 30 June is of its second calendar year, 1 and 30 July of its first."""
    head = HEAD.replace(";20180101;", ";20170701;").replace(";20180201;20180228;", ";;;")
    (row,) = read(DECLARED, batch(S100 | {"day": day}, head=head), MASTER)

    assert (row.claim.invoice_date.year if isinstance(row, Row) else None) == year


@pytest.mark.parametrize(
    ("more", "due"),
    [({"due": "150318"}, "2018-03-15"), ({"due_date": "16032018"}, "2018-03-16"), ({"due": "RA-7"}, "2018-03-08")],
)
def test_the_due_date_is_the_postings_or_declared(more: dict[str, str], due: str) -> None:
    """Belegfeld 2 or the due date's own column; a text there is no date."""
    (row,) = read(DECLARED, batch(S100 | more), MASTER)

    assert isinstance(row, Row)
    assert row.claim.due_date.isoformat() == due


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("Insolvent", "1", "insolvent"),
        ("Mahnsperre bis", "06032018", "dunning-lock"),
        ("Mahnsperre bis", "6032018", "dunning-lock"),
        ("Mahnsperre bis", "05032018", None),
        ("Mahnsperre bis", "immer", "dunning-lock"),
        ("Insolvent", "0", None),
    ],
)
def test_a_debtor_may_be_barred_by_the_master(column: str, value: str, rule: str | None) -> None:
    """Insolvency (§ 87 InsO), and a dunning lock that holds on the day of the export, 6 March."""
    names, person = (line.split(b";") for line in MASTER.split(b"\r\n")[1:3])
    person[names.index(column.encode("cp1252"))] = value.encode()
    master = b"\r\n".join([MASTER.split(b"\r\n")[0], b";".join(names), b";".join(person), b""])
    (row,) = read(DECLARED, batch(S100), master)

    assert (row.rule if isinstance(row, Rejected) else None) == rule


WRONG = [
    ("no heading", batch(S100, head="x"), "no EXTF export"),
    ("an old version", batch(S100, head=HEAD.replace(";700;", ";510;")), "no EXTF export"),
    ("another category", batch(S100, head=HEAD.replace(";21;", ";65;")), "no EXTF export"),
    ("another chart", batch(S100, head=HEAD[: HEAD.rindex('"";;')] + '"04";;"";""'), "chart of accounts"),
    ("a period of years", batch(S100, head=HEAD.replace("20180228", "20200228")), "more than a year"),
    ("no period", batch(S100, head=HEAD.replace("20180201", "2018")), "no day or period"),
    ("an unknown column", batch(S100).replace(b"Skonto", b"Religion"), "the header lacks"),
    ("a surplus column", batch(S100).replace(b"1\r\n", b"1;1\r\n").replace(b'""\r\n', b'"";\r\n'), "not as wide"),
    ("no postings", b"", "no EXTF export"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_files_that_are_not_the_pair_are_refused(data: bytes, said: str) -> None:
    """Another version, period, chart or column: nothing is guessed."""
    with pytest.raises(InputError, match=said):
        read(DECLARED, data, MASTER)


def test_postings_without_master_are_refused() -> None:
    """Both are needed, whatever their names."""
    with pytest.raises(InputError, match="postings and the debtor master"):
        read(DECLARED, BATCH)
