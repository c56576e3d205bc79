"""A claim as the source holds it: one open invoice of one debtor.

Rules: the model permits what exports really contain (odd names, negative amounts, foreign postcodes, unknown
currencies), so that screening can hold such a claim and say why. What cannot be read at all never becomes a claim.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Strict
from schemas.money import Cents

Text = Annotated[str, StringConstraints(max_length=200)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class DebtorKind(StrEnum):
    """Whether §§ 13 or 14 BGB describe the debtor: it decides §§ 286(3), 288 BGB and § 13a RDG."""

    CONSUMER = "consumer"
    BUSINESS = "business"


class Disputed(StrEnum):
    """Whether the debtor contests the claim. Silence of a source that cannot know is `unknown`."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class ReminderChannel(StrEnum):
    """How a reminder went out."""

    LETTER = "letter"
    EMAIL = "email"
    SMS = "sms"


class Address(Strict):
    """The billing address; others never become part of a claim."""

    street: Text
    house_no: Text
    postcode: Text
    city: Text
    country: Text


class Debtor(Strict):
    """The natural person or firm that owes."""

    kind: DebtorKind
    first_name: Text | None = None
    last_name: Text | None = None
    birth_date: date | None = None
    company_name: Text | None = None
    address: Address
    email: Text | None = None


class Reminder(Strict):
    """One reminder: its level in the source's own scale, the day it was sent, the fee in cents."""

    level: int
    sent_on: date
    channel: ReminderChannel
    fee: Cents


class Claim(Strict):
    """One open invoice (Forderung). Amounts in cents of `currency`; dates are calendar dates in Germany.

    `fees`: what the source adds for reminders, in all; `interest_rate`: the rate it names, in hundredths of a per cent a
    year. Neither is believed (§§ 280, 286, 288 BGB). `suspended_days`: for how long limitation was suspended
    (§§ 203, 204 BGB).
    """

    claim_no: Number
    customer_no: Number
    invoice_no: Number
    debtor: Debtor
    contract_date: date
    invoice_date: date
    due_date: date
    amount: Cents
    paid: Cents
    currency: Text
    disputed: Disputed
    reminders: tuple[Reminder, ...] = ()
    fees: Cents = 0
    interest_rate: Annotated[int, Field(ge=-10_000, le=10_000)] | None = None
    by_instalments: bool = False
    suspended_days: Annotated[int, Field(ge=0, le=36_500)] = 0

    @property
    def open(self) -> int:
        """What is still owed on the principal, in cents."""
        return self.amount - self.paid


class Row(Strict):
    """A row that could be read: its number (1 is the first row of data) and which malformed optional fields were
    dropped.
    """

    row: int
    claim: Claim
    dropped: tuple[str, ...] = ()


class Rejected(Strict):
    """A row that could not be read: its number, the field and the rule, never a value."""

    row: int
    field: str
    rule: str
