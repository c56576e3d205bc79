"""Pseudonymising: a minimised claim under the references of one agency, and the lines it is sealed as.

The item that the log commits to is the case line, LF, the identity line without its `opening`, LF: exactly what is
sealed but for r, so the recipient can check what was logged of it.
"""

import base64
from dataclasses import dataclass

from gateway.steps.minimise import Minimised
from schemas.canonical import encode, encode_model
from schemas.case import Identity
from schemas.messages import CaseNew


@dataclass(frozen=True, slots=True)
class Pseudonymised:
    """A message: its case under pseudonyms, and its identity apart from it."""

    case: CaseNew
    identity: Identity


def pseudonymise(minimised: Minimised, case_ref: str, debtor_ref: str, message_id: str) -> Pseudonymised:
    """A case bears references from the vault, and nothing of the numbers it had at the creditor."""
    principal_open = minimised.principal - minimised.payments
    case = CaseNew(
        message_id=message_id,
        case_ref=case_ref,
        debtor_ref=debtor_ref,
        debtor_kind=minimised.debtor_kind,
        is_adult=minimised.is_adult,
        contract_kind=minimised.contract_kind,
        contract_date=minimised.contract_date,
        invoice_date=minimised.invoice_date,
        due_date=minimised.due_date,
        principal=minimised.principal,
        payments=minimised.payments,
        principal_open=principal_open,
        currency=minimised.currency,
        interest_points=minimised.interest_points,
        interest_base=principal_open,
        interest_from=minimised.default_date,
        default_date=minimised.default_date,
        default_ground=minimised.default_ground,
        disputed=minimised.disputed,
        reminder_count=len(minimised.reminders),
        first_reminder=minimised.reminders[0] if minimised.reminders else None,
        last_reminder=minimised.reminders[-1] if minimised.reminders else None,
        first_mahnung=minimised.history.first_mahnung,
        last_mahnung=minimised.history.last_mahnung,
        last_warning=minimised.history.last_warning,
        creditor_costs=minimised.creditor_costs,
        bureau_eligible=minimised.bureau_eligible,
        instruction=minimised.instruction,
    )
    return Pseudonymised(case, minimised.identity)


def case_line(message: Pseudonymised) -> bytes:
    """The line of the cases file, without its line end."""
    return encode_model(message.case)


def identity_line(message: Pseudonymised, opening: bytes | None = None) -> bytes:
    """The line of the identities file, without its line end; `opening` is r, 32 bytes, left out for the item."""
    line = message.identity.model_dump(mode="json", exclude_none=True) | {"message_id": message.case.message_id}
    return encode(line | {"opening": opening_text(opening)} if opening is not None else line)


def opening_text(opening: bytes) -> str:
    """r as it travels: base64url without padding."""
    return base64.urlsafe_b64encode(opening).rstrip(b"=").decode()


def opening_of(text: str) -> bytes:
    """r from its travelling form."""
    return base64.urlsafe_b64decode(f"{text}=")


def item_bytes(message: Pseudonymised) -> bytes:
    """The item of a message: both its lines as sealed, but without the opening."""
    return case_line(message) + b"\n" + identity_line(message) + b"\n"
