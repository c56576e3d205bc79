"""The report on an agency's work: what each figure counts, what a lawful fee is measured by, and who is not in it."""

import csv
import io
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.figures.tables import load_figures
from gateway.reports.agency import CaseFigures, Spans, Terms, case_figures, figures_of
from gateway.retention.erasing import erase
from gateway.settings import load
from gateway.wiring import open_office
from schemas.answers import AgencyPayment, CaseClosed, CaseDispute, CaseStatus, FromAgency
from schemas.codes import CaseStanding, ClosingCode, DisputeGround, PaidTo, StatusCode
from schemas.entry import ErasureGround
from schemas.figures import LegalFigures
from schemas.messages import CaseNew
from world import TODAY, World, cli, jsonl, row

FIGURES = load_figures(LegalFigures())
OPENED = date(2026, 6, 30)
ID = "0" * 26
EXAMPLES = json.loads((Path(__file__).parent.parent / "docs/messages/to-agency.examples.json").read_text())
EXAMPLE = next(one for one in EXAMPLES if one["type"] == "case.new")


def status(code: StatusCode, fees: int) -> CaseStatus:
    return CaseStatus(message_id=ID, case_ref=EXAMPLE["case_ref"], status=code, since=OPENED, fees=fees)


def closed(fees: int) -> CaseClosed:
    return CaseClosed(message_id=ID, case_ref=EXAMPLE["case_ref"], code=ClosingCode.PAID, closed_on=OPENED, fees=fees)


def payment(costs: int) -> AgencyPayment:
    return AgencyPayment(
        message_id=ID,
        case_ref=EXAMPLE["case_ref"],
        amount=costs,
        currency="EUR",
        received_on=OPENED,
        paid_to=PaidTo.AGENCY,
        costs=costs,
        interest=0,
        principal=0,
    )


def dispute() -> CaseDispute:
    ground = DisputeGround.NOT_OWED
    return CaseDispute(message_id=ID, case_ref=EXAMPLE["case_ref"], ground=ground, raised_on=OPENED)


def judged(*messages: FromAgency, principal: int = 50_000, vat_deductible: bool = True) -> CaseFigures:
    """A case of so many cents, about which the agency has said this; the creditor has no costs of its own in it."""
    changes = {"principal_open": principal, "disputed": "no", "creditor_costs": []}
    new = CaseNew.model_validate_json(json.dumps(EXAMPLE | changes))
    terms = Terms(FIGURES, vat_deductible)
    spans = Spans(timedelta(hours=5), None)
    return case_figures(new, messages, standing=CaseStanding.ACTIVE, spans=spans, opened=OPENED, terms=terms)


@pytest.mark.parametrize(
    ("case", "charged", "ceiling"),
    [
        (judged(status(StatusCode.LETTER_SENT, 5_562)), 5_562, 5_562),
        (judged(status(StatusCode.LETTER_SENT, 5_563), closed(0)), 5_563, 5_562),
        (judged(status(StatusCode.LETTER_SENT, 3_090), payment(6_000)), 6_000, 5_562),
        (judged(dispute(), closed(8_034)), 8_034, 8_034),
        (judged(closed(6_619), vat_deductible=False), 6_619, 6_619),
        (judged(closed(20_000), status(StatusCode.COURT_ORDER, 0)), 20_000, None),
        (judged(closed(20_000), principal=10**9), 20_000, None),
    ],
    ids=["lawful", "a cent more", "put to costs", "disputed", "with VAT", "at court", "no figure"],
)
def test_fees_are_measured_by_what_a_lawyer_might_ask(case: CaseFigures, charged: int, ceiling: int | None) -> None:
    """§ 13e(1) RDG: of 500 euros 0.9 of 51.50 and 20 %; disputed 1.3; VAT for who cannot deduct it; else not judged."""

    assert (case.charged, case.ceiling) == (charged, ceiling)


def test_only_what_is_above_the_ceiling_is_added_up() -> None:
    """A case below the ceiling does not make up for one above it, and one that is not judged is neither."""
    cases = [judged(closed(5_562)), judged(closed(5_762)), judged(closed(0)), judged(closed(9_000), principal=10**9)]
    found = {(one.group, one.name): one.value for one in figures_of(cases)}

    assert found["fees charged to debtors", "cases with fees, judged"] == 2
    assert found["fees charged to debtors", "cases with fees, not judged"] == 1
    assert found["fees charged to debtors", "cases above the ceiling"] == 1
    assert found["fees charged to debtors", "above the ceiling"] == 200


