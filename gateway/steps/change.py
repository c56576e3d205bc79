"""What has changed about a claim that an agency has, in the words of messages.

More paid is a payment, less invoiced a credit, nothing owed any more a recall, a dispute a restriction, other people or
addresses or dates a rectification. What no message says (more is invoiced, less is paid, another currency) is for a
person: then there is no change, and the claim stays held.
"""

from typing import Final

from schemas.claim import Claim, Disputed
from schemas.screening import Changed

_DATES: Final = ("contract_date", "invoice_date", "due_date")


def changed(told: Claim, row: Claim) -> Changed | None:
    """What an agency has to be told, and nothing if it has to be told nothing. None: a person must look."""
    if row.amount > told.amount or row.paid < told.paid or row.currency != told.currency:
        return None
    dates = {name: getattr(row, name) for name in _DATES if getattr(row, name) != getattr(told, name)}
    debtor, before = row.debtor, told.debtor
    return Changed(
        claim=row,
        paid=row.paid - told.paid,
        credited=max(told.amount, 0) - max(row.amount, 0),
        recalled=row.amount <= 0,
        disputed=_dispute(told.disputed, row.disputed),
        identity=debtor != before or row.invoice_no != told.invoice_no,
        **dates,
    )


def _dispute(before: Disputed, now: Disputed) -> bool | None:
    """True if a dispute has begun, False if it has ended."""
    if (before is Disputed.YES) is (now is Disputed.YES):
        return None
    return now is Disputed.YES
