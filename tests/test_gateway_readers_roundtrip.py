"""Round trip: a claim that a program wrote in a format is read back as the same claim."""

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims_strategy import claims, plain_amount
from gateway.readers.reading import claim_numbers
from rows import CSV, GOOD, JSONL, KIND, csv_row, document, read
from schemas.claim import Claim, Disputed, Row

ROUND_TRIP = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def json_row(claim: Claim) -> dict[str, object]:
    debtor = claim.debtor
    return {
        "claim_id": claim.claim_no,
        "customer_no": claim.customer_no,
        "invoice_no": claim.invoice_no,
        "debtor": {
            "kind": KIND[debtor.kind],
            "first_name": debtor.first_name,
            "last_name": debtor.last_name,
            "company_name": debtor.company_name,
            "birth_date": debtor.birth_date and debtor.birth_date.isoformat(),
        },
        "address": debtor.address.model_dump(),
        "email": debtor.email,
        "order_date": claim.contract_date.isoformat(),
        "invoice_date": claim.invoice_date.isoformat(),
        "due_date": claim.due_date.isoformat(),
        "amount": plain_amount(claim.amount),
        "paid_amount": plain_amount(claim.paid),
        "currency": claim.currency,
        "disputed": {Disputed.YES: True, Disputed.NO: False, Disputed.UNKNOWN: None}[claim.disputed],
        "reminders": [
            {
                "level": one.level,
                "sent_on": one.sent_on.isoformat(),
                "channel": one.channel,
                "fee": plain_amount(one.fee),
            }
            for one in claim.reminders
        ],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "iso-8859-15"])
@given(claims=st.lists(claims(), max_size=5), delimiter=st.sampled_from(";,\t|"), end=st.sampled_from(["\n", "\r\n"]))
@ROUND_TRIP
def test_csv_in_any_dialect_gives_the_claims_back(encoding: str, claims: list[Claim], delimiter: str, end: str) -> None:
    """Whatever delimiter, line end and encoding the mapping names."""
    mapping = CSV.model_copy(update={"encoding": encoding, "delimiter": delimiter})
    out = io.StringIO()
    writer = csv.DictWriter(out, tuple(GOOD), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    kept = [claim for claim in claims if _fits(claim, encoding)]
    writer.writerows(map(csv_row, kept))
    data = out.getvalue().encode(encoding)

    assert read(mapping, data) == [Row(row=place, claim=claim) for place, claim in enumerate(kept, start=1)]
    assert list(claim_numbers(document(data), mapping)) == [claim.claim_no for claim in kept]


def _fits(claim: Claim, encoding: str) -> bool:
    try:
        claim.model_dump_json().encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@given(claims=st.lists(claims(), min_size=1, max_size=5), ascii_only=st.booleans())
@ROUND_TRIP
def test_json_lines_give_the_claims_back(claims: list[Claim], ascii_only: bool) -> None:
    """With and without ASCII escapes."""
    data = b"".join(json.dumps(json_row(claim), ensure_ascii=ascii_only).encode() + b"\n" for claim in claims)

    assert read(JSONL, data) == [Row(row=place, claim=claim) for place, claim in enumerate(claims, start=1)]