@pytest.fixture
def worked(world: World, tmp_path: Path) -> World:
    """Four cases: one accepted, paid in part and closed dear; one refused, one asked about, one accepted and disputed."""
    world.drop("export.jsonl", jsonl([row(number) for number in range(1, 5)]))
    world.handover()
    world.receive(now=TODAY + timedelta(hours=30))
    cli("feedback", "--config", world.creditor, now=TODAY + timedelta(hours=31))
    found = cli("agency", "export", "nordlicht", "--config", world.agency).out.splitlines()
    refs = [json.loads(line)["case_ref"] for line in found]
    receipt = {"type": "package.receipt"}
    split = {"amount": 9_000, "currency": "EUR", "costs": 3_000, "interest": 100, "principal": 5_900}
    rows: list[dict[str, Any]] = [
        receipt | {"case_ref": refs[0], "verdict": "accepted", "agency_ref": "A-1"},
        receipt | {"case_ref": refs[1], "verdict": "refused", "refusal": "abroad"},
        receipt | {"case_ref": refs[2], "verdict": "question", "question": "invoice"},
        receipt | {"case_ref": refs[3], "verdict": "accepted", "agency_ref": "A-4"},
        split | {"type": "case.payment", "case_ref": refs[0], "received_on": "2026-07-01", "paid_to": "agency"},
        {"type": "case.status", "case_ref": refs[3], "status": "complaint", "since": "2026-07-01"},
        {"type": "case.dispute", "case_ref": refs[3], "ground": "not-owed", "raised_on": "2026-07-01"},
        {"type": "case.closed", "case_ref": refs[0], "code": "paid", "closed_on": "2026-07-01", "fees": 7_000},
    ]
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps(rows))
    later = TODAY + timedelta(days=3)

    assert cli("agency", "reply", answers, "--config", world.agency, now=later).code == 0
    settled = ("--remitted", "5900", "--fees", "1000", "--vat", "190")
    assert cli("agency", "statement", "nordlicht", *settled, "--config", world.agency, now=later).code == 0
    assert cli("feedback", "--config", world.creditor, now=later).code == 0
    return world


def report(world: World, *options: str | Path) -> Any:
    return cli("report", "agency", *options, "--config", world.creditor)


def test_the_report_says_how_an_agency_works(worked: World) -> None:
    """By agency and mandate: acceptance, times, recovery by age, fees above the ceiling, questions, disputes, settlement."""
    rows = report(worked, "--json").json["figures"]
    found = {(one["mandate"], one["group"], one["name"]): one["value"] for one in rows}
    standard = {key[1:]: value for key, value in found.items() if key[0] == "standard"}

    assert standard["acceptance", "accepted of those decided"] == 667
    assert standard["refused by the agency", "abroad"] == 1
    assert standard["time", "to the receipt, longest"] == 31
    assert standard["time", "to the first action, median"] == 3
    assert standard["handed over, by age", "to 180 days"] == 4 * 10_050
    assert standard["recovered, by age", "to 180 days"] == 224
    assert standard["fees charged to debtors", "above the ceiling"] == 7_000 - 5_562
    assert (standard["questions", "open"], standard["complaints and disputes", "complaints"]) == (1, 1)
    assert standard["complaints and disputes", "disputed: not-owed"] == 1
    assert found["", "statements", "2026-07-03 vat"] == 190
    assert worked.events()[-1] == "report.made"


def test_every_form_of_the_report_has_the_same_figures_and_nobody_in_it(worked: World, tmp_path: Path) -> None:
    """Terminal, JSON, CSV and HTML with bars; no name, number or reference of a claim is in any, and none is overwritten."""
    forms = {suffix: tmp_path / f"report.{suffix}" for suffix in ("html", "csv", "json")}
    results = [report(worked, "--out", path) for path in forms.values()]
    texts = {suffix: path.read_text() for suffix, path in forms.items()} | {"terminal": report(worked).out}
    rows = list(csv.DictReader(io.StringIO(texts["csv"])))
    again = report(worked, "--out", forms["csv"])

    assert [one.code for one in results] == [0, 0, 0]
    assert [one | {"value": int(one["value"])} for one in rows] == json.loads(texts["json"])["figures"]
    assert all(one["name"] in texts["html"] and one["name"] in texts["terminal"] for one in rows)
    assert "<svg" in texts["html"]
    assert not [form for form, text in texts.items() if re.search("Beispiel|F-00|K-00|RE-00|C1-|Muster|A-[14]", text)]
    assert (again.code, report(worked, "--agency", "nobody").code, report(worked, "--mandate", "none").code) == (
        2,
        2,
        2,
    )


def test_an_erased_case_is_in_no_figure(worked: World) -> None:
    """What was erased is not counted any more, as a case or otherwise (Art. 17 GDPR)."""
    with open_office(load(worked.creditor)) as office:
        with office.connection.begin():
            (closed_one,) = (one.claim for one in office.cases.at("ostsee") if one.standing is CaseStanding.CLOSED)
        erase(office, [closed_one], ErasureGround.REQUEST, None, TODAY)
    rows = report(worked, "--mandate", "standard", "--json").json["figures"]
    found = {(one["group"], one["name"]): one["value"] for one in rows}

    assert (found["cases", "handed over"], found["acceptance", "accepted of those decided"]) == (3, 500)
    assert found["fees charged to debtors", "charged"] == 0
