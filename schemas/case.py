"""What leaves: the case, which is pseudonymous, and the identity, which is sealed apart from it.

Each field says why it travels (facts: § 13a RDG is the list of what an agency must tell the debtor, Art. 5(1)(c)
GDPR the limit). No free text, no birth date, no telephone number, no order lines.
"""

from datetime import date
from typing import Annotated

from pydantic import Field

from schemas.base import Strict
from schemas.claim import DebtorKind, Disputed, Text
from schemas.identifiers import CaseRef, DebtorRef
from schemas.mandate import ContractKind, Instruction
from schemas.money import Cents
from schemas.policy import Travels
from schemas.screening import CreditorCost, DefaultGround

_COUNT = Annotated[int, Field(ge=0)]


class Case(Strict):
    """A claim after minimisation, under a pseudonym: what the agency works on. Amounts in cents."""

    case_ref: Annotated[
        CaseRef,
        Travels("correlation of every later message", "Art. 4(5), 25 GDPR", "vault", "80 random bits"),
    ]
    debtor_ref: Annotated[
        DebtorRef,
        Travels("cases of one debtor are worked together", "§ 13f RDG", "vault", "80 random bits, per agency"),
    ]
    debtor_kind: Annotated[
        DebtorKind,
        Travels("decides interest and information duties", "§ 288 BGB, § 13a(5) RDG", "debtor.kind"),
    ]
    is_adult: Annotated[
        bool | None,
        Travels("a minor's contract is pending", "§§ 107, 108 BGB", "debtor.birth_date", "age at contract >= 18"),
    ] = None
    contract_kind: Annotated[
        ContractKind,
        Travels("subject of the contract", "§ 13a(1) Nr. 2 RDG", "declarations", "category instead of order lines"),
    ]
    contract_date: Annotated[date, Travels("date of the contract", "§ 13a(1) Nr. 2 RDG", "contract_date")]
    invoice_date: Annotated[date, Travels("individualises the claim", "§ 690(1) Nr. 3 ZPO", "invoice_date")]
    due_date: Annotated[date, Travels("when payment was due", "§ 271 BGB", "due_date")]
    principal: Annotated[Cents, Travels("the claim as invoiced", "§ 13a(1) Nr. 3 RDG", "amount")]
    payments: Annotated[
        Cents,
        Travels("accuracy of the open sum", "Art. 5(1)(d) GDPR", "paid", "sum instead of single payments"),
    ]
    principal_open: Annotated[Cents, Travels("what is still owed", "Art. 5(1)(d) GDPR", "amount, paid")]
    currency: Annotated[str, Travels("of every amount in the case", "§ 688 ZPO", "currency")]
    interest_points: Annotated[
        int,
        Travels("rate as points over the base rate", "§ 288(1), (2) BGB, § 13a(1) Nr. 3 RDG", "debtor.kind"),
    ]
    interest_base: Annotated[Cents, Travels("amount that bears interest", "§ 13a(1) Nr. 3 RDG", "amount, paid")]
    interest_from: Annotated[
        date, Travels("start of interest", "§ 187(1) BGB, § 13a(1) Nr. 3 RDG", "screening", "day of default")
    ]
    default_date: Annotated[date, Travels("since when the debtor is in default", "§ 286 BGB", "screening")]
    default_ground: Annotated[DefaultGround, Travels("the branch of § 286 BGB", "§ 286 BGB", "screening")]
    disputed: Annotated[
        Disputed,
        Travels("bars bureau notices and changes the fee", "§ 31(2) Nr. 4d BDSG, VV 2300 RVG", "disputed"),
    ]
    reminder_count: Annotated[
        _COUNT,
        Travels("reminders after the due date", "§ 31(2) Nr. 4a BDSG", "reminders", "count instead of texts"),
    ]
    first_reminder: Annotated[
        date | None, Travels("first reminder", "§ 31(2) Nr. 4b BDSG", "reminders", "date instead of text")
    ] = None
    last_reminder: Annotated[
        date | None, Travels("last reminder", "§ 286(1) BGB", "reminders", "date instead of text")
    ] = None
    first_mahnung: Annotated[
        date | None, Travels("default, told apart from payment reminders", "§ 286(1) BGB", "reminders", "date of level")
    ] = None
    last_mahnung: Annotated[
        date | None, Travels("how recently the debtor was asked", "§ 31(2) Nr. 4a BDSG", "reminders", "date of level")
    ] = None
    last_warning: Annotated[
        date | None, Travels("the agency does not repeat it", "§ 13f RDG", "reminders", "date of level")
    ] = None
    creditor_costs: Annotated[
        tuple[CreditorCost, ...],
        Travels("costs of the creditor, by kind and day", "§ 13a(1) Nr. 2 RDG", "reminders", "only what is owed"),
    ] = ()
    instruction: Annotated[
        Instruction | None,
        Travels("this customer is treated with special care", "Art. 28(3)(a) GDPR", "care list", "codes, no reason"),
    ] = None
    bureau_eligible: Annotated[
        bool, Travels("a bureau may be told, or not", "§ 31(2) Nr. 4 BDSG", "screening", "yes or no instead of texts")
    ] = False


class Identity(Strict):
    """The name-and-address part of a case: only where letters are written."""

    first_name: Annotated[Text | None, Travels("addressee", "§ 13a(1) RDG", "debtor.first_name")] = None
    last_name: Annotated[Text | None, Travels("addressee", "§ 13a(1) RDG", "debtor.last_name")] = None
    company_name: Annotated[Text | None, Travels("addressee", "§ 13a(1) RDG", "debtor.company_name")] = None
    street: Annotated[Text, Travels("billing address", "§ 13a(1) Nr. 7 RDG", "debtor.address")]
    house_no: Annotated[Text, Travels("billing address", "§ 13a(1) Nr. 7 RDG", "debtor.address")]
    postcode: Annotated[Text, Travels("billing address", "§ 13a(1) Nr. 7 RDG", "debtor.address")]
    city: Annotated[Text, Travels("billing address", "§ 13a(1) Nr. 7 RDG", "debtor.address")]
    country: Annotated[Text, Travels("billing address", "§ 13a(1) Nr. 7 RDG", "debtor.address")]
    email: Annotated[
        Text | None,
        Travels("only if the mandate allows the channel", "Art. 5(1)(c) GDPR", "debtor.email", "dropped otherwise"),
    ] = None
    invoice_no: Annotated[Text, Travels("the debtor recognises the claim", "§ 13a(1) Nr. 2 RDG", "invoice_no")]
