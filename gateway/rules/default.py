"""Default in payment, § 286 BGB: from which day, and by which branch.

    286-1     a Mahnung sent after the due date: the day after it arrived (§ 286(1))
    286-2-1   a payment date was agreed by calendar: the day after the due date (§ 286(2) Nr. 1)
    286-3     30 days after due date and receipt of the invoice, on the day after (§§ 286(3), 187(1), 188(1));
              against a consumer only if the invoice carried the notice

The earliest branch counts; on the same day, the one that needs no reminder. Arrival is the declared number of days
after sending. What the source does not declare does not count in the creditor's favour.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from schemas.claim import Claim, DebtorKind, Reminder, ReminderChannel
from schemas.mandate import Declarations
from schemas.screening import Default, DefaultGround

_ONE_DAY = timedelta(days=1)
_NOTICE_PERIOD = timedelta(days=30)
_RANK = (DefaultGround.CALENDAR, DefaultGround.MAHNUNG, DefaultGround.NOTICE)


def default(claim: Claim, declarations: Declarations) -> Default | None:
    """Since when the debtor is, or will be, in default; None if no branch applies."""
    found = list(_branches(claim, declarations))
    return min(found, key=lambda one: (one.since, _RANK.index(one.ground)), default=None)


def _branches(claim: Claim, declarations: Declarations) -> Iterator[Default]:
    if declarations.payment_date_agreed:
        yield Default(since=claim.due_date + _ONE_DAY, ground=DefaultGround.CALENDAR)
    for reminder in claim.reminders:
        if reminder.level >= declarations.mahnung_from_level and reminder.sent_on > claim.due_date:
            yield Default(since=_arrival(reminder, declarations) + _ONE_DAY, ground=DefaultGround.MAHNUNG)
    if _notice_counts(claim, declarations):
        received = claim.invoice_date + timedelta(days=declarations.post_days)
        since = max(claim.due_date, received) + _NOTICE_PERIOD + _ONE_DAY
        yield Default(since=since, ground=DefaultGround.NOTICE)


def _arrival(reminder: Reminder, declarations: Declarations) -> date:
    by_post = reminder.channel is ReminderChannel.LETTER
    return reminder.sent_on + timedelta(days=declarations.post_days if by_post else declarations.email_days)


def _notice_counts(claim: Claim, declarations: Declarations) -> bool:
    if claim.debtor.kind is DebtorKind.BUSINESS:
        return True
    return declarations.notice_since is not None and claim.invoice_date >= declarations.notice_since
