"""A claim as it stands today: its row, and what the facts feed has told since."""

from schemas.claim import Claim, Disputed
from schemas.facts import FactKind, Facts


def current(claim: Claim, facts: Facts) -> Claim:
    """The claim with payments, deferral, dispute and new address brought in.

    A feed lists all payments, so the greater of the two sums counts. A deferral moves the due date (§ 271 BGB), so
    earlier reminders no longer count. The silence of a fresh feed is a no; otherwise unknown stays unknown.
    """
    changes: dict[str, object] = {}
    if FactKind.DISPUTE in facts.kinds:
        changes["disputed"] = Disputed.YES
    elif facts.fresh and claim.disputed is Disputed.UNKNOWN:
        changes["disputed"] = Disputed.NO
    if 0 <= claim.paid < facts.paid:
        changes["paid"] = facts.paid
    if facts.deferred_to is not None and facts.deferred_to > claim.due_date:
        changes["due_date"] = facts.deferred_to
    if facts.address is not None:
        changes["debtor"] = claim.debtor.model_copy(update={"address": facts.address})
    return claim.model_copy(update=changes) if changes else claim
