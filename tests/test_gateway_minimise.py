"""Minimising and pseudonymising: nothing travels but what an annotation names, from where it says."""

import base64
import json
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.steps.minimise import Minimised, minimise
from gateway.steps.pseudonymise import case_line, identity_line, item_bytes, pseudonymise
from schemas.base import Strict
from schemas.case import Case, Identity
from schemas.claim import Address, Claim, Debtor, DebtorKind, Disputed, Reminder, ReminderChannel
from schemas.identifiers import crockford, reference
from schemas.mandate import Channel, ContractKind, Declarations, Mandate, Stage
from schemas.messages import CaseNew, IdentityLine
from schemas.policy import policy
from schemas.screening import Cleared, Default, DefaultGround

MESSAGE = crockford(7, 26).lower()
CASE_REF, DEBTOR_REF = reference("C", 7), reference("D", 7)
CHANNELS = st.sampled_from([(Channel.LETTER,), (Channel.EMAIL,), (Channel.LETTER, Channel.EMAIL)])
DECLARATIONS = Declarations(
    declared_by="Head of accounting",
    declared_on=date(2026, 1, 31),
    contract_kind=ContractKind.GOODS,
    mahnung_from_level=2,
    email_belongs_to_contract=True,
)
MANDATE = Mandate(
    id="standard", source="erp", agency="ostsee", minimum_amount=0, channels=(Channel.LETTER,), stage=Stage.REMINDING
)


def marked(value: Any, path: str = "") -> Any:
    """The same data with every text replaced by one that names its place, and so occurs nowhere else."""
    if isinstance(value, dict):
        return {key: marked(part, f"{path}.{key}".lstrip(".")) for key, part in value.items()}
    return f"Zyxwv<{path}>" if type(value) is str else value


def canaries(claim: Claim) -> Claim:
    """The claim with a canary in every text; enumerations stay what they are."""
    data = claim.model_dump()
    debtor = marked(data["debtor"], "debtor") | {"kind": claim.debtor.kind}
    texts = {key: marked(part, key) for key, part in data.items() if type(part) is str}
    return Claim.model_validate(data | texts | {"debtor": debtor})


DUE = date(2026, 1, 24)
DAYS = st.dates(date(2026, 1, 20), date(2026, 1, 28))
ADDRESS = Address(street="Musterweg", house_no="5a", postcode="96047", city="Bamberg", country="DE")


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    """Claims that may clear: both kinds of debtor, with and without what is optional."""
    paid = draw(st.integers(0, 10**9))
    sent = draw(st.lists(DAYS, max_size=3))
    debtor = Debtor(
        kind=draw(st.sampled_from(DebtorKind)),
        first_name=draw(st.sampled_from([None, "Ida"])),
        last_name="Nguyễn \u202e ﷽ 🙂",
        company_name=draw(st.sampled_from([None, 'Gasthof "Zur Post"'])),
        birth_date=draw(st.sampled_from([None, date(1980, 2, 29), date(2012, 1, 1)])),
        address=ADDRESS,
        email=draw(st.sampled_from([None, "a@example.org"])),
    )
    return Claim(
        claim_no="F-1",
        customer_no="K-1",
        invoice_no="RE-1",
        debtor=debtor,
        contract_date=date(2026, 1, 8),
        invoice_date=date(2026, 1, 10),
        due_date=DUE,
        amount=paid + draw(st.integers(0, 10**9)),
        paid=paid,
        currency="EUR",
        disputed=draw(st.sampled_from(Disputed)),
        reminders=tuple(Reminder(level=2, sent_on=day, channel=ReminderChannel.LETTER, fee=250) for day in sent),
    )


def cleared(claim: Claim) -> Cleared:
    return Cleared(claim=claim, default=Default(since=date(2026, 2, 24), ground=DefaultGround.NOTICE))


