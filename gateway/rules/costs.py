"""The creditor's own costs that the debtor owes: §§ 280(1), (2), 286, 288(5) BGB.

Only letters sent in default, after the first Mahnung, and at most what a letter costs (BGH VIII ZR 95/18 refused a flat
fee); of a business, the lump sum if the source claims it. All else that a source adds is taken out.
"""

from collections.abc import Iterator
from datetime import date

from gateway.figures.tables import covering
from gateway.rules.default import default_day, mahnungen
from schemas.claim import Claim, DebtorKind, ReminderChannel
from schemas.screening import CostKind, CreditorCost, Known


def costs(claim: Claim, known: Known) -> tuple[CreditorCost, ...]:
    """What the debtor owes for the creditor's own reminders, letter by letter, and the lump sum."""
    return tuple(CreditorCost(kind=kind, on=on, amount=amount) for kind, on, amount in _owed(claim, known))


def removed(claim: Claim, known: Known) -> int:
    """The cents that a source adds for reminders and the debtor does not owe."""
    added = max(claim.fees, sum([reminder.fee for reminder in claim.reminders]))
    return max(0, added - sum([amount for _, _, amount in _owed(claim, known)])) if added else 0


def _owed(claim: Claim, known: Known) -> Iterator[tuple[CostKind, date, int]]:
    found = default_day(claim, known)
    if found is None:
        return
    since, _ = found
    for reminder in mahnungen(claim, known)[1:]:
        if reminder.fee > 0 and reminder.sent_on >= since and reminder.channel is ReminderChannel.LETTER:
            amount = min(reminder.fee, _letter_cost(known, reminder.sent_on))
            if amount:
                yield CostKind.REMINDER, reminder.sent_on, amount
    if known.declarations.lump_sum and claim.debtor.kind is DebtorKind.BUSINESS:
        figure = covering(known.law.figures.lump_sums, since)
        if figure is not None:
            yield CostKind.LUMP_SUM, since, figure.amount


def _letter_cost(known: Known, day: date) -> int:
    if known.declarations.letter_cost is not None:
        return known.declarations.letter_cost
    figure = covering(known.law.figures.letter_costs, day)
    return 0 if figure is None else figure.amount
