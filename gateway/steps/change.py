"""What has changed about a claim that an agency has, in the words of messages: its row, and what the facts feed says.

More paid is a payment, less invoiced a credit, a dispute a restriction, other people or addresses or dates a
rectification. Nothing owed any more is a recall, and so is insolvency or death (§ 89 InsO, § 1958 BGB); what was paid is
one only if it was paid before the hand-over, for then the agency never had anything to collect.

Row and feed each list all that was paid and credited; neither knows what the other counts, so the greater sum holds, and
what was told once is not told again. What no message says (more is invoiced, less is paid, another currency), and what
only a feed that is missing today could tell, is for a person: then there is no change, and the claim stays held.
"""

from datetime import date
from typing import Final

from gateway.rules.current import current
from schemas.claim import Claim, Disputed
from schemas.codes import RecallReason
from schemas.facts import FactKind, Facts
from schemas.screening import Changed, Told

_DATES: Final = ("contract_date", "invoice_date", "due_date")
_RECALLS: Final = {
    FactKind.FRAUD: RecallReason.WRONG_PERSON,
    FactKind.WITHDRAWAL: RecallReason.NOT_OWED,
    FactKind.RETURN: RecallReason.NOT_OWED,
    FactKind.INSOLVENCY: RecallReason.INSOLVENCY,
    FactKind.DEATH: RecallReason.DECEASED,
}


def changed(told: Told, row: Claim, facts: Facts, handed_over: date) -> Changed | None:
    """What an agency has to be told, and nothing if it has to be told nothing. None: a person must look."""
    before, now = told.claim, current(row, facts)
    lowered = max(before.amount, 0) - max(row.amount, 0)
    more = max(lowered + row.paid, facts.paid) - before.paid
    if row.amount > before.amount or more < 0 or row.currency != before.currency:
        return None
    credited = min(max(max(lowered, facts.credited) - told.credited, 0), more)
    recalled = None if told.recalled else _recalled(before, row, facts, handed_over)
    disputed = _dispute(before.disputed, now.disputed)
    dates = {name: getattr(now, name) for name in _DATES if getattr(now, name) != getattr(before, name)}
    identity = now.debtor != before.debtor or row.invoice_no != before.invoice_no
    if facts.missing and (identity or dates or disputed is False):
        return None
    known = now.model_copy(update={"amount": before.amount, "paid": before.paid + more})
    if disputed is None:
        known = known.model_copy(update={"disputed": before.disputed})
    return Changed(
        claim=row,
        told=told.model_copy(
            update={
                "claim": known,
                "credited": told.credited + credited,
                "recalled": told.recalled or recalled is not None,
            }
        ),
        paid=more - credited,
        credited=credited,
        booked_on=max((one.on for one in facts.sums), default=None) if facts.paid >= lowered + row.paid else None,
        recalled=recalled,
        disputed=disputed,
        identity=identity,
        **dates,
    )


def _recalled(before: Claim, row: Claim, facts: Facts, handed_over: date) -> RecallReason | None:
    for kind, reason in _RECALLS.items():
        if kind in facts.kinds:
            return reason
    if row.amount <= 0:
        return RecallReason.NOT_OWED
    early = sum(one.amount or 0 for one in facts.sums if one.on < handed_over)
    return RecallReason.PAID_BEFORE_HANDOVER if early >= before.amount else None


def _dispute(before: Disputed, now: Disputed) -> bool | None:
    """True if a dispute has begun, False if it has ended; silence that is no answer ends none."""
    if now is Disputed.YES:
        return None if before is Disputed.YES else True
    return False if before is Disputed.YES and now is Disputed.NO else None