def travelling(claim: Claim, declarations: Declarations, mandate: Mandate) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two lines of a claim, as plain data."""
    message = pseudonymise(minimise(cleared(claim), declarations, mandate), CASE_REF, DEBTOR_REF, MESSAGE)
    return json.loads(case_line(message)), json.loads(identity_line(message, bytes(32)))


@given(claims().map(canaries), CHANNELS, st.booleans())
def test_what_travels_is_what_the_annotations_name(claim: Claim, channels: tuple[Channel, ...], ours: bool) -> None:
    """Each field of each line has an annotation, and a text in it comes from the very place the annotation names."""
    declarations = DECLARATIONS.model_copy(update={"email_belongs_to_contract": ours})
    lines = travelling(claim, declarations, MANDATE.model_copy(update={"channels": channels}))

    for line, model in zip(lines, (Case, Identity), strict=True):
        notes = policy(model)
        assert set(line) <= set(notes) | {"type", "message_id", "opening"}
        for name, value in line.items():
            if "Zyxwv" in str(value):
                assert str(value).startswith(tuple(f"Zyxwv<{part.strip()}" for part in notes[name].source.split(",")))
    assert json.dumps(lines[0]).count("Zyxwv") == 1
    assert lines[0]["currency"] == "Zyxwv<currency>"


@given(claims().map(canaries), CHANNELS, st.booleans())
def test_an_address_for_mail_travels_only_if_mandate_and_declaration_allow(
    claim: Claim, channels: tuple[Channel, ...], ours: bool
) -> None:
    """The channel is in the mandate and the address belongs to the contract, or there is no e-mail address."""
    declarations = DECLARATIONS.model_copy(update={"email_belongs_to_contract": ours})
    _, identity = travelling(claim, declarations, MANDATE.model_copy(update={"channels": channels}))
    allowed = Channel.EMAIL in channels and ours and claim.debtor.email is not None

    assert ("email" in identity) is allowed


@given(claims())
def test_coarsening_loses_what_is_not_needed(claim: Claim) -> None:
    """A birth date becomes a yes or no, reminders a number and days after the due date; a firm has no age."""
    case, identity = travelling(claim, DECLARATIONS, MANDATE)
    late = sorted(one.sent_on for one in claim.reminders if one.sent_on > claim.due_date)
    consumer = claim.debtor.kind is DebtorKind.CONSUMER

    assert case["interest_points"] == (5 if consumer else 9)
    assert case["principal_open"] == case["interest_base"] == claim.amount - claim.paid
    assert case["reminder_count"] == len(late)
    assert (case.get("first_reminder"), case.get("last_reminder")) == (
        (late[0].isoformat(), late[-1].isoformat()) if late else (None, None)
    )
    assert ("is_adult" in case) is (consumer and claim.debtor.birth_date is not None)
    assert not ({"first_name", "last_name"} if not consumer else {"company_name"}) & set(identity)


@given(claims())
def test_every_cleared_claim_becomes_two_valid_lines(claim: Claim) -> None:
    """Whatever a row can hold, its lines are one line each, and what the schema says."""
    message = pseudonymise(minimise(cleared(claim), DECLARATIONS, MANDATE), CASE_REF, DEBTOR_REF, MESSAGE)
    lines = case_line(message), identity_line(message, bytes(range(32)))

    assert all(line.count(b"\n") == 0 for line in lines)
    assert CaseNew.model_validate_json(lines[0]) == message.case
    found = IdentityLine.model_validate_json(lines[1])
    assert base64.urlsafe_b64decode(found.opening + "=") == bytes(range(32))


@given(claims(), st.binary(min_size=32, max_size=32))
def test_an_item_is_both_lines_without_the_opening(claim: Claim, opening: bytes) -> None:
    """The recipient rebuilds the item from what it received: only r is taken out of the identity line."""
    message = pseudonymise(minimise(cleared(claim), DECLARATIONS, MANDATE), CASE_REF, DEBTOR_REF, MESSAGE)
    identity = json.loads(identity_line(message, opening))
    del identity["opening"]
    rebuilt = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    assert item_bytes(message) == case_line(message) + b"\n" + rebuilt + b"\n"
    assert identity_line(message) == rebuilt


def test_no_number_of_the_creditor_has_a_field_to_go_to() -> None:
    """Claim and customer number stay: a case is known by its references alone."""
    assert issubclass(Identity, Strict)
    assert not {"claim_no", "customer_no"} & (set(Case.model_fields) | set(Identity.model_fields))
    assert not {"claim_no", "customer_no"} & set(Minimised.__dataclass_fields__)
