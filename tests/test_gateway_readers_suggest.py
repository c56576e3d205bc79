"""`config suggest` proposes, asks, and never tells a value; `config check --sample` tries what came of it."""

import json
import tomllib
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from world import cli

VECTORS = Path(__file__).parent / "vectors"
CANARY = "Kanarienvogel"


def bank(path: Path) -> Path:
    """What a German bank writes: a title, CP1252, semicolons, words of its own."""
    rows = "".join(
        f"Jürgen {CANARY};Am Häuschen {place};0106{place % 10};Köln;K{place};V{place};R{place};{place + 1:02d}.01.2026;"
        f"{place + 1:02d}.02.2026;1.{100 + place},50;EUR;{'nein' if place % 2 else 'ja'}\r\n"
        for place in range(20)
    )
    head = "Beispielbank eG\r\nForderungsliste;Stand 30.06.2026\r\n\r\n"
    names = "Kontoinhaber;Straße und Hausnummer;PLZ;Ort;Kundennummer;Vertragsnummer;Rechnungsnummer;Rechnungsdatum;"
    path.write_bytes((head + names + "Fällig am;Betrag;Währung;Strittig\r\n" + rows).encode("cp1252"))
    return path


def erp(path: Path) -> Path:
    """What an ERP writes: a title row, typed cells, the last reminder alone."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, openpyxl.worksheet.worksheet.Worksheet)
    sheet.append(["Offene-Posten-Liste zum 30.06.2026"])
    sheet.append([])
    names = "Kd-Nr.|Name|Straße|PLZ|Ort|Rechnungs-Nr.|Rechnungsdatum|Fällig am|Rechnungsbetrag|Offener Betrag|Mahnstufe"
    sheet.append([*names.split("|"), "Letzte Mahnung", "Sachbearbeiter"])
    for place in range(20):
        reminded = date(2026, 2, 10) if place % 3 else None
        person = [10_000 + place, f"{CANARY}, Ida", "Musterweg 5", "01067", "Dresden"]
        money = [f"R{place}", date(2026, 1, 10), date(2026, 1, 24), 120.5 + place, 100.5 + place]
        sheet.append([*person, *money, place % 3, reminded, f"Frau {CANARY}"])
    book.save(path)
    return path


def shop(path: Path) -> Path:
    """Shopify's export with a column that an app has added."""
    lines = (VECTORS / "shops" / "shopify_orders.csv").read_text().replace("Ida Beispiel", f"Ida {CANARY}").split("\n")
    path.write_text("\n".join([f"{lines[0]},Loyalty points", *(f"{line}," if line else "" for line in lines[1:])]))
    return path


ALWAYS = {"header_row", "claim_no", "contract_date", "country", "company_is_business", "left_behind"} | {
    "mahnung_from_level"
}
CASES = {"bank.csv": (bank, ALWAYS | {"encoding"}), "erp.xlsx": (erp, ALWAYS | {"currency", "reminder_channel"})}


@pytest.mark.parametrize("name", CASES)
def test_a_file_it_has_never_seen_can_be_read(tmp_path: Path, name: str) -> None:
    """The proposal reads every row as it stands; what it asks is what a person would have to know."""
    write, asked = CASES[name]
    file = write(tmp_path / name)
    proposed = cli("config", "suggest", file, "--json")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(proposed.json["mapping"])
    tried = cli("config", "check", "--sample", file, "--mapping", mapping, "--json")

    assert {question.partition(":")[0] for question in proposed.json["questions"]} == asked
    assert (tried.code, tried.json["read"], tried.json["rejected"]) == (0, 20, {})
    assert CANARY not in proposed.out + tried.out + proposed.err + tried.err


def test_what_was_guessed_is_right(tmp_path: Path) -> None:
    """Dialect, encoding, header, date and decimal format, and the columns of a bank's file."""
    (mapping,) = (tomllib.loads(cli("config", "suggest", bank(tmp_path / "b.csv"), "--json").json["mapping"])["csv"],)
    told = {key: mapping[key] for key in ("encoding", "delimiter", "header_row", "decimal", "dates", "yes", "no")}

    assert told == {
        "encoding": "cp1252",
        "delimiter": ";",
        "header_row": 4,
        "decimal": ",",
        "dates": "DD.MM.YYYY",
        "yes": ["ja"],
        "no": ["nein"],
    }
    assert mapping["fields"]["full_name"] == "Kontoinhaber"
    assert mapping["left_behind"] == ["Vertragsnummer"]


