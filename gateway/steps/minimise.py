"""Minimising: of a cleared claim, only what the annotations of `Case` and `Identity` name (Art. 5(1)(c), 25 GDPR).

Birth date becomes `is_adult`, order lines a category, reminders their number and dates, interest points over the
base rate with start and base amount, the creditor's own costs those that the debtor owes. Free text, telephone numbers
and bank details have no field to go to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.figures.interest import points_of
from gateway.rules.subject import is_adult
from schemas.case import Identity
from schemas.claim import Claim, DebtorKind, Disputed
from schemas.mandate import Channel, ContractKind, Declarations, Instruction, Mandate
from schemas.screening import Cleared, CreditorCost, DefaultGround, History


@dataclass(frozen=True, slots=True)
class Minimised:
    """A case without its references, and the identity apart from it. Amounts in cents."""

    debtor_kind: DebtorKind
    is_adult: bool | None
    contract_kind: ContractKind
    contract_date: date
    invoice_date: date
    due_date: date
    principal: int
    payments: int
    currency: str
    interest_points: int
    default_date: date
    default_ground: DefaultGround
    disputed: Disputed
    reminders: tuple[date, ...]
    history: History
    creditor_costs: tuple[CreditorCost, ...]
    bureau_eligible: bool
    instruction: Instruction | None
    identity: Identity


def minimise(
    cleared: Cleared, declarations: Declarations, mandate: Mandate, instruction: Instruction | None = None
) -> Minimised:
    """What the agency needs by law, and nothing else; `instruction` is what is different for this customer."""
    claim = cleared.claim
    channels = mandate.channels if instruction is None or instruction.channels is None else instruction.channels
    consumer = claim.debtor.kind is DebtorKind.CONSUMER
    return Minimised(
        debtor_kind=claim.debtor.kind,
        is_adult=is_adult(claim) if consumer else None,
        contract_kind=declarations.contract_kind,
        contract_date=claim.contract_date,
        invoice_date=claim.invoice_date,
        due_date=claim.due_date,
        principal=claim.amount,
        payments=claim.paid,
        currency=claim.currency,
        interest_points=points_of(claim.debtor.kind),
        default_date=cleared.default.since,
        default_ground=cleared.default.ground,
        disputed=claim.disputed,
        reminders=tuple(sorted(one.sent_on for one in claim.reminders if one.sent_on > claim.due_date)),
        history=cleared.history,
        creditor_costs=cleared.costs,
        bureau_eligible=cleared.bureau_eligible,
        instruction=instruction,
        identity=identity_of(claim, declarations, channels),
    )


def identity_of(claim: Claim, declarations: Declarations, channels: Sequence[Channel]) -> Identity:
    """The name-and-address part of a claim, for these channels."""
    debtor, address = claim.debtor, claim.debtor.address
    consumer = debtor.kind is DebtorKind.CONSUMER
    reachable = Channel.EMAIL in channels and declarations.email_belongs_to_contract
    return Identity(
        first_name=debtor.first_name if consumer else None,
        last_name=debtor.last_name if consumer else None,
        company_name=None if consumer else debtor.company_name,
        street=address.street,
        house_no=address.house_no,
        postcode=address.postcode,
        city=address.city,
        country=address.country,
        email=debtor.email if reachable else None,
        invoice_no=claim.invoice_no,
    )