def test_columns_about_reminders_are_asked_about_by_name(tmp_path: Path) -> None:
    """They decide on default (§ 286 BGB): left behind, each is named in a question; no constant is none."""
    file = tmp_path / "x.jsonl"
    cells = {
        "customer_no": "K1",
        "invoice_no": "R1",
        "claim_no": "F1",
        "name": f"Ida {CANARY}",
        "street": "Musterweg 5",
    }
    cells |= {"zip": "01067", "city": "Dresden", "country": "DE", "currency": "EUR", "amount": "10.50"}
    cells |= {"invoice_date": "2026-01-10", "order_date": "2026-01-08", "due_date": "2026-01-24"}
    lists = {"reminders": [{"level": 1, "sent_on": CANARY}], "Mahnsperre": CANARY}
    file.write_text(json.dumps(cells | lists) + "\n")
    found = cli("config", "suggest", file, "--json")
    (asked,) = [one for one in found.json["questions"] if one.startswith("reminders:")]

    assert "reminders, Mahnsperre sound like reminders" in asked
    assert any(one.startswith("mahnung_from_level:") for one in found.json["questions"])
    assert "constants" not in found.json["mapping"]
    assert CANARY not in found.out


def test_a_known_export_is_its_preset_and_what_differs(tmp_path: Path) -> None:
    """Shopify with a column more: the preset, that column asked about, and the rows read as before."""
    file = shop(tmp_path / "orders.csv")
    proposed = cli("config", "suggest", file, "--json")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(proposed.json["mapping"])
    tried = cli("config", "check", "--sample", file, "--mapping", mapping, "--json").json
    found = tomllib.loads(proposed.json["mapping"])

    assert (found["preset"], found["csv"]["left_behind"][-1]) == ("shopify", "Loyalty points")
    assert [question.partition(":")[0] for question in proposed.json["questions"]] == ["left_behind"]
    assert (tried["read"], tried["rejected"]) == (8, {"term_days: value-unknown": 1, "contract_date: date": 1})
    assert CANARY not in proposed.out


def test_a_datev_pair_needs_the_term_it_asks_for(tmp_path: Path) -> None:
    """DATEV's heading is known; a folder of the pair is tried as one; the answered question is all it takes."""
    pair = VECTORS / "datev"
    proposed = cli("config", "suggest", pair / "EXTF_Buchungsstapel.csv", "--json").json
    folder = tmp_path / "pair"
    folder.mkdir()
    for file in pair.glob("*.csv"):
        (folder / file.name).write_bytes(file.read_bytes())
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(proposed["mapping"])
    before = cli("config", "check", "--sample", folder, "--mapping", mapping, "--json")
    mapping.write_text(proposed["mapping"] + '[datev.constants]\nterm_days = "14"\n')
    after = cli("config", "check", "--sample", folder, "--mapping", mapping, "--json")

    assert [question.partition(":")[0] for question in proposed["questions"]] == ["chart", "term_days"]
    assert (before.code, before.json["rejected"]) == (3, {"due_date: missing": 1})
    assert (after.code, after.json["read"], after.json["rejected"]) == (0, 1, {})


REFUSED = [
    ("x.csv", b"", "empty"),
    ("x.csv", b"PLZ;Ort;Ort\n1;2;3\n", "a name twice"),
    ("x.csv", f"{CANARY};Ida;Dresden;R1\n{CANARY};Uwe;Bamberg;R2\n".encode(), "no row looks like a header"),
    ("x.json", b"[1, 2]", "no JSON objects"),
    ("x.doc", b"x", "a file ends in"),
    ("x.xlsx", b"x", "no workbook"),
]


@pytest.mark.parametrize(("name", "data", "said"), REFUSED)
def test_what_cannot_be_looked_at_is_said(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    """Exit code 3, and what to do."""
    (tmp_path / name).write_bytes(data)
    told = cli("config", "suggest", tmp_path / name)

    assert (told.code, told.out) == (3, "")
    assert said in told.err
    assert CANARY not in told.err


def test_a_sample_is_read_in_one_way_only(tmp_path: Path) -> None:
    """--sample needs exactly one of source, mapping and preset; a preset alone will do."""
    file = VECTORS / "shops" / "shopify_orders.csv"
    missing = cli("config", "check", "--sample", file)
    tried = cli("config", "check", "--sample", file, "--preset", "shopify")

    assert (missing.code, missing.err) == (2, "inkasso: --sample goes with one of --source, --mapping and --preset\n")
    assert tried.code == 3
    assert "Lineitem *" in tried.out
